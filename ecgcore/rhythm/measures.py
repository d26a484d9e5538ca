"""RR intervals in millimetres of paper -> heart rate, its range and its variability, at any paper speed."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.stats import trim_mean

from ecgcore.paper import PaperSettings
from ecgcore.types import Prediction, Rhythm

Regularity = Literal["regular", "irregular"]

# The share that is trimmed was measured on LUDB (D-073 in docs/decisions), the spread is readers' own (D-074); the
# others were chosen (D-134).
IRREGULAR_SPREAD = 0.15
"""A rhythm is irregular where the longest and the shortest RR differ by more than this share of the usual RR: 0.12 s,
three small squares, at 75 bpm."""

REGULARITY_NEEDS = 3
"""RR intervals from which a rhythm may be called regular or irregular."""

OUTLIER_NEEDS = 5
"""RR intervals from which one may be left out."""

MADE_GOOD = 0.1
"""Of the usual RR: so near to twice it, or to one in two parts, an interval must be to be taken for a mistake."""

RATE_NEEDS = 2
"""RR intervals from which a rate is given."""

ALIKE_FACTOR = 2.5
"""Fewer than ``OUTLIER_NEEDS`` intervals tell no rate where the longest is so much longer than the shortest: beats lie
between that were not seen. Chosen; a green page of 621 pixels had two intervals of 20 and 114 mm, and a rate of 22."""

RATES_BPM = 15.0, 350.0
"""No heart's rate lies outside: what was counted were no beats, or the scale is wrong. Chosen."""

TRIMMED_SHARE = 0.25
"""The usual RR is the mean of the middle half: a pause, a premature beat or a missed one does not move it, and in
fibrillation it stays near the mean."""


@dataclass(frozen=True, slots=True)
class RhythmMeasures:
    """What the RR intervals of one photo say; 1 mm of paper is 40 ms at 25 mm/s.

    Args:
        heart_rate_bpm: 60 s over the usual RR, the mean of the middle half of the intervals; to a tenth, as
            ``Prediction.heart_rate_bpm``.
        lowest_bpm, highest_bpm: of the longest and the shortest interval.
        rr_cv: standard deviation over mean of RR.
        sdnn_ms: standard deviation of RR (Task Force of ESC and NASPE 1996), of all beats and of seconds, not hours.
        rmssd_ms: root mean square of the differences of successive RR; None where no two follow each other.
        regularity: see ``IRREGULAR_SPREAD``; None where there are too few intervals.
        intervals: how many RR intervals were measured.
    """

    heart_rate_bpm: float
    lowest_bpm: float
    highest_bpm: float
    rr_cv: float
    sdnn_ms: float
    rmssd_ms: float | None
    regularity: Regularity | None
    intervals: int


def rhythm_measures(rhythm: Rhythm | None, paper: PaperSettings) -> RhythmMeasures | None:
    """Measure a rhythm on paper of a given speed.

    Returns:
        The measures, or None where fewer than ``RATE_NEEDS`` intervals are known.
    """
    if rhythm is None:
        return None
    ms_per_mm = 1000.0 / paper.speed_mm_s
    return rr_measures(tuple(tuple(rr * ms_per_mm for rr in run) for run in rhythm.rr_runs_mm))


def rr_measures(rr_runs_ms: tuple[tuple[float, ...], ...]) -> RhythmMeasures | None:
    """Measure RR intervals in milliseconds; those of one run follow directly on each other.

    Returns:
        The measures, or None where fewer than ``RATE_NEEDS`` intervals are known, or those known carry no rate.
    """
    rr_ms = np.array([rr for run in rr_runs_ms for rr in run])
    if len(rr_ms) < RATE_NEEDS:
        return None
    usual_ms = float(trim_mean(rr_ms, TRIMMED_SHARE))
    is_scattered = len(rr_ms) < OUTLIER_NEEDS and rr_ms.max() > ALIKE_FACTOR * rr_ms.min()
    if is_scattered or not RATES_BPM[0] <= 60_000 / usual_ms <= RATES_BPM[1]:
        return None
    steps_ms = np.concatenate([np.diff(run) for run in rr_runs_ms])
    return RhythmMeasures(
        heart_rate_bpm=round(60_000 / usual_ms, 1),
        lowest_bpm=60_000 / float(rr_ms.max()),
        highest_bpm=60_000 / float(rr_ms.min()),
        rr_cv=float(rr_ms.std() / rr_ms.mean()),
        sdnn_ms=float(rr_ms.std(ddof=1)),
        rmssd_ms=float(np.sqrt(np.mean(steps_ms**2))) if len(steps_ms) else None,
        regularity=_regularity(rr_runs_ms) if len(rr_ms) >= REGULARITY_NEEDS else None,
        intervals=len(rr_ms),
    )


def whole_bpm(heart_rate_bpm: float) -> int:
    """The rate as it is shown, everywhere the same: rounded to whole beats, halves up."""
    return int(heart_rate_bpm + 0.5)


def _regularity(rr_runs_ms: tuple[tuple[float, ...], ...]) -> Regularity | None:
    """Judge what is left when beats that were missed or counted twice are made good, and one outlier is left out.

    An interval of about twice the usual one is a missed beat, two short ones that make a usual one a beat counted
    twice. Among enough others one more may be off by a badly seen R peak; a rhythm that is irregular has several.
    """
    usual = float(np.median([rr for run in rr_runs_ms for rr in run]))
    rr = np.array([rr for run in rr_runs_ms for rr in _made_good(run, usual)])
    if len(rr) < REGULARITY_NEEDS:
        return None
    if len(rr) >= OUTLIER_NEEDS:
        rr = np.delete(rr, np.abs(rr - np.median(rr)).argmax())
    return "irregular" if float(rr.max() - rr.min()) > IRREGULAR_SPREAD * float(np.median(rr)) else "regular"


def _made_good(run: tuple[float, ...], usual: float) -> list[float]:
    good: list[float] = []
    at = 0
    while at < len(run):
        both = run[at] + run[at + 1] if at + 1 < len(run) else np.inf
        if abs(run[at] - 2 * usual) <= MADE_GOOD * usual:
            good += [run[at] / 2] * 2
        elif abs(both - usual) <= MADE_GOOD * usual:
            good.append(both)
            at += 1
        else:
            good.append(run[at])
        at += 1
    return good


def on_paper(prediction: Prediction, paper: PaperSettings) -> Prediction:
    """The same prediction with what is measured in millimetres of another paper; what the networks said stays.

    Where the scale was read from the calibration pulse, 1 mV high, the gain says how many millimetres that is. What was
    measured on the leads holds for their paper alone, and is to be measured again.
    """
    stretch = 1.0
    if prediction.scale_source == "pulse":
        stretch = paper.gain_mm_mv / prediction.paper.gain_mm_mv
    rhythm, px_per_mm = prediction.rhythm, prediction.px_per_mm
    if rhythm is not None:
        runs = tuple(tuple(rr * stretch for rr in run) for run in rhythm.rr_runs_mm)
        rhythm = replace(rhythm, rr_runs_mm=runs)
    measures = rhythm_measures(rhythm, paper) if px_per_mm is not None else None
    return replace(
        prediction,
        paper=paper,
        rhythm=rhythm,
        px_per_mm=None if px_per_mm is None else round(px_per_mm / stretch, 3),
        heart_rate_bpm=None if measures is None else measures.heart_rate_bpm,
        rr_cv=None if measures is None else round(measures.rr_cv, 3),
        measurements=prediction.measurements if paper == prediction.paper else None,
    )
