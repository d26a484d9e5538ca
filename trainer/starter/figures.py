"""What the starter bundle does on the groups that were put aside, each data set on its own."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.special import logit

from ecgcore.networks.detector import BeatDetector
from ecgcore.types import FloatArray
from trainer.crossval.trained import Trained, page_predictions
from trainer.data.page import PreparedPage
from trainer.metrics.calibration import Calibration
from trainer.metrics.classification import classification_metrics
from trainer.metrics.detection import PageBoxes, detection_metrics
from trainer.metrics.figures import Block, Figures
from trainer.runs.files import PROBABILITY_OF
from trainer.runs.folder import PagePrediction
from trainer.stages.inference import LOWEST_SCORE, detect_pages

_SMALLEST_P = 1e-6
"""As exact as answers are written."""

REAL_PARTS: dict[str, Callable[[PreparedPage], bool]] = {
    "khan_gridded": lambda page: page.has_grid,
    "khan_all": lambda _: True,
    "khan_acute_mi": lambda page: page.key.startswith("mi/"),
}


def rendered_figures(trained: Trained, ptbxl: Sequence[PreparedPage]) -> dict[str, Block]:
    """The figures of "ptbxl_rendered"; nothing without pages.

    Args:
        trained: the starter's networks.
        ptbxl: drawn pages that were put aside.
    """
    if not ptbxl:
        return {}
    answers = page_predictions(0, ptbxl, trained, trained.predict(ptbxl))
    return {"ptbxl_rendered": figures_of(ptbxl, answers, trained.calibrations)}


def real_figures(
    khan: Sequence[PreparedPage], answers: Sequence[PagePrediction], calibrations: Mapping[str, Calibration]
) -> dict[str, Block]:
    """The figures of each part of the real pages, with group-bootstrap intervals.

    Args:
        khan: real pages that were put aside, N.
        answers: what the starter says of each.
        calibrations: of each network and of "fused".
    """
    figures = {}
    for name, belongs in REAL_PARTS.items():
        rows = [row for row, page in enumerate(khan) if belongs(page)]
        if rows:
            figures[name] = figures_of([khan[row] for row in rows], [answers[row] for row in rows], calibrations)
    return figures


def figures_of(
    pages: Sequence[PreparedPage], answers: Sequence[PagePrediction], calibrations: Mapping[str, Calibration]
) -> Block:
    """All classification metrics of each network and of the fused answer.

    Args:
        pages: labelled, N.
        answers: of each page.
        calibrations: of each network and of "fused".
    """
    labels, groups = [answer.label for answer in answers], [page.group_key for page in pages]
    result = {}
    for name in calibrations:
        p = np.array([getattr(answer, PROBABILITY_OF[name]) for answer in answers])
        result[name] = classification_metrics(labels, p, calibrations[name].decisions(p), groups)
    return result


def log_odds(answers: Sequence[PagePrediction], name: str) -> FloatArray:
    """Log-odds of one network, or of the fused answer, ``[n]``; NaN stays NaN.

    Args:
        answers: of n pages.
        name: "global", "local", "waveform" or "fused".
    """
    p = np.array([getattr(answer, PROBABILITY_OF[name]) for answer in answers], dtype=np.float64)
    odds: FloatArray = logit(np.clip(p, _SMALLEST_P, 1 - _SMALLEST_P))
    return odds


def detector_figures(detector: BeatDetector, pages: Sequence[PreparedPage], min_score: float) -> Figures:
    """``ap50, ap50_95, recall, precision`` on boxed pages.

    Args:
        detector: the beat detector.
        pages: boxed pages that were put aside.
        min_score: the operating score.
    """
    found = detect_pages(detector, pages, LOWEST_SCORE)
    boxes: list[PageBoxes] = []
    for (found_boxes, scores), page in zip(found, pages, strict=True):
        assert page.boxes_panel_xyxy is not None
        boxes.append((found_boxes.tolist(), scores.tolist(), page.boxes_panel_xyxy))
    return detection_metrics(boxes, [page.group_key for page in pages], min_score)
