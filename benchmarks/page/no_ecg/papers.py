"""Papers that lie about in a clinic, some of them with curves on a printed grid."""

import numpy as np
from scipy import signal

from benchmarks.page.no_ecg.canvas import Canvas, Rng, bright, words
from ecgcore.types import ByteArray, FloatArray

SIZES_WH = (1240, 1754), (1754, 1240), (1000, 1414), (1600, 1200)


def _paper(rng: Rng, *, is_wide: bool = False) -> tuple[Canvas, float]:
    """A sheet and the size of its text."""
    wh = SIZES_WH[1 if is_wide else rng.integers(len(SIZES_WH))]
    sheet = Canvas(rng, wh, may_be_dark=False)
    return sheet, min(wh) / 70


def form(rng: Rng) -> ByteArray:
    """Questions, boxes to tick, and lines to write on."""
    sheet, size = _paper(rng)
    sheet.text((3 * size, 2 * size), words(rng, 2, 5), 2 * size, bold=True)
    y = 7 * size
    while y < sheet.height - 3 * size:
        sheet.text((3 * size, y), words(rng, 2, 6) + ":", 1.2 * size)
        if rng.random() < 0.5:
            sheet.draw.line((22 * size, y + 1.4 * size, sheet.width - 3 * size, y + 1.4 * size), sheet.ink, 1)
        else:
            for x in np.arange(24 * size, sheet.width - 9 * size, 10 * size):
                sheet.draw.rectangle((x, y, x + size, y + size), outline=sheet.ink, width=2)
                sheet.text((x + 1.5 * size, y), words(rng, 1, 2), size)
                if rng.random() < 0.3:
                    sheet.draw.line((x, y, x + size, y + size), (20, 20, 150), 3)
        y += rng.uniform(2.2, 3.5) * size
    return sheet.done()


def sheet_music(rng: Rng) -> ByteArray:
    """Staves with notes, stems and bars."""
    sheet, size = _paper(rng)
    gap = rng.uniform(0.7, 1.1) * size
    for top in np.arange(7 * size, sheet.height - 8 * gap, rng.uniform(10, 15) * gap):
        for line in range(5):
            sheet.draw.line((3 * size, top + line * gap, sheet.width - 3 * size, top + line * gap), sheet.ink, 1)
        x = 6 * size
        while x < sheet.width - 5 * size:
            y = top + rng.integers(-1, 10) * gap / 2
            sheet.draw.ellipse((x, y - 0.45 * gap, x + 1.2 * gap, y + 0.45 * gap), fill=sheet.ink)
            sheet.draw.line((x + 1.2 * gap, y, x + 1.2 * gap, y - 3.4 * gap), sheet.ink, 2)
            if rng.random() < 0.15:
                sheet.draw.line((x + 2.2 * gap, top, x + 2.2 * gap, top + 4 * gap), sheet.ink, 2)
            x += rng.uniform(2, 5) * gap
    return sheet.done()


def _grid(sheet: Canvas, box: tuple[float, float, float, float], step: float) -> None:
    """A printed grid, every fifth line stronger, in red, green, blue or grey."""
    x1, y1, x2, y2 = box
    strong = np.array([(240, 130, 130), (120, 190, 130), (130, 150, 220), (160, 160, 160)][sheet.rng.integers(4)])
    for major in (False, True):
        tone = tuple(int(v) for v in (strong if major else (strong + 255) // 2))
        for x in np.arange(x1, x2, step * (5 if major else 1)):
            sheet.draw.line((x, y1, x, y2), tone, 1 + major)
        for y in np.arange(y1, y2, step * (5 if major else 1)):
            sheet.draw.line((x1, y, x2, y), tone, 1 + major)


def cardiotocogram(rng: Rng) -> ByteArray:
    """A child's heart rate and the womb's pressure on gridded paper."""
    sheet, size = _paper(rng, is_wide=True)
    step, right = rng.uniform(7, 13), sheet.width - 2 * size
    middle = sheet.height * 0.55
    _grid(sheet, (2 * size, 6 * size, right, middle), step)
    _grid(sheet, (2 * size, middle + 3 * size, right, sheet.height - 4 * size), step)
    x = np.arange(2 * size, right, 1.5)
    rate = signal.lfilter([0.05], [1, -0.95], rng.normal(size=len(x))) * 60 + 3 * rng.normal(size=len(x))
    push = np.zeros(len(x))
    for at in np.arange(rng.uniform(0, 200), x[-1], rng.uniform(150, 400)):
        push += np.exp(-0.5 * ((x - at) / rng.uniform(25, 50)) ** 2)
        rate += rng.uniform(-60, 60) * np.exp(-0.5 * ((x - at - 20) / 25) ** 2)
    sheet.curve(x, 0.32 * sheet.height - rate, sheet.ink, 2)
    sheet.curve(x, sheet.height - 6 * size - 0.25 * sheet.height * np.clip(push, 0, 1), sheet.ink, 2)
    for at in np.arange(6 * size, sheet.width - 8 * size, 16 * size):
        sheet.text((at, middle + 0.6 * size), f"{rng.integers(24)}:{rng.integers(10, 60)}", size)
    return sheet.done()


def recorder_paper(rng: Rng) -> ByteArray:
    """Temperature, pressure or tide over a week on a recorder's gridded paper."""
    sheet, size = _paper(rng, is_wide=True)
    _grid(sheet, (2 * size, 5 * size, sheet.width - 2 * size, sheet.height - 4 * size), rng.uniform(6, 14))
    x = np.arange(2 * size, sheet.width - 2 * size, 2.0)
    for _ in range(int(rng.integers(1, 5))):
        wave = np.sin(x / rng.uniform(15, 120)) * rng.uniform(1, 6) + np.cumsum(rng.normal(0, 0.1, len(x)))
        sheet.curve(x, rng.uniform(0.25, 0.75) * sheet.height + size * wave, bright(rng), int(rng.integers(1, 4)))
    return sheet.done()


def _pressure_wave(phase: FloatArray) -> FloatArray:
    return np.minimum(phase / 0.12, 1) * np.exp(-2.2 * np.maximum(phase - 0.12, 0)) + 0.12 * np.exp(
        -0.5 * ((phase - 0.45) / 0.04) ** 2
    )


def pressure_paper(rng: Rng) -> ByteArray:
    """Pressure and breath in rows on gridded paper, as a recorder in intensive care writes them."""
    sheet, size = _paper(rng, is_wide=True)
    _grid(sheet, (2 * size, 5 * size, sheet.width - 2 * size, sheet.height - 4 * size), rng.uniform(5, 9))
    x, rows = np.arange(2 * size, sheet.width - 2 * size, 1.0), int(rng.integers(2, 5))
    period = rng.uniform(80, 200)
    for row in range(rows):
        y0 = 5 * size + (row + 0.75) * (sheet.height - 9 * size) / rows
        wave = _pressure_wave(x % period / period) if row % 2 == 0 else 0.5 * np.sin(x / period * 1.4)
        sheet.curve(x, y0 - wave * rng.uniform(4, 10) * size, sheet.ink, 2)
    return sheet.done()


def receipt(rng: Rng) -> ByteArray:
    """A till's slip with a bar code."""
    sheet = Canvas(rng, (int(rng.integers(420, 700)), int(rng.integers(900, 1800))), may_be_dark=False)
    size = sheet.width / 26
    for y in np.arange(size, 0.75 * sheet.height, 1.5 * size):
        sheet.text((size, y), words(rng, 1, 3), size)
        sheet.text((0.75 * sheet.width, y), f"{rng.uniform(0, 99):.2f}", size)
    x = 2.0 * size
    while x < sheet.width - 2 * size:
        width = int(rng.integers(2, 9))
        sheet.draw.rectangle((x, 0.8 * sheet.height, x + width, 0.95 * sheet.height), sheet.ink)
        x += width + rng.integers(2, 9)
    return sheet.done()


def floor_plan(rng: Rng) -> ByteArray:
    """Walls, doors and names of rooms."""
    sheet, size = _paper(rng)
    pending = [(3 * size, 5 * size, sheet.width - 3 * size, sheet.height - 3 * size)]
    while pending:
        x1, y1, x2, y2 = pending.pop()
        sheet.draw.rectangle((x1, y1, x2, y2), outline=sheet.ink, width=4)
        if max(x2 - x1, y2 - y1) < rng.uniform(12, 30) * size:
            sheet.text((x1 + size, y1 + size), words(rng, 1, 3), size)
            sheet.draw.arc((x1 - 3 * size, y2 - 3 * size, x1 + 3 * size, y2 + 3 * size), 270, 360, sheet.ink, 2)
        elif x2 - x1 > y2 - y1:
            cut = x1 + rng.uniform(0.3, 0.7) * (x2 - x1)
            pending += [(x1, y1, cut, y2), (cut, y1, x2, y2)]
        else:
            cut = y1 + rng.uniform(0.3, 0.7) * (y2 - y1)
            pending += [(x1, y1, x2, cut), (x1, cut, x2, y2)]
    return sheet.done()


def circuit(rng: Rng) -> ByteArray:
    """Wires at right angles, zigzag resistors and coils."""
    sheet, size = _paper(rng)
    for y in np.arange(8 * size, sheet.height - 6 * size, rng.uniform(6, 12) * size):
        x = 4 * size
        while x < sheet.width - 14 * size:
            sheet.draw.line((x, y, x + 4 * size, y), sheet.ink, 2)
            steps = np.linspace(0, 5 * size, 40)
            if rng.random() < 0.5:
                wave = size * signal.sawtooth(steps / size * 5, 0.5)
            else:
                wave = -size * np.abs(np.sin(steps / size * 2))
            sheet.curve(x + 4 * size + steps, y + wave, sheet.ink, 2)
            x += 9 * size
            if rng.random() < 0.5:
                sheet.draw.line((x, y, x, y + 5 * size), sheet.ink, 2)
            sheet.text((x - 4 * size, y - 3 * size), f"R{rng.integers(99)}", size)
    return sheet.done()


def notes(rng: Rng) -> ByteArray:
    """A page of a notebook, ruled or squared: slanted scrawl in one pen, underlined words, a sketch."""
    sheet, size = _paper(rng)
    pitch = rng.uniform(2.5, 4) * size
    for y in np.arange(4 * size, sheet.height, pitch):
        sheet.draw.line((0, y, sheet.width, y), (190, 205, 230), 2)
    pen, width = bright(rng), int(rng.integers(2, 5))
    for y in np.arange(4 * size, 0.7 * sheet.height, pitch):
        x = rng.uniform(3, 8) * size
        while x < sheet.width - rng.uniform(4, 20) * size:
            t = np.arange(0, rng.uniform(2, 6) * np.pi * 2, 0.3)
            rise = signal.lfilter([0.3], [1, -0.7], rng.normal(size=len(t)))
            sheet.curve(
                x + 0.35 * size * (t / 2 + np.cos(t)), y - 0.4 * size * (1.2 + np.sin(t) * (1 + rise)), pen, width
            )
            x += 0.35 * size * t[-1] / 2 + 1.6 * size
    t = np.linspace(0, 30, 200)
    bend = np.sin(t / rng.uniform(1, 6)) * np.exp(-t / 30)
    sheet.curve(6 * size + t * 1.5 * size, 0.85 * sheet.height - 4 * size * bend, pen, width)
    return sheet.done()
