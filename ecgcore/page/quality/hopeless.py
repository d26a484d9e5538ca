"""What no turning makes an ECG: told from a panel's ink alone, before its way up is looked for."""

import cv2
import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray
from ecgcore.ink_levels import STROKE_INK
from ecgcore.page.grid.scale import MAX_SIDE_MM

MAX_INK_SHARE = 0.35
MIN_TRACE_MM = 8.0
MIN_TRACE_COLUMNS = 0.3
"""Letters and specks do not run on as traces do, in at least so many of the columns."""


def is_hopeless(ink: ByteArray, has_grid: bool) -> bool:
    """Whether the gate refuses a panel whichever way it is turned.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``, any way up.
        has_grid: whether a printed grid tells its scale.
    """
    if is_too_dark(ink) or is_endless(ink, has_grid):
        return True
    return max(trace_columns(ink), trace_columns(np.ascontiguousarray(ink.T))) < MIN_TRACE_COLUMNS


def is_too_dark(ink: ByteArray) -> bool:
    """Whether ink lies nearly everywhere: shadow or noise."""
    return float((ink > STROKE_INK).mean()) > MAX_INK_SHARE


def is_endless(ink: ByteArray, has_grid: bool) -> bool:
    """Whether a panel without a grid is longer than any: a page of letters, whose lines were taken for pulses."""
    return not has_grid and max(ink.shape) > MAX_SIDE_MM * STANDARD_PX_PER_MM


def trace_columns(ink: ByteArray) -> float:
    """Share of the columns in which a stroke runs on for many millimetres.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats((ink > STROKE_INK).astype(np.uint8), connectivity=8)
    running = np.zeros(count, bool)
    running[1:] = stats[1:, cv2.CC_STAT_WIDTH] > MIN_TRACE_MM * STANDARD_PX_PER_MM
    return float(running[labels].any(axis=0).mean())
