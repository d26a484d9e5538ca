"""Where a page's traces begin and end, calibration pulses aside, and where its columns of leads meet."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from scipy.stats import theilslopes

from ecgcore.assist_rows import BoolArray, Rows
from ecgcore.types import STANDARD_PX_PER_MM, USUAL_PAPER, FloatArray, Paper
from ecgcore.waveform.pen_path import STEPS, PenPath

PageScale = Literal["grid", "pulse"] | None
"""Where a page's millimetres were read."""
INKED_ROWS = 0.5
"""The page's traces run where this share of its rows has ink."""
BRIDGED_MM = 3.0
"""Where no row has ink over less than this, the traces go on."""
DIGITS_MM = 3.0
"""Ink over less than this is a number between columns."""
WIDE_MM = 15.0
ALIKE_SHARE = 0.9
"""Columns that lie apart are as wide as each other, but for this and a pulse in the first."""
PULSE_ROWS = 0.4
"""A calibration pulse stands in this share of the rows at once."""
PULSE_SLACK = 0.15
"""Of its height of one millivolt."""
PULSE_S = (0.07, 0.3)
"""A pulse's width; it is 0.2 s, on some machines 0.1 s."""
PULSE_REACH_MM = 20.0
"""Pulses stand so near to the ends of the ink."""
ROUND_END_PX = 1.0
FOOT_MM = 12.0
"""So near to its pulse a trace begins or ends."""
SHORT_FOOT_MM = 2.0
EXPECTED_PX = 8
"""A trace begins so near to where ten seconds would, or the page shows another time."""
EDGE_PX = 3
"""Half of the way over which a pulse's edge rises."""
RECORD_S, RECORD_SLACK, STRIP_SLACK = 10.0, 0.02, 0.0055
"""A page shows ten seconds, or nearly: its own width then tells seconds better than the grid's scale. A single
column may end in a gap that is not seen, so it must come nearer."""
BORDER_REACH = 0.012
"""Of the traces' width: so far from where they should lie the borders of columns are looked for."""
BREAK_PX = 4.0
"""A break of the trace counts so much at most."""
BORDER_BREAK_PX = 0.8
"""Breaks that make a border, in the mean of all rows."""
BEGIN_BREAK_PX = 0.8


@dataclass(frozen=True)
class Columns:
    """The columns of leads in pixels of the panel.

    Args:
        starts_x: where each begins, ``[c]``; neighbours meet, or paper lies between them.
        width_px: how wide each is.
    """

    starts_x: FloatArray
    width_px: float

    @property
    def shown_px(self) -> float:
        """Width of all of them without the paper between."""
        return len(self.starts_x) * self.width_px


def find_columns(rows: Rows, path: PenPath, columns: int, paper: Paper) -> Columns:
    """Find so many columns of one width.

    Args:
        rows, path: the rows of trace and the pen's way in them.
        columns: how many there are.
        paper: its speed and gain tell a pulse.
    """
    blocks = _wide_blocks(rows)
    widths = [end - start for start, end in blocks]
    if columns > 1 and len(blocks) == columns and min(widths) >= ALIKE_SHARE * float(np.median(widths)):
        width_px = float(np.median(widths))
        has_pulse = [end - start > width_px / ALIKE_SHARE for start, end in blocks]
        starts = [end - width_px if wide else start for (start, end), wide in zip(blocks, has_pulse, strict=True)]
        number, round_end = np.arange(columns), _round_end_px(rows)
        pitch, first, *_ = theilslopes(starts, number)  # a name may stand before one of them
        return Columns(first + pitch * number + round_end, width_px - 2 * round_end)
    left, right = traces_span(rows, path, paper)
    places = np.linspace(left, right, columns + 1)
    if columns > 1:
        places = _at_breaks(rows, places)
    return Columns(places[:-1], float(places[1] - places[0]))


def _at_breaks(rows: Rows, places: FloatArray) -> FloatArray:
    """The borders of columns ``[c + 1]``, evenly spaced, brought to where most traces break."""
    left, right, columns = places[0], places[-1], len(places) - 1
    reach = max(2, round(BORDER_REACH * (right - left)))
    breaks = _breaks(rows)
    number, found = [0.0], [float(left)]
    for k in range(1, columns):
        first = max(1, round(places[k]) - reach)
        around = breaks[first : round(places[k]) + reach + 1]
        if len(around) and around.max() >= BORDER_BREAK_PX:
            number.append(float(k))
            border = first + len(around) - 1 - int(around[::-1].argmax())
            found.append(border + _round_end_px(rows) * _is_gap(rows, border - 1))
    if len(number) == 1:
        return places
    pitch, start = np.polyfit(number, found, 1)
    return np.asarray(start + pitch * np.arange(columns + 1), dtype=np.float64)


def on_raster(rows: Rows, paper: Paper, scale: PageScale) -> Paper:
    """Speed and gain in millimetres of the standard raster, whose scale some pages do not tell.

    Args:
        rows: of trace; their width is taken for ten seconds where nothing tells the scale.
        paper: speed and gain in millimetres of paper.
        scale: where the raster's scale comes from. A pulse was taken for ten millimetres, whatever the gain.
    """
    if scale == "grid":
        return paper
    if scale == "pulse":
        shrunk = USUAL_PAPER.gain_mm_mv / paper.gain_mm_mv
    else:
        shrunk = (
            sum(end - start for start, end in _wide_blocks(rows)) / STANDARD_PX_PER_MM / (RECORD_S * paper.speed_mm_s)
        )
    return Paper(paper.speed_mm_s * shrunk, paper.gain_mm_mv * shrunk)


def seconds_per_px(columns: Columns, raster_paper: Paper, scale: PageScale) -> float:
    """Seconds that a pixel along the page lasts.

    Args:
        columns: the columns of leads.
        raster_paper: from :func:`on_raster`.
        scale: where the raster's scale comes from; where nothing tells it the traces are taken for ten seconds.
    """
    paper, is_scaled = raster_paper, scale is not None
    width_px = columns.shown_px
    by_grid = 1 / (paper.speed_mm_s * STANDARD_PX_PER_MM)
    is_record = abs(width_px * by_grid / RECORD_S - 1) <= (RECORD_SLACK if len(columns.starts_x) > 1 else STRIP_SLACK)
    return RECORD_S / width_px if is_record or not is_scaled else by_grid


def traces_span(rows: Rows, path: PenPath, paper: Paper) -> tuple[float, float]:
    """Where the traces begin and end, in pixels of the panel, without calibration pulses."""
    left, right = _inked_span(rows)
    reach = round(PULSE_REACH_MM * STANDARD_PX_PER_MM)
    pulses = [p for p in _pulses(rows, path, paper) if p[0] >= left and p[1] <= right]
    before = [end for _, end in pulses if end <= left + reach]
    behind = [start for start, _ in pulses if start >= right - reach]
    if before:
        left = _begin(before[-1], _breaks(rows), right - _record_px(right - left, paper))
    if behind:
        expected = rows.panel_w - left - _record_px(right - left, paper)
        right = rows.panel_w - _begin(rows.panel_w - behind[0], _breaks(rows, mirrored=True), expected)
    if not before and not behind:
        left = _without_print(left, _breaks(rows), right - _record_px(right - left, paper))
    round_end = _round_end_px(rows)
    return (
        left + round_end * _is_gap(rows, left - 1),  # a trace that goes on from its pulse has no end of its own
        right - round_end * _is_gap(rows, right),
    )


def _is_gap(rows: Rows, column: int) -> bool:
    """Whether few rows have ink in a column, or there is none."""
    return not 0 <= column < rows.panel_w or bool(rows.has_ink[:, column].mean() < INKED_ROWS)


def _round_end_px(rows: Rows) -> float:
    """How far the pen's end stands out."""
    return float(min(ROUND_END_PX, (rows.pen_px - 1) / 2))


def _inked_span(rows: Rows) -> tuple[int, int]:
    """The first column in which half of the rows run on, and the one after the last."""
    blocks = _wide_blocks(rows)
    return (blocks[0][0], blocks[-1][1]) if blocks else (0, rows.panel_w)


def _wide_blocks(rows: Rows) -> list[tuple[int, int]]:
    """Stretches in which half of the rows run on; pulses that stand apart, and numbers below, are shorter."""
    inked = (rows.has_ink.mean(axis=0) >= INKED_ROWS).astype(np.uint8)[None]
    inked = cv2.morphologyEx(inked, cv2.MORPH_OPEN, np.ones((1, round(DIGITS_MM * STANDARD_PX_PER_MM)), np.uint8))
    bridge = np.ones((1, round(BRIDGED_MM * STANDARD_PX_PER_MM) | 1), np.uint8)
    joined = cv2.copyMakeBorder(inked, 0, 0, bridge.size, bridge.size, cv2.BORDER_CONSTANT, value=0)
    joined = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, bridge)[:, bridge.size : -bridge.size]
    steps = np.diff(np.pad(joined[0].astype(np.int8), 1))
    begins, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    shortest = WIDE_MM * STANDARD_PX_PER_MM
    return [(int(a), int(b)) for a, b in zip(begins, ends, strict=True) if b - a >= shortest]


def _record_px(width_px: int, paper: Paper) -> int:
    """Width of ten seconds, or of five where that is nearer."""
    second_px = paper.speed_mm_s * STANDARD_PX_PER_MM
    return round(min((RECORD_S, RECORD_S / 2), key=lambda s: abs(s * second_px - width_px)) * second_px)


def _without_print(left: int, breaks: FloatArray, expected: int) -> int:
    """Where the traces begin behind print that stands before them: where ten seconds would, if they break there."""
    first = max(left + 1, expected - EXPECTED_PX // 2)
    around = breaks[first : expected + EXPECTED_PX // 2 + 1]
    if expected <= left or expected - left > FOOT_MM * STANDARD_PX_PER_MM or not len(around):
        return left
    return first + int(around.argmax()) if around.max() >= BEGIN_BREAK_PX else left


def _begin(pulse_end: int, breaks: FloatArray, expected: int) -> int:
    """Where the trace begins behind its pulse: at the break that parts them, best where ten seconds would begin."""
    foot = round(FOOT_MM * STANDARD_PX_PER_MM)
    first = max(1, pulse_end - EDGE_PX // 2)
    breaks_off = first + np.flatnonzero(breaks[first : pulse_end + foot] >= BEGIN_BREAK_PX)
    near = breaks_off[np.abs(breaks_off - expected) <= EXPECTED_PX]
    if len(near):
        return int(near[np.abs(near - expected).argmin()])
    if first <= expected <= pulse_end + foot:
        return expected
    return int(breaks_off[0]) if len(breaks_off) else pulse_end + round(SHORT_FOOT_MM * STANDARD_PX_PER_MM)


def _pulses(rows: Rows, path: PenPath, paper: Paper) -> list[tuple[int, int]]:
    """First column and the one after the last of what rises and falls by a millivolt in most rows at once."""
    height_px = paper.gain_mm_mv * STANDARD_PX_PER_MM
    y = path.y[:, STEPS // 2 :: STEPS]
    rise = y[:, : -2 * EDGE_PX] - y[:, 2 * EDGE_PX :]
    ups, downs = (
        _runs((np.abs(sign * rise - height_px) <= PULSE_SLACK * height_px).mean(axis=0) >= PULSE_ROWS)
        for sign in (1, -1)
    )
    shortest, longest = (s * paper.speed_mm_s * STANDARD_PX_PER_MM for s in PULSE_S)
    found = []
    for up in ups:
        for down in downs:
            start, end = round(up) + EDGE_PX, round(down) + EDGE_PX
            if not shortest <= down - up <= longest or start < 2 * EDGE_PX or end + 2 * EDGE_PX >= y.shape[1]:
                continue
            top, feet = y[:, (start + end) // 2], y[:, [start - 2 * EDGE_PX, end + 2 * EDGE_PX]]
            is_high = (np.abs(feet - top[:, None] - height_px) <= PULSE_SLACK * height_px).all(axis=1)
            if is_high.mean() >= PULSE_ROWS:
                found.append((start, end))
    return found


def _runs(there: BoolArray) -> list[float]:
    """The middle of every stretch of true."""
    steps = np.diff(np.concatenate([[False], there, [False]]).astype(np.int8))
    middles = (np.flatnonzero(steps == 1) + np.flatnonzero(steps == -1)) / 2
    return [float(middle) for middle in middles]


def _breaks(rows: Rows, *, mirrored: bool = False) -> FloatArray:
    """How far apart the ink of each column and the one before lies, in the mean of the rows, ``[w]``.

    No trace jumps so; where it begins again after a gap half of the most counts. Mirrored, right is left.
    """
    way = slice(None, None, -1) if mirrored else slice(None)
    top, bottom, inked = rows.top_y[:, way], rows.bottom_y[:, way], rows.has_ink[:, way]
    apart = np.maximum(top[:, 1:] - bottom[:, :-1], top[:, :-1] - bottom[:, 1:]).clip(0, BREAK_PX)
    apart[~(inked[:, 1:] & inked[:, :-1])] = 0
    apart[inked[:, 1:] & ~inked[:, :-1]] = BREAK_PX / 2
    return np.concatenate([[0.0], apart.mean(axis=0)])
