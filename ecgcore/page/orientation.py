"""Which way up a page is: a small network says how upright its ink looks, and turned ink where that is unsure."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.pulses import pulse_side

WEIGHTS = Path(__file__).with_name("orientation.npz")
"""Written by ``python -m fits.orientation.weights``."""
STRIDES = (2, 2, 2, 1, 1, 1)
"""Of the network's 3x3 convolutions: it looks every 4 mm, at 31 mm of paper."""
SURELY_UPRIGHT = 2.0
"""Log-odds from which a page stays as it lies without a look at the other ways. Set, as ``MARGIN``, on the training and
inner parts of ``fits/orientation``; 222 of 222 held-out Khan pages come right in all four ways (D-092)."""
MARGIN = 1.0
"""By how much (log-odds) another way must win: nearly all pages are upright, and a wrong turn spoils all."""
PULSES = 5.0
"""What the open side of calibration pulses counts (log-odds): beats whose waves all point down look upside down.
Without it one of 784 Khan pages and one of 107 were turned over (D-092)."""

Maps = npt.NDArray[np.floating]


def find_quarter_turns(ink: ByteArray) -> int:
    """How many quarter turns clockwise bring a panel upright; 0 unless the evidence for another way is strong.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
    """
    height, width = ink.shape
    # at half the standard raster's scale a P wave is still two pixels high
    half_wh = max(1, width // 2), max(1, height // 2)
    small = np.asarray(cv2.resize(ink, half_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    as_it_lies = uprightness(small)
    if as_it_lies >= SURELY_UPRIGHT:
        return 0
    scores_upright = [as_it_lies, *(uprightness(np.rot90(small, -turns)) for turns in (1, 2, 3))]
    sides = pulse_side(ink), pulse_side(np.ascontiguousarray(np.rot90(ink, -1)))
    scores = np.array(scores_upright) + PULSES * np.array([*sides, -sides[0], -sides[1]])
    best = int(np.argmax(scores))
    return best if scores[best] - scores[0] > MARGIN else 0


def uprightness(ink: ByteArray) -> float:
    """Log-odds that ink is upright: the mean of what each place says, weighted by the attention that the place gets.

    Beats tell (P comes before QRS, T is the larger), and so do letters.

    Args:
        ink: ``uint8 [h, w]`` at 2 px/mm, half the standard raster's scale.
    """
    *convolutions, (weights, bias) = _layers()
    maps: Maps = (ink.astype(np.float32) / 255)[..., None]
    for (kernel, shift), stride in zip(convolutions, STRIDES, strict=True):
        maps = _neighbourhoods(maps, stride) @ kernel
        maps += shift
        np.maximum(maps, 0, out=maps)
    evidence, attention_weight = (maps.reshape(-1, maps.shape[-1]) @ weights + bias).T
    share = np.exp(attention_weight - attention_weight.max())
    return float((share * evidence).sum() / share.sum())


def _neighbourhoods(maps: Maps, stride: int) -> Maps:
    """The 3x3 places round every ``stride``-th one as one row of values, ``[h, w, 9 * channels]``; outside is paper."""
    channels = maps.shape[2]
    rows = np.pad(maps, ((1, 1), (1, 1), (0, 0))).reshape(maps.shape[0] + 2, -1)
    windows = np.lib.stride_tricks.sliding_window_view(rows, (3, 3 * channels))[::stride, :: stride * channels]
    return windows.reshape(*windows.shape[:2], -1)


@lru_cache(maxsize=1)
def _layers() -> list[tuple[Maps, Maps]]:
    """Weights ``[inputs, outputs]`` and biases of every layer."""
    with np.load(WEIGHTS, allow_pickle=False) as file:
        numbers = range(len(STRIDES) + 1)
        return [(file[f"weights_{n}"].astype(np.float32), file[f"bias_{n}"].astype(np.float32)) for n in numbers]
