"""Onset and end of P, QRS and T in all leads together, on their median beats.

A wave of the heart begins where it begins in the first lead and ends where it ends in the last (CSE Working Party, Eur
Heart J 1985; 6:815-825; AHA/ACCF/HRS, Circulation 2009; 119:e235-e240). What all leads do at once is told by the size of
their slopes together: no single lead's noise decides.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ecgcore.measure.beats import slopes_mv_s
from ecgcore.measure.median_beat import MedianBeats
from ecgcore.types import FloatArray

QRS_SIGMA_S, T_SIGMA_S, P_SIGMA_S = 0.006, 0.016, 0.012
"""Slopes are taken over Gaussians so wide: QRS, T and P have their strength below some 40, 8 and 12 Hz."""
ONSET_SHARE, END_SHARE = 0.10, 0.12
"""Of the QRS's steepest: below it the complex has not begun, or has ended."""
QUIET_S = 0.012
"""So long the slopes must stay below."""
ONSET_SHIFT_S, END_SHIFT_S, T_END_SHIFT_S, P_ONSET_SHIFT_S = -0.012, 0.009, 0.012, 0.0
LONGEST_HALF_QRS_S = 0.14


@dataclass(frozen=True)
class Delineation:
    """Times since the middle of the QRS in seconds; None where not found."""

    p_onset_s: float | None
    p_end_s: float | None
    qrs_onset_s: float
    qrs_end_s: float
    t_peak_s: float | None
    t_end_s: float | None


def delineate(beat: MedianBeats, rr_s: float) -> Delineation | None:
    """Find the waves of a median beat; None where there is no QRS.

    Args:
        beat: as ``median_beats`` laid it over each other.
        rr_s: usual time from beat to beat.
    """
    qrs = _qrs(beat)
    if qrs is None:
        return None
    onset_s, end_s = qrs[0] + ONSET_SHIFT_S, qrs[1] + END_SHIFT_S
    t = _t_wave(beat, end_s, onset_s, rr_s)
    p = _p_wave(beat, onset_s, rr_s, t[1] if t else None)
    return Delineation(
        p[0] if p else None,
        p[1] if p else None,
        onset_s,
        end_s,
        t[0] if t else None,
        t[1] + T_END_SHIFT_S if t else None,
    )


def together(slopes: FloatArray) -> FloatArray:
    """Root mean square over the leads, ``[w]``; NaN where no lead was read."""
    count = np.isfinite(slopes).sum(axis=0)
    return np.where(count > 0, np.sqrt(np.nansum(slopes**2, axis=0) / np.maximum(count, 1)), np.nan)


def _qrs(beat: MedianBeats) -> tuple[float, float] | None:
    steep = together(slopes_mv_s(beat.leads_mv, beat.fs_hz, QRS_SIGMA_S))
    near = np.abs(beat.time_s) <= 0.06
    if not np.isfinite(steep[near]).any():
        return None
    peak = float(np.nanmax(steep[near]))
    before = (beat.time_s > -0.2) & (beat.time_s < -0.06)
    noise = float(np.nanmedian(steep[before])) if np.isfinite(steep[before]).any() else 0.0
    middle = int(np.flatnonzero(near)[np.nanargmax(steep[near])])
    quiet = round(QUIET_S * beat.fs_hz)
    onset = _crossing(steep[: middle + 1][::-1], max(ONSET_SHARE * peak, noise * 1.5), quiet)
    end = _crossing(steep[middle:], max(END_SHARE * peak, noise * 1.5), quiet)
    if onset is None or end is None:
        return None
    return beat.time_s[middle] - onset / beat.fs_hz, beat.time_s[middle] + end / beat.fs_hz


def _crossing(steep: FloatArray, level: float, quiet: int) -> float | None:
    """Where it goes below a level and stays for ``quiet`` samples, between samples by a straight line."""
    below = ~(steep >= level)
    for k in range(1, len(steep) - quiet):
        if below[k : k + quiet].all():
            if not np.isfinite(steep[k]):
                return float(k)
            return k - 1 + (steep[k - 1] - level) / (steep[k - 1] - steep[k])
    return None


def _component(part: FloatArray) -> FloatArray:
    """What the leads have in common over a stretch: their first principal component, ``[w]``."""
    whole = part[np.isfinite(part).all(axis=1)]
    if len(whole) == 0:
        return np.zeros(0)
    _, _, v = np.linalg.svd(whole - np.median(whole, axis=1, keepdims=True), full_matrices=False)
    weights = whole @ v[0]
    return np.asarray(weights @ whole / np.linalg.norm(weights))


def _smoothed(leads_mv: FloatArray, sigma_samples: float) -> FloatArray:
    """Leads over a Gaussian, NaN where they were."""
    smooth = np.full(leads_mv.shape, np.nan)
    samples = np.arange(leads_mv.shape[1])
    for lead, values in enumerate(leads_mv):
        known = np.flatnonzero(np.isfinite(values))
        if len(known):
            bridged = np.interp(samples, known, values[known])
            smooth[lead, known] = gaussian_filter1d(bridged, sigma_samples, mode="nearest")[known]
    return smooth


T_BASE = 0
def _t_wave(beat: MedianBeats, qrs_end_s: float, qrs_onset_s: float, rr_s: float) -> tuple[float, float] | None:
    """Peak and end of T by the tangent to its last steepest slope (Lepeschkin and Surawicz, Circulation 1952; 6:378)."""
    first, last = beat.at(qrs_end_s + 0.06), beat.at(min(0.68, rr_s - 0.12, 0.62 * np.sqrt(rr_s) - 0.04))
    if last - first < 0.12 * beat.fs_hz:
        return None
    wave = _component(_smoothed(beat.leads_mv, T_SIGMA_S * beat.fs_hz)[:, first:last])
    if len(wave) == 0:
        return None
    tail = np.median(wave[-round(0.06 * beat.fs_hz):])
    base = T_BASE * tail
    wave = wave - base
    slope = np.gradient(wave) * beat.fs_hz
    inner = wave - (1 - T_BASE) * tail
    inner[-round(0.04 * beat.fs_hz):] = 0
    peak = int(np.abs(inner).argmax())
    sign = np.sign(wave[peak])
    after = -sign * slope[peak:]
    steepest = peak + int(after.argmax())
    s = -sign * slope[steepest]
    if s <= 0:
        return None
    end = steepest + sign * wave[steepest] / s * beat.fs_hz
    t0 = beat.time_s[first]
    return t0 + peak / beat.fs_hz, t0 + end / beat.fs_hz


P_SHARE = 0.3
P_GAP = 0.012
def _p_wave(beat: MedianBeats, qrs_onset_s: float, rr_s: float, t_end_s: float | None) -> tuple[float, float] | None:
    earliest = max(-0.38, qrs_onset_s - 0.30, (t_end_s or 0.3) - rr_s + 0.02)
    first, last = beat.at(earliest), beat.at(qrs_onset_s - P_GAP)
    if last - first < 0.08 * beat.fs_hz:
        return None
    smooth = _smoothed(beat.leads_mv, P_SIGMA_S * beat.fs_hz)[:, first:last]
    ramp = np.linspace(0, 1, last - first)
    smooth = smooth - (smooth[:, :1] + (smooth[:, -1:] - smooth[:, :1]) * ramp)
    wave = _component(smooth)
    if len(wave) == 0:
        return None
    peak = int(np.abs(wave).argmax())
    sign = np.sign(wave[peak])
    slope = sign * np.gradient(wave) * beat.fs_hz
    start = max(0, peak - round(0.09 * beat.fs_hz))
    if peak - start < 2: return None
    steepest = start + int(slope[start:peak].argmax())
    onset = _crossing(slope[: steepest + 1][::-1], P_SHARE * slope[steepest], 2)
    if onset is None:
        onset=steepest
    return beat.time_s[first + steepest] - onset / beat.fs_hz, 0.0
