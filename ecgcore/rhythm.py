"""Beat boxes -> rows of trace, heart rate and its variation, read off the paper's millimetres."""

from math import ceil

import numpy as np
import numpy.typing as npt

from ecgcore.types import STANDARD_PX_PER_MM, ByteArray, FloatArray

IntArray = npt.NDArray[np.intp]

ROW_REACH_MM = 8.0
"""A beat belongs to a row whose baseline lies within this; rows of twelve on a page are some 11 mm apart."""

MISSED_QRS_SHARE = 0.6
"""Ink this tall beside its neighbours' QRS, between two boxes: a beat that has no box, as at a lead's border."""

QRS_BEFORE_SHARE = 0.6
"""The QRS lies in this first part of a beat's box; a steep T wave may follow."""


def beat_rows(ink: ByteArray, boxes_panel_xyxy: npt.ArrayLike) -> list[IntArray]:
    """Group beats into rows of trace, top to bottom, each from left to right: the reading order.

    Boxes are followed from left to right; each joins the row whose last beat it follows at the nearest baseline.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        boxes_panel_xyxy: beat boxes in its pixels, ``[n, 4]``.

    Returns:
        Indices into the boxes, one array a row; each index occurs once.
    """
    boxes = np.asarray(boxes_panel_xyxy, dtype=np.float64).reshape(-1, 4)
    baselines = np.array([_baseline_y(ink, box) for box in boxes])
    rows: list[list[int]] = []
    for i in np.argsort(boxes[:, 0], kind="stable"):
        middle_x = (boxes[i, 0] + boxes[i, 2]) / 2
        candidates = [
            (abs(baselines[row[-1]] - baselines[i]), row_number)
            for row_number, row in enumerate(rows)
            if boxes[row[-1], 2] <= middle_x
        ]
        distance_px, row_number = min(candidates, default=(np.inf, -1))
        if distance_px <= ROW_REACH_MM * STANDARD_PX_PER_MM:
            rows[row_number].append(int(i))
        else:
            rows.append([int(i)])
    rows.sort(key=lambda row: float(np.median(baselines[row])))
    return [np.array(row) for row in rows]


def measure_rhythm(
    ink: ByteArray, boxes_panel_xyxy: npt.ArrayLike, paper_speed_mm_s: float = 25.0
) -> tuple[float | None, float | None]:
    """Measure the heart rate on the row with the most RR intervals.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``; its scale must be known to be ``STANDARD_PX_PER_MM``.
        boxes_panel_xyxy: beat boxes in its pixels, ``[n, 4]``.
        paper_speed_mm_s: 25 on nearly all paper.

    Returns:
        Heart rate in beats per minute and the coefficient of variation of RR, or (None, None) where no row
        has two intervals.
    """
    boxes = np.asarray(boxes_panel_xyxy, dtype=np.float64).reshape(-1, 4)
    rr_px = max((_rr_px(ink, boxes[row]) for row in beat_rows(ink, boxes)), key=len, default=np.zeros(0))
    if len(rr_px) < 2:
        return None, None
    mean_s = float(rr_px.mean()) / STANDARD_PX_PER_MM / paper_speed_mm_s
    return 60.0 / mean_s, float(rr_px.std() / rr_px.mean())


def _rr_px(ink: ByteArray, row_boxes: FloatArray) -> FloatArray:
    """Distances between the QRS of neighbouring beats of one row, left to right, where no beat lies between."""
    heights = [_column_heights(ink, box) for box in row_boxes]
    heights = [columns[: ceil(QRS_BEFORE_SHARE * len(columns))] for columns in heights]
    tallest = [columns.max() for columns in heights]
    qrs_x = [box[0] + np.flatnonzero(c == c.max()).mean() for box, c in zip(np.floor(row_boxes), heights, strict=True)]
    intervals = []
    for i in range(len(row_boxes) - 1):
        before, after = row_boxes[i], row_boxes[i + 1]
        between = np.array([before[2], min(before[1], after[1]), after[0], max(before[3], after[3])])
        gap = _column_heights(ink, between)[1:-1]  # without the columns that the boxes share
        if gap.max(initial=0) < MISSED_QRS_SHARE * min(tallest[i], tallest[i + 1]) and qrs_x[i + 1] > qrs_x[i]:
            intervals.append(qrs_x[i + 1] - qrs_x[i])
    return np.array(intervals)


def _baseline_y(ink: ByteArray, box: FloatArray) -> float:
    """Height at which most of a beat's ink lies: the isoelectric line, wherever the QRS points."""
    weight = _window(ink, box).sum(axis=1, dtype=np.float64)
    return float(np.floor(box[1])) + (float(weight.argmax()) if weight.any() else len(weight) / 2)


def _column_heights(ink: ByteArray, box: FloatArray) -> npt.NDArray[np.int64]:
    """For each column of the box, how far its ink reaches from top to bottom: most where the trace climbs, the QRS."""
    pen = _window(ink, box) > 127
    first = pen.argmax(axis=0)
    last = len(pen) - 1 - pen[::-1].argmax(axis=0)
    return np.where(pen.any(axis=0), last - first + 1, 0).astype(np.int64)


def _window(ink: ByteArray, box: FloatArray) -> ByteArray:
    """The box's pixels, at least one."""
    height, width = ink.shape
    x1 = int(np.clip(box[0], 0, width - 1))
    y1 = int(np.clip(box[1], 0, height - 1))
    x2 = int(np.clip(np.ceil(box[2]), x1 + 1, width))
    y2 = int(np.clip(np.ceil(box[3]), y1 + 1, height))
    return ink[y1:y2, x1:x2]
