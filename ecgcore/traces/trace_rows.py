"""Follows the rows of trace on the standard panel raster: where each row's pen runs, column by column."""

import cv2
import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray
from ecgcore.ink_levels import PEN_INK
from ecgcore.traces.chains import cheapest_chains
from ecgcore.traces.rows import Rows

BREAK_PX = 5
"""A stroke that was broken across, as where a printed line was taken out, is joined over less than this."""

MIN_PITCH_MM = 7.0
"""Baselines of two rows are at least this far apart; rows of twelve on a page are some 11 mm apart."""

MIN_ROW_SHARE = 0.3
"""A row has at least this share of the flat trace of the page's fullest row; text and pulses have less."""


def trace_rows(ink: ByteArray) -> Rows:
    """Follow each row's trace over the whole width, across other rows' peaks that reach into it.

    A row's trace is the cheapest chain of the columns' vertical runs of ink: jumps cost their height up to a limit,
    columns without ink likewise, ink far from the row's baseline a little.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.

    Raises:
        ValueError: it is no such raster.
    """
    if ink.ndim != 2 or ink.dtype != np.uint8:
        raise ValueError(f"ink must be uint8 of shape [h, w], got {ink.dtype} of shape {list(ink.shape)}")
    height, width = ink.shape
    if not (ink >= PEN_INK).any():
        none = np.zeros((0, width))
        return Rows(none, none, none.astype(bool), np.zeros(0), 0.0, height)
    columns, pen_px = _runs(ink)
    baseline_y = _baselines(columns, height, pen_px)
    top_y, bottom_y = _part_rows(*_follow(columns, baseline_y), baseline_y, pen_px)
    has_ink = np.isfinite(top_y)
    for edge_y in (top_y, bottom_y):
        for row, inked in enumerate(has_ink):
            known = np.flatnonzero(inked)
            known_y = edge_y[row, known]
            edge_y[row] = np.interp(np.arange(width), known, known_y) if len(known) else baseline_y[row]
    return Rows(top_y, bottom_y, has_ink, baseline_y, pen_px, height)


def _runs(ink: ByteArray) -> tuple[list[FloatArray], float]:
    """For each column its vertical runs of pen, ``[k, 2]`` upper and lower edge, and the usual run's height."""
    pen = cv2.morphologyEx((ink >= PEN_INK).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((BREAK_PX, 1), np.uint8))
    steps = np.diff(np.pad(pen.T.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    x, top = np.nonzero(steps == 1)
    bottom = np.nonzero(steps == -1)[1]
    edges = np.column_stack([top, bottom]).astype(np.float64)
    columns = np.split(edges, np.searchsorted(x, np.arange(1, ink.shape[1])))
    return columns, float(np.median(bottom - top))


def _baselines(columns: list[FloatArray], panel_h: int, pen_px: float) -> FloatArray:
    """Heights at which flat trace gathers."""
    edges = np.concatenate(columns)
    flat = edges[edges[:, 1] - edges[:, 0] <= 2 * pen_px].mean(axis=1).astype(int)
    counted = np.bincount(flat, minlength=panel_h).astype(np.float64)[:, None]
    gathered = cv2.GaussianBlur(counted, (0, 0), STANDARD_PX_PER_MM, borderType=cv2.BORDER_CONSTANT)
    highest = cv2.dilate(gathered, np.ones((round(2 * MIN_PITCH_MM * STANDARD_PX_PER_MM) | 1, 1), np.uint8))
    peak = (gathered == highest) & (gathered > MIN_ROW_SHARE * gathered.max())
    first_of_level = np.diff(peak[:, 0].astype(np.int8), prepend=0) == 1
    return np.asarray(np.flatnonzero(first_of_level) + 0.5, dtype=np.float64)


def _follow(columns: list[FloatArray], baseline_y: FloatArray) -> tuple[FloatArray, BoolArray]:
    """The cheapest chain of runs for every row at once.

    Returns:
        Upper and lower edges ``[r, w, 2]``, NaN without ink, and where another row follows the same run, ``[r, w]``.
    """
    chosen = cheapest_chains(columns, baseline_y)
    first_of_column = np.cumsum([0, *map(len, columns[:-1])])
    inked = chosen > 0
    edges = np.full((*chosen.shape, 2), np.nan)
    edges[inked] = np.concatenate(columns)[(chosen + first_of_column - 1)[inked]]
    shared = ((chosen[:, None] == chosen[None]).sum(axis=1) > 1) & inked
    return edges, shared


def _part_rows(
    edges: FloatArray, shared: BoolArray, baseline_y: FloatArray, pen_px: float
) -> tuple[FloatArray, FloatArray]:
    """Give ink that several rows follow to each in part; ``[r, w]`` upper and lower edges, NaN without ink.

    A flat trace belongs to the nearest row; the others followed it where their own was lost. Where traces run into
    each other, each is cut back to what it spans just before and after.
    """
    top_y, bottom_y = edges[..., 0], edges[..., 1]
    away = np.maximum(top_y[..., None] - baseline_y, baseline_y - bottom_y[..., None]).clip(0)
    is_nearest = away.min(axis=2) == np.diagonal(away, axis1=0, axis2=2).T
    is_flat = bottom_y - top_y <= 2 * pen_px
    own = np.isfinite(top_y) & ~shared
    x = np.arange(edges.shape[1])
    last = np.maximum.accumulate(np.where(own, x, 0), axis=1)
    following = np.minimum.accumulate(np.where(own, x, len(x) - 1)[:, ::-1], axis=1)[:, ::-1]
    beside = np.stack([np.take_along_axis(edges, i[..., None], axis=1) for i in (last, following)])
    highest, lowest = np.fmax(top_y, np.fmin(*beside[..., 0])), np.fmin(bottom_y, np.fmax(*beside[..., 1]))
    cut = shared & ~is_flat & (highest < lowest)
    top_y, bottom_y = np.where(cut, highest, top_y), np.where(cut, lowest, bottom_y)
    lost = shared & is_flat & ~is_nearest
    return np.where(lost, np.nan, top_y), np.where(lost, np.nan, bottom_y)
