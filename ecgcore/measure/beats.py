"""Where the heart beat along a page, and which beats are alike: found in all leads that were printed at a time.

QRS complexes are the stretches in which all leads are steep at once (energy of the slope, as Pan and Tompkins, IEEE
Trans Biomed Eng 1985; 32:230-236, without their filter for one lead's mains and wander).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.signal import find_peaks

from ecgcore.geometry.arrays import BoolArray, FloatArray

SLOPE_SIGMA_S = 0.008
"""Slopes are taken over a Gaussian so wide: the line on paper is some 10 ms wide."""
QRS_WINDOW_S = 0.10
"""The energy of the slope is gathered over about one QRS complex."""
QRS_QUANTILE = 0.95
"""Of a lead's energy over time: within its QRS complexes, at any usual rate."""
WEAKEST_LEAD = 0.05
"""A lead's energy counts at most as if it were this share of the strongest lead's, lest noise count like a QRS."""
LOWEST_BEAT = 0.4
"""Of the usual beat's steepness: flatter waves, such as T, are no QRS complexes."""
REFRACTORY_S = 0.24
"""Two QRS complexes are at least so far apart: 250 beats a minute."""
T_WAVE_S, T_WAVE = 0.45, 0.6
"""So soon after a QRS, a wave less steep than this share of it is its T wave."""
MIDDLE_S = 0.04
"""The middle of a QRS lies so near to where the median lead is steepest."""
BLIND_S = 0.12
"""In a longer stretch that no lead was read in, a beat may hide."""


@dataclass(frozen=True)
class Beats:
    """QRS complexes along the page.

    Args:
        r_s: middles of their steepness in seconds along the page, ascending, ``[n]``.
        rr_s: seconds since the beat before, NaN where it is not known to be the one before, ``[n]``.
    """

    r_s: FloatArray
    rr_s: FloatArray


def slopes_mv_s(leads_mv: npt.ArrayLike, fs_hz: float, sigma_s: float = SLOPE_SIGMA_S) -> FloatArray:
    """Slope of each lead in mV/s, ``[12, n]``, NaN where the lead was not read.

    A gap is bridged by a straight line for its neighbours' sake alone.

    Args:
        leads_mv: ``[12, n]``, NaN where not read.
        fs_hz: sampling frequency.
        sigma_s: of the Gaussian whose derivative is taken.
    """
    leads = np.asarray(leads_mv, dtype=np.float64)
    slopes = np.full(leads.shape, np.nan)
    samples = np.arange(leads.shape[1])
    for lead, values in enumerate(leads):
        known = np.flatnonzero(np.isfinite(values))
        if len(known) < 2:
            continue
        bridged = np.interp(samples, known, values[known])
        slope = gaussian_filter1d(bridged, sigma_s * fs_hz, order=1, mode="nearest") * fs_hz
        slopes[lead, known] = slope[known]
    return slopes


def find_beats(leads_mv: npt.ArrayLike, fs_hz: float) -> Beats:
    """Find the QRS complexes of leads ``[12, n]`` in mV, NaN where not read.

    Args:
        leads_mv: ``[12, n]``, NaN where not read.
        fs_hz: sampling frequency.
    """
    mean, steepness = _mean_and_median(_steepness(slopes_mv_s(leads_mv, fs_hz), fs_hz))
    found, _ = find_peaks(np.nan_to_num(steepness), height=1e-9, distance=max(1, round(REFRACTORY_S * fs_hz)))
    if len(found) == 0:
        return Beats(np.zeros(0), np.zeros(0))
    heights = steepness[found]
    usual = float(np.median(heights[heights > 0.5 * np.quantile(heights, 0.9)]))
    found = found[heights >= LOWEST_BEAT * usual]
    found = _without_t_waves(found, steepness, fs_hz)
    found = _at_most(found, mean, round(MIDDLE_S * fs_hz))
    r_s = found / fs_hz
    rr_s = np.concatenate([[np.nan], np.diff(r_s)])
    blind = ~np.isfinite(steepness)
    for k in range(1, len(found)):
        if _longest_run(blind[found[k - 1] : found[k]]) > BLIND_S * fs_hz:
            rr_s[k] = np.nan
    return Beats(r_s, rr_s)


def _steepness(slopes: FloatArray, fs_hz: float) -> FloatArray:
    """How steep each lead is at each time, about 1 in a QRS, ``[12, n]``; NaN where it was not read."""
    read = np.isfinite(slopes)
    size = round(QRS_WINDOW_S * fs_hz)
    share = uniform_filter1d(read.astype(np.float64), size, axis=1, mode="constant")
    energy = np.maximum(uniform_filter1d(np.nan_to_num(slopes) ** 2, size, axis=1, mode="constant"), 0.0)
    energy = np.where(read, energy / np.maximum(share, 1 / size), np.nan)
    tops = np.array([np.nanquantile(lead, QRS_QUANTILE) if np.isfinite(lead).any() else 0.0 for lead in energy])
    if tops.max(initial=0) <= 0:
        return np.full(slopes.shape, np.nan)
    return np.asarray(np.sqrt(energy / (tops + WEAKEST_LEAD * tops.max())[:, None]), dtype=np.float64)


def _mean_and_median(by_lead: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Over the leads that were read at each time, ``[n]`` each; NaN where none was.

    The median finds the beats: what one lead shows alone, as ink at a column's border, is none. The mean tells best
    where their middle is.
    """
    both = np.full((2, by_lead.shape[1]), np.nan)
    is_read = np.isfinite(by_lead).any(axis=0)
    both[:, is_read] = np.nanmean(by_lead[:, is_read], axis=0), np.nanmedian(by_lead[:, is_read], axis=0)
    return both[0], both[1]


def _at_most(found: npt.NDArray[np.intp], values: FloatArray, reach: int) -> npt.NDArray[np.intp]:
    """Each place moved to the highest value within reach of it."""
    starts = np.maximum(found - reach, 0)
    return np.array(
        [k + np.nanargmax(values[k : at + reach + 1]) for k, at in zip(starts, found, strict=True)], np.intp
    )


def _without_t_waves(found: npt.NDArray[np.intp], steepness: FloatArray, fs_hz: float) -> npt.NDArray[np.intp]:
    kept: list[int] = []
    for at in found:
        soon = bool(kept) and at - kept[-1] < T_WAVE_S * fs_hz
        if soon and steepness[at] < T_WAVE * steepness[kept[-1]]:
            continue
        kept.append(int(at))
    return np.array(kept, dtype=np.intp)


def _longest_run(holds: BoolArray) -> int:
    """Length of the longest unbroken stretch that holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
