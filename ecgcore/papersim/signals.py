"""Artificial 12-lead ECGs with known beats, from a published model, for tests and for the app's sample pages.

The cardiac dipole is a sum of Gaussian waves P, Q, R, S, T locked to each beat's phase, as in McSharry, Clifford,
Tarassenko and Smith (IEEE Trans Biomed Eng 2003; 50:289-294) and, for three axes, Sameni et al. (EURASIP J Adv Signal
Process 2007). The dipole (X left, Y down, Z back) becomes leads by Dower's matrix (Dower, Machado and Osborne, Clin
Cardiol 1980; 3:87-95).
"""

from dataclasses import dataclass

import numpy as np

from ecgcore.errors import SignalError
from ecgcore.geometry.arrays import FloatArray
from ecgcore.lead_layout import LEADS

KINDS = {
    "normal": "normal sinus rhythm",
    "tachycardia": "sinus tachycardia",
    "atrial_fibrillation": "atrial fibrillation",
    "st_elevation": "inferior ST elevation",
    "t_inversion": "anterior T wave inversion",
    "wide_qrs": "wide QRS (bundle branch block)",
    "ectopic": "ventricular ectopic beats",
}

_DOWER_I_II_V1_TO_V6 = np.array(
    [
        [0.632, -0.235, 0.059],
        [0.235, 1.066, -0.132],
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
    ]
)


WAVE_REACH = 2.6
"""Sigmas from a wave's centre to where a reader marks its onset and end."""


@dataclass(frozen=True, slots=True)
class Wave:
    """One Gaussian wave: centre relative to the R peak, width (one sigma), dipole amplitude along X, Y, Z."""

    centre_s: float
    sigma_s: float
    dipole_mv: tuple[float, float, float]

    def dipole_at(self, since_r_s: FloatArray) -> FloatArray:
        """The wave's part of the dipole, ``[3, n]`` mV, at times relative to the R peak."""
        return np.outer(self.dipole_mv, np.exp(-0.5 * ((since_r_s - self.centre_s) / self.sigma_s) ** 2))


def _sinus_beat() -> dict[str, Wave]:
    return {
        "P": Wave(-0.16, 0.022, (0.07, 0.11, 0.01)),
        "Q": Wave(-0.028, 0.010, (-0.06, -0.08, -0.22)),
        "R": Wave(0.0, 0.013, (0.85, 0.75, 0.10)),
        "S": Wave(0.032, 0.012, (-0.22, -0.12, 0.45)),
        "T": Wave(0.27, 0.045, (0.22, 0.20, -0.16)),
    }


def _beat_of_kind(kind: str) -> dict[str, Wave]:
    beat = _sinus_beat()
    if kind == "atrial_fibrillation":
        del beat["P"]
    elif kind == "st_elevation":
        beat["ST"] = Wave(0.12, 0.050, (-0.08, 0.30, 0.05))
        beat["Q"] = Wave(-0.032, 0.016, (-0.05, -0.35, -0.10))
        beat["T"] = Wave(0.25, 0.055, (0.10, 0.38, -0.05))
    elif kind == "t_inversion":
        beat["T"] = Wave(0.27, 0.045, (-0.16, -0.05, 0.20))
    elif kind == "wide_qrs":
        beat["R"] = Wave(0.0, 0.028, (0.75, 0.35, 0.35))
        beat["R2"] = Wave(0.06, 0.024, (0.60, 0.15, 0.55))
        beat["T"] = Wave(0.32, 0.055, (-0.25, -0.10, -0.28))
        del beat["Q"], beat["S"]
    return beat


_ECTOPIC_BEAT = {
    "R": Wave(0.0, 0.038, (-0.55, 0.95, 0.80)),
    "S": Wave(0.085, 0.030, (0.35, -0.55, -0.30)),
    "T": Wave(0.30, 0.060, (0.20, -0.35, -0.30)),
}


def synthetic_ecg(
    kind: str, seed: int, *, seconds: float = 10.0, fs_hz: float = 500.0
) -> tuple[FloatArray, float, list[FloatArray]]:
    """Make one artificial 12-lead ECG.

    Args:
        kind: a key of ``KINDS``.
        seed: the same seed gives the same signal.
        seconds: duration.
        fs_hz: sampling frequency.

    Returns:
        ``signals_mv`` ``[12, n]`` in the order of ``LEADS``, ``fs_hz``, and for each lead the beats' ``[k, 2]`` P onset
        (QRS onset without P) and T end in seconds.

    Raises:
        SignalError: unknown kind or a duration under one second.
    """
    if kind not in KINDS:
        raise SignalError(f"There is no artificial ECG of kind {kind!r}.", f"Choose one of {', '.join(KINDS)}.")
    if seconds < 1:
        raise SignalError(f"{seconds} s are too short for an ECG.", "Ask for one second at least.")
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * fs_hz)) / fs_hz
    rate_bpm = rng.uniform(110, 140) if kind == "tachycardia" else rng.uniform(58, 88)
    r_times_s = _r_times(rng, rate_bpm, seconds, irregular=kind == "atrial_fibrillation")
    dipole_mv = np.zeros((3, len(time_s)))
    beats_s = []
    variation = {name: rng.normal(1, 0.12, 3) for name in ("P", "Q", "R", "S", "T", "ST", "R2")}
    for index, sinus_time_s in enumerate(r_times_s[:-1]):
        rr_s = r_times_s[index + 1] - sinus_time_s
        ectopic = kind == "ectopic" and index % 4 == 2
        waves = _ECTOPIC_BEAT if ectopic else _beat_of_kind(kind)
        # Bazett: repolarisation shortens with the square root of the RR interval (McSharry 2003, section III).
        stretch = float(np.clip(np.sqrt(min(rr_s, sinus_time_s - r_times_s[index - 1] if index else rr_s)), 0.6, 1.1))
        # An ectopic beat comes early; the pause after it makes up for it.
        r_time_s = sinus_time_s - 0.22 * rr_s if ectopic else sinus_time_s
        extents_s = []
        for name, wave in waves.items():
            centre_s = r_time_s + wave.centre_s * (stretch if name in {"P", "T", "ST"} else 1)
            sigma_s = wave.sigma_s * (stretch if name in {"T", "ST"} else 1)
            shape = np.exp(-0.5 * ((time_s - centre_s) / sigma_s) ** 2)
            dipole_mv += np.outer(np.asarray(wave.dipole_mv) * variation[name], shape)
            extents_s.append((centre_s - WAVE_REACH * sigma_s, centre_s + WAVE_REACH * sigma_s))
        onset_s, end_s = min(e[0] for e in extents_s), max(e[1] for e in extents_s)
        if onset_s >= 0 and end_s <= seconds:
            beats_s.append((onset_s, end_s))
    if kind == "atrial_fibrillation":
        phase = 2 * np.pi * np.cumsum(rng.normal(6.5, 1.2, len(time_s))) / fs_hz
        dipole_mv += np.outer([0.03, 0.05, -0.04], np.sin(phase) + 0.4 * np.sin(2.1 * phase))
    beats = np.asarray(beats_s, dtype=np.float64).reshape(-1, 2)
    return dipole_leads(dipole_mv), fs_hz, [beats.copy() for _ in LEADS]


def _r_times(rng: np.random.Generator, rate_bpm: float, seconds: float, *, irregular: bool) -> list[float]:
    """R peak times with breathing (0.25 Hz) and Mayer (0.1 Hz) modulation, from before the start to after the end."""
    mean_rr_s = 60 / rate_bpm
    times_s = [float(-rng.uniform(0, mean_rr_s))]
    while times_s[-1] < seconds + mean_rr_s:
        now = times_s[-1]
        modulation = 0.03 * np.sin(2 * np.pi * 0.25 * now) + 0.015 * np.sin(2 * np.pi * 0.1 * now)
        factor = rng.uniform(0.62, 1.45) if irregular else 1 + modulation + rng.normal(0, 0.005)
        times_s.append(now + mean_rr_s * float(factor))
    return times_s


def dipole_leads(dipole_mv: FloatArray) -> FloatArray:
    """The 12 leads ``[12, n]`` of a dipole ``[3, n]``, both in mV, by Dower's matrix."""
    lead_i, lead_ii, *chest = _DOWER_I_II_V1_TO_V6 @ dipole_mv
    limb = [
        lead_i,
        lead_ii,
        lead_ii - lead_i,
        -(lead_i + lead_ii) / 2,
        lead_i - lead_ii / 2,
        lead_ii - lead_i / 2,
    ]
    return np.stack([*limb, *chest])
