"""Where a lead's printed name runs into its trace: what is read there is no signal."""

import cv2
import numpy as np

from ecgcore.assist_rows import BoolArray, Rows
from ecgcore.types import STANDARD_PX_PER_MM, FloatArray

BEFORE_MM, BEHIND_MM = 1.0, 11.0
"""A name stands about so far before and behind the start of its column."""
HIGHEST_MM, LOWEST_MM = 7.0, 2.0
"""Letters reach no further above the row's baseline and below it."""
TALL_PENS = 2.0
"""Ink so many pens high is a letter's, or a steep stroke of the trace's."""
QRS_BESIDE_PX = 5
"""Where another row is steeper than letters, so near, it is a heartbeat's."""
AROUND_PX = 7
"""Between the strokes of a name, and beside them, nothing is read either."""


def without_names(rows: Rows, starts_x: FloatArray) -> BoolArray:
    """Columns in which each row was read and no name runs into it, ``[r, w]``.

    Args:
        rows: the rows of trace.
        starts_x: where the columns begin, pixels of the panel.
    """
    base = rows.baseline_y[:, None]
    height = rows.bottom_y - rows.top_y
    above, below = base - rows.top_y, rows.bottom_y - base
    tall = rows.has_ink & (height > TALL_PENS * rows.pen_px)
    is_qrs = tall & ((above > HIGHEST_MM * STANDARD_PX_PER_MM) | (below > LOWEST_MM * STANDARD_PX_PER_MM))
    around = np.ones((1, 2 * QRS_BESIDE_PX + 1), np.uint8)
    beating = cv2.dilate(np.atleast_2d(is_qrs.any(axis=0)).astype(np.uint8), around)
    near: BoolArray = np.zeros(rows.panel_w, dtype=np.bool_)
    for start in starts_x:
        near[max(0, round(start - BEFORE_MM * STANDARD_PX_PER_MM)) : round(start + BEHIND_MM * STANDARD_PX_PER_MM)] = (
            True
        )
    letters = (tall & near & (np.asarray(beating) == 0)).astype(np.uint8)
    joined = cv2.morphologyEx(letters, cv2.MORPH_CLOSE, np.ones((1, 2 * AROUND_PX + 1), np.uint8))
    covered = cv2.dilate(joined, np.ones((1, 3), np.uint8)) > 0
    return np.asarray(rows.has_ink & ~(covered & near), dtype=np.bool_)
