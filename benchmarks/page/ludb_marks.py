"""What LUDB's cardiologists marked, as a record's PR, QRS and QT: the truth that measurements are compared with.

LUDB (Kalyakulina et al., IEEE Access 2020; 8:186181-186190) marks every lead on its own. A beat's QRS begins where it
begins in the earliest lead and ends where it ends in the latest, and so do P and T: what "global" intervals mean (CSE
Working Party, Eur Heart J 1985; 6:815-825). The record's interval is the median of its beats.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb
from scipy.stats import trim_mean

from ecgcore.papersim import LEADS
from ecgcore.rhythm.measures import TRIMMED_SHARE
from ecgcore.types import FloatArray

NEAR_S = 0.12
"""Marks of one beat's QRS in two leads are no further apart."""
LEADS_NEEDED = 6
"""A beat counts where so many leads bear its marks."""


@dataclass(frozen=True)
class MarkedIntervals:
    """Medians over a record's marked beats in ms, NaN where too few leads bear the marks; RR as the app's usual RR."""

    pr_ms: float
    qrs_ms: float
    qt_ms: float
    rr_ms: float


def marked_intervals(folder: Path, record: str, trim: int = 0) -> MarkedIntervals:
    """Read a record's marks; ``trim`` as in ``marked_beats``."""
    r_s, (p_onset, qrs_onset, qrs_end, t_end) = marked_beats(folder, record, trim)
    return MarkedIntervals(
        pr_ms=_median_ms(qrs_onset - p_onset),
        qrs_ms=_median_ms(qrs_end - qrs_onset),
        qt_ms=_median_ms(t_end - qrs_onset),
        rr_ms=1e3 * float(trim_mean(np.diff(r_s), TRIMMED_SHARE)),
    )


def marked_beats(folder: Path, record: str, trim: int = 0) -> tuple[FloatArray, FloatArray]:
    """Every marked beat of a record.

    Args:
        folder: holds ``1.hea``, ``1.i`` and so on.
        record: its number.
        trim: how many leads' marks are left out at the outer side of each end, 0 for the earliest and the latest.

    Returns:
        R peaks in seconds ``[n]``, and onset of P, onset and end of QRS, and end of T ``[4, n]``, NaN where too few
        leads bear the mark.
    """
    leads = [_beats(folder, record, lead) for lead in LEADS]
    r_s = _common([beats[:, 2] for beats in leads])
    marks = np.full((len(r_s), len(LEADS), 5), np.nan)
    for lead, beats in enumerate(leads):
        for k, at_s in enumerate(r_s):
            near = np.flatnonzero(np.abs(beats[:, 2] - at_s) < NEAR_S)
            if len(near):
                marks[k, lead] = beats[near[0]]
    onsets = [_outer(marks[:, :, k], trim) for k in (0, 1)]
    ends = [-_outer(-marks[:, :, k], trim) for k in (3, 4)]
    return r_s, np.stack([*onsets, *ends])


def _beats(folder: Path, record: str, lead: str) -> FloatArray:
    """Onset of P, onset, peak and end of QRS, and end of T of each beat of a lead, ``[n, 5]`` s, NaN where unmarked."""
    marks = wfdb.rdann(str(folder / record), lead.lower())
    at_s, symbols = marks.sample / marks.fs, marks.symbol
    waves = []
    for i, symbol in enumerate(symbols):
        if symbol in "pNt":
            onset = at_s[i - 1] if i and symbols[i - 1] == "(" else np.nan
            end = at_s[i + 1] if i + 1 < len(symbols) and symbols[i + 1] == ")" else np.nan
            waves.append((symbol, onset, at_s[i], end))
    beats = []
    for i, (symbol, onset, peak, end) in enumerate(waves):
        if symbol == "N":
            before = waves[i - 1] if i and waves[i - 1][0] == "p" else None
            after = waves[i + 1] if i + 1 < len(waves) and waves[i + 1][0] == "t" else None
            beats.append((before[1] if before else np.nan, onset, peak, end, after[3] if after else np.nan))
    return np.array(beats, dtype=np.float64).reshape(-1, 5)


def _common(r_s_of_leads: list[FloatArray]) -> FloatArray:
    """Where at least half of the leads bear a QRS."""
    all_s = np.sort(np.concatenate(r_s_of_leads))
    groups = np.split(all_s, np.flatnonzero(np.diff(all_s) > NEAR_S) + 1) if len(all_s) else []
    return np.array([np.median(group) for group in groups if len(group) >= LEADS_NEEDED])


def _outer(at_s: FloatArray, trim: int) -> FloatArray:
    """The earliest mark of each beat but ``trim``, ``[beats]``; NaN where too few leads bear one."""
    ordered = np.sort(at_s, axis=1)
    marked = np.isfinite(at_s).sum(axis=1)
    return np.where(marked >= LEADS_NEEDED, ordered[:, trim], np.nan)


def _median_ms(values_s: FloatArray) -> float:
    known = values_s[np.isfinite(values_s)]
    return 1e3 * float(np.median(known)) if len(known) else np.nan
