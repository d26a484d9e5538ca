"""The measurements of a page's signal, and of a page that was screened."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ecgcore.lead_layout import LEADS
from ecgcore.measure.amplitudes import LeadAmplitudes, lead_amplitudes
from ecgcore.measure.axis import frontal_axis_deg
from ecgcore.measure.beats import Beats, find_beats
from ecgcore.measure.delineate import Delineation, delineate
from ecgcore.measure.median_beat import median_beats
from ecgcore.measure.rr_intervals import Timing, runs_ms, timing
from ecgcore.measurements import LEAD_VALUES, MEASUREMENT_NAMES, ByLead, Measurements
from ecgcore.rhythm.measures import RATE_NEEDS, RhythmMeasures, rr_measures
from ecgcore.types import Prediction
from ecgcore.waveform.page_signal import PageSignal

NO_LAYOUT = "it is not known which trace on the page is which lead"
NO_SCALE = "neither a grid nor a calibration pulse gives a scale"
FEW_BEATS = f"fewer than {RATE_NEEDS + 1} consecutive beats are shown, or their intervals tell no rate"
NO_STEPS = "no two RR intervals follow each other"
NO_BEAT = "no lead shows a whole QRS"
UNREAD_LEAD = "the lead was not read"
UNREAD_PART = "that part of the beat was not read"
NO_AXIS = "too few limb leads were read, or their QRS areas cancel"
RHYTHM_NAMES = ("heart_rate_bpm", "sdnn_ms", "premature_share", "late_share", "pauses")
WITHOUT_SCALE = ("premature_share", "late_share", "axis_deg")
"""What is a share or a direction needs no scale."""


def measured(prediction: Prediction, measurements: Measurements) -> Prediction:
    """A screened page with what was measured on its leads, whose rate takes the place of that of the beat boxes.

    Of 44 real pages 41 are within 3 bpm of the rate printed on them by the leads, 40 by the boxes
    (``benchmarks.page.heart_rate``).

    Args:
        prediction: of the page.
        measurements: of its signal.
    """
    rate_bpm = measurements.heart_rate_bpm
    shown_bpm = prediction.heart_rate_bpm if rate_bpm is None else round(rate_bpm, 1)
    return replace(prediction, measurements=measurements, heart_rate_bpm=shown_bpm)


def measure(signal: PageSignal) -> Measurements:
    """Measure a page's leads; a gap stays a gap, and what rests on it is not measured."""
    if signal.layout_name is None:
        return _completed(Measurements(), dict.fromkeys(MEASUREMENT_NAMES, NO_LAYOUT))
    beats = find_beats(signal.leads_mv, signal.fs_hz)
    found = _measured(signal, beats)
    return _without_scale(found) if signal.scale_source is None else found


def _measured(signal: PageSignal, beats: Beats) -> Measurements:
    timed = timing(beats.rr_s)
    rhythm = rr_measures(runs_ms(beats.rr_s))
    found = _rhythm(rhythm, timed, beats)
    if len(beats.r_s) == 0:
        return _completed(found, dict.fromkeys(MEASUREMENT_NAMES, NO_BEAT))
    beat = median_beats(signal.leads_mv, signal.fs_hz, beats, timed.is_early)
    rr_s = _usual_rr_s(rhythm, beats)
    waves = delineate(beat, rr_s)
    found = _intervals(found, waves, None if rhythm is None else rr_s)
    why: dict[str, str] = {}
    if waves.qrs_onset_s is not None:
        found = _amplitudes(found, lead_amplitudes(beat, waves))
        for lead, read in zip(LEADS, signal.is_read, strict=True):
            for value in LEAD_VALUES:
                why[f"{value}.{lead}"] = UNREAD_PART if read.any() else UNREAD_LEAD
            if waves.why_no_t and read.any():
                why[f"t_mv.{lead}"] = waves.why_no_t
    else:
        why = dict.fromkeys(MEASUREMENT_NAMES, waves.why_no_qrs or NO_BEAT)
    why |= _why_global(waves, rhythm)
    return _completed(found, why)


def _rhythm(rhythm: RhythmMeasures | None, timed: Timing, beats: Beats) -> Measurements:
    if rhythm is None:
        return Measurements(beats=len(beats.r_s))
    known = int(np.isfinite(beats.rr_s).sum())
    return Measurements(
        heart_rate_bpm=rhythm.heart_rate_bpm,
        sdnn_ms=rhythm.sdnn_ms,
        rmssd_ms=rhythm.rmssd_ms,
        premature_share=float(timed.is_early.sum()) / known,
        late_share=float(timed.is_late.sum()) / known,
        pauses=float(timed.is_after_pause.sum()),
        beats=len(beats.r_s),
    )


def _intervals(found: Measurements, waves: Delineation, rr_s: float | None) -> Measurements:
    qt_ms = _step_ms(waves.qrs_onset_s, waves.t_end_s)
    return replace(
        found,
        pr_ms=_step_ms(waves.p_onset_s, waves.qrs_onset_s),
        qrs_ms=_step_ms(waves.qrs_onset_s, waves.qrs_end_s),
        qt_ms=qt_ms,
        qtc_bazett_ms=None if qt_ms is None or rr_s is None else qt_ms / rr_s**0.5,
        qtc_fridericia_ms=None if qt_ms is None or rr_s is None else qt_ms / float(np.cbrt(rr_s)),
    )


def _amplitudes(found: Measurements, leads: Sequence[LeadAmplitudes]) -> Measurements:

    def by_lead(name: str) -> ByLead:
        return {lead: getattr(heights, name) for lead, heights in zip(LEADS, leads, strict=True)}

    r, s = by_lead("r_mv"), by_lead("s_mv")
    left = [height for height in (r["V5"], r["V6"]) if height is not None]
    return replace(
        found,
        q_mv=by_lead("q_mv"),
        q_ms=by_lead("q_ms"),
        r_mv=r,
        s_mv=s,
        st_mv=by_lead("st_mv"),
        t_mv=by_lead("t_mv"),
        axis_deg=frontal_axis_deg(by_lead("qrs_area_mv_s")),
        sokolow_lyon_mv=None if s["V1"] is None or len(left) < 2 else s["V1"] + max(left),
        cornell_mv=None if s["V3"] is None or r["aVL"] is None else s["V3"] + r["aVL"],
    )


def _why_global(waves: Delineation, rhythm: RhythmMeasures | None) -> dict[str, str]:
    """Why a value of the whole page would be missing."""
    why = dict.fromkeys(RHYTHM_NAMES, FEW_BEATS)
    why["rmssd_ms"] = FEW_BEATS if rhythm is None else NO_STEPS
    why["pr_ms"] = waves.why_no_p or NO_BEAT
    why["qrs_ms"] = waves.why_no_qrs or NO_BEAT
    why["qt_ms"] = waves.why_no_t or NO_BEAT
    why["qtc_bazett_ms"] = why["qtc_fridericia_ms"] = waves.why_no_t or FEW_BEATS
    why["axis_deg"] = waves.why_no_qrs or NO_AXIS
    why["sokolow_lyon_mv"] = waves.why_no_qrs or "V1, V5 and V6 were not all read"
    why["cornell_mv"] = waves.why_no_qrs or "aVL and V3 were not both read"
    return why


def _completed(found: Measurements, why: dict[str, str]) -> Measurements:
    """With the reasons of what is missing, and of nothing else."""
    missing = np.isnan(found.vector())
    reasons = {name: why[name] for name, is_missing in zip(MEASUREMENT_NAMES, missing, strict=True) if is_missing}
    return replace(found, not_measured=_together(reasons))


def _together(reasons: dict[str, str]) -> dict[str, str]:
    """What is missing in every lead for one reason is said once, without the leads' names."""
    merged = dict(reasons)
    for value in LEAD_VALUES:
        names = [f"{value}.{lead}" for lead in LEADS]
        if len({merged.get(name) for name in names}) == 1 and names[0] in merged:
            merged[value] = merged[names[0]]
            merged = {name: reason for name, reason in merged.items() if name not in names}
    return merged


def _without_scale(found: Measurements) -> Measurements:
    """Only what needs neither seconds nor millivolts."""
    kept = {name: getattr(found, name) for name in WITHOUT_SCALE}
    why = {name: found.not_measured.get(name, NO_SCALE) for name in WITHOUT_SCALE}
    why |= dict.fromkeys((n for n in MEASUREMENT_NAMES if n not in WITHOUT_SCALE), NO_SCALE)
    return _completed(Measurements(**kept, beats=found.beats), why)


def _usual_rr_s(rhythm: RhythmMeasures | None, beats: Beats) -> float:
    """From beat to beat, as far as it is known; infinite where the page shows one beat."""
    if rhythm is not None:
        return 60 / rhythm.heart_rate_bpm
    return float(np.nanmin(beats.rr_s)) if np.isfinite(beats.rr_s).any() else np.inf


def _step_ms(start_s: float | None, end_s: float | None) -> float | None:
    return None if start_s is None or end_s is None else 1e3 * float(end_s - start_s)
