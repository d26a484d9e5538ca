"""How many picture pixels make a millimetre of paper: read from the printed grid, else from the calibration pulse."""

from dataclasses import dataclass

import cv2
import numpy as np

from ecgcore.types import ByteArray, FloatArray

STRIPS = 24
PICTURE_MM = (70.0, 700.0)
"""Plausible lengths of the picture's longer side on paper."""
USUAL_PICTURE_MM = 290.0
USUAL_SPREAD_LOG = 0.9
"""The usual length tells 1 mm from 5 mm where only one kind of line is printed."""
LADDER_STEP = 4e-4
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


def find_grid_scale(darkness: ByteArray) -> GridScale | None:
    """Find the grid's period from the spectra of the darkness projected on both axes.

    The picture is cut into strips and their power spectra are averaged, so that traces, text and a slight
    rotation, which differ from strip to strip, blur away while the grid's lines add up.

    Args:
        darkness: ``uint8 [H, W]``, 0 = paper.

    Returns:
        The grid's scale, or None where no common period is found in both directions.
    """
    height, width = darkness.shape
    squashed = cv2.LUT(darkness, _SQUASH)
    longest = max(height, width)
    low, high = max(1.9, longest / PICTURE_MM[1]), longest / PICTURE_MM[0]
    candidates = np.exp(np.arange(np.log(low), np.log(high), LADDER_STEP))
    scores_x = _comb_scores(squashed, candidates)
    scores_y = _comb_scores(np.ascontiguousarray(squashed.T), candidates)
    slack = np.ones(51, np.uint8)  # both directions may differ by 1 %
    both = np.minimum(_running_max(scores_x, slack), _running_max(scores_y, slack))
    both = both * np.exp(-0.5 * (np.log(longest / candidates / USUAL_PICTURE_MM) / USUAL_SPREAD_LOG) ** 2)
    if both.max() < MIN_GRID_SCORE:
        return None
    best = int(np.argmax(both))
    # dots printed every half millimetre look like a finer grid: the double period then scores almost as well
    double = slice(best + round(np.log(1.95) / LADDER_STEP), best + round(np.log(2.05) / LADDER_STEP))
    if both[double].max(initial=0.0) >= 0.75 * both[best]:
        best = double.start + int(np.argmax(both[double]))
    window = slice(max(0, best - 50), best + 51)
    return GridScale(*(float(candidates[window][np.argmax(s[window])]) for s in (scores_x, scores_y)))


_SQUASH = (255 * (x := np.arange(256) / 255.0) / (x + 0.15)).astype(np.uint8)
"""Brings faint grids and black pens closer together."""


def _running_max(values: FloatArray, window: ByteArray) -> FloatArray:
    return cv2.dilate(values.astype(np.float32)[None, :], window[None, :])[0].astype(np.float64)


def _comb_scores(picture: ByteArray, px_per_mm: FloatArray) -> FloatArray:
    """How strongly the columns repeat every 5 mm and its harmonics, 0..1 for each candidate."""
    excess, bins_per_cycle = _whitened_spectrum(picture)
    frequencies = np.arange(1, 6)[:, None] / (5.0 * px_per_mm[None, :])
    seen = frequencies < 0.5
    teeth = np.interp(frequencies * bins_per_cycle, np.arange(len(excess)), excess) / TOOTH_CAP
    weights = TOOTH_WEIGHTS[:, None] * seen
    scores: FloatArray = (teeth * weights).sum(axis=0) / weights.sum(axis=0)
    return scores


def _whitened_spectrum(picture: ByteArray) -> tuple[FloatArray, int]:
    """Mean over strips and windows of the log power above its local floor; bins per unit frequency."""
    columns = picture.shape[1]
    strips = cv2.resize(picture, (columns, STRIPS), interpolation=cv2.INTER_AREA).astype(np.float32)
    strips -= cv2.blur(strips, (max(3, columns // 40), 1))
    window = columns // 3
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
    return np.clip(log_power - floors, 0.0, TOOTH_CAP).mean(axis=0), bins
