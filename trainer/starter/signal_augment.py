"""Other hearts from one marked record: other amplitudes and other rhythms, with marks that stay exact.

Marked records are few and mostly regular. What a beat detector misses on real pages are premature ventricular beats,
irregular rhythms and tall chest leads; all of them can be made from a record without drawing a mark anew.
"""

from dataclasses import replace

import numpy as np

from ecgcore.papersim.signals import WAVE_REACH, Wave, dipole_leads
from ecgcore.types import FloatArray
from trainer.starter.public_datasets import Record

MIN_GAP_S = 0.02
ECTOPIC_SHARE = 0.35
"""How many of the pauses between beats take a premature beat, where a record is given any."""


def augment_amplitudes(record: Record, rng: np.random.Generator) -> Record:
    """Make leads taller or flatter, as hearts differ; chest leads may become 3 cm tall and overlap others.

    Args:
        record: stays as it is.
        rng: draws the changes.
    """
    factors = np.exp(rng.normal(0, 0.3, (len(record.signals_mv), 1)))
    if rng.random() < 0.4:
        factors[6:] *= rng.uniform(1.2, 2.5)
    return replace(record, signals_mv=record.signals_mv * factors)


def augment_rhythm(record: Record, rng: np.random.Generator) -> Record:
    """Shorten and stretch the pauses between the beats, and put premature ventricular beats into some of them.

    The beats themselves are not touched: time is bent only where no lead has a marked beat. In a stretch in which every
    beat is marked, every beat is marked afterwards too.

    Args:
        record: with ``beats_s`` and ``stretches_s``; one of fewer than three beats is returned as it is.
        rng: source of chance.
    """
    assert record.beats_s is not None and record.stretches_s is not None
    beats_s = _joined(np.concatenate(record.beats_s))
    if len(beats_s) < 3:
        return record
    pauses_s = beats_s[1:, 0] - beats_s[:-1, 1]
    kind = rng.choice(["fast", "irregular", "ectopic"], p=[0.25, 0.3, 0.45])
    factors = np.ones(len(pauses_s))
    if kind == "fast":
        factors[:] = rng.uniform(0.05, 0.5)
    elif kind == "irregular":
        factors = np.exp(rng.normal(0, 0.7, len(pauses_s)))
    new_pauses_s = np.clip(pauses_s * factors, MIN_GAP_S, max(2.0, pauses_s.max()))
    ectopic: list[tuple[int, float, list[Wave]]] = []  # the pause's number, the way from its start to the QRS, waves
    if kind == "ectopic":
        for number in np.flatnonzero(rng.random(len(pauses_s)) < ECTOPIC_SHARE).tolist():
            coupling_s, waves = float(rng.uniform(0.0, 0.2)), _premature_beat(rng)
            ectopic.append((number, coupling_s, waves))
            new_pauses_s[number] = coupling_s + sum(_reach_s(waves)) + rng.uniform(0.05, 0.7)

    old_s = np.concatenate([[0.0], beats_s.ravel(), [record.signals_mv.shape[1] / record.fs_hz]])
    steps_s = np.diff(old_s)
    steps_s[2:-1:2] = new_pauses_s
    new_s = np.concatenate([[0.0], np.cumsum(steps_s)])
    grid_s = np.arange(int(new_s[-1] * record.fs_hz)) / record.fs_hz
    before_s = np.interp(grid_s, new_s, old_s)
    clock_s = np.arange(record.signals_mv.shape[1]) / record.fs_hz
    signals_mv = np.stack([np.interp(before_s, clock_s, signal) for signal in record.signals_mv])

    added_s = []
    for number, coupling_s, waves in ectopic:
        before, after = _reach_s(waves)
        r_time_s = new_s[2 * number + 2] + coupling_s + before
        signals_mv += dipole_leads(np.sum([wave.dipole_at(grid_s - r_time_s) for wave in waves], axis=0))
        added_s.append((r_time_s - before, r_time_s + after))
    extra_s = np.asarray(added_s, dtype=np.float64).reshape(-1, 2)
    moved = [np.interp(lead_s, old_s, new_s) for lead_s in record.beats_s]
    return replace(
        record,
        signals_mv=signals_mv,
        beats_s=[np.sort(np.concatenate([lead_s, extra_s]), axis=0) for lead_s in moved],
        stretches_s=[np.interp(stretches_s, old_s, new_s) for stretches_s in record.stretches_s],
    )


def _joined(intervals_s: FloatArray) -> FloatArray:
    """The union of intervals as disjoint ones, in order, ``[m, 2]``."""
    joined: list[list[float]] = []
    for start_s, end_s in intervals_s[np.argsort(intervals_s[:, 0])].tolist():
        if joined and start_s <= joined[-1][1] + MIN_GAP_S:
            joined[-1][1] = max(joined[-1][1], end_s)
        else:
            joined.append([start_s, end_s])
    return np.asarray(joined, dtype=np.float64).reshape(-1, 2)


def _premature_beat(rng: np.random.Generator) -> list[Wave]:
    """A wide QRS of any axis without a P wave, its T wave opposite to it (discordant), times from the R peak."""
    axis = rng.standard_normal(3)
    axis *= rng.uniform(0.7, 2.0) / np.linalg.norm(axis)
    bent = axis + 0.4 * np.linalg.norm(axis) * rng.standard_normal(3)
    t_sigma_s = float(rng.uniform(0.045, 0.07))
    return [
        Wave(0.0, float(rng.uniform(0.024, 0.042)), tuple(axis)),
        Wave(float(rng.uniform(0.06, 0.095)), 0.03, tuple(-rng.uniform(0.2, 0.7) * bent)),
        Wave(float(rng.uniform(0.24, 0.34)), t_sigma_s, tuple(-rng.uniform(0.2, 0.5) * axis)),
    ]


def _reach_s(waves: list[Wave]) -> tuple[float, float]:
    """How far a beat reaches before and after its R peak."""
    return (
        -min(wave.centre_s - WAVE_REACH * wave.sigma_s for wave in waves),
        max(wave.centre_s + WAVE_REACH * wave.sigma_s for wave in waves),
    )
