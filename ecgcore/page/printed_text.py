"""Print on a panel that is no trace: what belongs to header and footer, and whatever else is written among the rows."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray, IntArray
from ecgcore.ink_levels import MARK_INK
from ecgcore.traces.lead_columns import DEFAULT_PITCH_MM, LETTER_LIFT_SHARE
from ecgcore.traces.rows import Rows
from ecgcore.traces.strokes import LONG, SHORT, TALLEST_LETTER_MM, long_strokes, trace_row_numbers

ROW_PAD_MM = 3.0
"""Paper kept above the highest and below the lowest trace: a beat's box has 1 mm of it."""
LETTER_MM = 0.8, TALLEST_LETTER_MM
"""Lowest and highest letters, letters that touch each other's line included."""
JOIN_MM = 3.0, 0.4
"""Letters so far apart, along and across the line, are one text."""
NAME_LETTERS, NAME_MM = 3, 11.0
"""A lead's name has no more letters and is no wider."""
TIP_MM = 2.0, 4.0
"""So wide is the tip of a peak that broke off, in pieces and whole."""
BESIDE_TRACE_MM = 0.6
"""So close to a trace nothing is painted over."""
AROUND_TEXT_MM = 0.75


@dataclass(frozen=True)
class TextFound:
    """Print on a panel, in its pixels.

    Args:
        rows_y: from the highest trace to the lowest with the paper that belongs to them; None where no trace is sure.
        marginal: print above the first row and below the last, in the same band or not, ``bool [h, w]``.
        marginal_xyxy: a box round each of those texts, ``float64 [m, 4]``.
        texts_xyxy: a box round each other text, ``float64 [n, 4]``; lead names are none.
    """

    rows_y: tuple[int, int] | None
    marginal: BoolArray
    marginal_xyxy: FloatArray
    texts_xyxy: FloatArray


def find_text(ink: ByteArray, rows: Rows) -> TextFound:
    """Tell print from traces.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        rows: its rows.
    """
    marks = ink > MARK_INK
    traces, shorter = (long_strokes(marks, rows.pen_px, stretch) for stretch in (LONG, SHORT))
    own_rows = trace_row_numbers(rows, shorter)
    own_y = rows.baseline_y[own_rows]
    pitch = float(np.median(np.diff(own_y))) if len(own_rows) > 1 else DEFAULT_PITCH_MM * STANDARD_PX_PER_MM
    reach = LETTER_LIFT_SHARE * pitch
    if own_rows:
        traces &= ~_lies_beyond(traces, own_y[0] - reach, own_y[-1] + reach)
        boxes, letters, group_of = _texts(marks & ~traces)
        beyond = (boxes[:, 3] < own_y[0] - reach) | (boxes[:, 1] > own_y[-1] + reach)
        wide = boxes[:, 2] - boxes[:, 0]
        is_word = (wide > _px(TIP_MM[1])) | ((letters > 1) & (wide > _px(TIP_MM[0])))
        followed = _followed(rows, own_rows, shorter, reach)
        followed[:, (followed & (beyond & is_word)[group_of]).any(axis=0)] = False
        traces |= followed | _pieces(marks, followed)
    boxes, letters, _ = _texts(marks & ~traces)
    boxes, letters = boxes[1:], letters[1:]
    is_text = (letters > NAME_LETTERS) | (boxes[:, 2] - boxes[:, 0] > _px(NAME_MM))
    marginal = np.zeros(ink.shape, dtype=bool)
    inked = np.flatnonzero(traces.any(axis=1))
    if not own_rows or len(inked) == 0:
        return TextFound(None, marginal, np.zeros((0, 4)), boxes[is_text])
    outside = (boxes[:, 3] < own_y[0] - reach) | (boxes[:, 1] > own_y[-1] + reach)
    outside |= is_text & ((boxes[:, 3] < own_y[0]) | (boxes[:, 1] > own_y[-1]))
    around = _px(AROUND_TEXT_MM)
    for x1, y1, x2, y2 in boxes[outside].astype(int):
        marginal[max(0, y1 - around) : y2 + around, max(0, x1 - around) : x2 + around] = True
    marginal &= ~_widened(traces, BESIDE_TRACE_MM)
    pad = _px(ROW_PAD_MM)
    rows_y = max(0, int(inked[0]) - pad), min(ink.shape[0], int(inked[-1]) + 1 + pad)
    return TextFound(rows_y, marginal, boxes[outside], boxes[is_text & ~outside])


def _lies_beyond(strokes: BoolArray, above_y: float, below_y: float) -> BoolArray:
    """Strokes that end above all rows of trace or begin below them: a line of bold print runs on like a trace."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(strokes.astype(np.uint8), connectivity=8)
    top, height = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_HEIGHT]
    is_beyond = (top + height <= above_y) | (top > below_y)
    is_beyond[0] = False
    return np.asarray(is_beyond[labels], dtype=np.bool_)


def _followed(rows: Rows, own_rows: list[int], traces: BoolArray, reach_px: float) -> BoolArray:
    """What those rows follow between the first and the last of their long strokes: tips that broke off belong too."""
    y = np.arange(traces.shape[0])[:, None]
    followed = np.zeros(traces.shape, dtype=bool)
    for row in own_rows:
        inside = (y >= rows.top_y[row] - 1) & (y <= rows.bottom_y[row] + 1)
        near = np.abs(y - rows.baseline_y[row]) <= reach_px  # a word before the first stroke is no tip
        along = (inside & traces & near).any(axis=0)
        columns = np.flatnonzero(along if along.any() else rows.has_ink[row])
        between = np.zeros(traces.shape[1], dtype=bool)
        between[columns[0] : columns[-1] + 1] = True
        followed |= inside & rows.has_ink[row] & between
    return followed


def _pieces(marks: BoolArray, followed: BoolArray) -> BoolArray:
    """Strokes of which a row follows the better part: a trace in pieces, with what hangs on them."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    on_row = np.bincount(labels[followed & marks], minlength=len(stats)) >= 0.5 * stats[:, cv2.CC_STAT_AREA]
    on_row[0] = False
    return np.asarray(on_row[labels], dtype=np.bool_)


def _widened(mask: BoolArray, by_mm: float) -> BoolArray:
    side = 2 * _px(by_mm) + 1
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0, dtype=np.bool_)


def _texts(marks: BoolArray) -> tuple[FloatArray, IntArray, npt.NDArray[np.int32]]:
    """Letters joined along their lines.

    Returns:
        A box round each text ``[n + 1, 4]``, the first of no text, its number of letters, and the text of every pixel.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    tall = stats[:, cv2.CC_STAT_HEIGHT]
    fits = (tall >= _px(LETTER_MM[0])) & (tall <= _px(LETTER_MM[1])) & (stats[:, cv2.CC_STAT_WIDTH] > 1)
    fits[0] = False
    letters = fits[labels]
    across, down = (_px(mm) // 2 * 2 + 1 for mm in JOIN_MM)
    count, groups = cv2.connectedComponents(cv2.dilate(letters.astype(np.uint8), np.ones((down, across), np.uint8)))
    group_of = np.where(letters, groups, 0)
    group_of_letter = np.zeros(len(stats), dtype=np.intp)
    group_of_letter[labels[letters]] = group_of[letters]
    numbers = np.bincount(group_of_letter[fits], minlength=count)
    boxes = np.zeros((count, 4))
    x, y, width, height, _ = stats[fits].T
    for edge, values, reduce in (
        (0, x, np.minimum),
        (1, y, np.minimum),
        (2, x + width, np.maximum),
        (3, y + height, np.maximum),
    ):
        found = np.full(count, np.inf if reduce is np.minimum else 0.0)
        reduce.at(found, group_of_letter[fits], values)
        boxes[:, edge] = found
    boxes[0] = 0
    return boxes, numbers, group_of


def _px(mm: float) -> int:
    return max(1, round(mm * STANDARD_PX_PER_MM))
