"""Help for one who boxes heartbeats: find beats like a drawn one, snap a box to its beat, hint at the rhythm.

Image functions on the standard panel raster and on boxes in its pixels; nothing here is learnt.
"""

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.traces.rows import Rows, checked_boxes
from ecgcore.traces.trace_rows import trace_rows

REACH_MM = 3.0
"""An edge moves no further than this."""

BASELINE_MM = 5.0
"""How far outside a drawn edge flat baseline is looked for."""

FLAT_PX = 0.3
"""Standard deviation of a trace that counts as flat: what paper, pen and scanner leave, less than the lowest P wave."""

MIN_FLAT_MM = 1.25
"""Shorter stretches are no baseline: the top of a wave is as flat."""

STAY = 0.5
"""Flat trace, as a share of the way, that an edge must win to move: where a person drew it is evidence, too."""

SMOOTH_PX = 1.0
MIN_BEAT_MM = 2.0


def snap(ink: ByteArray, box_panel_xyxy: npt.ArrayLike) -> FloatArray:
    """Fit a roughly drawn box to the beat it encloses.

    The row is the one whose trace fills the box best; other rows' traces in it are left out. Left and right edge go
    to where the flat baseline around the beat ends and begins again, and stay where there is none; top and bottom go
    to the row's highest and lowest point between them plus the paper that belongs to a beat box.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        box_panel_xyxy: the drawn box, ``[4]`` in pixels of ``ink``.

    Returns:
        The fitted box, ``float64 [4]``; the drawn one where it holds no trace.

    Raises:
        ValueError: an array is malformed.
    """
    drawn = np.asarray(box_panel_xyxy, dtype=np.float64)
    boxes = checked_boxes([drawn])
    rows = trace_rows(ink)
    span = rows.span(drawn) if len(boxes) else None
    row = rows.row_of(drawn) if span else None
    if span is None or row is None:
        return drawn
    y = _middle_y(ink, rows, row)
    x1 = _baseline_end(y, span[0])
    x2 = rows.panel_w - _baseline_end(y[::-1], rows.panel_w - span[1])
    if x2 - x1 < MIN_BEAT_MM * STANDARD_PX_PER_MM:
        x1, x2 = span
    fitted = rows.box(row, x1, x2)
    unmoved = np.array([x1, x2]) == span
    fitted[[0, 2]] = np.where(unmoved, drawn[[0, 2]], fitted[[0, 2]])
    return fitted


def _middle_y(ink: ByteArray, rows: Rows, row: int) -> FloatArray:
    """Height of the row's trace in each column, ``[w]``, finer than a pixel: the middle of its ink's weight."""
    y = np.arange(ink.shape[0])[:, None] + 0.5
    own = np.where((y > rows.top_y[row]) & (y < rows.bottom_y[row]), ink, 0).astype(np.float64)
    weight = own.sum(axis=0)
    between = (rows.top_y[row] + rows.bottom_y[row]) / 2
    middle = np.where(weight > 0, (own * y).sum(axis=0) / np.maximum(weight, 1), between)
    return np.asarray(cv2.GaussianBlur(middle[None], (0, 0), SMOOTH_PX)[0], dtype=np.float64)


def _baseline_end(y: FloatArray, edge: int) -> int:
    """Column near ``edge`` at which the flat stretch ends that lies before a wave; ``edge`` where there is none.

    Each stretch wins its length and pays its sum of squares in units of ``FLAT_PX``; the best stretch is taken.
    """
    reach, outside, shortest = (round(mm * STANDARD_PX_PER_MM) for mm in (REACH_MM, BASELINE_MM, MIN_FLAT_MM))
    first = max(0, edge - outside)
    window = y[first : edge + reach]
    start, end = np.triu_indices(len(window) + 1, shortest)
    end_x = first + end
    near = np.abs(end_x - edge) <= reach
    start, end, end_x = start[near], end[near], end_x[near]
    if len(end) == 0:
        return edge
    level = window - window.mean()
    sums, squares = (np.concatenate([[0.0], np.cumsum(values)]) for values in (level, level**2))
    length = end - start
    spread = squares[end] - squares[start] - (sums[end] - sums[start]) ** 2 / length
    gain = length - STAY * np.abs(end_x - edge) - spread / FLAT_PX**2
    best = int(gain.argmax())
    return int(end_x[best]) if gain[best] > 0 else edge
