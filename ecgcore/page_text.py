"""Print on a panel that is no trace: what belongs to header and footer, and whatever else is written among the rows."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.assist_columns import DEFAULT_PITCH_MM, LETTER_LIFT_SHARE, MARK_INK
from ecgcore.assist_rows import BoolArray, Rows
from ecgcore.types import STANDARD_PX_PER_MM, ByteArray, FloatArray

ROW_PAD_MM = 2.0
"""Paper kept above the highest and below the lowest trace: a beat's box has 1 mm of it."""
STRETCH_MM = 28.0, 5.0
"""Strokes so wide are a trace's, if most of their columns are flat or they are taller than letters. A thick pen joins
the letters of a word, a thin trace breaks: the shorter ones tell which rows are traces, and their tips are followed."""
LOWEST_MM, RULED_MM = 0.75, 30.0
"""A lower stroke is a piece of a ruled line; what runs straight on for the second is one."""
FLAT_PENS, FLAT_MM, FLAT_SHARE = 1.7, 1.25, 0.5
"""A trace is no taller than so many pens, or so much, in so many of its columns; letters are nearly everywhere."""
FOLLOWED, ALONG, INKED = 0.12, 0.29, 0.75
"""Share of the width in which a row runs along such strokes, which a ruled line does not; that share, and the share in
which it has ink, as parts of the fullest row's: words cover less."""
LETTER_MM = 0.8, 9.0
"""Lowest and highest letters, letters that touch each other's line included."""
JOIN_MM = 3.0, 0.4
"""Letters so far apart, along and across the line, are one text."""
NAME_LETTERS, NAME_MM = 3, 11.0
"""A lead's name has no more letters and is no wider."""
TIP_MM = 4.0
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
    traces, shorter = (_long_strokes(marks, rows.pen_px, least_mm) for least_mm in STRETCH_MM)
    own_rows = _trace_rows(rows, shorter)
    own_y = rows.baseline_y[own_rows]
    pitch = float(np.median(np.diff(own_y))) if len(own_rows) > 1 else DEFAULT_PITCH_MM * STANDARD_PX_PER_MM
    reach = LETTER_LIFT_SHARE * pitch
    if own_rows:
        boxes, letters, group_of = _texts(marks & ~traces)
        beyond = (boxes[:, 3] < own_y[0] - reach) | (boxes[:, 1] > own_y[-1] + reach)
        is_word = (letters > 1) | (boxes[:, 2] - boxes[:, 0] > _px(TIP_MM))  # tips of peaks are single and narrow
        followed = _followed(rows, own_rows, shorter)
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


def _long_strokes(marks: BoolArray, pen_px: float, least_mm: float) -> BoolArray:
    """Strokes that run on as traces do: wide, neither straight as a ruled line nor as tall everywhere as letters."""
    rules = cv2.morphologyEx(marks.astype(np.uint8), cv2.MORPH_OPEN, np.ones((1, _px(RULED_MM)), np.uint8))
    strokes = marks & (rules == 0)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(strokes.astype(np.uint8), connectivity=8)
    keep = np.zeros(len(stats), dtype=bool)
    for label in np.flatnonzero(stats[:, cv2.CC_STAT_WIDTH] >= _px(least_mm)):
        x, y, width, height, _ = stats[label]
        if label == 0 or height < pen_px + _px(LOWEST_MM):
            continue
        own = labels[y : y + height, x : x + width] == label
        tall = height - own.argmax(axis=0) - own[::-1].argmax(axis=0)
        is_flat = float((tall <= max(FLAT_PENS * pen_px, _px(FLAT_MM))).mean()) >= FLAT_SHARE
        keep[label] = is_flat or height > _px(LETTER_MM[1])
    return np.asarray(keep[labels], dtype=np.bool_)


def _followed(rows: Rows, own_rows: list[int], traces: BoolArray) -> BoolArray:
    """What those rows follow between the first and the last of their long strokes: tips that broke off belong too."""
    y = np.arange(traces.shape[0])[:, None]
    followed = np.zeros(traces.shape, dtype=bool)
    for row in own_rows:
        inside = (y >= rows.top_y[row] - 1) & (y <= rows.bottom_y[row] + 1)
        along = (inside & traces).any(axis=0)
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


def _trace_rows(rows: Rows, strokes: BoolArray) -> list[int]:
    """The rows that have ink over most of the width, and a good part of it along strokes that run on."""
    middle_y = np.clip(((rows.top_y + rows.bottom_y) / 2).astype(int), 0, strokes.shape[0] - 1)
    along = (strokes[middle_y, np.arange(strokes.shape[1])] & rows.has_ink).mean(axis=1)
    inked = rows.has_ink.mean(axis=1)
    if len(along) == 0:
        return []
    return np.flatnonzero((along >= max(FOLLOWED, ALONG * along.max())) & (inked >= INKED * inked.max())).tolist()


def _widened(mask: BoolArray, by_mm: float) -> BoolArray:
    side = 2 * _px(by_mm) + 1
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0, dtype=np.bool_)


def _texts(marks: BoolArray) -> tuple[FloatArray, npt.NDArray[np.int64], npt.NDArray[np.int32]]:
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
