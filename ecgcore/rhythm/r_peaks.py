"""Beat boxes -> R peaks, from the trace inside each box."""

from math import ceil

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray, IntArray
from ecgcore.ink_levels import LINK_INK, PEAK_INK

# Chosen, not fitted: benchmarks/page/heart_rate.py compares what comes of them with R peaks that cardiologists marked.
QRS_BEFORE_SHARE = 0.6
"""The QRS lies in this first part of a beat's box; a steep T wave may follow."""

PEAK_REACH_MM = 2.0
"""The R peak lies within this of the steepest place: 80 ms at 25 mm/s."""

DOWNWARD_FACTOR = 1.5
"""A complex points down, as in aVR, when it reaches this much further below the baseline than above."""

SUMMIT_SHARE = 0.85
"""The peak is the middle of what lies above this share of its height: neither thick pens nor pixels move it."""

LETTER_MM = 5.0
"""Names of leads are lower than this."""

LINK_PX = 4
"""Parts of a stroke that are no further apart from top to bottom are one."""


def r_peaks(ink: ByteArray, boxes_panel_xyxy: npt.ArrayLike) -> FloatArray:
    """Find each beat's R peak: the summit of its largest deflection beside the steepest place, which may point down.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        boxes_panel_xyxy: beat boxes in its pixels, ``[n, 4]``.

    Returns:
        Points on pixel edges of the panel, ``[n, 2]``; the box's middle where it holds no ink.
    """
    boxes = np.asarray(boxes_panel_xyxy, dtype=np.float64).reshape(-1, 4)
    return np.array([_r_peak(ink, box) for box in boxes], dtype=np.float64).reshape(-1, 2)


def baseline_y(ink: ByteArray, box: FloatArray) -> float:
    """Height at which most of a beat's ink lies: the isoelectric line, wherever the QRS points."""
    weight = _window(ink, box).sum(axis=1, dtype=np.float64)
    return float(np.floor(box[1])) + (float(weight.argmax()) if weight.any() else len(weight) / 2)


def column_heights(ink: ByteArray, box: FloatArray) -> IntArray:
    """For each column of the box, how far its ink reaches from top to bottom: most where the trace climbs, the QRS."""
    top, bottom = _edges(_window(ink, box))
    return bottom - top


def qrs_height(ink: ByteArray, box: FloatArray) -> int:
    """How tall the ink is where the trace is steepest in the part of the box that holds the QRS."""
    heights = column_heights(ink, box)
    return int(heights[: ceil(QRS_BEFORE_SHARE * len(heights))].max())


def _r_peak(ink: ByteArray, box: FloatArray) -> tuple[float, float]:
    top, bottom = _edges(_window(ink, box))
    heights = (bottom - top)[: ceil(QRS_BEFORE_SHARE * len(top))]
    if not heights.any():
        return float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2
    left, above = (int(np.floor(max(0.0, edge))) for edge in box[:2])
    steepest = round(float(np.flatnonzero(heights == heights.max()).mean()))
    reach = round(PEAK_REACH_MM * STANDARD_PX_PER_MM)
    first = max(0, steepest - reach)
    near = slice(first, steepest + reach + 1)
    baseline = baseline_y(ink, box) - above
    inked = bottom[near] > top[near]
    up = np.where(inked, baseline - top[near], 0.0)
    down = np.where(inked, bottom[near] - baseline, 0.0)
    points_down = down.max() > DOWNWARD_FACTOR * max(up.max(), 0.0)
    deflection = down if points_down else up
    low, high = _stretch_around(int(deflection.argmax()), deflection >= SUMMIT_SHARE * deflection.max())
    y = baseline + (deflection.max() if points_down else -deflection.max())
    return left + first + (low + high) / 2, above + float(y)


def _stretch_around(place: int, holds: BoolArray) -> tuple[int, int]:
    """First index and end of the unbroken stretch that holds around a place."""
    broken = np.flatnonzero(~holds)
    before, after = broken[broken < place], broken[broken > place]
    return int(before[-1]) + 1 if len(before) else 0, int(after[0]) if len(after) else len(holds)


def _edges(pen_window: ByteArray) -> tuple[IntArray, IntArray]:
    """First row of the trace, and the row after its last, of each column; equal where a column holds none."""
    pen = _trace(pen_window)
    any_ink = pen.any(axis=0)
    top = np.where(any_ink, pen.argmax(axis=0), 0)
    bottom = np.where(any_ink, len(pen) - pen[::-1].argmax(axis=0), 0)
    return top.astype(np.int64), bottom.astype(np.int64)


def _trace(pen_window: ByteArray) -> BoolArray:
    """The widest stroke of a window and whatever is taller than a letter: a lead's name beside a beat is no peak."""
    # the steep strokes of a QRS are faint and may be broken: what nearly touches belongs together
    linked = cv2.dilate((pen_window > LINK_INK).astype(np.uint8), np.ones((1 + LINK_PX, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(linked, connectivity=8)
    widths, heights = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT] - LINK_PX
    belongs = (widths == widths[1:].max(initial=0)) | (heights > LETTER_MM * STANDARD_PX_PER_MM)
    belongs[0] = False  # the paper
    return np.asarray(belongs[labels] & (pen_window > PEAK_INK), dtype=np.bool_)


def _window(ink: ByteArray, box: FloatArray) -> ByteArray:
    """The box's pixels, at least one."""
    height, width = ink.shape
    x1 = int(np.clip(box[0], 0, width - 1))
    y1 = int(np.clip(box[1], 0, height - 1))
    x2 = int(np.clip(np.ceil(box[2]), x1 + 1, width))
    y2 = int(np.clip(np.ceil(box[3]), y1 + 1, height))
    return ink[y1:y2, x1:x2]
