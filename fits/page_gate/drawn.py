"""What the gate's weights are fitted on: line drawings by OpenCV, signals that are no ECG, and rare rhythms.

What is reported on is drawn by other programs (``benchmarks.page.gate_pictures``), so no picture there was
made by this module.
"""

from collections.abc import Callable

import cv2
import numpy as np

from ecgcore.papersim import KINDS, draw_page, random_style, synthetic_ecg
from ecgcore.types import ByteArray, FloatArray

FS_HZ = 250.0
Rng = np.random.Generator


def _sheet(rng: Rng) -> ByteArray:
    width, height = int(rng.integers(700, 1300)), int(rng.integers(500, 950))
    return np.full((height, width, 3), rng.integers(235, 256), np.uint8)


def _colour(rng: Rng) -> tuple[int, int, int]:
    return tuple(int(v) for v in rng.integers(0, 150, 3) * (rng.random() < 0.6))  # type: ignore[return-value]


def _line(sheet: ByteArray, x: FloatArray, y: FloatArray, colour: tuple[int, int, int], thick: int = 1) -> None:
    points = np.round(np.column_stack([x, y]) * 16).astype(np.int32)
    cv2.polylines(sheet, [points.reshape(-1, 1, 2)], False, colour, thick, cv2.LINE_AA, shift=4)


def _words(sheet: ByteArray, rng: Rng, at: tuple[int, int], letters: int, size: float) -> None:
    text = "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz     ABCD0123456789.,"), letters))
    cv2.putText(sheet, text, at, int(rng.integers(0, 8)), size, _colour(rng), 1 + int(size > 1), cv2.LINE_AA)


def _rulings(sheet: ByteArray, rng: Rng, step: float) -> None:
    tone = tuple(int(v) for v in rng.integers(150, 235, 3))
    for x in np.arange(rng.uniform(0, step), sheet.shape[1], step):
        cv2.line(sheet, (round(x), 0), (round(x), sheet.shape[0]), tone, 1)
    for y in np.arange(rng.uniform(0, step), sheet.shape[0], step):
        cv2.line(sheet, (0, round(y)), (sheet.shape[1], round(y)), tone, 1)


def chart(rng: Rng) -> ByteArray:
    """One to six curves between axes, smooth, jagged or stepped, with or without rulings and bars."""
    sheet = _sheet(rng)
    height, width = sheet.shape[:2]
    if rng.random() < 0.6:
        _rulings(sheet, rng, rng.uniform(20, 120))
    left, right, top, bottom = 70, width - 30, 50, height - 60
    cv2.rectangle(sheet, (left, top), (right, bottom), (0, 0, 0), 1)
    x = np.arange(left, right, 2.0)
    t = (x - left) / (right - left)
    for _ in range(rng.integers(1, 7)):
        kind = rng.integers(5)
        if kind == 0:
            y = np.cumsum(rng.normal(size=len(x)))
        elif kind == 1:
            y = np.sin(2 * np.pi * rng.uniform(0.5, 12) * t + rng.uniform(0, 6)) * np.exp(-rng.uniform(0, 3) * t)
        elif kind == 2:
            y = np.polyval(rng.normal(size=5), 2 * t - 1) + rng.uniform(0, 0.3) * rng.normal(size=len(x))
        elif kind == 3:
            y = np.repeat(rng.normal(size=40), len(x) // 40 + 1)[: len(x)]
        else:
            y = rng.normal(size=len(x)) * rng.uniform(0.2, 1) + 5 * t
        y = (y - y.min()) / max(float(np.ptp(y)), 1e-9)
        share = rng.uniform(0.1, 0.95)
        _line(
            sheet,
            x,
            bottom - (bottom - top) * (rng.uniform(0, 1 - share) + share * y),
            _colour(rng),
            rng.integers(1, 3),
        )
    if rng.random() < 0.3:
        for x1 in range(left + 10, right - 40, int(rng.integers(40, 90))):
            cv2.rectangle(sheet, (x1, int(rng.integers(top, bottom - 9))), (x1 + 25, bottom), _colour(rng), -1)
    for k in range(8):
        _words(sheet, rng, (left + k * (right - left) // 8, height - 30), 4, 0.45)
        _words(sheet, rng, (10, top + k * (bottom - top) // 8), 3, 0.4)
    _words(sheet, rng, (width // 3, 30), 20, 0.7)
    return sheet


def text(rng: Rng) -> ByteArray:
    """Printed lines of letters."""
    sheet = _sheet(rng)
    size = rng.uniform(0.35, 1.2)
    for y in np.arange(50, sheet.shape[0] - 30, size * rng.uniform(26, 60)):
        _words(sheet, rng, (int(rng.integers(20, 50)), int(y)), int(sheet.shape[1] / (18 * size)), size)
    return sheet


def table(rng: Rng) -> ByteArray:
    """Ruled cells with words or nothing in them."""
    sheet = _sheet(rng)
    row, column = rng.uniform(25, 70), rng.uniform(60, 200)
    for y in np.arange(40, sheet.shape[0] - 20, row):
        cv2.line(sheet, (20, round(y)), (sheet.shape[1] - 20, round(y)), (0, 0, 0), int(rng.integers(1, 3)))
        for x in np.arange(25, sheet.shape[1] - 60, column):
            _words(sheet, rng, (round(x), round(y + row * 0.7)), int(rng.integers(0, column // 11)), 0.45)
    for x in np.arange(20, sheet.shape[1] - 10, column):
        cv2.line(sheet, (round(x), 40), (round(x), sheet.shape[0] - 30), (0, 0, 0), 1)
    return sheet


def handwriting(rng: Rng) -> ByteArray:
    """Loops that run along lines as joined writing does, on plain or ruled paper."""
    sheet = _sheet(rng)
    if rng.random() < 0.4:
        _rulings(sheet, rng, rng.uniform(20, 60))
    for y0 in np.arange(60, sheet.shape[0] - 30, rng.uniform(40, 110)):
        x0 = float(rng.integers(20, 80))
        while x0 < sheet.shape[1] - 150:
            length = rng.uniform(60, 400)
            t = np.arange(0, length, 1.0)
            steps = cv2.GaussianBlur(
                rng.normal(size=(2, len(t))), (0, 0), rng.uniform(2, 5), borderType=cv2.BORDER_REFLECT
            )
            loops = 2 * np.pi * t / rng.uniform(12, 30)
            x = x0 + t * 0.8 + 6 * np.sin(loops) + 20 * steps[0]
            y = y0 - 9 * np.cos(loops) * (1 + steps[1] * 2) + 25 * steps[1]
            _line(sheet, x, y, _colour(rng), int(rng.integers(1, 4)))
            x0 += length * 0.8 + rng.uniform(15, 60)
    return sheet


def outlines(rng: Rng) -> ByteArray:
    """A map: contours of hills, roads, names."""
    sheet = _sheet(rng)
    height, width = sheet.shape[:2]
    hills = cv2.resize(rng.normal(size=(8, 11)), (width, height), interpolation=cv2.INTER_CUBIC)
    for level in np.arange(-2, 2, rng.uniform(0.15, 0.6)):
        found, _ = cv2.findContours((hills > level).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(sheet, found, -1, _colour(rng), int(rng.integers(1, 3)), cv2.LINE_AA)
    for _ in range(rng.integers(0, 12)):
        cv2.line(sheet, *(tuple(int(v) for v in rng.integers(0, (width, height))) for _ in range(2)), _colour(rng), 2)
        _words(sheet, rng, (int(rng.integers(width)), int(rng.integers(height))), 8, 0.5)
    return sheet


def texture(rng: Rng) -> ByteArray:
    """Blurred noise with edges, as photographs and spectrograms have."""
    height, width = _sheet(rng).shape[:2]
    small = rng.uniform(0, 255, (int(rng.integers(4, 80)), int(rng.integers(4, 120)), 3)).astype(np.float32)
    grown = cv2.resize(small, (width, height), interpolation=int(rng.choice([cv2.INTER_NEAREST, cv2.INTER_CUBIC])))
    return np.clip(grown + rng.normal(0, rng.uniform(0, 25), grown.shape), 0, 255).astype(np.uint8)


def squared_paper(rng: Rng) -> ByteArray:
    """Rulings with nothing, or a few words, on them."""
    sheet = _sheet(rng)
    step = rng.uniform(4, 12)
    _rulings(sheet, rng, step)
    _rulings(sheet, rng, 5 * step)
    for _ in range(rng.integers(0, 6)):
        _words(sheet, rng, (int(rng.integers(600)), int(rng.integers(30, 500))), 12, rng.uniform(0.4, 1))
    return sheet


def _coloured_noise(rng: Rng, n: int, exponent: float) -> FloatArray:
    spectrum = np.fft.rfft(rng.normal(size=n))
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / FS_HZ), 0.4)
    wave = np.fft.irfft(spectrum / frequency**exponent, n)
    return np.asarray(wave / wave.std(), dtype=np.float64)


def _brain_waves(rng: Rng, n: int) -> FloatArray:
    time_s = np.arange(n) / FS_HZ
    shared = _coloured_noise(rng, n, 1.0)
    channels = []
    for _ in range(12):
        alpha = np.sin(2 * np.pi * np.cumsum(rng.normal(10, 2, n)) / FS_HZ) * np.abs(_coloured_noise(rng, n, 1.5))
        blink = sum(np.exp(-0.5 * ((time_s - at) / 0.12) ** 2) for at in rng.uniform(0, 10, rng.integers(0, 4)))
        mix = rng.uniform(0, 1, 4) * [0.5, 1, 1, 2]
        channels.append(
            mix[0] * shared + mix[1] * _coloured_noise(rng, n, rng.uniform(0.6, 1.3)) + mix[2] * alpha + mix[3] * blink
        )
    return 0.35 * np.stack(channels)


def _quake(rng: Rng, n: int) -> FloatArray:
    time_s = np.arange(n) / FS_HZ
    rows = []
    for _ in range(12):
        burst = np.zeros(n)
        for _ in range(rng.integers(0, 3)):
            since = time_s - rng.uniform(0, 9)
            burst += np.where(since > 0, rng.uniform(0.5, 4) * np.exp(-np.maximum(since, 0) / rng.uniform(0.2, 3)), 0)
        rows.append((rng.uniform(0.02, 0.3) + burst) * _coloured_noise(rng, n, rng.uniform(0, 0.8)))
    return 0.4 * np.stack(rows)


NO_ECG_SIGNALS: dict[str, Callable[[Rng, int], FloatArray]] = {
    "EEG": _brain_waves,
    "seismogram": _quake,
}
"""Twelve signals of n samples at ``FS_HZ``, in millivolts as if they were leads."""

NO_ECG_SHEETS: dict[str, Callable[[Rng], ByteArray]] = {
    "chart": chart,
    "text": text,
    "table": table,
    "handwriting": handwriting,
    "map": outlines,
    "texture": texture,
    "squared paper": squared_paper,
}


def rare_rhythm(rng: Rng, kind: str) -> FloatArray:
    """Rhythms that lack what a gate looks for: no flat stretch (flutter, VT), few beats, low voltage."""
    n = round(10 * FS_HZ)
    time_s = np.arange(n) / FS_HZ
    axis = rng.normal(size=12)
    if kind == "vt":
        phase = rng.uniform(2.5, 3.6) * time_s
        shape = np.sin(2 * np.pi * phase) + 0.35 * np.sin(4 * np.pi * phase + 1) + 0.1 * np.sin(6 * np.pi * phase)
        return np.outer(np.sign(axis) * (0.4 + np.abs(axis)) * 0.7, shape)
    period_s = {"flutter": rng.choice([0.4, 0.6, 0.8]), "slow": rng.uniform(1.5, 2.2), "low": 0.8}[kind]
    since = (time_s + rng.uniform(0, period_s)) % period_s - period_s / 2
    beat = np.exp(-0.5 * (since / 0.012) ** 2) - 0.3 * np.exp(-0.5 * ((since - 0.03) / 0.012) ** 2)
    beat = beat + 0.2 * np.exp(-0.5 * ((since - min(0.27, 0.35 * period_s)) / 0.045) ** 2)
    signals = np.outer(np.sign(axis) * (0.3 + np.abs(axis)), beat)
    if kind == "flutter":
        phase = time_s / 0.2 % 1  # 300 waves a minute that rise in 50 ms and fall in 150
        signals += np.outer(rng.uniform(-0.3, 0.3, 12), np.where(phase < 0.25, 4 * phase, (1 - phase) / 0.75) - 0.5)
    return signals * (0.3 if kind == "low" else 1.0)


def ecg(rng: Rng, number: int) -> ByteArray:
    """One ECG page of any style; every third of a rare rhythm."""
    kinds = [*KINDS, "vt", "flutter", "slow", "low"]
    kind = kinds[number % len(kinds)]
    if kind in KINDS:
        signals_mv, fs_hz, _ = synthetic_ecg(kind, int(rng.integers(2**31)))
    else:
        signals_mv, fs_hz = rare_rhythm(rng, kind), FS_HZ
    return draw_page(signals_mv, fs_hz, random_style(rng), int(rng.integers(2**31))).image_rgb
