"""What the gate's weights are fitted on besides ``drawn``: charts between axes, waves of pressure, slow curves, wiring.

All of it is drawn by OpenCV, as ink or as a sheet; what is reported on (``benchmarks.page.no_ecg``) is not.
"""

from collections.abc import Callable

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.papersim import KINDS, synthetic_ecg

FS_HZ = 250.0
Rng = np.random.Generator


def _line(ink: ByteArray, x: FloatArray, y: FloatArray, thick: int) -> None:
    points = np.round(np.column_stack([x, y]) * 16).astype(np.int32)
    cv2.polylines(ink, [points.reshape(-1, 1, 2)], False, 255, thick, cv2.LINE_AA, shift=4)


def _write(ink: ByteArray, text: str, x: float, y: float, size: float) -> None:
    cv2.putText(ink, text, (round(x), round(y)), cv2.FONT_HERSHEY_SIMPLEX, size, 255, 1, cv2.LINE_AA)


def pressure(rng: Rng, n: int) -> FloatArray:
    """Pressure in an artery, its pleth and breath, ``[12, n]``: a steep rise and a slow fall, beat for beat."""
    time_s, period_s = np.arange(n) / FS_HZ, rng.uniform(0.5, 1.3)
    phase = time_s / period_s % 1
    rise_part, notch = rng.uniform(0.06, 0.25), rng.uniform(0.3, 0.6)
    rows = []
    for _ in range(12):
        wave = np.minimum(phase / rise_part, 1) * np.exp(-rng.uniform(1, 4) * np.maximum(phase - rise_part, 0))
        wave = wave + rng.uniform(0, 0.3) * np.exp(-0.5 * ((phase - notch) / 0.05) ** 2)
        if rng.random() < 0.3:
            wave = np.sin(2 * np.pi * time_s / rng.uniform(1.5, 6) + rng.uniform(0, 6))
        if rng.random() < 0.3:
            wave = cv2.GaussianBlur(wave[None], (0, 0), float(rng.uniform(4, 16)))[0]
        rows.append(rng.uniform(0.4, 2.5) * wave + rng.normal(0, 0.01, n))
    return np.stack(rows)


def slow_curves(rng: Rng, n: int) -> FloatArray:
    """Trends as recorders write them, ``[12, n]``: a noise that wanders, waves of all lengths, humps."""
    time_s = np.arange(n) / FS_HZ
    rows = []
    for _ in range(12):
        wander = np.cumsum(rng.normal(size=n)) * rng.uniform(0, 0.03) + rng.normal(0, rng.uniform(0, 0.06), n)
        wave = np.sin(2 * np.pi * time_s / rng.uniform(0.4, 8)) * rng.uniform(0, 1)
        for at in rng.uniform(0, 10, rng.integers(0, 6)):
            wave = wave + rng.uniform(-1.5, 1.5) * np.exp(-0.5 * ((time_s - at) / rng.uniform(0.1, 0.8)) ** 2)
        rows.append(wander - wander.mean() + wave)
    return np.stack(rows)


def _charted(rng: Rng, n: int) -> FloatArray:
    """One curve as somebody might chart it: often a lead of an ECG, in a scale of its own."""
    kind = rng.integers(4)
    if kind == 0:
        return pressure(rng, n)[0]
    if kind == 1:
        return slow_curves(rng, n)[0]
    signals_mv, _, _ = synthetic_ecg(str(rng.choice(list(KINDS))), int(rng.integers(2**31)), fs_hz=FS_HZ)
    return signals_mv[rng.integers(12), :n]


def charts(rng: Rng) -> ByteArray:
    """One to twelve charts: axes or only two of their sides, ticks with numbers, titles, one or two curves in each."""
    rows, columns = [(1, 1), (2, 1), (3, 1), (2, 2), (3, 3), (4, 3), (6, 2), (2, 4), (4, 1)][rng.integers(9)]
    width, height = int(rng.integers(800, 1150)), int(rng.integers(420, 900))
    ink = np.zeros((height, width), np.uint8)
    sides, has_second, letter = rng.random(), rng.random() < 0.4, rng.uniform(0.3, 0.5)
    n = int(rng.choice([0.8, 2.5, 5, 10]) * FS_HZ)
    for number in range(rows * columns):
        left = number % columns * width / columns + 60
        top = number // columns * height / rows + 25
        right, bottom = left + width / columns - 75, top + height / rows - 60
        if right - left < 50 or bottom - top < 25:
            continue
        corners = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
        if sides < 0.85:
            drawn = np.array(corners if sides < 0.6 else corners[:3])
            _line(ink, drawn[:, 0], drawn[:, 1], int(rng.integers(1, 3)))
        for x in np.linspace(left, right, int(rng.integers(3, 8))):
            _write(ink, f"{rng.uniform(0, 9):.1f}", x - 9, bottom + 18, letter)
        for y in np.linspace(top + 8, bottom, int(rng.integers(3, 7))):
            _write(ink, f"{rng.uniform(-9, 9):.1f}", left - 38, y, letter)
        _write(ink, "".join(rng.choice(list("abcdeIVXt 012"), 6)), (left + right) / 2 - 20, top - 6, letter)
        curve = _charted(rng, n)
        for _ in range(1 + has_second):
            x = np.linspace(left + 5, right - 5, len(curve))
            share = (curve - curve.min()) / max(1e-6, float(np.ptp(curve)))
            _line(ink, x, bottom - 4 - share * (bottom - top - 8), 1)
            curve = cv2.GaussianBlur(curve[None], (0, 0), 9)[0] * 0.8
    return ink


def wiring(rng: Rng) -> ByteArray:
    """Boxes, arrows, zigzags and letters between straight lines: circuits and charts of steps."""
    width, height = int(rng.integers(800, 1150)), int(rng.integers(420, 900))
    ink = np.zeros((height, width), np.uint8)
    pitch = rng.uniform(50, 150)
    for y in np.arange(50, height - 40, pitch):
        x = 30.0
        while x < width - 150:
            part, lead_in = rng.uniform(30, 90), rng.uniform(15, 60)
            _line(ink, np.array([x, x + lead_in]), np.array([y, y]), 1)
            x += lead_in
            t = np.linspace(0, 1, 60)
            kind, size = rng.integers(3), rng.uniform(6, 16)
            if kind == 0:
                _line(ink, x + t * part, y + size * (2 * np.abs(t * 5 % 1 * 2 - 1) - 1), 1)
            elif kind == 1:
                _line(ink, x + t * part, y - size * np.abs(np.sin(t * 4 * np.pi)), 1)
            else:
                cv2.rectangle(ink, (round(x), round(y - size)), (round(x + part), round(y + size)), 255, 1)
            _write(ink, f"R{rng.integers(99)}", x, y - 20, 0.45)
            x += part
            if rng.random() < 0.4:
                _line(ink, np.array([x, x]), np.array([y, y + rng.uniform(0.3, 1) * pitch]), 1)
    return ink


NO_ECG_CURVES: dict[str, Callable[[Rng, int], FloatArray]] = {"pressure": pressure, "slow curves": slow_curves}
"""Twelve signals of n samples at ``FS_HZ``, in millivolts as if they were leads."""

NO_ECG_INKS: dict[str, Callable[[Rng], ByteArray]] = {"charts": charts, "wiring": wiring}
"""On the standard panel raster."""
