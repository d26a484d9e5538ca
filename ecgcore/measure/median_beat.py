"""Beats laid over each other, lead by lead: the median beat, in which little of wander and reading errors remains."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgcore.geometry.arrays import BoolArray, FloatArray
from ecgcore.measure.beats import Beats, slopes_mv_s

BEFORE_S, AFTER_S = 0.40, 0.70
"""What is cut out around the middle of a QRS: from before any P wave to after any T wave."""
QRS_REACH_S = 0.08
"""Beats are compared, and laid over each other, by what lies so near to the middle."""
LAG_S = 0.032
"""Beats are shifted against each other by at most this."""
ALIKE = 0.75
"""Correlation of the slopes of two beats of one origin, mean over the leads that show both."""
LEVEL_S = (-0.10, -0.06)
"""Where a beat's level is taken until its QRS onset is known: mostly in the PR segment."""
ENOUGH_READ = 0.9
"""Share of a beat's QRS that must have been read in a lead."""


@dataclass(frozen=True)
class MedianBeats:
    """One beat of each lead.

    Args:
        leads_mv: above the level before the QRS, ``[12, w]``; NaN where no beat was read.
        time_s: since the middle of the QRS, ``[w]``.
        beats: how many beats each sample rests on, ``[12, w]``.
        spread_mv: root mean square of what the beats of each lead differ from its median, ``[12]``; NaN for one beat.
        dominant: which of the page's beats are of the usual shape, ``[n]``.
        single: the beats themselves as cut, ``[n, 12, w]``.
    """

    leads_mv: FloatArray
    time_s: FloatArray
    beats: npt.NDArray[np.intp]
    spread_mv: FloatArray
    dominant: BoolArray
    single: FloatArray

    @property
    def fs_hz(self) -> float:
        """Samples in a second."""
        return float(1 / (self.time_s[1] - self.time_s[0]))

    def at(self, since_r_s: float) -> int:
        """Number of the sample at a time."""
        return int(np.clip(np.searchsorted(self.time_s, since_r_s - 1e-9), 0, len(self.time_s) - 1))


def median_beats(leads_mv: npt.ArrayLike, fs_hz: float, beats: Beats, is_early: BoolArray) -> MedianBeats:
    """Lay the page's usual beats over each other.

    Args:
        leads_mv: ``[12, n]``, NaN where not read.
        fs_hz: samples in a second.
        beats: as ``find_beats`` found them.
        is_early: which of them are premature, ``[n]``: they are left out wherever another is there.
    """
    leads = np.asarray(leads_mv, dtype=np.float64)
    slopes = slopes_mv_s(leads, fs_hz)
    middles = np.round(beats.r_s * fs_hz).astype(np.intp)
    reach = round(QRS_REACH_S * fs_hz)
    dominant = ~is_early if (~is_early).any() else np.ones(len(middles), dtype=bool)
    for _ in range(2):
        template = _median(_cut(slopes, middles[dominant], reach, reach))
        middles = _shifted(slopes, middles, template, round(LAG_S * fs_hz))
        template = _median(_cut(slopes, middles[dominant], reach, reach))
        likeness = np.array([_correlation(beat, template) for beat in _cut(slopes, middles, reach, reach)])
        likeness = np.nan_to_num(likeness, nan=-1.0)
        alike = (likeness > ALIKE) & ~is_early
        dominant = alike if alike.any() else likeness >= likeness.max(initial=-1.0)
    single = _cut(leads, middles, round(BEFORE_S * fs_hz), round(AFTER_S * fs_hz))
    time_s = np.arange(-round(BEFORE_S * fs_hz), round(AFTER_S * fs_hz) + 1) / fs_hz
    single = _one_beat_each(single, time_s, middles, fs_hz)
    return _laid_over(single, time_s, dominant)


def _laid_over(single: FloatArray, time_s: FloatArray, dominant: BoolArray) -> MedianBeats:
    within = (time_s >= -QRS_REACH_S) & (time_s <= QRS_REACH_S)
    level_at = (time_s >= LEVEL_S[0]) & (time_s <= LEVEL_S[1])
    single = single - _mean(single[:, :, level_at])[:, :, None]
    is_whole = np.isfinite(single[:, :, within]).mean(axis=2) >= ENOUGH_READ
    single = np.where(is_whole[:, :, None], single, np.nan)
    usual = single[dominant]
    count = np.isfinite(usual).sum(axis=0)
    leads_mv = _median(usual)
    rest = np.where(count[None] > 1, usual - leads_mv, np.nan)
    with np.errstate(invalid="ignore"):
        spread = np.sqrt(_mean((rest**2).transpose(1, 0, 2).reshape(len(leads_mv), -1)))
    return MedianBeats(leads_mv, time_s, count, spread, dominant, single)


def _one_beat_each(single: FloatArray, time_s: FloatArray, middles: npt.NDArray[np.intp], fs_hz: float) -> FloatArray:
    """Without what belongs to the beat before or after: nearer to that beat's QRS than its P or T may be."""
    single = single.copy()
    steps_s = np.diff(middles) / fs_hz
    for k, step_s in enumerate(steps_s):
        single[k][:, time_s > step_s - QRS_REACH_S] = np.nan
        single[k + 1][:, time_s < -step_s + QRS_REACH_S] = np.nan
    return single


def _cut(leads: FloatArray, middles: npt.NDArray[np.intp], before: int, after: int) -> FloatArray:
    """Stretches round the middles, ``[n, 12, before + 1 + after]``, NaN beyond the ends."""
    padded = np.pad(leads, ((0, 0), (before, after)), constant_values=np.nan)
    places = middles[:, None] + np.arange(before + 1 + after)
    return padded[:, places].transpose(1, 0, 2)


def _shifted(
    slopes: FloatArray, middles: npt.NDArray[np.intp], template: FloatArray, most: int
) -> npt.NDArray[np.intp]:
    """Each middle moved to where its beat is most like the template."""
    reach = template.shape[1] // 2
    wide = _cut(slopes, middles, reach + most, reach + most)
    moved = middles.copy()
    for k, beat in enumerate(wide):
        tried = [_correlation(beat[:, lag : lag + template.shape[1]], template) for lag in range(2 * most + 1)]
        if np.isfinite(tried).any():
            moved[k] += int(np.nanargmax(tried)) - most
    return np.clip(moved, 0, slopes.shape[1] - 1)


def _correlation(beat: FloatArray, template: FloatArray) -> float:
    """Of two beats' slopes in all leads that show both; NaN where none does."""
    both = np.isfinite(beat) & np.isfinite(template)
    a, b = np.where(both, beat, 0.0), np.where(both, template, 0.0)
    power = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / power if power > 0 else np.nan


def _median(values: FloatArray) -> FloatArray:
    """Median over the first axis, NaN where there is no value."""
    known = np.isfinite(values).any(axis=0)
    result = np.full(values.shape[1:], np.nan)
    result[known] = np.nanmedian(values[:, known], axis=0)
    return result


def _mean(values: FloatArray) -> FloatArray:
    """Mean over the last axis, NaN where there is no value."""
    read = np.isfinite(values)
    count = read.sum(axis=-1)
    total = np.where(read, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
