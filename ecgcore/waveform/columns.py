"""Where a page's traces begin and end, calibration pulses aside, and where its columns of leads meet."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.stats import theilslopes

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.paper import USUAL_PAPER, PaperSettings, ScaleSource
from ecgcore.traces.lead_columns import ruled_columns
from ecgcore.traces.rows import Rows
from ecgcore.waveform.pulses import find_pulses

INKED_ROWS = 0.5
"""The page's traces run where this share of its rows has ink."""
BRIDGED_MM = 3.0
"""Where no row has ink over less than this, the traces go on."""
DIGITS_MM = 3.0
"""Ink over less than this is a number between columns."""
WIDE_MM = 15.0
ALIKE_SHARE = 0.9
"""Columns that lie apart are as wide as each other, but for this and a pulse in the first."""
PULSE_REACH_MM = 20.0
"""Pulses stand so near to the ends of the ink."""
ROUND_END_PX = 0.6
"""Pens end round or straight: between the two."""
FOOT_MM = 12.0
"""So near to its pulse, or to print beside it, a trace begins or ends."""
RECORD_S, RECORD_SLACK, STRIP_SLACK = 10.0, 0.02, 0.0055
"""A page shows ten seconds, or nearly: its own width then tells seconds better than the grid's scale. A single
column may end in a gap that is not seen, so it must come nearer."""
SCALE_SPREAD = {"grid": 0.003, "pulse": 0.01}
"""How far off the raster's millimetres are, as a share."""
ODD_RECORD = 3.0
"""What a page of another length than ten or five seconds must have for it, in breaks of all its traces."""
BREAK_PX, BREAK_SPREAD_PX = 4.0, 1.4
"""A trace that jumps so far breaks; on a tilted page the rows' breaks lie so far apart."""
END_WEIGHT = 0.6
"""A trace may end before its column does."""
STRAY_COST = 0.08
"""Of a column with ink outside the traces, or without any within them."""
USUAL_FOOT_MM, FOOT_SPREAD_MM, FOOT_WEIGHT = 2.0, 1.0, 0.3
"""Where nothing parts a trace from its pulse, it begins or ends about here."""
STEP_PX = 0.25
CUT_PX = 8
"""Traces that come so near to the edge of the panel may be cut off there."""
EDGE_PX = 6
"""A row begins and ends so near to where most rows do."""


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


def find_columns(
    rows: Rows, ink: ByteArray, columns: int, paper: PaperSettings, scale_source: ScaleSource | None
) -> Columns:
    """Find so many columns of one width.

    Args:
        rows: the rows of trace.
        ink: their panel raster, ``uint8 [h, w]``.
        columns: how many there are.
        paper: speed and gain in millimetres of the raster.
        scale_source: where these were read.
    """
    blocks = _wide_blocks(rows)
    widths = [end - start for start, end in blocks]
    if columns > 1 and len(blocks) == columns and min(widths) >= ALIKE_SHARE * float(np.median(widths)):
        return _columns_apart(rows, ink, blocks, paper, scale_source)
    left, right = (blocks[0][0], blocks[-1][1]) if blocks else (0, rows.panel_w)
    start_x, end_x = _ends(rows, ink, (left, right), find_pulses(rows, ink, paper), columns, paper, scale_source)
    width_px = (end_x - start_x) / columns
    return Columns(np.asarray(start_x + width_px * np.arange(columns), dtype=np.float64), width_px)


def _columns_apart(
    rows: Rows, ink: ByteArray, blocks: list[tuple[int, int]], paper: PaperSettings, scale_source: ScaleSource | None
) -> Columns:
    """Columns with paper between them, which is a part of their seconds on some pages and on others is not."""
    columns = len(blocks)
    edges = np.stack([_edges(rows, ink, block) for block in blocks], axis=1)  # square ends: programs draw such pages
    starts, ends = edges[..., 0], edges[..., 1]
    widths_px = (ends - starts)[np.isfinite(ends - starts)]
    width_px = float(np.median(widths_px)) if len(widths_px) else np.nan
    # a pulse or a name may stand before a column, and a number behind it; a mark in all rows hides an end
    ends_x = np.array([np.nanmedian(of_column) if np.isfinite(of_column).any() else np.nan for of_column in ends.T])
    known = np.isfinite(ends_x)
    if known.sum() < 2 or not np.isfinite(width_px):
        ends_x, known = np.array([end for _, end in blocks], dtype=np.float64), np.ones(columns, dtype=np.bool_)
        width_px = float(np.median([end - start for start, end in blocks]))
    pitch, first, *_ = theilslopes(ends_x[known], np.arange(columns)[known])
    record_px = RECORD_S * paper.speed_mm_s * STANDARD_PX_PER_MM
    first -= width_px
    if scale_source == "grid" and abs(columns * pitch - record_px) < abs(columns * width_px - record_px):
        width_px = float(pitch)
    starts_x = np.asarray(first + pitch * np.arange(columns), dtype=np.float64)
    return Columns(starts_x, width_px)


def _edges(rows: Rows, ink: ByteArray, block: tuple[int, int]) -> FloatArray:
    """Where each row's ink begins and ends near the ends of a block, ``[r, 2]`` to parts of a pixel; NaN where not."""
    strongest = np.where(rows.has_ink, _strongest(rows, ink), 0)
    found = np.full((len(strongest), 2), np.nan)
    for side, (sign, near) in enumerate(((1, block[0]), (-1, block[1] - 1))):
        around = near + sign * np.arange(-EDGE_PX, EDGE_PX + 1)
        around = around[(around >= 0) & (around < rows.panel_w)]
        for row, seen in enumerate(strongest[:, around]):
            first = int((seen > 0).argmax())
            if 0 < first < len(seen) - 1 or (first == 0 and around[0] in (0, rows.panel_w - 1) and seen[0] > 0):
                part = min(1.0, float(seen[first]) / max(1.0, float(seen[first + 1])))
                inner = around[first] + (1 if sign > 0 else 0)
                found[row, side] = inner - sign * part
    return found


def _ends(
    rows: Rows,
    ink: ByteArray,
    inked: tuple[int, int],
    pulses: list[tuple[int, int]],
    columns: int,
    paper: PaperSettings,
    scale_source: ScaleSource | None,
) -> tuple[float, float]:
    """Where the traces begin and end: where they and the columns' borders break, after so many seconds, in the ink.

    Args:
        rows: of trace.
        ink: the panel raster.
        inked: first column of their ink and the one after the last, pulses with it.
        pulses: the calibration pulses.
        columns: how many columns of leads there are.
        paper: its speed and gain.
        scale_source: see :func:`find_columns`.
    """
    foot, reach = (round(mm * STANDARD_PX_PER_MM) for mm in (FOOT_MM, PULSE_REACH_MM))
    before = [end for _, end in pulses if end <= inked[0] + reach]
    behind = [start for start, _ in pulses if start >= inked[1] - reach]
    first, last = before[-1] if before else inked[0], behind[0] if behind else inked[1]
    # traces that reach the panel's edge may go on outside of the picture
    left_out, right_out = (reach if is_cut else 2 for is_cut in (first <= CUT_PX, last >= rows.panel_w - CUT_PX))
    start_x, end_x = np.meshgrid(
        np.arange(first - left_out, first + foot, STEP_PX),
        np.arange(last - foot, last + right_out, STEP_PX),
        indexing="ij",
    )
    evidence, at = _breaks(rows, ink)
    inner_start_x, inner_end_x = np.maximum(start_x, 0), np.minimum(end_x, rows.panel_w)
    borders = start_x + np.linspace(0, 1, columns + 1)[:, None, None] * (end_x - start_x)
    score = np.interp(borders, at, evidence, left=0, right=0).sum(axis=0) - _oddness(
        end_x - start_x, paper, scale_source
    )
    has_ink = rows.has_ink.mean(axis=0) >= INKED_ROWS
    so_far = np.concatenate([[0], np.cumsum(has_ink)])
    ink_before, ink_until = (np.interp(x, np.arange(len(so_far)), so_far) for x in (start_x, end_x))
    stray = (inner_end_x - inner_start_x) - (ink_until - ink_before)
    if before:
        score += _as_usual_foot(start_x - first)
    else:
        stray += ink_before - so_far[inked[0]]
    if behind:
        score += _as_usual_foot(last - end_x)
    else:
        stray += so_far[inked[1]] - ink_until
    best = np.unravel_index(int((score - STRAY_COST * stray).argmax()), score.shape)
    return float(start_x[best]), float(end_x[best])


def _as_usual_foot(foot_px: FloatArray) -> FloatArray:
    """What speaks for a trace that begins so far from its pulse."""
    off = (foot_px / STANDARD_PX_PER_MM - USUAL_FOOT_MM) / FOOT_SPREAD_MM
    return np.asarray(FOOT_WEIGHT * np.exp(-(off**2) / 2), dtype=np.float64)


def _oddness(width_px: FloatArray, paper: PaperSettings, scale_source: ScaleSource | None) -> FloatArray:
    """What speaks against each width of all the traces: records last ten seconds, or five where that is nearer."""
    if scale_source is None:
        return np.zeros_like(width_px)
    second_px = paper.speed_mm_s * STANDARD_PX_PER_MM
    off = np.minimum.reduce([np.abs(width_px / (s * second_px) - 1) for s in (RECORD_S, RECORD_S / 2)])
    return np.asarray(np.minimum((off / SCALE_SPREAD[scale_source]) ** 2 / 2, ODD_RECORD), dtype=np.float64)


def on_raster(rows: Rows, paper: PaperSettings, scale_source: ScaleSource | None) -> PaperSettings:
    """Speed and gain in millimetres of the standard raster, whose scale some pages do not tell.

    Args:
        rows: of trace; their width is taken for ten seconds where nothing tells the scale.
        paper: speed and gain in millimetres of paper.
        scale_source: where the raster's scale comes from. A pulse was taken for ten millimetres, whatever the gain.
    """
    if scale_source == "grid":
        return paper
    if scale_source == "pulse":
        shrunk = USUAL_PAPER.gain_mm_mv / paper.gain_mm_mv
    else:
        # broken traces have no wide block: then they are taken to fill the panel
        width_px = sum(end - start for start, end in _wide_blocks(rows)) or rows.panel_w
        shrunk = width_px / STANDARD_PX_PER_MM / (RECORD_S * paper.speed_mm_s)
    return PaperSettings(paper.speed_mm_s * shrunk, paper.gain_mm_mv * shrunk)


def seconds_per_px(columns: Columns, raster_paper: PaperSettings, scale_source: ScaleSource | None) -> float:
    """Seconds that a pixel along the page lasts.

    Args:
        columns: the columns of leads.
        raster_paper: from :func:`on_raster`.
        scale_source: where the raster's scale comes from; where nothing tells it the traces are taken for ten seconds.
    """
    paper, is_scaled = raster_paper, scale_source is not None
    width_px = columns.shown_px
    by_grid = 1 / (paper.speed_mm_s * STANDARD_PX_PER_MM)
    slack = STRIP_SLACK if len(columns.starts_x) == 1 and scale_source == "grid" else RECORD_SLACK
    is_record = abs(width_px * by_grid / RECORD_S - 1) <= slack
    return RECORD_S / width_px if is_record or not is_scaled else by_grid


def _round_end_px(rows: Rows) -> float:
    """How far the pen's end stands out."""
    return float(min(ROUND_END_PX, (rows.pen_px - 1) / 2))


def _strongest(rows: Rows, ink: ByteArray) -> FloatArray:
    """The strongest ink of each row in each column, ``[r, w]``, 0..255."""
    y = (rows.top_y + rows.bottom_y) / 2
    around = np.stack([ink[np.clip(y + by, 0, len(ink) - 1).astype(int), np.arange(rows.panel_w)] for by in (-1, 0, 1)])
    return np.asarray(around.max(axis=0), dtype=np.float64)


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


def _breaks(rows: Rows, ink: ByteArray) -> tuple[FloatArray, FloatArray]:
    """How many of the rows break at each place, 0..1, and the places in pixels of the panel.

    No trace jumps from one column to the next, and a ruled line parts columns; where ink begins or ends its round end
    is taken off.
    """
    top, bottom, inked = rows.top_y, rows.bottom_y, rows.has_ink
    apart = np.maximum(top[:, 1:] - bottom[:, :-1], top[:, :-1] - bottom[:, 1:]).clip(0, BREAK_PX) / BREAK_PX
    jump = np.where(inked[:, 1:] & inked[:, :-1], apart, 0).mean(axis=0)
    steps = np.diff(np.pad(inked.astype(np.int8), ((0, 0), (1, 1)), mode="edge"), axis=1)
    begin, end = (steps == 1).mean(axis=0), (steps == -1).mean(axis=0)
    edge, round_end = np.arange(rows.panel_w + 1), _round_end_px(rows)
    ruled = np.diff(np.pad(ruled_columns(ink, rows).astype(np.int8), 1))
    lines = (np.flatnonzero(ruled == 1) + np.flatnonzero(ruled == -1)) / 2
    at = np.arange(0, rows.panel_w + STEP_PX, STEP_PX)
    evidence = np.zeros(len(at))
    for strength, x in (
        (jump, edge[1:-1]),
        (begin, edge + round_end),
        (END_WEIGHT * end, edge - round_end),
        (np.ones(len(lines)), lines),
    ):
        np.add.at(evidence, np.clip(np.round(x / STEP_PX).astype(int), 0, len(at) - 1), strength)
    spread = BREAK_SPREAD_PX / STEP_PX
    evidence = gaussian_filter1d(evidence, spread, mode="constant") * spread * np.sqrt(2 * np.pi)
    return np.minimum(evidence, 1.0), at
