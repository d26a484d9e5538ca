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
AS_CLEAR, AS_STRONG = 0.85, 0.7
"""A longer period takes the place of the likeliest one from these shares of its comb's score and its fine lines'."""
AS_CLEAR_ALONE = 0.75
"""The same of the comb's score where one direction tells it, which the other cannot weaken."""
NEARLY, LONGER = 1.025, 1.1
"""What is within 2.5 % is one period, and what is not a tenth longer is no other. All chosen
on pages 0 to 9 of ``benchmarks.page.grids``."""
SQUEEZED_SCORE, SQUEEZED_SHARE = 0.45, 0.65
"""In a picture squeezed in one direction each direction's own period is so clear, and no period of both as much as this
share of that. Of five drawn pages squeezed to 0.6 to 0.85 the own scores are 0.57 to 0.93 and the shares 0.34 to 0.55;
of the same pages as they were, and of three real ones, the shares are 0.78 to 1; of 26 pictures without a grid no
score of both directions is over 0.27."""
MOST_SQUEEZED = 1.7
"""One direction's period over the other's."""
EVEN = 1.05
"""What differs less is no squeezed picture: directions apart differ by 2 % where the page lies aslant."""
RISE = 1.0
"""The lines of 5 mm are told by their first four harmonics, each at most so much above those before it: else the marks
are those of another comb."""


@dataclass(frozen=True, slots=True)
class GridScale:
    """The grid's period in picture pixels per millimetre, along x and along y."""

    px_per_mm_x: float
    px_per_mm_y: float

    @property
    def px_per_mm(self) -> float:
        """Geometric mean of both directions."""
        return float(np.sqrt(self.px_per_mm_x * self.px_per_mm_y))

    @property
    def is_squeezed(self) -> bool:
        """Whether the picture was made narrower or lower than its page."""
        return not 1 / EVEN < self.px_per_mm_x / self.px_per_mm_y < EVEN


def find_grid_scale(
    darkness: ByteArray, slack_steps: int = SLACK_STEPS, *, may_be_squeezed: bool = False
) -> GridScale | None:
    """Find the grid's period from the spectra of the darkness projected on both axes.

    The picture is cut into strips and windows whose log power spectra are averaged (Welch's method), so that traces,
    text, a slight rotation and grids that start anew for every lead blur away while the grid's lines add up.

    Args:
        darkness: ``uint8 [H, W]``, 0 = paper.
        slack_steps: how far the directions may differ, half of it in steps of the ladder.
        may_be_squeezed: whether they may differ by more where both are clear.

    Returns:
        The grid's scale, or None where no common period is found in both directions.
    """
    longest = max(darkness.shape)
    low, high = max(1.9, longest / PICTURE_MM[1]), longest / PICTURE_MM[0]
    candidates = np.exp(np.arange(np.log(low), np.log(high), LADDER_STEP))
    compressed = compress_contrast(darkness)
    window = min(darkness.shape) // 3
    spectra = [_whitened_spectrum(np.ascontiguousarray(s), window) for s in (compressed, compressed.T)]
    combs = [_comb_scores(np.minimum(s, TOOTH_CAP), candidates) for s in spectra]
    scores = [_running_max(comb, slack_steps) for comb in combs]
    usual = np.exp(-0.5 * (np.log(longest / candidates / USUAL_PICTURE_MM) / USUAL_SPREAD_LOG) ** 2)
    clear = np.minimum(*scores)
    if may_be_squeezed and clear.max() < SQUEEZED_SHARE * min(comb.max() for comb in combs):
        squeezed = _squeezed(candidates, combs, spectra, usual)
        if squeezed is not None:
            return squeezed
    if (clear * usual).max() < MIN_GRID_SCORE:
        return None
    fine_lines = np.minimum(*(_running_max(_teeth(s, candidates)[4], slack_steps) for s in spectra))
    best = _true_period(candidates, clear, fine_lines, int(np.argmax(clear * usual)))
    near = _near(candidates, _middle(clear, best, slack_steps), slack_steps)
    return GridScale(*(_clearest(s, near) for s in spectra))


def _squeezed(
    px_per_mm: FloatArray, combs: list[FloatArray], spectra: list[FloatArray], usual: FloatArray
) -> GridScale | None:
    """The period of each direction by itself; None where one is not clear or they differ by more than is squeezed."""
    best = []
    for comb, spectrum in zip(combs, spectra, strict=True):
        fine_lines = _teeth(spectrum, px_per_mm)[4]
        number = _true_period(px_per_mm, comb, fine_lines, int(np.argmax(comb * usual)), AS_CLEAR_ALONE)
        if comb[number] < SQUEEZED_SCORE:
            return None
        best.append(_clearest(spectrum, _near(px_per_mm, _middle(comb, number, SLACK_STEPS), SLACK_STEPS)))
    scale = GridScale(*best)
    return scale if scale.is_squeezed and max(best) <= MOST_SQUEEZED * min(best) else None


def _near(px_per_mm: FloatArray, number: int, steps: int) -> FloatArray:
    return px_per_mm[max(0, number - steps) : number + steps + 1]


def _clearest(excess: FloatArray, px_per_mm: FloatArray) -> float:
    return float(px_per_mm[np.argmax(_comb_scores(excess, px_per_mm))])


def _middle(clear: FloatArray, best: int, slack_steps: int) -> int:
    """Number in the middle of the scores that are as high as the best one, where lines so clear fill their caps that
    these are more than both directions' slack makes them; else the best one's."""
    lower = np.flatnonzero(clear < clear[best])
    before, after = lower[lower < best], lower[lower > best]
    first, end = (int(before[-1]) + 1 if len(before) else 0), (int(after[0]) if len(after) else len(clear))
    return (first + end - 1) // 2 if end - first > 3 * slack_steps else best


def _true_period(
    px_per_mm: FloatArray, clear: FloatArray, fine_lines: FloatArray, best: int, as_clear: float = AS_CLEAR
) -> int:
    """Number of the period whose marks also make up the likeliest one, though that may suit a page's length better.

    A half or a third of a period has every second or third tooth of its comb, as dots printed every half millimetre
    have. Fine lines of 1 mm are mirrored at half a cycle per pixel, where their second harmonic looks like other lines.

    Args:
        px_per_mm: the periods tried, growing.
        clear: how clear each one's comb is.
        fine_lines: how strong its lines of 1 mm are.
        best: number of the likeliest.
        as_clear: a longer one's least share of its score.
    """
    scale = px_per_mm[best]
    for other in (2 * scale, 3 * scale, 2 * scale / (scale - 1)):
        near = slice(*np.searchsorted(px_per_mm, (other / NEARLY, other * NEARLY)))
        if other < LONGER * scale or near.start == near.stop:
            continue
        is_as_clear = clear[near].max() >= as_clear * clear[best]
        if is_as_clear and fine_lines[near].max() >= AS_STRONG * fine_lines[best]:
            return int(near.start + np.argmax(clear[near]))
    return best


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
    teeth = _teeth(excess, px_per_mm)
    teeth[1:4] = np.minimum(teeth[1:4], np.maximum.accumulate(teeth[:3]) + RISE)
    weights = TOOTH_WEIGHTS[:, None] * (_frequencies(px_per_mm) < 0.5)
    scores: FloatArray = (teeth / TOOTH_CAP * weights).sum(axis=0) / weights.sum(axis=0)
    return scores


def _teeth(excess: FloatArray, px_per_mm: FloatArray) -> FloatArray:
    """Excess at the first five harmonics of each candidate's 5 mm lines, ``[5, n]``."""
    return np.asarray(np.interp(_frequencies(px_per_mm) * 2 * (len(excess) - 1), np.arange(len(excess)), excess))


def _frequencies(px_per_mm: FloatArray) -> FloatArray:
    """Of these harmonics, in cycles per pixel."""
    return np.arange(1, 6)[:, None] / (5.0 * px_per_mm[None, :])


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
