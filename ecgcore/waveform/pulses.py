"""Calibration pulses: a flat top at one height over every row's baseline at once, as no twelve leads have."""

import cv2
import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.ink_levels import PEN_INK
from ecgcore.paper import PaperSettings
from ecgcore.traces.rows import Rows

PULSE_ROWS = 0.7
"""A pulse stands in this share of the rows at once; beside it and below its top fewer have ink at its height."""
SIDE_ROWS, FEW_ROWS = 0.3, 0.5
BASELINE_PX = 3
"""A row's baseline is known to so much, and a tilted page's pulses stand so much higher or lower."""
PULSE_SLACK = 0.15
"""Of its height of one millivolt."""
SIDE_PX = 4
"""Its sides stand so near to the ends of its top."""
PULSE_S = (0.07, 0.3)
"""A pulse's width; it is 0.2 s, on some machines 0.1 s."""


def find_pulses(rows: Rows, ink: ByteArray, paper: PaperSettings) -> list[tuple[int, int]]:
    """First column and the one after the last of every pulse.

    Args:
        rows: the rows of trace.
        ink: their panel raster, ``uint8 [h, w]``.
        paper: speed and gain in millimetres of the raster.
    """
    height_px = paper.gain_mm_mv * STANDARD_PX_PER_MM
    reach = round(height_px * (1 + PULSE_SLACK))
    share = _inked_above(rows, ink, reach)
    lowest = round(height_px * (1 - PULSE_SLACK))
    at_top, half_way = share[lowest:].max(axis=0), share[round(height_px / 2)]
    # half of the way down and at the baseline a pulse has no ink but at its two sides
    is_open = np.maximum(half_way, share[0]) <= FEW_ROWS
    shortest, longest = (s * paper.speed_mm_s * STANDARD_PX_PER_MM for s in PULSE_S)
    steps = np.diff(np.pad(((at_top >= PULSE_ROWS) & is_open).astype(np.int8), 1))
    sides = np.maximum.reduce([np.roll(half_way, by) for by in range(-SIDE_PX, SIDE_PX + 1)]) >= SIDE_ROWS
    side = round(rows.pen_px / 2)
    return [
        (int(start) - side, int(end) + side)
        for start, end in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True)
        if shortest <= end - start + 2 * side <= longest and sides[start] and sides[end - 1]
    ]


def _inked_above(rows: Rows, ink: ByteArray, reach: int) -> FloatArray:
    """Share of the rows that have ink so high over their baseline, ``[reach + 1, w]`` from the baseline upwards."""
    tall = np.ones((2 * BASELINE_PX + 1, 1), np.uint8)
    marks = cv2.dilate((ink >= PEN_INK).astype(np.uint8), tall)
    y = np.round(rows.baseline_y).astype(int)[:, None] - np.arange(reach + 1)
    inside = y >= 0
    return np.asarray((marks[y.clip(0)] * inside[..., None]).mean(axis=0), dtype=np.float64)
