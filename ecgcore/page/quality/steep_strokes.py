"""Whether what is steep on a page goes down as well as up: a QRS does, the waves of pressure only rise steeply."""

import numpy as np

from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.quality.features import running_traces, vertical_runs

STEEP_PX = 3
"""Between neighbouring columns, which is a slope of three: noise of the pen and slow waves stay below."""
MOST_RISE = 2.0
"""How much more of the steep ink may rise than fall. Of 12 drawn pages of ventricular tachycardia and flutter the
highest has 1.6, of 16 Khan pages 1.9, of 8 photos 1.4; of 19 pages of pressure and pulses that the strokes alone did
not refuse 15 have 2.1 to 17 (drawn with other seeds than those reported, D-242)."""


def falls_as_it_rises(ink: ByteArray) -> bool:
    """Whether the traces have steep strokes, and these do not rise much more steeply than they fall.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
    """
    columns, top, height = vertical_runs(running_traces(ink))
    left, right = _neighbours(columns, top, height, ink.shape)
    rise = fall = 0.0
    for edge_y in (top, top + height):
        steps_px = (edge_y[left] - edge_y[right]).astype(np.float64)
        rise += float(np.square(steps_px[steps_px >= STEEP_PX]).sum())
        fall += float(np.square(steps_px[steps_px <= -STEEP_PX]).sum())
    return fall > 0 and rise <= MOST_RISE * fall


def _neighbours(
    columns: np.ndarray, top: np.ndarray, height: np.ndarray, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Runs of ink and the runs that go on from them in the next column, where nothing branches, ``[n]`` each."""
    numbered = np.zeros((shape[1], shape[0] + 1), np.int64)
    numbers = np.arange(1, len(columns) + 1)
    numbered[columns, top] += numbers
    numbered[columns, top + height] -= numbers
    numbered = np.cumsum(numbered, axis=1)[:, :-1]
    touches = (numbered[:-1] > 0) & (numbered[1:] > 0)
    pairs = np.unique(np.column_stack([numbered[:-1][touches], numbered[1:][touches]]), axis=0) - 1
    left, right = pairs.T
    is_alone = (np.bincount(left)[left] == 1) & (np.bincount(right)[right] == 1)
    return left[is_alone], right[is_alone]
