"""Q, R, S, ST and T of each lead, on its median beat."""

from dataclasses import dataclass

import numpy as np

from ecgcore.geometry.arrays import FloatArray
from ecgcore.measure.delineate import Delineation
from ecgcore.measure.median_beat import ENOUGH_READ, MedianBeats

LEVEL_S = 0.016
"""Heights are taken from the mean level so long before the QRS."""
SMALLEST_WAVE_MV = 0.03
"""A deflection under about a third of a small square is the line's own unrest, no Q, R or S."""
SMALLEST_R_SHARE = 0.08
"""Nor is one above the level, under this share of its QRS from lowest to highest point, an R."""
ST_AFTER_J_S, ST_HALF_S = 0.060, 0.008
"""ST is the mean level about 60 ms after J."""
T_FROM_J_S = 0.08
"""T's highest or lowest point lies so long after J at least."""


@dataclass(frozen=True)
class LeadAmplitudes:
    """One lead's waves in mV and ms; ``qrs_area_mv_s`` is its net area. None where the lead does not show them."""

    q_mv: float | None = None
    q_ms: float | None = None
    r_mv: float | None = None
    s_mv: float | None = None
    st_mv: float | None = None
    t_mv: float | None = None
    qrs_area_mv_s: float | None = None


def lead_amplitudes(beat: MedianBeats, waves: Delineation) -> list[LeadAmplitudes]:
    """Measure all leads; ``waves`` must know the QRS's onset and end.

    Args:
        beat: one of each lead, all on one clock.
        waves: where its waves begin and end; onset and end of the QRS must be known.
    """
    assert waves.qrs_onset_s is not None and waves.qrs_end_s is not None
    onset, end = beat.at(waves.qrs_onset_s), beat.at(waves.qrs_end_s)
    return [_of_lead(values, beat, waves, onset, end) for values in beat.leads_mv]


def _of_lead(values_mv: FloatArray, beat: MedianBeats, waves: Delineation, onset: int, end: int) -> LeadAmplitudes:
    before = values_mv[max(0, onset - round(LEVEL_S * beat.fs_hz)) : onset + 1]
    qrs = values_mv[onset : end + 1]
    if not np.isfinite(before).any() or np.isfinite(qrs).sum() < max(1, ENOUGH_READ * len(qrs)):
        return LeadAmplitudes()  # of a QRS at the very end of what was read nothing may be left
    level_mv = float(np.nanmean(before))
    known = np.flatnonzero(np.isfinite(qrs))
    qrs = np.interp(np.arange(len(qrs)), known, qrs[known]) - level_mv
    q_mv, q_ms, r_mv, s_mv = _qrs_waves(qrs, 1e3 / beat.fs_hz)
    assert waves.qrs_end_s is not None
    st_s = waves.qrs_end_s + ST_AFTER_J_S
    st = values_mv[beat.at(st_s - ST_HALF_S) : beat.at(st_s + ST_HALF_S) + 1]
    return LeadAmplitudes(
        q_mv=q_mv,
        q_ms=q_ms,
        r_mv=r_mv,
        s_mv=s_mv,
        st_mv=float(st.mean()) - level_mv if np.isfinite(st).all() else None,
        t_mv=_t_height(values_mv - level_mv, beat, waves),
        qrs_area_mv_s=float(qrs.sum()) / beat.fs_hz,
    )


def _qrs_waves(qrs_mv: FloatArray, step_ms: float) -> tuple[float, float, float, float]:
    """Depth and width of Q, height of the tallest R, depth of S; Q lies before the first R, S after it."""
    first = _first_r(qrs_mv)
    if first is None:  # a QS complex, if anything
        depth, width_ms = _dip(qrs_mv, step_ms)
        return depth, width_ms, 0.0, depth
    q_mv, q_ms = _dip(qrs_mv[: first + 1], step_ms)
    s_mv, _ = _dip(qrs_mv[first:], step_ms)
    return q_mv, q_ms, float(qrs_mv.max()), s_mv


def _first_r(qrs_mv: FloatArray) -> int | None:
    """Where the first deflection above the level that counts has its top; None where there is none."""
    counts = max(SMALLEST_WAVE_MV, SMALLEST_R_SHARE * float(np.ptp(qrs_mv)))
    high = np.flatnonzero(qrs_mv >= counts)
    if len(high) == 0:
        return None
    below = np.flatnonzero(qrs_mv[high[0] :] < 0)
    stretch = qrs_mv[high[0] : high[0] + (int(below[0]) if len(below) else len(qrs_mv))]
    return int(high[0] + stretch.argmax())


def _dip(part_mv: FloatArray, step_ms: float) -> tuple[float, float]:
    """Depth, and width below the level, of the deepest wave of a stretch; 0 where it is too small for one."""
    bottom = int(part_mv.argmin())
    depth = -float(part_mv[bottom])
    if depth < SMALLEST_WAVE_MV:
        return 0.0, 0.0
    above = np.flatnonzero(part_mv >= 0)
    first = above[above < bottom].max(initial=-1) + 1
    last = above[above > bottom].min(initial=len(part_mv))
    return depth, float(last - first) * step_ms


def _t_height(above_level_mv: FloatArray, beat: MedianBeats, waves: Delineation) -> float | None:
    """The highest or lowest point of T, whichever is farther from the level."""
    if waves.t_end_s is None or waves.qrs_end_s is None:
        return None
    part = above_level_mv[beat.at(waves.qrs_end_s + T_FROM_J_S) : beat.at(waves.t_end_s) + 1]
    if len(part) == 0 or np.isfinite(part).mean() < ENOUGH_READ:
        return None
    return float(part[np.nanargmax(np.abs(part))])
