"""Where a lead's printed name runs into its trace: what is read there is no signal.

All names of a page stand at one place beside the starts of their columns. Those that stand free tell it; ink there that
is taller than a pen and no heartbeat's is a name's.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray
from ecgcore.ink_levels import MARK_INK
from ecgcore.traces.lead_columns import LETTER_MM, LETTER_WIDTH_MM
from ecgcore.traces.rows import Rows

BEFORE_MM, BEHIND_MM = 3.0, 11.0
"""A name stands about so far before and behind the start of its column."""
HIGHEST_MM, LOWEST_MM = 7.0, 2.0
"""Letters reach no further above the row's baseline and below it, where they run into the trace."""
LEAST_NAMES = 3
FOOT_SPREAD_PX = 2.0
"""Names whose feet lie so near to each other's usual height are a page's names."""
TALL_PENS = 2.0
"""Ink so many pens high is a letter's, or a steep stroke of the trace's."""
QRS_BESIDE_PX = 5
"""Where another row is steeper than letters, so near, it is a heartbeat's."""
INDENT_PX = 4.0
"""All names of a page begin so near to the same place."""
BETWEEN_PX = 3
"""Between the strokes of a name nothing is read either."""


def without_names(rows: Rows, ink: ByteArray, starts_x: FloatArray) -> BoolArray:
    """Columns in which each row was read and no name runs into it, ``[r, w]``.

    Args:
        rows: the rows of trace.
        ink: their panel raster, ``uint8 [h, w]``.
        starts_x: where the columns begin, pixels of the panel.
    """
    names = _free_names(rows, ink, starts_x)
    if len(names.boxes_xyxy) < LEAST_NAMES:
        return rows.has_ink
    (left, right), (top, bottom) = names.reach_x, names.reach_y
    base = rows.baseline_y[:, None]
    above, below = base - rows.top_y, rows.bottom_y - base
    tall = rows.has_ink & (rows.bottom_y - rows.top_y > TALL_PENS * rows.pen_px)
    is_qrs = tall & ((above > HIGHEST_MM * STANDARD_PX_PER_MM) | (below > LOWEST_MM * STANDARD_PX_PER_MM))
    around = np.ones((1, 2 * QRS_BESIDE_PX + 1), np.uint8)
    beating = cv2.dilate(np.atleast_2d(is_qrs.any(axis=0)).astype(np.uint8), around)
    near: BoolArray = np.zeros_like(rows.has_ink)
    for row, column in np.ndindex(len(near), len(starts_x)):
        free = names.boxes_xyxy[(names.row == row) & (names.column == column), 0].min(initial=right).item()
        if free > left + INDENT_PX:  # the first letter does not stand free
            start = float(starts_x[column])
            near[row, max(0, round(start + left)) : max(0, round(start + free) + 1)] = True
    in_place = near & (-above <= bottom) & (below >= top)
    letters = (tall & in_place & (np.asarray(beating) == 0)).astype(np.uint8)
    joined = cv2.morphologyEx(letters, cv2.MORPH_CLOSE, np.ones((1, 2 * BETWEEN_PX + 1), np.uint8))
    return np.asarray(rows.has_ink & (joined == 0), dtype=np.bool_)


@dataclass(frozen=True)
class _Names:
    """Letters that stand free: their boxes ``[n, 4]`` from their column's start and their row's baseline, and whose."""

    boxes_xyxy: FloatArray
    row: npt.NDArray[np.intp]
    column: npt.NDArray[np.intp]

    @property
    def reach_x(self) -> tuple[float, float]:
        """How far names reach from the start of their column."""
        return float(self.boxes_xyxy[:, 0].min()), float(self.boxes_xyxy[:, 2].max())

    @property
    def reach_y(self) -> tuple[float, float]:
        """From where to where they reach, from the baseline down."""
        return float(np.median(self.boxes_xyxy[:, 1])), float(self.boxes_xyxy[:, 3].max())

    def of(self, which: BoolArray) -> "_Names":
        """Some of them."""
        return _Names(self.boxes_xyxy[which], self.row[which], self.column[which])


def _free_names(rows: Rows, ink: ByteArray, starts_x: FloatArray) -> _Names:
    """Letters near the columns' starts whose feet are equally far from the baselines of their rows."""
    marks = (ink > MARK_INK).astype(np.uint8)
    x, y, width, height, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)[2][1:].T
    fits = np.ones(len(x), dtype=np.bool_)
    for size, (least, most) in ((height, LETTER_MM), (width, LETTER_WIDTH_MM)):
        fits &= (size >= least * STANDARD_PX_PER_MM) & (size <= most * STANDARD_PX_PER_MM)
    boxes = np.column_stack([x, y, x + width, y + height])[fits].astype(np.float64)
    row = np.abs(boxes[:, 3, None] - rows.baseline_y).argmin(axis=1)
    from_start = boxes[:, 0, None] - starts_x
    before, behind = BEFORE_MM * STANDARD_PX_PER_MM, BEHIND_MM * STANDARD_PX_PER_MM
    column = np.where(from_start >= -before, from_start, np.inf).argmin(axis=1)
    boxes[:, 1::2] -= rows.baseline_y[row, None]
    boxes[:, ::2] -= starts_x[column, None]
    letters = _Names(boxes, row, column).of((boxes[:, 0] >= -before) & (boxes[:, 2] <= behind))
    if len(letters.row) == 0:
        return letters
    foot = letters.boxes_xyxy[:, 3]
    alike = np.abs(foot - foot[:, None]) <= FOOT_SPREAD_PX
    return letters.of(alike[alike.sum(axis=1).argmax()])
