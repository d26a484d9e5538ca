"""Calibration pulses by their shape: two upright strokes under one flat top; their height, and which way up they stand.

Two tests of that shape stand side by side. A height is measured only on a pulse that is whole, since the page's scale
hangs on it; to tell up from down, one with gaps and joined neighbours will do.
"""

import cv2
import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray
from ecgcore.ink_levels import FOUND_INK, STROKE_INK

WIDEST = 1.3
"""Of its height, with the trace beside it: at 10 mm/mV and 25 mm/s. Where a pulse tells the scale, none is taken whose
height may be another."""
WIDEST_ON_GRID = 3.0
"""The same where a grid tells the scale: at 5 mm/mV and 50 mm/s."""
PULSE_REACH = 0.1
"""Of the width: how far from a trace's end a pulse joined to it may reach."""


def pulse_height_px(ink: ByteArray, boxes: np.ndarray) -> float | None:
    """Height of the calibration pulse, 10 mm at the usual gain.

    Args:
        ink: ``uint8 [H, W]``, 255 = full pen.
        boxes: the components of the page, ``[n, 4]``.

    Returns:
        The median height of the components that look like a pulse, line centre to line centre, or None.
    """
    heights = pulse_heights_px(ink, boxes)
    return float(np.median(heights)) if heights else None


def pulse_heights_px(ink: ByteArray, boxes: np.ndarray, widest: float = WIDEST) -> list[float]:
    """Heights of all components that look like a calibration pulse, line centre to line centre.

    Args:
        ink: ``uint8 [H, W]``, 255 = full pen.
        boxes: the components of the page, ``[n, 4]``.
        widest: how many times as wide as high they are at the most.
    """
    width = ink.shape[1]
    wide, high = (boxes[:, 2:] - boxes[:, :2]).T
    fits = (0.015 * width < high) & (high < 0.12 * width) & (0.15 * high < wide) & (wide < widest * high)
    heights = []
    for x1, y1, x2, y2 in boxes[fits]:
        height = _as_pulse(ink[y1:y2, x1:x2] > FOUND_INK)
        if height is not None:
            heights.append(height)
    return heights


def joined_pulse_px(ink: ByteArray, traces: np.ndarray) -> float | None:
    """Height of calibration pulses that the traces begin or end with, joined to them.

    Args:
        ink: ``uint8 [H, W]``, 255 = full pen.
        traces: boxes of the traces, ``[n, 4]``.

    Returns:
        The median height, line centre to line centre, of two or more pulses of about the same height; else None.
    """
    width = ink.shape[1]
    heights: list[float] = []
    for x1, y1, x2, y2 in traces:
        trace = ink[y1:y2, x1:x2]
        for side in (trace, trace[:, ::-1]):
            height = _pulse_at_start(side[:, : round(PULSE_REACH * width)] > FOUND_INK, 0.015 * width)
            if height is not None:
                heights.append(height)
    usual = float(np.median(heights)) if heights else 0.0
    alike = [height for height in heights if abs(height - usual) < 0.08 * usual]
    return float(np.median(alike)) if len(alike) >= 2 and 2 * len(alike) > len(heights) else None


def _pulse_at_start(mask: BoolArray, lowest_px: float) -> float | None:
    """Height of a pulse at the left of a mask: what stands up to the middle between its second upright and the next."""
    upright = mask.sum(axis=0) >= lowest_px
    edges = np.flatnonzero(np.diff(np.concatenate([[0], upright.astype(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    if len(starts) < 2:
        return None
    foot = max(2, (starts[1] - ends[0]) // 4)
    cut = mask[:, : ends[1] + foot]
    rows = np.flatnonzero(cut.any(axis=1))
    return _as_pulse(cut[rows[0] : rows[-1] + 1])


def _as_pulse(mask: BoolArray) -> float | None:
    """Height of the pulse in a tight mask: two upright strokes under one flat top; None for any other shape."""
    rows = len(mask)
    middle = mask[int(0.3 * rows) : int(0.7 * rows)]
    columns = np.flatnonzero(middle.mean(axis=0) > 0.9)
    if len(columns) < 2 or middle.mean() > 0.6:
        return None
    left, right = columns[0], columns[-1]
    gaps = np.flatnonzero(np.diff(columns) > 1)
    if len(gaps) != 1 or middle[:, columns[gaps[0]] + 1 : columns[gaps[0] + 1]].mean() > 0.05:
        return None
    across = mask[:, left : right + 1].mean(axis=1)
    top = np.flatnonzero(across[: rows // 4] > 0.9)
    feet = np.concatenate([mask[:, :left], mask[:, right + 1 :]], axis=1)
    if feet.shape[1] == 0:
        return None
    bottom = np.flatnonzero(feet.mean(axis=1) > 0.5)
    if len(top) == 0 or len(bottom) == 0 or bottom.min() < 0.8 * rows:
        return None
    return float((bottom.min() + bottom.max()) / 2 - top.mean())


def pulse_side(ink: ByteArray) -> float:
    """1 where shapes like a calibration pulse are open below, -1 where above, 0 where there are none.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats((ink > STROKE_INK).astype(np.uint8), connectivity=8)
    votes = 0
    for number in range(1, len(stats)):
        x, y, width, height, _ = stats[number]
        if not (6 < height / STANDARD_PX_PER_MM < 24 and 2.5 < width / STANDARD_PX_PER_MM < 14):
            continue
        mask = labels[y : y + height, x : x + width] == number
        top, bottom = (_is_roof(mask), _is_roof(mask[::-1]))
        votes += int(top) - int(bottom)
    return float(np.sign(votes))


def _is_roof(mask: BoolArray) -> bool:
    """Whether a mask is two uprights under one flat roof, as a pulse is."""
    height = len(mask)
    middle = mask[int(0.3 * height) : int(0.7 * height)]
    uprights = np.flatnonzero(middle.mean(axis=0) > 0.8)
    if len(uprights) < 2 or uprights[-1] - uprights[0] < 9:
        return False
    left, right = uprights[0], uprights[-1]
    inside = middle[:, left + 4 : right - 3]
    roof = mask[: max(3, height // 6), left : right + 1].any(axis=0).mean()
    floor = mask[-max(3, height // 6) :, left + 4 : right - 3].any(axis=0).mean()
    return bool(inside.mean() < 0.1 and roof > 0.9 and floor < 0.4)
