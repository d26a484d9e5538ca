"""Onset and end of P, QRS and T in all leads together, on their median beats.

A wave of the heart begins where it begins in the first lead and ends where it ends in the last (CSE Working Party, Eur
Heart J 1985; 6:815-825; AHA/ACCF/HRS part III, Circulation 2009; 119:e235-e240). QRS is told by the size of all leads'
slopes together, P and T by what the leads have in common: no single lead's noise decides. Shares and shifts were chosen
on the records of LUDB with even numbers (``benchmarks/page/measurements.py``).
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from ecgcore.geometry.arrays import FloatArray
from ecgcore.measure.beats import slopes_mv_s
from ecgcore.measure.median_beat import MedianBeats

QRS_SIGMA_S, P_SIGMA_S, T_SIGMA_S = 0.006, 0.012, 0.016
"""Widths of the Gaussians over which slopes of QRS, P and T are taken."""
ONSET_SHARE, END_SHARE = 0.10, 0.12
"""Of the QRS's steepest: in less the complex has not begun, or has ended."""
ABOVE_NOISE = 1.5
"""And so far it stands above the slopes before it."""
QUIET_S = 0.012
"""So long the slopes must stay below."""
ONSET_SHIFT_S, END_SHIFT_S, T_END_SHIFT_S = -0.010, 0.007, 0.012
"""How far readers' marks lie outside of these crossings, and of the tangent's."""
MIDDLE_S = 0.06
"""The steepest of a QRS is so near to its middle."""
AFTER_QRS_S = 0.06
"""T is looked for from so long after the QRS."""
LONGEST_QT_S = 0.62
"""At a rate of 60, by Bazett's root at others."""
P_BEFORE_S, P_GAP_S = 0.30, 0.012
"""P is looked for so long before the QRS, and until so shortly before it."""
P_EDGE_S = 0.02
"""A P so near to either end of that may go on beyond it: onsets were misplaced at a PR of 80 to 100 ms, or over 270."""
P_SLOPE = 0.8
"""So much of P's height the two ends of where it is looked for may differ by."""
P_RISE_S = 0.09
"""From a P's steepest rise to its peak at most."""
P_SHARE = 0.4
"""Of a P's steepest rise: in less it has not begun."""
P_AGREEMENT = 0.5
"""Mean correlation of the beats' P waves from which there is one; in LUDB above 0.6 with, below 0.4 without a P."""
FLATTEST_T_MV = 0.05
"""A T wave that is lower than half a small square in every lead has no end to be seen."""
SHORTEST_WAVE_S = 0.08

NO_QRS = "no QRS complex is steep enough to tell its onset and end"
FLAT_T = "the T waves are too flat to tell their end"
T_CUT = "the T waves run into the next beat"
NO_P = "the beats do not agree on a P wave before the QRS"
ONE_P = "no lead shows two beats whose P waves could be compared"
P_AT_EDGE = "the P wave begins or ends where it is no longer looked for: PR may be very short or very long"
P_IN_T = "what comes before the QRS runs into the T wave before"


@dataclass(frozen=True)
class Delineation:
    """Times since the middle of the QRS in seconds; None where not told, and then why.

    Args:
        p_onset_s, qrs_onset_s, qrs_end_s, t_end_s: of all leads together.
        why_no_qrs, why_no_p, why_no_t: in plain words, None where it was found.
    """

    p_onset_s: float | None = None
    qrs_onset_s: float | None = None
    qrs_end_s: float | None = None
    t_end_s: float | None = None
    why_no_qrs: str | None = None
    why_no_p: str | None = None
    why_no_t: str | None = None


def delineate(beat: MedianBeats, rr_s: float) -> Delineation:
    """Find the waves of the median beats; ``rr_s`` is the usual time from beat to beat.

    Args:
        beat: one of each lead, all on one clock.
        rr_s: the usual time from beat to beat; infinite where one beat is shown.
    """
    qrs = _qrs(beat)
    if qrs is None:
        return Delineation(why_no_qrs=NO_QRS, why_no_p=NO_QRS, why_no_t=NO_QRS)
    onset_s, end_s = qrs
    t_end_s = _t_end(beat, end_s, rr_s)
    p_onset_s = _p_onset(beat, onset_s, rr_s, t_end_s if isinstance(t_end_s, float) else None)
    return Delineation(
        p_onset_s=p_onset_s if isinstance(p_onset_s, float) else None,
        qrs_onset_s=onset_s,
        qrs_end_s=end_s,
        t_end_s=t_end_s if isinstance(t_end_s, float) else None,
        why_no_p=p_onset_s if isinstance(p_onset_s, str) else None,
        why_no_t=t_end_s if isinstance(t_end_s, str) else None,
    )


def _qrs(beat: MedianBeats) -> tuple[float, float] | None:
    slopes = slopes_mv_s(beat.leads_mv, beat.fs_hz, QRS_SIGMA_S)
    count = np.isfinite(slopes).sum(axis=0)
    steep = np.where(count > 0, np.sqrt(np.nansum(slopes**2, axis=0) / np.maximum(count, 1)), np.nan)
    near = np.abs(beat.time_s) <= MIDDLE_S
    if not np.nan_to_num(steep[near]).any():
        return None
    middle = int(np.flatnonzero(near)[np.nanargmax(steep[near])])
    before = steep[(beat.time_s > -0.2) & (beat.time_s < -MIDDLE_S)]
    noise = float(np.nanmedian(before)) if np.isfinite(before).any() else 0.0
    quiet = round(QUIET_S * beat.fs_hz)
    onset = _falls_below(steep[: middle + 1][::-1], max(ONSET_SHARE * steep[middle], ABOVE_NOISE * noise), quiet)
    end = _falls_below(steep[middle:], max(END_SHARE * steep[middle], ABOVE_NOISE * noise), quiet)
    if onset is None or end is None:
        return None
    at_s = float(beat.time_s[middle])
    onset_s, end_s = at_s - onset / beat.fs_hz + ONSET_SHIFT_S, at_s + end / beat.fs_hz + END_SHIFT_S
    return (onset_s, end_s) if onset_s < end_s else None  # noise as steep as the beat leaves it no width


def _t_end(beat: MedianBeats, qrs_end_s: float, rr_s: float) -> float | str:
    """Where the tangent to T's last steepest slope meets its foot (Lepeschkin, Surawicz, Circulation 1952; 6:378)."""
    first = beat.at(qrs_end_s + AFTER_QRS_S)
    last = beat.at(min(beat.time_s[-1], rr_s - 0.12, LONGEST_QT_S * np.sqrt(rr_s) - 0.04))
    foot = round(0.06 * beat.fs_hz)
    if last - first < 2 * foot:
        return T_CUT
    smooth = _smoothed(beat.leads_mv, T_SIGMA_S * beat.fs_hz)[:, first:last]
    wave = _component(smooth)
    if wave is None:
        return T_CUT
    wave = wave - np.median(wave[-foot:])
    peaks, found = find_peaks(np.abs(wave[: -round(0.04 * beat.fs_hz)]), prominence=0)
    if len(peaks) == 0:  # what is highest where the window begins is ST, no wave
        return FLAT_T
    peak = int(peaks[found["prominences"].argmax()])
    falls = -np.sign(wave[peak]) * np.gradient(wave)[peak:]
    steepest = peak + int(falls.argmax())
    heights = smooth[:, peak] - np.median(smooth[:, -foot:], axis=1)
    if np.nanmax(np.abs(heights)) < FLATTEST_T_MV or falls.max() <= 0:
        return FLAT_T
    end = first + steepest + abs(wave[steepest]) / falls.max()
    end_s = float(beat.time_s[0] + end / beat.fs_hz) + T_END_SHIFT_S
    return end_s if end_s < rr_s - P_GAP_S else T_CUT


def _p_onset(beat: MedianBeats, qrs_onset_s: float, rr_s: float, t_end_s: float | None) -> float | str:
    """Where P's rise begins, if the beats agree on one: in fibrillation and flutter they do not."""
    t_before_s = (0.3 if t_end_s is None else t_end_s) - rr_s
    first = beat.at(max(beat.time_s[0], qrs_onset_s - P_BEFORE_S, t_before_s + 0.02))
    last = beat.at(qrs_onset_s - P_GAP_S)
    if last - first < SHORTEST_WAVE_S * beat.fs_hz:
        return P_IN_T
    sigma = P_SIGMA_S * beat.fs_hz
    agreement = _agreement(
        np.array([_level(_smoothed(single[:, first:last], sigma)) for single in beat.single[beat.dominant]])
    )
    if agreement is None:
        return ONE_P
    before_qrs = _smoothed(beat.leads_mv, sigma)[:, first:last]
    level = _level(before_qrs)
    wave = _component(level)
    if wave is None or agreement < P_AGREEMENT:
        return NO_P
    peak = int(np.abs(wave).argmax())
    start = max(0, peak - round(P_RISE_S * beat.fs_hz))
    if peak - start < 2:
        return P_IN_T
    rise = np.sign(wave[peak]) * np.gradient(wave)
    steepest = start + int(rise[start:peak].argmax())
    onset = _falls_below(rise[: steepest + 1][::-1], P_SHARE * rise[steepest], 2)
    edge = P_EDGE_S * beat.fs_hz
    slope_mv, height_mv = (np.sqrt(np.nansum(v**2)) for v in (before_qrs[:, -1] - before_qrs[:, 0], level[:, peak]))
    is_cut = onset is None or min(steepest - onset, peak - edge, len(wave) - peak) < edge
    if onset is None or is_cut or slope_mv > P_SLOPE * height_mv:  # in the last case one end lies on a wave
        return P_AT_EDGE
    return float(beat.time_s[first + steepest] - onset / beat.fs_hz)


def _agreement(waves: FloatArray) -> float | None:
    """Correlation of every two beats in the leads that show both, weighed by their power; None where no lead does."""
    together, power = 0.0, 0.0
    whole = np.asarray(np.isfinite(waves).all(axis=2))
    for k, later in enumerate(waves):
        for j in range(k):
            both = whole[k] & whole[j]
            a, b = later[both], waves[j][both]
            together += float((a * b).sum())
            power += float(np.sqrt((a**2).sum() * (b**2).sum()))
    return together / power if power > 0 else None


def _component(part: FloatArray) -> FloatArray | None:
    """What the leads have in common over a stretch: their first principal component, ``[w]``; None without a lead."""
    whole = part[np.isfinite(part).all(axis=1)]
    if len(whole) == 0 or not np.ptp(whole, axis=1).any():
        return None
    _, _, v = np.linalg.svd(whole - np.median(whole, axis=1, keepdims=True), full_matrices=False)
    weights = whole @ v[0]
    return np.asarray(weights @ whole / np.linalg.norm(weights), dtype=np.float64)


def _smoothed(leads_mv: FloatArray, sigma_samples: float) -> FloatArray:
    """Leads over a Gaussian, NaN where they were not read."""
    smooth = np.full(leads_mv.shape, np.nan)
    samples = np.arange(leads_mv.shape[1])
    for lead, values in enumerate(leads_mv):
        known = np.flatnonzero(np.isfinite(values))
        if len(known):
            bridged = np.interp(samples, known, values[known])
            smooth[lead, known] = gaussian_filter1d(bridged, sigma_samples, mode="nearest")[known]
    return smooth


def _level(leads_mv: FloatArray) -> FloatArray:
    """Leads above the line from their first to their last sample."""
    ramp = np.linspace(0, 1, leads_mv.shape[1])
    return leads_mv - leads_mv[:, :1] - (leads_mv[:, -1:] - leads_mv[:, :1]) * ramp


def _falls_below(values: FloatArray, level: float, quiet: int) -> float | None:
    """Where it goes below a level and stays for ``quiet`` samples, between samples by a straight line."""
    below = ~(values >= level)
    for k in range(1, len(values) - quiet + 1):
        if np.isnan(values[k]):  # what was not read is not quiet
            return None
        if below[k : k + quiet].all():
            step = values[k - 1] - values[k]
            return k - 1 + (values[k - 1] - level) / step if np.isfinite(step) and step > 0 else float(k)
    return None
