"""Figures of the beat detector with intervals over groups: average precision as COCO counts it, recall, precision."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ecgcore.geometry.arrays import FloatArray
from ecgcore.geometry.boxes import iou_matrix
from trainer.metrics.classification import Figures, bootstrap
from trainer.metrics.figures import Interval

IOUS = np.arange(0.5, 1.0, 0.05)
RECALLS = np.linspace(0, 1, 101)
PageBoxes = tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]
"""Found boxes ``[n, 4]``, their scores ``[n]`` and true boxes ``[m, 4]`` of one page, in one frame."""


def detection_metrics(
    pages: Sequence[PageBoxes],
    groups: Sequence[str],
    operating_score: float | Sequence[float],
    *,
    n_boot: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """``ap50``, ``ap50_95``, ``recall`` and ``precision`` of boxed pages.

    Average precision is COCO's: greedy matching by score inside a page, 101 recall points, IoU 0.50 to 0.95 in steps
    of 0.05, any number of boxes a page. Recall and precision count boxes at or above ``operating_score`` that match at
    IoU 0.5.

    Args:
        pages: found boxes, scores and true boxes of each page; pages that nobody boxed must be left out.
        groups: one per page; an empty group is a group of its own.
        operating_score: the bundle's own threshold, or one a page where several bundles judged.
        n_boot: resamplings of the groups.
        seed: of the resampling.

    Returns:
        ``{metric: {"value", "low", "high"}}``, None where it is not defined.
    """
    if not pages:
        return {name: {"value": None, "low": None, "high": None} for name in ("ap50", "ap50_95", "recall", "precision")}
    return bootstrap(detection_figures(pages, operating_score), groups, n_boot=n_boot, seed=seed)


def detection_figures(pages: Sequence[PageBoxes], operating_score: float | Sequence[float]) -> Figures:
    """The figures of ``detection_metrics`` as a function of how often each page is drawn; at least one page."""
    scores_of_page = [np.asarray(scores, dtype=np.float64).reshape(-1) for _, scores, _ in pages]
    hits_of_page = [match_boxes(*page) for page in pages]
    n_true = np.array([np.asarray(true).reshape(-1, 4).shape[0] for _, _, true in pages], dtype=np.float64)
    called = [s >= least for s, least in zip(scores_of_page, np.broadcast_to(operating_score, len(pages)), strict=True)]
    n_called = np.array([np.count_nonzero(c) for c in called], dtype=np.float64)
    n_right = np.array([np.count_nonzero(h[0, c]) for h, c in zip(hits_of_page, called, strict=True)], dtype=np.float64)
    order = np.argsort(-np.concatenate(scores_of_page), kind="stable")
    hits = np.concatenate(hits_of_page, axis=1)[:, order]
    page_of_box = np.repeat(np.arange(len(pages)), [len(s) for s in scores_of_page])[order]

    def figures(weights: FloatArray) -> dict[str, FloatArray]:
        average = np.array([_average_precisions(hits, w[page_of_box], float(w @ n_true)) for w in weights])
        with np.errstate(invalid="ignore", divide="ignore"):
            return {
                "ap50": average[:, 0],
                "ap50_95": average.mean(axis=1),
                "recall": (weights @ n_right) / (weights @ n_true),
                "precision": (weights @ n_right) / (weights @ n_called),
            }

    return figures


def match_boxes(found_xyxy: npt.ArrayLike, scores: npt.ArrayLike, true_xyxy: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which found boxes hit a true box of their own, at every IoU of ``IOUS``: ``bool [10, n]``.

    From the highest score down, a box takes the free true box that it overlaps most, if that reaches the IoU.
    """
    score = np.asarray(scores, dtype=np.float64).reshape(-1)
    iou = iou_matrix(found_xyxy, true_xyxy)
    hits = np.zeros((len(IOUS), len(score)), dtype=np.bool_)
    if iou.shape[1] == 0:
        return hits
    free = np.ones((len(IOUS), iou.shape[1]), dtype=np.bool_)
    for box in np.argsort(-score, kind="stable"):
        overlaps = np.where(free, iou[box], -1.0)
        best = overlaps.argmax(axis=1)
        is_hit = overlaps.max(axis=1) >= IOUS - 1e-9
        hits[:, box] = is_hit
        free[is_hit, best[is_hit]] = False
    return hits


def _average_precisions(hits: npt.NDArray[np.bool_], weights: FloatArray, n_true: float) -> FloatArray:
    """Average precision at each IoU ``[10]``, boxes sorted by falling score and counted ``weights`` times."""
    if n_true == 0:
        return np.full(len(IOUS), np.nan)
    drawn = weights > 0
    right = np.cumsum(hits[:, drawn] * weights[drawn], axis=1)
    precision = right / np.cumsum(weights[drawn])
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    padded = np.concatenate([envelope, np.zeros((len(IOUS), 1))], axis=1)
    reached = [np.searchsorted(row, RECALLS * n_true - 1e-9, side="left") for row in right]
    return np.array([row[at].mean() for row, at in zip(padded, reached, strict=True)])
