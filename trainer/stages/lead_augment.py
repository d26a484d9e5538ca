"""Harmless changes to a page's leads that a waveform network must see through: rate, gain, reading errors, lost leads.

Sizes of the changes: heart rate by 8 %, gain by 20 % with 5 % between leads, 20 mV of noise and 30 mV of offset at
most, as reading drawn and photographed pages leaves them (docs/digitised-signal.md).
"""

import numpy as np
import numpy.typing as npt

from ecgcore.networks.waveform_net import LeadsOfNetwork

_NAME_S = 0.2
"""A printed name, or a calibration pulse, at the start of a column hides so much at most."""
_TEAR_S = 0.24
_SMOOTH = (np.array([1, 2, 1]) / 4, np.array([1, 4, 6, 4, 1]) / 16)
"""What a thick pen does to a steep stroke."""


def augment_leads(
    leads: LeadsOfNetwork, fs_hz: float, rng: np.random.Generator, *, lose: float = 0.06
) -> LeadsOfNetwork:
    """Another page that the same heart could have printed.

    Args:
        leads: as the network takes them.
        fs_hz: their sampling rate.
        rng: draws the changes.
        lose: chance of each lead to be left unread.
    """
    half = len(leads) // 2
    at = np.arange(leads.shape[1]) * rng.uniform(0.92, 1.08) + rng.uniform(-0.3, 0.3) * fs_hz
    first = np.clip(np.floor(at), 0, leads.shape[1] - 2).astype(np.intp)
    share = np.clip(at - first, 0, 1).astype(np.float32)
    values = leads[:half, first] * (1 - share) + leads[:half, first + 1] * share
    is_read = (leads[half:, first] > 0) & (leads[half:, first + 1] > 0) & (at >= 0) & (at <= leads.shape[1] - 1)
    values *= (rng.uniform(0.85, 1.2) * rng.uniform(0.95, 1.05, (half, 1))).astype(np.float32)
    values += rng.normal(0, 0.02 * rng.random(), values.shape).astype(np.float32)
    values += rng.normal(0, 0.03, (half, 1)).astype(np.float32)
    values = _smoothed(values, rng)
    if rng.random() < 0.5:
        _tear(is_read, fs_hz, rng)
    is_read[rng.random(half) < lose] = False
    return np.concatenate([values * is_read, is_read.astype(np.float32)])


def _smoothed(values: LeadsOfNetwork, rng: np.random.Generator) -> LeadsOfNetwork:
    kind = int(rng.integers(2 * len(_SMOOTH)))
    if kind >= len(_SMOOTH):
        return values
    kernel = _SMOOTH[kind].astype(np.float32)
    reach = len(kernel) // 2
    padded = np.pad(values, ((0, 0), (reach, reach)), mode="edge")
    shifted = [kernel[k] * padded[:, k : k + values.shape[1]] for k in range(len(kernel))]
    return np.asarray(np.sum(shifted, axis=0), dtype=np.float32)


def _tear(is_read: npt.NDArray[np.bool_], fs_hz: float, rng: np.random.Generator) -> None:
    """Lose what readers lose, in place: starts and ends of stretches, and places where traces cross."""
    for lead in is_read:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], lead.astype(np.int8), [0]])))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            chances = rng.random(3)
            if chances[0] < 0.5:
                lead[start : start + int(rng.uniform(0, _NAME_S) * fs_hz)] = False
            if chances[1] < 0.3:
                lead[end - int(rng.uniform(0, _NAME_S / 2) * fs_hz) : end] = False
            if chances[2] < 0.25:
                tear = int(rng.integers(start, end))
                lead[tear : min(end, tear + int(rng.uniform(0, _TEAR_S) * fs_hz))] = False
