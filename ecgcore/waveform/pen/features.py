"""What each column of a row's ink looks like, for the network that tells where in it the pen ran."""

from dataclasses import dataclass

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray, FloatArray, FloatPixels
from ecgcore.ink_levels import PEN_INK
from ecgcore.traces.rows import Rows

HALF_INK = 0.15
"""A column shows the pen where its ink is this share of the strongest beside it."""
FLAT_PENS = 2.0
FULL_INK = 255.0
BESIDE = (-3, -2, -1, 1, 2, 3)
"""Columns whose ends are compared with a column's own."""
PICTURED = (-2, -1, 0, 1, 2)
"""Columns whose ink is shown over the height of a column's own."""
BINS = 12
ROOM_PX = 8.0
"""Paper to the neighbouring row counts in so many pixels, up to twice as many."""


@dataclass(frozen=True)
class PenColumns:
    """Every column of every row.

    Args:
        features: ``float32 [r, w, f]``.
        middle_y: middle of the column's ink, ``[r, w]``, pixels of the panel.
        half_px: half of the way between the pen's highest and lowest place there, ``[r, w]``.
    """

    features: FloatPixels
    middle_y: FloatArray
    half_px: FloatArray


def pen_columns(rows: Rows, ink: ByteArray) -> PenColumns:
    """Describe the rows' ink.

    Args:
        rows: the rows of trace.
        ink: their panel raster, ``uint8 [h, w]``.
    """
    highest, lowest, half_pen = _extremes(rows, ink)
    middle, half = (highest + lowest) / 2, (lowest - highest) / 2
    ends = [_beside(end, by) - middle for by in BESIDE for end in (highest, lowest)]
    room = np.clip((rows.top_y[1:] - rows.bottom_y[:-1]) / ROOM_PX, -2, 2)
    free = np.full((1, rows.panel_w), 2.0)
    flat = [
        rows.has_ink,
        np.log1p(2 * half) / 2,
        np.full_like(half, half_pen),
        *(np.arcsinh(end) / 2 for end in ends),
        np.concatenate([free, room]),
        np.concatenate([room, free]),
    ]
    pictured = _pictured(ink, highest - half_pen - 1, lowest + half_pen + 1)
    features = np.concatenate([np.stack(flat, axis=-1).astype(np.float32), pictured], axis=-1)
    return PenColumns(features, middle, half)


def _beside(values: FloatArray, by: int) -> FloatArray:
    """What stands so many columns behind each (before it where negative); the outermost go on."""
    x = np.arange(values.shape[1])
    return values[:, np.clip(x + by, 0, len(x) - 1)]


def _pictured(ink: ByteArray, top_y: FloatArray, bottom_y: FloatArray) -> FloatPixels:
    """The ink of each column and those beside it at even heights from top to bottom, ``float32 [r, w, 5 * BINS]``."""
    width = top_y.shape[1]
    share = (np.arange(BINS) + 0.5) / BINS
    y = (top_y[..., None] + (bottom_y - top_y)[..., None] * share - 0.5).astype(np.float32)
    beside = np.clip(np.arange(width)[:, None] + np.array(PICTURED), 0, width - 1).astype(np.float32)
    x = np.repeat(beside, BINS, axis=1)
    shown = [
        cv2.remap(
            ink, x, np.tile(row_y, len(PICTURED)), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0
        )
        for row_y in y
    ]
    return np.stack(shown).astype(np.float32) / np.float32(FULL_INK)


def _extremes(rows: Rows, ink: ByteArray) -> tuple[FloatArray, FloatArray, float]:
    """Highest and lowest point of the pen's middle in every column to parts of a pixel, and half of its height."""
    x = np.arange(rows.panel_w)
    height, numbers = len(ink), np.arange(len(ink))[:, None]
    is_pen = ink >= np.maximum(PEN_INK, (HALF_INK * cv2.dilate(ink, np.ones((1, 3), np.uint8))).astype(np.uint8))
    below = np.minimum.accumulate(np.where(is_pen, numbers, height)[::-1], axis=0)[::-1]
    above = np.maximum.accumulate(np.where(is_pen, numbers, -1), axis=0)
    first = np.clip(np.floor(rows.top_y).astype(int), 0, height - 1)
    last = np.clip(np.ceil(rows.bottom_y).astype(int) - 1, 0, height - 1)
    top, bottom = below[first, x], above[last, x]
    is_faint = (top > last) | (bottom < first)
    top, bottom = np.where(is_faint, first, top), np.where(is_faint, last, bottom)
    framed = np.pad(ink, ((1, 1), (0, 0))).astype(np.float64) / FULL_INK
    # what of the outermost pixels is covered tells the edge between them
    top_y = top + 1 - framed[top + 1, x] - np.where(top > first, framed[top, x], 0)
    bottom_y = bottom + framed[bottom + 1, x] + np.where(bottom < last, framed[bottom + 2, x], 0)
    is_flat = rows.has_ink & (rows.bottom_y - rows.top_y <= FLAT_PENS * rows.pen_px)
    half_pen = float(np.median((bottom_y - top_y)[is_flat])) / 2 if is_flat.any() else rows.pen_px / 2
    highest, lowest, middle = top_y + half_pen, bottom_y - half_pen, (top_y + bottom_y) / 2
    # a pen that seems thinner than itself, or only grazed the column, is in the middle
    unclear = (highest > lowest) | (is_faint & ~is_flat)
    return np.where(unclear, middle, highest), np.where(unclear, middle, lowest), half_pen
