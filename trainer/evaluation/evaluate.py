"""A bundle against labelled pages that neither it nor its parents were trained on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue
from scipy.special import expit

from ecgcore.bundle.folder import Bundle
from ecgcore.errors import DataError
from ecgcore.types import FloatArray
from trainer.data.page import PreparedPage
from trainer.metrics.calibration import decide_probabilities
from trainer.metrics.classification import classification_metrics
from trainer.metrics.detection import PageBoxes, detection_metrics
from trainer.metrics.figures import Block, Interval, block_json
from trainer.stages.inference_cache import Detections
from trainer.stages.predictions import predict_pages


@dataclass(frozen=True)
class UnseenPages:
    """Pages that may be judged, and how many may not, by what gives them away."""

    pages: list[PreparedPage]
    excluded: dict[str, int]


def exclude_trained_on(bundle: Bundle, pages: Sequence[PreparedPage]) -> UnseenPages:
    """Leave out every page whose picture, group or source record the bundle or a parent was trained on."""
    unseen: list[PreparedPage] = []
    excluded: Counter[str] = Counter()
    for page in pages:
        if bundle.was_trained_on(picture_hash=page.picture_hash):
            excluded["same picture"] += 1
        elif bundle.was_trained_on(source_record=page.source_record):
            excluded["same source record"] += 1
        elif bundle.was_trained_on(group=page.group):
            excluded["same group"] += 1
        else:
            unseen.append(page)
    return UnseenPages(unseen, dict(excluded))


@dataclass(frozen=True)
class BundlePredictions:
    """What a bundle says of N pages as it screens: by its own operating score, temperature and thresholds.

    Args:
        p: "local", "global", "waveform" and "fused" probabilities, each ``[N]``; NaN where there is no answer.
        decisions: "normal", "abnormal" or "refer" of each page.
        detections: boxes and scores of each page, None where no honest detector looked.
        min_scores: of each page, from which score on boxes are beats.
    """

    p: dict[str, FloatArray]
    decisions: list[str]
    detections: Sequence[Detections | None]
    min_scores: list[float]


def predict_bundle(bundle: Bundle, pages: Sequence[PreparedPage]) -> BundlePredictions:
    """Let a bundle judge pages, whatever it has seen before."""
    operating_point = bundle.operating_point
    answers = predict_pages(bundle.nets, operating_point.min_score, pages)
    p = {name: expit(logits) for name, logits in answers.logits.items()}
    p["fused"] = expit(answers.logits["fused"] / operating_point.temperature)
    decisions = decide_probabilities(p["fused"], (operating_point.p_normal_below, operating_point.p_abnormal_from))
    return BundlePredictions(p, decisions, answers.detections, [operating_point.min_score] * len(pages))


def figures_of(predictions: BundlePredictions, pages: Sequence[PreparedPage], *, n_boot: int = 1000) -> Block:
    """Figures of what a bundle said, by network.

    Single networks have no thresholds of their own in a bundle; alone they decide at 0.5. Pages
    without a label count for the detector only, pages that nobody boxed for the classifiers only.
    """
    labelled = [row for row, page in enumerate(pages) if page.label is not None]
    labels, groups = [int(pages[row].label == 1) for row in labelled], [pages[row].group_key for row in labelled]
    boxed = boxed_rows(predictions, pages)
    figures: Block = {
        "detector": detection_metrics(
            page_boxes(predictions, pages, boxed),
            [pages[row].group_key for row in boxed],
            [predictions.min_scores[row] for row in boxed],
            n_boot=n_boot,
        )
    }
    for name in predictions.p:
        if name == "waveform" and np.isnan(predictions.p[name]).all():  # no such network, or no lead was read
            continue
        decisions = [predictions.decisions[row] for row in labelled] if name == "fused" else None
        figures[name] = classification_metrics(labels, predictions.p[name][labelled], decisions, groups, n_boot=n_boot)
    return figures


def boxed_rows(predictions: BundlePredictions, pages: Sequence[PreparedPage]) -> list[int]:
    """Pages on which a person boxed all beats and a detector looked for them."""
    return [
        row
        for row, page in enumerate(pages)
        if page.boxes_panel_xyxy is not None and predictions.detections[row] is not None
    ]


def page_boxes(predictions: BundlePredictions, pages: Sequence[PreparedPage], rows: Sequence[int]) -> list[PageBoxes]:
    """Found boxes, scores and true boxes of the pages ``rows``, which are among ``boxed_rows``."""
    result: list[PageBoxes] = []
    for row in rows:
        found, true_boxes = predictions.detections[row], pages[row].boxes_panel_xyxy
        assert found is not None and true_boxes is not None
        result.append((*found, true_boxes))
    return result


@dataclass(frozen=True)
class Evaluation:
    """What a bundle is worth on pages that it has not seen.

    Args:
        bundle: its version.
        pages: how many it was measured on.
        left_out_as_seen: how many it had seen, by what gave them away.
        figures: by network; without boxed pages the detector's are not defined, and only a bundle with a waveform
            network has those of "waveform".
    """

    bundle: str
    pages: int
    left_out_as_seen: dict[str, int]
    figures: Block

    def to_json(self) -> dict[str, JsonValue]:
        """The content of a report."""
        return {
            "bundle": self.bundle,
            "pages": self.pages,
            "left_out_as_seen": {**self.left_out_as_seen},
            **block_json(self.figures),
        }


def evaluate_bundle(bundle: Bundle, pages: Sequence[PreparedPage], *, n_boot: int = 1000) -> Evaluation:
    """Figures of a bundle as it screens, on pages that it has not seen.

    Args:
        bundle: loaded.
        pages: labelled or boxed pages; those that the bundle has seen are left out.
        n_boot: resamplings for the intervals.

    Raises:
        DataError: the bundle has seen every page.
    """
    unseen = exclude_trained_on(bundle, pages)
    if not unseen.pages:
        raise DataError(
            f"Bundle {bundle.version} was trained on all {len(pages)} pages.", "Evaluate it on other pages."
        )
    figures = figures_of(predict_bundle(bundle, unseen.pages), unseen.pages, n_boot=n_boot)
    return Evaluation(bundle.version, len(unseen.pages), unseen.excluded, figures)


_ROWS = {
    "sensitivity": "sensitivity (refer counts as found)",
    "specificity": "specificity (called normal)",
    "ece": "ece (bias-corrected)",
}
"""How a figure's row is called where its key does not say enough."""


def figures_table(blocks: Mapping[str, Mapping[str, Interval]]) -> str:
    """Figures with their 95 % intervals as plain text, one line a metric, one column a network."""
    names = list(dict.fromkeys(metric for figures in blocks.values() for metric in figures))
    rows = [["", *blocks]]
    rows += [[_ROWS.get(name, name), *(_shown(figures.get(name)) for figures in blocks.values())] for name in names]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _shown(interval: Interval | None) -> str:
    if interval is None or interval["value"] is None:
        return "-"
    value, low, high = interval["value"], interval.get("low"), interval.get("high")
    if low is None or high is None:
        return str(value) if isinstance(value, int) else f"{value:.3f}"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"
