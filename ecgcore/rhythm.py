"""Beat boxes -> rows of trace, heart rate and its variation, read off the paper's millimetres."""

import numpy as np
import numpy.typing as npt

from ecgcore.types import STANDARD_PX_PER_MM, ByteArray, FloatArray

IntArray = npt.NDArray[np.intp]

ROW_REACH_MM = 6.0
"""A beat belongs to a row whose baseline lies within this; rows of twelve on a page are some 11 mm apart."""

MISSED_BEAT_FACTOR = 1.8
"""An RR interval of more than this times the median holds a missed beat or a lead's border."""


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
    """Measure the heart rate on the row with the most beats.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``; its scale must be known to be ``STANDARD_PX_PER_MM``.
        boxes_panel_xyxy: beat boxes in its pixels, ``[n, 4]``.
        paper_speed_mm_s: 25 on nearly all paper.

    Returns:
        Heart rate in beats per minute and the coefficient of variation of RR, or (None, None) with fewer than 3 beats
        in every row.
    """
    boxes = np.asarray(boxes_panel_xyxy, dtype=np.float64).reshape(-1, 4)
    row = max(beat_rows(ink, boxes), key=len, default=np.array([], dtype=np.intp))
    if len(row) < 3:
        return None, None
    r_peaks_px = np.array([_qrs_x(ink, boxes[i]) for i in row])
    rr_s = np.diff(r_peaks_px) / STANDARD_PX_PER_MM / paper_speed_mm_s
    rr_s = rr_s[(rr_s > 0) & (rr_s <= MISSED_BEAT_FACTOR * np.median(rr_s))]
    if not len(rr_s):
        return None, None
    mean_s = float(rr_s.mean())
    return 60.0 / mean_s, float(rr_s.std()) / mean_s


def _baseline_y(ink: ByteArray, box: FloatArray) -> float:
    """Height at which most of a beat's ink lies: the isoelectric line, wherever the QRS points."""
    window, _, top = _window(ink, box)
    weight = window.sum(axis=1, dtype=np.float64)
    return top + (float(weight.argmax()) if weight.any() else len(weight) / 2)


def _qrs_x(ink: ByteArray, box: FloatArray) -> float:
    """Column where the trace climbs most: the tallest stretch of ink in the box."""
    window, left, _ = _window(ink, box)
    pen = window > 127
    first = pen.argmax(axis=0)
    last = len(pen) - 1 - pen[::-1].argmax(axis=0)
    tall = np.where(pen.any(axis=0), last - first, 0)
    return left + float(np.flatnonzero(tall == tall.max()).mean())


def _window(ink: ByteArray, box: FloatArray) -> tuple[ByteArray, int, int]:
    """The box's pixels, at least one, with their left and top."""
    height, width = ink.shape
    x1 = int(np.clip(box[0], 0, width - 1))
    y1 = int(np.clip(box[1], 0, height - 1))
    x2 = int(np.clip(np.ceil(box[2]), x1 + 1, width))
    y2 = int(np.clip(np.ceil(box[3]), y1 + 1, height))
    return ink[y1:y2, x1:x2], x1, y1
