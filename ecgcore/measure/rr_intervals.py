"""RR intervals -> premature and late beats, and pauses."""

from dataclasses import dataclass

import numpy as np

from ecgcore.geometry.arrays import BoolArray, FloatArray

EARLY, LATE = 0.8, 1.2
"""Of the usual RR around a beat: it is premature before, late after."""
AROUND = 4
"""The usual RR around a beat is the median of its own and so many intervals on either side."""
PAUSE_S = 2.0


@dataclass(frozen=True)
class Timing:
    """How each beat comes after the one before, ``[n]`` each; False where that is not known."""

    is_early: BoolArray
    is_late: BoolArray
    is_after_pause: BoolArray


def timing(rr_s: FloatArray) -> Timing:
    """Judge RR intervals ``[n]``, NaN where not known.

    A beat after a premature one comes late because that one came early (the compensatory pause): it is not late.
    """
    usual_s = np.array([_usual(rr_s[max(0, k - AROUND) : k + AROUND + 1]) for k in range(len(rr_s))])
    with np.errstate(invalid="ignore"):
        is_early = rr_s < EARLY * usual_s
        is_late = rr_s > LATE * usual_s
    after_early = np.concatenate([[False], is_early[:-1]])[: len(rr_s)]
    return Timing(is_early, is_late & ~after_early, np.nan_to_num(rr_s) >= PAUSE_S)


def runs_ms(rr_s: FloatArray) -> tuple[tuple[float, ...], ...]:
    """The known intervals in milliseconds; those of one run follow directly on each other."""
    runs: list[list[float]] = [[]]
    for rr in rr_s:
        if np.isfinite(rr):
            runs[-1].append(1e3 * float(rr))
        elif runs[-1]:
            runs.append([])
    return tuple(tuple(run) for run in runs if run)


def _usual(rr_s: FloatArray) -> float:
    known = rr_s[np.isfinite(rr_s)]
    return float(np.median(known)) if len(known) else np.nan
