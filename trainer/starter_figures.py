"""What the starter bundle does on the groups that were put aside, each data set on its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ecgcore.detector import BeatDetector
from trainer.data import PreparedPage
from trainer.detection_metrics import detection_metrics
from trainer.metrics import classification_metrics
from trainer.stack import LOWEST_SCORE, Answers, Trained
from trainer.stage_detector import detect_pages


def held_out_figures(trained: Trained, ptbxl: Sequence[PreparedPage], khan: Sequence[PreparedPage]) -> dict[str, Any]:
    """Figures with group-bootstrap intervals; rendered and real sets are never put together.

    Returns:
        ``{data set: {"local"|"global"|"fused": {metric: interval}}}``.
    """
    figures: dict[str, Any] = {}
    if ptbxl:
        figures["ptbxl_rendered"] = _figures(trained, _Judged(ptbxl, trained.answer(ptbxl)), lambda page: True)
    if khan:
        judged = _Judged(khan, trained.answer(khan))
        for name, belongs in _KHAN_PARTS.items():
            if any(belongs(page) for page in khan):
                figures[name] = _figures(trained, judged, belongs)
    return figures


_KHAN_PARTS: dict[str, Callable[[PreparedPage], bool]] = {
    "khan_gridded": lambda page: page.has_grid,
    "khan_all": lambda page: True,
    "khan_acute_mi": lambda page: page.key.startswith("mi/"),
}


def detector_figures(detector: BeatDetector, pages: Sequence[PreparedPage], min_score: float) -> dict[str, Any]:
    """``ap50, ap50_95, recall, precision`` on boxed pages."""
    found = detect_pages(detector, pages, LOWEST_SCORE)
    boxes = [(b.tolist(), s.tolist(), p.boxes_panel_xyxy) for (b, s), p in zip(found, pages, strict=True)]
    return detection_metrics(boxes, [page.group_key for page in pages], min_score)


@dataclass(frozen=True)
class _Judged:
    pages: Sequence[PreparedPage]
    answers: Answers


def _figures(trained: Trained, judged: _Judged, belongs: Callable[[PreparedPage], bool]) -> dict[str, Any]:
    """All classification metrics of the local, the global and the fused answer on a part of the judged pages."""
    rows = [row for row, page in enumerate(judged.pages) if belongs(page)]
    pages = [judged.pages[row] for row in rows]
    labels, groups = [int(page.label == 1) for page in pages], [page.group_key for page in pages]
    result = {}
    for name in ("local", "global", "fused"):
        p = trained.calibrations[name].probabilities(judged.answers.logits[name][rows])
        result[name] = classification_metrics(labels, p, trained.calibrations[name].decisions(p), groups)
    return result
