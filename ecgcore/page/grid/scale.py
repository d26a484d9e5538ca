"""How many picture pixels make a millimetre of paper: read from the printed grid, else from the calibration pulse."""

from dataclasses import dataclass

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray, FloatArray

STRIPS = 24
PICTURE_MM = (70.0, 700.0)
"""Plausible lengths of the picture's longer side on paper."""
USUAL_PICTURE_MM = 290.0
MAX_SIDE_MM = 500.0
"""No page that was read is longer."""
USUAL_SPREAD_LOG = 0.9
"""The usual length tells 1 mm from 5 mm where only one kind of line is printed."""
LADDER_STEP = 4e-4
SLACK_STEPS = 25
"""Both directions may differ by 2 * 25 * 4e-4 = 2 %."""
TOOTH_CAP = 5.0
TOOTH_WEIGHTS = np.array([1.0, 1.0, 1.0, 1.0, 2.0]) / 6.0
"""Harmonics of the 5 mm lines; the fifth is the 1 mm lines, which some paper prints alone."""
MIN_GRID_SCORE = 0.22


@dataclass(frozen=True, slots=True)
class GridScale:
    """The grid's period in picture pixels per millimetre, along x and along y."""

    px_per_mm_x: float
    px_per_mm_y: float

    @property
    def px_per_mm(self) -> float:
        """Geometric mean of both directions."""
        return float(np.sqrt(self.px_per_mm_x * self.px_per_mm_y))


def find_grid_scale(darkness: ByteArray, slack_steps: int = SLACK_STEPS) -> GridScale | None:
    """Find the grid's period from the spectra of the darkness projected on both axes.

    The picture is cut into strips and windows whose log power spectra are averaged (Welch's method), so that traces,
    text, a slight rotation and grids that start anew for every lead blur away while the grid's lines add up.

    Args:
        darkness: ``uint8 [H, W]``, 0 = paper.
        slack_steps: how far the directions may differ, half of it in steps of the ladder.

    Returns:
        The grid's scale, or None where no common period is found in both directions.
    """
    longest = max(darkness.shape)
    low, high = max(1.9, longest / PICTURE_MM[1]), longest / PICTURE_MM[0]
    candidates = np.exp(np.arange(np.log(low), np.log(high), LADDER_STEP))
    compressed = compress_contrast(darkness)
    window = min(darkness.shape) // 3
    spectra = [_whitened_spectrum(np.ascontiguousarray(s), window) for s in (compressed, compressed.T)]
    scores = [_running_max(_comb_scores(np.minimum(s, TOOTH_CAP), candidates), slack_steps) for s in spectra]
    usual = np.exp(-0.5 * (np.log(longest / candidates / USUAL_PICTURE_MM) / USUAL_SPREAD_LOG) ** 2)
    both = np.minimum(*scores) * usual
    if both.max() < MIN_GRID_SCORE:
        return None
    best = int(np.argmax(both))
    # dots printed every half millimetre look like a finer grid: the double period then scores as well
    double = slice(best + round(np.log(1.95) / LADDER_STEP), best + round(np.log(2.05) / LADDER_STEP))
    if both[double].max(initial=0.0) >= 0.9 * both[best]:
        best = double.start + int(np.argmax(both[double]))
    near = candidates[max(0, best - slack_steps) : best + slack_steps + 1]
    return GridScale(*(float(near[np.argmax(_comb_scores(s, near))]) for s in spectra))


_CONTRAST_CURVE = (255 * (x := np.arange(256) / 255.0) / (x + 0.15)).astype(np.uint8)
"""Brings faint grids and black pens closer together."""


def compress_contrast(darkness: ByteArray) -> ByteArray:
    """Lift faint marks towards the pen, so that a printed grid weighs as much as the traces."""
    return np.asarray(cv2.LUT(darkness, _CONTRAST_CURVE), dtype=np.uint8)


def _running_max(values: FloatArray, reach: int) -> FloatArray:
    window = np.ones((1, 2 * reach + 1), np.uint8)
    return np.asarray(cv2.dilate(values.astype(np.float32)[None, :], window)[0], dtype=np.float64)


def _comb_scores(excess: FloatArray, px_per_mm: FloatArray) -> FloatArray:
    """Mean excess at the 5 mm lines' harmonics for each candidate, 1 = every tooth at ``TOOTH_CAP``."""
    frequencies = np.arange(1, 6)[:, None] / (5.0 * px_per_mm[None, :])
    teeth = np.interp(frequencies * 2 * (len(excess) - 1), np.arange(len(excess)), excess) / TOOTH_CAP
    weights = TOOTH_WEIGHTS[:, None] * (frequencies < 0.5)
    scores: FloatArray = (teeth * weights).sum(axis=0) / weights.sum(axis=0)
    return scores


def _whitened_spectrum(picture: ByteArray, window: int) -> FloatArray:
    """Log power along x above its local floor, mean over strips and windows; the last bin is half a cycle per pixel."""
    columns = picture.shape[1]
    strips = cv2.resize(picture, (columns, STRIPS), interpolation=cv2.INTER_AREA).astype(np.float32)
    strips -= cv2.blur(strips, (max(3, columns // 40), 1))
    pieces = np.concatenate(
        [strips[:, start : start + window] for start in range(0, columns - window + 1, window // 2)]
    )
    bins = 2 ** int(np.ceil(np.log2(8 * window)))
    power = np.abs(np.fft.rfft(pieces * np.hanning(window).astype(np.float32), bins, axis=1)) ** 2
    log_power = np.log(power + 1.0)
    block = 30 * bins // (window * 2)
    n_blocks = log_power.shape[1] // block
    floor = np.median(log_power[:, : n_blocks * block].reshape(len(pieces), n_blocks, block), axis=2)
    centres = (np.arange(n_blocks) + 0.5) * block
    at = np.arange(log_power.shape[1])
    floors = np.stack([np.interp(at, centres, f) for f in floor])
    return np.asarray(np.maximum(log_power - floors, 0.0).mean(axis=0), dtype=np.float64)
