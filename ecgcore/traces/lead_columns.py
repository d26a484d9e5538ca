"""Where the columns of leads meet on a page, so far as lead names, ruled lines and gaps tell."""

import cv2
import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray
from ecgcore.ink_levels import MARK_INK
from ecgcore.traces.rows import Rows

# Chosen; on about half of drawn pages the marks agree (D-129 in docs/decisions).
LETTER_MM = (1.5, 6.0)
"""Heights of letters."""

LETTER_WIDTH_MM = (0.5, 7.5)
"""Widths of letters, and of letters that touch."""

LETTER_LIFT_MM = -2.0
"""A lead's name stands upon its row's baseline, or this far below, and no higher than ``LETTER_LIFT_SHARE``."""

LETTER_LIFT_SHARE = 0.45
"""Of the distance of two rows."""

NAME_REACH_MM = (1.75, 0.5)
"""A column begins this far before the left edge of its lead's name, or this far behind it."""

LINE_SHARE = 0.7
"""A ruled line is unbroken over this share of the distance of two rows."""

GAP_PX = 3
"""Columns without ink that a row leaves at a lead's end, at least."""

EDGE_REACH_PX = 2
"""Doubt about where a line or a gap lies."""

MIN_ROWS_SHARE = 0.45
"""Share of the rows that must be marked at the same place; rhythm strips are not."""

MAX_EDGES = 6
"""More than these are no columns: traces so faint that they break off at every beat."""

DEFAULT_PITCH_MM = 30.0
"""Distance of two rows where there is but one."""


def column_edges(ink: ByteArray, rows: Rows) -> BoolArray:
    """Panel columns at which a new column of leads may begin, with the doubt around them.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        rows: its rows of trace.

    Returns:
        ``bool [w]``; nowhere true where no mark tells.
    """
    if len(rows.baseline_y) == 0:
        return np.zeros(rows.panel_w, dtype=bool)
    pitch_px = _pitch_px(rows)
    gaps = cv2.erode((~rows.has_ink).astype(np.uint8), np.ones((1, GAP_PX), np.uint8))
    reach = np.ones((1, 2 * EDGE_REACH_PX + 1), np.uint8)
    marked = (cv2.dilate(gaps, reach) > 0) | _named(ink, rows, pitch_px)
    ruled = cv2.dilate(ruled_columns(ink, rows).astype(np.uint8)[None], reach)[0] > 0
    edges: BoolArray = (marked.mean(axis=0) >= MIN_ROWS_SHARE) | ruled
    inner = edges[np.argmax(~edges) : len(edges) - int(np.argmax(~edges[::-1]))]
    return edges if (np.diff(inner.astype(np.int8)) == 1).sum() <= MAX_EDGES else np.zeros_like(edges)


def _named(ink: ByteArray, rows: Rows, pitch_px: float) -> BoolArray:
    """Where each row has the first letter of what may be a lead's name, ``[r, w]``."""
    letters = (ink > MARK_INK).astype(np.uint8)
    y = np.arange(ink.shape[0])[:, None]
    for top_y, bottom_y, has_ink in zip(rows.top_y, rows.bottom_y, rows.has_ink, strict=True):
        letters[(y >= top_y - 1) & (y <= bottom_y + 1) & has_ink] = 0
    x, y1, width, height, _ = cv2.connectedComponentsWithStats(letters, connectivity=8)[2][1:].T
    height_mm, width_mm = height / STANDARD_PX_PER_MM, width / STANDARD_PX_PER_MM
    fits = (height_mm >= LETTER_MM[0]) & (height_mm <= LETTER_MM[1])
    fits &= (width_mm >= LETTER_WIDTH_MM[0]) & (width_mm <= LETTER_WIDTH_MM[1])
    named = np.zeros((len(rows.baseline_y), ink.shape[1]), dtype=bool)
    before, behind = (round(mm * STANDARD_PX_PER_MM) for mm in NAME_REACH_MM)
    for left, foot_y in zip(x[fits], (y1 + height)[fits], strict=True):
        lift_px = rows.baseline_y - foot_y
        near = (lift_px > LETTER_LIFT_MM * STANDARD_PX_PER_MM) & (lift_px < LETTER_LIFT_SHARE * pitch_px)
        if near.any():
            row = np.where(near, np.abs(lift_px), np.inf).argmin()
            named[row, max(0, left - before) : left + behind + 1] = True
    return named


def _pitch_px(rows: Rows) -> float:
    """The usual distance of two rows."""
    many = len(rows.baseline_y) > 1
    return float(np.median(np.diff(rows.baseline_y))) if many else DEFAULT_PITCH_MM * STANDARD_PX_PER_MM


def ruled_columns(ink: ByteArray, rows: Rows) -> BoolArray:
    """Panel columns in which a line is ruled from row to row, ``bool [w]``.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        rows: its rows of trace, one or more.
    """
    pitch_px = _pitch_px(rows)
    strokes = cv2.dilate((ink > MARK_INK).astype(np.uint8), np.ones((1, 3), np.uint8))
    long = cv2.morphologyEx(strokes, cv2.MORPH_OPEN, np.ones((max(1, round(LINE_SHARE * pitch_px)), 1), np.uint8))
    first, last = int(rows.baseline_y[0]), int(rows.baseline_y[-1])
    ruled: BoolArray = long[first : last + 1].mean(axis=0) > 0.5
    return ruled
