"""Where the pen ran inside the ink: a row's trace at a fifth of a column, from the edges of its ink.

A column of the raster shows the pen's highest and lowest point within the column and a little beside it, half a pen
wide. So wherever the pen was, it stayed between what every column over that place allows, and each column's extremes
were reached somewhere under it. On a steep stroke the columns' bounds meet and leave the pen hardly any room; at a
peak they do not, and the pen is led to the extreme that its column shows.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.assist_rows import PEN_INK, BoolArray, Rows
from ecgcore.types import ByteArray, FloatArray

STEPS = 5
"""Places in a column of the raster at which the pen is looked for: 2 ms apart at 25 mm/s."""
HALF_INK = 0.15
"""A column shows the pen where half of a pixel is covered."""
BESIDE_PX = 0.6, 1.0
"""A column shows the pen as far beside it as half a pen reaches beyond half a column, but within these."""
TIGHT_PX = 1.5
"""Where the columns leave the pen so little room, it ran in the middle."""
TIGHT_SHARE = 0.4
"""Or this share of the column's height."""
PEAK_REACH = 2
"""A peak's column reaches further out than this many on both sides."""
TIP_PX = 4.0
"""Columns that reach as far as the furthest, but for this, are one tip."""
FLAT_PENS = 2.0
FULL_INK = 255.0


@dataclass(frozen=True)
class PenPath:
    """The way of the pen in every row, in pixels of the panel, on pixel edges.

    Args:
        y: height at ``STEPS`` places in each column, ``float64 [r, w * STEPS]``; bridged where there is no ink.
        has_ink: columns in which the row was read, ``bool [r, w]``.
    """

    y: FloatArray
    has_ink: BoolArray

    def at(self, row: int, x: FloatArray) -> FloatArray:
        """Height at places in pixels of the panel, ``[n]``."""
        places = (np.arange(self.y.shape[1]) + 0.5) / STEPS
        return np.asarray(np.interp(x, places, self.y[row]), dtype=np.float64)

    def is_read(self, row: int, x: FloatArray) -> BoolArray:
        """Whether the row has ink at those places, ``[n]``."""
        column = np.floor(x).astype(int)
        inside = (column >= 0) & (column < self.has_ink.shape[1])
        read: BoolArray = inside & self.has_ink[row, np.clip(column, 0, self.has_ink.shape[1] - 1)]
        return read


def pen_path(rows: Rows, ink: ByteArray) -> PenPath:
    """Follow the pen through every row's ink.

    Args:
        rows: the rows of trace.
        ink: their panel raster, ``uint8 [h, w]``.
    """
    highest, lowest, half_pen = _extremes(rows, ink)
    beside_px = float(np.clip(half_pen - 0.5, *BESIDE_PX))
    upper, lower = _bounds(highest, lowest, beside_px)
    middle = (upper + lower) / 2
    room = np.maximum(TIGHT_PX, TIGHT_SHARE * np.repeat(lowest - highest, STEPS, axis=1))
    is_known = (lower - upper <= room) & np.repeat(rows.has_ink, STEPS, axis=1)
    y = np.where(is_known, middle, np.nan)
    for reached, sign in ((highest, 1.0), (lowest, -1.0)):
        row, place, tip_y = _unreached(reached, middle, is_known, rows.has_ink, sign, beside_px)
        y[row, place] = tip_y
    x = np.arange(y.shape[1])
    for k in range(len(y)):
        known = np.isfinite(y[k])
        y[k] = np.interp(x, x[known], y[k][known]) if known.any() else rows.baseline_y[k]
    return PenPath(y, rows.has_ink)


def _extremes(rows: Rows, ink: ByteArray) -> tuple[FloatArray, FloatArray, float]:
    """Highest and lowest point of the pen's middle in every column to parts of a pixel, and half of the pen's height.

    NaN in columns that a steep stroke only grazed.
    """
    x = np.arange(rows.panel_w)
    height, numbers = len(ink), np.arange(len(ink))[:, None]
    is_pen = ink >= np.maximum(PEN_INK, (HALF_INK * cv2.dilate(ink, np.ones((1, 3), np.uint8))).astype(np.uint8))
    below = np.minimum.accumulate(np.where(is_pen, numbers, height)[::-1], axis=0)[::-1]
    above = np.maximum.accumulate(np.where(is_pen, numbers, -1), axis=0)
    first = np.clip(np.floor(rows.top_y).astype(int), 0, height - 1)
    last = np.clip(np.ceil(rows.bottom_y).astype(int) - 1, 0, height - 1)
    top, bottom = below[first, x], above[last, x]
    is_faint = (top > last) | (bottom < first)
    top, bottom = np.where(is_faint, first, top), np.where(is_faint, last, bottom)
    framed = np.pad(ink, ((1, 1), (0, 0))).astype(np.float64) / FULL_INK
    # what of the outermost pixels is covered tells the edge between them
    top_y = top + 1 - framed[top + 1, x] - np.where(top > first, framed[top, x], 0)
    bottom_y = bottom + framed[bottom + 1, x] + np.where(bottom < last, framed[bottom + 2, x], 0)
    is_flat = rows.has_ink & (rows.bottom_y - rows.top_y <= FLAT_PENS * rows.pen_px)
    half_pen = float(np.median((bottom_y - top_y)[is_flat])) / 2 if is_flat.any() else rows.pen_px / 2
    highest, lowest, middle = top_y + half_pen, bottom_y - half_pen, (top_y + bottom_y) / 2
    crossed = highest > lowest
    highest, lowest = np.where(crossed, middle, highest), np.where(crossed, middle, lowest)
    grazed = is_faint & ~is_flat
    return np.where(grazed, np.nan, highest), np.where(grazed, np.nan, lowest), half_pen


def _bounds(highest: FloatArray, lowest: FloatArray, beside_px: float) -> tuple[FloatArray, FloatArray]:
    """Between which heights every column over a place leaves the pen, ``[r, w * STEPS]`` each."""
    within = (np.arange(STEPS) + 0.5) / STEPS
    upper, lower = np.repeat(highest, STEPS, axis=1), np.repeat(lowest, STEPS, axis=1)
    for step, reaches in ((1, within <= beside_px), (-1, within >= 1 - beside_px)):
        beside = np.tile(reaches, highest.shape[1])
        high, low = (np.repeat(_moved(edge, step), STEPS, axis=1) for edge in (highest, lowest))
        upper = np.where(beside, np.fmax(upper, high), upper)
        lower = np.where(beside, np.fmin(lower, low), lower)
    crossed, middle = upper > lower, (upper + lower) / 2
    return np.where(crossed, middle, upper), np.where(crossed, middle, lower)


def _moved(edge: FloatArray, step: int) -> FloatArray:
    """The column before (1) or behind (-1) in the place of each; the outermost stay."""
    moved = np.roll(edge, step, axis=1)
    outermost = 0 if step > 0 else -1
    moved[:, outermost] = edge[:, outermost]
    return moved


def _unreached(
    reached: FloatArray,
    middle: FloatArray,
    is_known: BoolArray,
    has_ink: BoolArray,
    sign: float,
    beside_px: float,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], FloatArray]:
    """Columns whose extreme no known place reaches, and where under them the pen may have been so far out.

    Args:
        reached: the columns' extremes, ``[r, w]``.
        middle, is_known: where it is known to be.
        has_ink: columns that show anything.
        sign: 1 where the extreme is the highest point, -1 the lowest.

    Returns:
        Row and place of each, in the middle of the columns that reach as far, and the extreme.
    """
    beside = round(beside_px * STEPS)
    reach = np.ones((1, STEPS + 2 * beside), np.uint8)
    seen = np.where(is_known, -sign * middle, -1e9)
    most = cv2.dilate(seen, reach, borderType=cv2.BORDER_REPLICATE)[:, STEPS // 2 :: STEPS]
    reached = np.where(np.isfinite(reached), reached, sign * 1e9)
    around = np.ones((1, 2 * PEAK_REACH + 1), np.uint8)
    is_peak = -sign * reached >= cv2.dilate(-sign * reached, around)
    is_peak[:, 1:] &= ~is_peak[:, :-1]
    missing = has_ink & is_peak & (-sign * reached - most > TIGHT_PX / 2)
    row, column = np.nonzero(missing)
    beside_columns = np.clip(column[:, None] + np.arange(-PEAK_REACH, PEAK_REACH + 1), 0, reached.shape[1] - 1)
    far_px = np.abs(reached[row[:, None], beside_columns] - reached[row, column][:, None])
    is_tip = far_px <= TIP_PX
    middle_column = (beside_columns * is_tip).sum(axis=1) / is_tip.sum(axis=1)
    place = np.clip(np.round((middle_column + 0.5) * STEPS - 0.5), 0, middle.shape[1] - 1).astype(np.intp)
    return row, place, reached[row, column]
