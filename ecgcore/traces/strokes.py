"""Strokes that run on as traces do, and how far a page's rows run along them: header lines and ruled lines do not."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray
from ecgcore.ink_levels import MARK_INK
from ecgcore.traces.rows import Rows


@dataclass(frozen=True)
class Stretch:
    """Strokes so wide are a trace's, if this share of their columns is flat or they are taller than letters."""

    least_mm: float
    flat_share: float


# Where no pages are named, chosen: benchmarks/page/whole_pages.py counts the leads that come of them.
LONG, SHORT = Stretch(28.0, 0.65), Stretch(5.0, 0.5)
"""A thick pen joins the letters of a word, a thin trace breaks: the short ones tell which rows are traces, and their
tips are followed. Long strokes of drawn and real traces are flat in 0.73 of their columns, joined words in 0.55."""
LOWEST_MM, RULED_MM = 0.75, 30.0
"""A lower stroke is a piece of a ruled line; what runs straight on for the second is one."""
FLAT_PENS, FLAT_MM = 1.7, 1.25
"""A trace is no taller than so many pens, or so much, in most of its columns; letters are nearly everywhere."""
THICKER, THICKER_PX = 1.6, 2.0
"""Most of a low stroke is not so much thicker than most strokes are, or it is a line of bold print."""
TALLEST_LETTER_MM = 9.0
QRS_SOFT_PX = 1.25 * STANDARD_PX_PER_MM
BEATS_ALONG = 0.6
"""Correlation of a row's steepness with that of all rows of trace, from which it is one of them however flat it is: a
low lead in thick ink is straight enough to pass for a ruled line."""
FOLLOWED, INKED = 0.12, 0.98
"""Share of the width in which the page's fullest row runs along such strokes, and of the fullest row's way in which a
row does, at least; and the row's share of the fullest row's ink with half of its share of the way. On 31 photos rows
have 1.005 or more, lines of bold print up to 0.96; ruled lines have all the ink and no such stroke."""


def long_strokes(marks: BoolArray, pen_px: float, stretch: Stretch) -> BoolArray:
    """Strokes that run on as traces do: wide, neither straight as a ruled line nor as tall everywhere as letters.

    Args:
        marks: where there is ink on the standard raster, ``bool [h, w]``.
        pen_px: height of the pen on a flat trace.
        stretch: how wide and how flat a stroke must be.

    Returns:
        Those strokes, ``bool [h, w]``.
    """
    rules = cv2.morphologyEx(marks.astype(np.uint8), cv2.MORPH_OPEN, np.ones((1, _px(RULED_MM)), np.uint8))
    strokes = marks & (rules == 0)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(strokes.astype(np.uint8), connectivity=8)
    thick_px = np.full(len(stats), np.nan)
    is_high = stats[:, cv2.CC_STAT_HEIGHT] > _px(TALLEST_LETTER_MM)
    for label in np.flatnonzero(stats[:, cv2.CC_STAT_WIDTH] >= _px(stretch.least_mm)):
        x, y, width, height, _ = stats[label]
        if label == 0 or height < pen_px + _px(LOWEST_MM):
            continue
        own = labels[y : y + height, x : x + width] == label
        tall = height - own.argmax(axis=0) - own[::-1].argmax(axis=0)
        is_flat = float((tall <= max(FLAT_PENS * pen_px, _px(FLAT_MM))).mean()) >= stretch.flat_share
        if is_flat or is_high[label]:
            thick_px[label] = np.median(tall)
    seen = np.isfinite(thick_px)
    usual_px = float(np.median(np.repeat(thick_px[seen], stats[seen, cv2.CC_STAT_WIDTH]))) if seen.any() else 0.0
    is_thin = thick_px <= max(THICKER * usual_px, usual_px + THICKER_PX)
    return np.asarray((seen & (is_thin | is_high))[labels], dtype=np.bool_)


def along_strokes(rows: Rows, strokes: BoolArray) -> FloatArray:
    """Share of the width in which each row runs along the strokes, ``[r]``."""
    middle_y = np.clip(((rows.top_y + rows.bottom_y) / 2).astype(int), 0, strokes.shape[0] - 1)
    share: FloatArray = (strokes[middle_y, np.arange(strokes.shape[1])] & rows.has_ink).mean(axis=1)
    return share


def trace_row_numbers(rows: Rows, strokes: BoolArray) -> list[int]:
    """The rows that have ink over most of the width, and a good part of it along strokes that run on."""
    along, inked = along_strokes(rows, strokes), rows.has_ink.mean(axis=1)
    if len(along) == 0 or along.max() < FOLLOWED:
        return []
    along, inked = along / along.max(), inked / inked.max()
    is_trace = (along >= FOLLOWED) & (inked + along / 2 >= INKED)
    if is_trace.any():
        is_trace |= (inked + along / 2 >= INKED) & (_beats_along(rows, is_trace) >= BEATS_ALONG)
    return np.flatnonzero(is_trace).tolist()


def steepness(rows: Rows) -> FloatArray:
    """How steep each row is, as a share of its steepest, ``[r, w]``, 0..1."""
    steep = np.maximum(rows.bottom_y - rows.top_y - 1.5 * rows.pen_px, 0)
    return np.asarray(np.clip(steep / (np.quantile(steep, 0.985, axis=1, keepdims=True) + 1e-6), 0, 1))


def _beats_along(rows: Rows, is_trace: BoolArray) -> FloatArray:
    """Correlation of each row's steepness with the mean of those rows', ``[r]``; 0 where a row is flat."""
    soft = cv2.GaussianBlur(steepness(rows), (0, 0), QRS_SOFT_PX, sigmaY=1e-3)
    with np.errstate(invalid="ignore"):  # a flat row has no beats to compare
        alike = np.corrcoef(soft, soft[is_trace].mean(axis=0)[None])[-1, :-1]
    return np.asarray(np.nan_to_num(alike), dtype=np.float64)


def without_print(rows: Rows, ink: ByteArray) -> Rows:
    """The rows less lines of print and ruled lines; all of them where the traces are too broken to tell.

    Args:
        rows: a page's rows.
        ink: its panel raster, ``uint8 [h, w]``.
    """
    own = trace_row_numbers(rows, long_strokes(ink > MARK_INK, rows.pen_px, SHORT))
    if not own:
        return rows
    return replace(
        rows,
        top_y=rows.top_y[own],
        bottom_y=rows.bottom_y[own],
        has_ink=rows.has_ink[own],
        baseline_y=rows.baseline_y[own],
    )


def _px(mm: float) -> int:
    return max(1, round(mm * STANDARD_PX_PER_MM))
