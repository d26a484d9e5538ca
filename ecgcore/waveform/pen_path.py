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

from ecgcore.assist_rows import BoolArray, Rows
from ecgcore.types import ByteArray, FloatArray

STEPS = 5
"""Places in a column of the raster at which the pen is looked for: 2 ms apart at 25 mm/s."""
BESIDE_PX = 0.6
"""A column shows the pen this far beside it too; fitted on 12 drawn pages, pens of 0.1 to 0.6 mm."""
TIGHT_PX = 1.5
"""Where the columns leave the pen so little room, it ran in the middle."""
TIGHT_SHARE = 0.4
"""Or this share of the column's height."""
PEAK_REACH = 2
"""A peak's column reaches further out than this many on both sides."""
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
    highest, lowest = _extremes(rows, ink)
    upper, lower = _bounds(highest, lowest)
    middle = (upper + lower) / 2
    room = np.maximum(TIGHT_PX, TIGHT_SHARE * np.repeat(lowest - highest, STEPS, axis=1))
    is_known = (lower - upper <= room) & np.repeat(rows.has_ink, STEPS, axis=1)
    y = np.where(is_known, middle, np.nan)
    for reached, bound, sign in ((highest, upper, 1.0), (lowest, lower, -1.0)):
        row, place = _unreached(reached, bound, middle, is_known, rows.has_ink, sign)
        y[row, place] = bound[row, place]
    x = np.arange(y.shape[1])
    for k in range(len(y)):
        known = np.isfinite(y[k])
        y[k] = np.interp(x, x[known], y[k][known]) if known.any() else rows.baseline_y[k]
    return PenPath(y, rows.has_ink)


def _extremes(rows: Rows, ink: ByteArray) -> tuple[FloatArray, FloatArray]:
    """Highest and lowest point of the pen's middle in every column, ``[r, w]`` each, to parts of a pixel."""
    x = np.arange(rows.panel_w)
    first = np.clip(np.floor(rows.top_y).astype(int), 0, rows.panel_h - 1)
    last = np.clip(np.ceil(rows.bottom_y).astype(int) - 1, 0, rows.panel_h - 1)
    # a run's first and last pixel are covered in part: as far as their ink tells
    top_y = rows.top_y + 1 - ink[first, x] / FULL_INK
    bottom_y = rows.bottom_y - 1 + ink[last, x] / FULL_INK
    height = bottom_y - top_y
    highest, lowest = np.empty_like(top_y), np.empty_like(top_y)
    for k, inked in enumerate(rows.has_ink):
        flat = inked & (rows.bottom_y[k] - rows.top_y[k] <= FLAT_PENS * rows.pen_px)
        half_pen = float(np.median(height[k][flat])) / 2 if flat.any() else rows.pen_px / 2
        highest[k], lowest[k] = top_y[k] + half_pen, bottom_y[k] - half_pen
    middle = (top_y + bottom_y) / 2
    crossed = highest > lowest
    return np.where(crossed, middle, highest), np.where(crossed, middle, lowest)


def _bounds(highest: FloatArray, lowest: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Between which heights every column over a place leaves the pen, ``[r, w * STEPS]`` each."""
    within = (np.arange(STEPS) + 0.5) / STEPS
    upper, lower = np.repeat(highest, STEPS, axis=1), np.repeat(lowest, STEPS, axis=1)
    for step, reaches in ((1, within <= BESIDE_PX), (-1, within >= 1 - BESIDE_PX)):
        beside = np.tile(reaches, highest.shape[1])
        high, low = (np.repeat(_moved(edge, step), STEPS, axis=1) for edge in (highest, lowest))
        upper = np.where(beside, np.maximum(upper, high), upper)
        lower = np.where(beside, np.minimum(lower, low), lower)
    crossed, middle = upper > lower, (upper + lower) / 2
    return np.where(crossed, middle, upper), np.where(crossed, middle, lower)


def _moved(edge: FloatArray, step: int) -> FloatArray:
    """The column before (1) or behind (-1) in the place of each; the outermost stay."""
    moved = np.roll(edge, step, axis=1)
    outermost = 0 if step > 0 else -1
    moved[:, outermost] = edge[:, outermost]
    return moved


def _unreached(
    reached: FloatArray, bound: FloatArray, middle: FloatArray, is_known: BoolArray, has_ink: BoolArray, sign: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Columns whose extreme no known place reaches, and where under them the pen may have been so far out.

    Args:
        reached: the columns' extremes, ``[r, w]``.
        bound: how far out the pen may be, ``[r, w * STEPS]``.
        middle, is_known: where it is known to be.
        has_ink: columns that show anything.
        sign: 1 where the extreme is the highest point, -1 the lowest.

    Returns:
        Row and place of each.
    """
    beside = round(BESIDE_PX * STEPS)
    reach = np.ones((1, STEPS + 2 * beside), np.uint8)
    seen = np.where(is_known, -sign * middle, -1e9)
    most = cv2.dilate(seen, reach, borderType=cv2.BORDER_REPLICATE)[:, STEPS // 2 :: STEPS]
    around = np.ones((1, 2 * PEAK_REACH + 1), np.uint8)
    is_peak = -sign * reached >= cv2.dilate(-sign * reached, around)
    is_peak[:, 1:] &= ~is_peak[:, :-1]
    missing = has_ink & is_peak & (-sign * reached - most > TIGHT_PX / 2)
    row, column = np.nonzero(missing)
    window = column[:, None] * STEPS + np.arange(-beside, STEPS + beside)
    window = np.clip(window, 0, bound.shape[1] - 1)
    off_centre = np.abs(np.arange(window.shape[1]) - (window.shape[1] - 1) / 2)
    best = (sign * bound[row[:, None], window] + 1e-3 * off_centre).argmin(axis=1)
    return row, np.take_along_axis(window, best[:, None], axis=1)[:, 0]
