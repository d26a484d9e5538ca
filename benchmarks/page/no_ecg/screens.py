"""Pictures of screens: applications of telephones, dashboards, and programs on a desk."""

import numpy as np
from scipy import signal

from benchmarks.page.no_ecg.canvas import Canvas, Rng, bright, font, words
from ecgcore.types import ByteArray, FloatArray

PHONES_WH = (750, 1334), (1080, 2340), (828, 1792), (720, 1600), (1170, 2532)
DESKS_WH = (1920, 1080), (1366, 768), (1440, 900), (2560, 1440)


def _phone(rng: Rng) -> tuple[Canvas, float]:
    """A telephone's screen with clock and title, and a size that text has on it."""
    phone = Canvas(rng, PHONES_WH[rng.integers(len(PHONES_WH))])
    size = phone.width / 24
    phone.text((size, 0.4 * size), f"{rng.integers(24)}:{rng.integers(10, 60)}", 0.8 * size, bold=True)
    phone.draw.rounded_rectangle((phone.width - 2.5 * size, 0.5 * size, phone.width - size, 1.2 * size), 6, phone.ink)
    phone.text((size, 2.2 * size), words(rng, 1, 3), 1.5 * size, bold=True)
    return phone, size


def list_app(rng: Rng) -> ByteArray:
    """Rows with a round picture, a name and a line below it."""
    phone, size = _phone(rng)
    y, pitch = 5 * size, rng.uniform(2.6, 4.2) * size
    while y < phone.height - pitch:
        phone.draw.ellipse((size, y, size + 0.7 * pitch, y + 0.7 * pitch), bright(rng))
        phone.text((size + pitch, y), words(rng, 1, 4), 0.8 * size, bold=True)
        phone.text((size + pitch, y + 1.1 * size), words(rng, 3, 7), 0.6 * size, (140, 140, 140))
        phone.draw.line((size + pitch, y + 0.88 * pitch, phone.width, y + 0.88 * pitch), (150, 150, 150), 1)
        y += pitch
    return phone.done()


def chat_app(rng: Rng) -> ByteArray:
    """Messages in bubbles from both sides."""
    phone, size = _phone(rng)
    y = 5 * size
    while y < phone.height - 5 * size:
        lines, mine = int(rng.integers(1, 4)), rng.random() < 0.5
        width, height = rng.uniform(6, 16) * size, (lines * 1.2 + 1) * size
        x = phone.width - width - size if mine else size
        phone.draw.rounded_rectangle((x, y, x + width, y + height), size, bright(rng) if mine else (190, 190, 195))
        for number in range(lines):
            text = words(rng, 2, 5)[: int(width / size * 1.5)]
            phone.text((x + 0.6 * size, y + (0.4 + 1.2 * number) * size), text, 0.7 * size, (20, 20, 20))
        y += height + rng.uniform(0.4, 1.2) * size
    return phone.done()


def calendar_app(rng: Rng) -> ByteArray:
    """A month in seven columns, with dots for what is planned."""
    phone, size = _phone(rng)
    pitch = phone.width / 7
    for day in range(1, 32):
        x, y = (day + 2) % 7 * pitch + 0.3 * pitch, 6 * size + (day + 2) // 7 * 1.2 * pitch
        if rng.random() < 0.1:
            phone.draw.ellipse((x - 0.2 * pitch, y - 0.2 * pitch, x + 0.6 * pitch, y + 0.6 * pitch), bright(rng))
        phone.text((x, y), str(day), 0.9 * size)
        if rng.random() < 0.4:
            phone.draw.ellipse((x, y + 1.5 * size, x + 0.4 * size, y + 1.9 * size), bright(rng))
    for number in range(4):
        phone.text((size, 6 * size + 7 * pitch + 1.6 * size * number), words(rng, 2, 6), 0.7 * size)
    return phone.done()


def _day_of_pulse(rng: Rng, n: int) -> FloatArray:
    """A heart rate over a day, 0..1: quiet at night, peaks where somebody ran."""
    rate = 0.3 + 0.1 * signal.lfilter([0.1], [1, -0.9], rng.normal(size=n))
    for _ in range(int(rng.integers(1, 7))):
        rate += rng.uniform(0.1, 0.5) * np.exp(
            -0.5 * ((np.arange(n) - rng.uniform(0, n)) / rng.uniform(1, n / 20)) ** 2
        )
    return np.clip(rate + rng.normal(0, 0.01, n), 0, 1)


def fitness_app(rng: Rng) -> ByteArray:
    """Cards with a curve of the heart rate, bars of steps, and rings."""
    phone, size = _phone(rng)
    y, card = 5 * size, 9 * size
    while y + card < phone.height:
        phone.draw.rounded_rectangle((size, y, phone.width - size, y + card), size, outline=(150, 150, 150), width=2)
        phone.text((1.6 * size, y + 0.4 * size), f"{words(rng, 1, 3)}   {rng.integers(40, 180)}", size, bold=True)
        left, right, low = 1.6 * size, phone.width - 1.6 * size, y + 0.92 * card
        kind, colour = rng.integers(3), bright(rng)
        if kind == 0:
            n = int(rng.integers(60, 500))
            height = _day_of_pulse(rng, n) * 0.7 * card
            phone.curve(np.linspace(left, right, n), low - height, colour, int(rng.integers(2, 6)))
        elif kind == 1:
            for x in np.arange(left, right - 0.5 * size, rng.uniform(0.5, 1.4) * size):
                phone.draw.rectangle((x, low - rng.uniform(0, 0.6) * card, x + 0.35 * size, low), colour)
        else:
            for number in range(3):
                x = left + number * 6 * size
                box = (x, y + 2.5 * size, x + 5.5 * size, y + 8 * size)
                phone.draw.arc(box, -90, float(rng.uniform(0, 260)), bright(rng), round(0.6 * size))
        y += card + 0.6 * size
    return phone.done()


def settings_app(rng: Rng) -> ByteArray:
    """Rows with a switch at their end."""
    phone, size = _phone(rng)
    for y in np.arange(5 * size, phone.height - 2 * size, 2.4 * size):
        phone.text((size, y), words(rng, 1, 5), 0.8 * size)
        x, is_on = phone.width - 3.4 * size, rng.random() < 0.5
        phone.draw.rounded_rectangle((x, y, x + 2.2 * size, y + 1.2 * size), 0.6 * size, bright(rng) if is_on else 160)
        knob = x + (1.0 if is_on else 0) * size
        phone.draw.ellipse((knob, y, knob + 1.2 * size, y + 1.2 * size), (255, 255, 255))
    return phone.done()


def route_app(rng: Rng) -> ByteArray:
    """A map of streets with a route, and a profile of heights below it."""
    phone, size = _phone(rng)
    for _ in range(40):
        start, step = rng.uniform(0, 1, 2), rng.normal(0, 0.5, 2)
        ends = np.stack([start, start + step]) * (phone.width, phone.height * 0.7) + (0, 4 * size)
        phone.curve(ends[:, 0], np.minimum(ends[:, 1], 0.75 * phone.height), (190, 190, 190), int(rng.integers(2, 9)))
    walk = np.cumsum(rng.normal(0, 30, (60, 2)), axis=0) + np.array([phone.width / 2, phone.height * 0.4])
    phone.curve(walk[:, 0], walk[:, 1], bright(rng), 7)
    heights = np.cumsum(rng.normal(size=200))
    heights = (heights - heights.min()) / np.ptp(heights) * 0.15 * phone.height
    phone.curve(np.linspace(size, phone.width - size, 200), 0.95 * phone.height - heights, bright(rng), 3)
    return phone.done()


def _desk(rng: Rng) -> tuple[Canvas, float]:
    """A window with its title bar and its menu, and the size of its text."""
    desk = Canvas(rng, DESKS_WH[rng.integers(len(DESKS_WH))])
    size = desk.width / rng.uniform(80, 120)
    desk.draw.rectangle((0, 0, desk.width, 2 * size), bright(rng))
    desk.text((size, 0.4 * size), words(rng, 2, 5), size, (255, 255, 255))
    desk.text((size, 2.4 * size), "File   Edit   View   Tools   Window   Help", size)
    return desk, size


def dashboard(rng: Rng) -> ByteArray:
    """Panels of a server's or a ward's load: spiky curves, numbers, bars."""
    desk, size = _desk(rng)
    columns, rows = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    w, h = desk.width / columns, (desk.height - 5 * size) / rows
    for number in range(columns * rows):
        x, y = number % columns * w + size, 5 * size + number // columns * h
        desk.draw.rectangle((x, y, x + w - 2 * size, y + h - size), outline=(128, 128, 128))
        desk.text((x + size, y + 0.4 * size), words(rng, 1, 4), size)
        kind, left, low = rng.integers(4), x + size, y + h - 2 * size
        if kind == 0:
            desk.text((x + 0.3 * w, y + 0.4 * h), f"{rng.uniform(0, 99):.1f} %", 4 * size, bright(rng), bold=True)
            continue
        for _ in range(int(rng.integers(1, 4))):
            n = int(rng.integers(80, 300))
            load = rng.gamma(1, 0.08, n) + rng.uniform(0.1, 0.4) if kind == 1 else _day_of_pulse(rng, n)
            load += (rng.random(n) < rng.uniform(0, 0.1)) * rng.uniform(0, 0.5)
            level = low - np.clip(load, 0, 1) * (h - 5 * size)
            desk.curve(np.linspace(left, left + w - 4 * size, n), level, bright(rng), int(rng.integers(1, 3)))
    return desk.done()


def code_editor(rng: Rng) -> ByteArray:
    """Lines of a program with their numbers, indented and coloured."""
    desk, size = _desk(rng)
    indent, mono = 0, font(size, mono=True)
    for number, y in enumerate(np.arange(5 * size, desk.height - size, 1.5 * size)):
        indent = int(np.clip(indent + rng.integers(-1, 2), 0, 6))
        desk.draw.text((size, y), str(number), (130, 130, 130), mono)
        x = (5 + 3 * indent) * size
        for token in words(rng, 1, 9).lower().split():
            desk.draw.text((x, y), f"{token}(", bright(rng) if rng.random() < 0.5 else desk.ink, mono)
            x += (len(token) + 2) * 0.62 * size
    return desk.done()


def spreadsheet(rng: Rng) -> ByteArray:
    """Cells with numbers and words."""
    desk, size = _desk(rng)
    column, row = rng.uniform(6, 12) * size, 1.9 * size
    for y in np.arange(5 * size, desk.height, row):
        desk.draw.line((0, y, desk.width, y), (170, 170, 170), 1)
        for x in np.arange(0, desk.width, column):
            text = words(rng, 1, 2) if rng.random() < 0.3 else f"{rng.normal(0, 300):.2f}"
            desk.text((x + 0.4 * size, y + 0.3 * size), text if rng.random() < 0.8 else "", 0.95 * size)
    for x in np.arange(0, desk.width, column):
        desk.draw.line((x, 5 * size, x, desk.height), (170, 170, 170), 1)
    return desk.done()


def sound_editor(rng: Rng) -> ByteArray:
    """Tracks of sound or muscle: strokes up and down from a middle line, in a window with tools."""
    desk, size = _desk(rng)
    rows = int(rng.integers(1, 6))
    h = (desk.height - 6 * size) / rows
    for row in range(rows):
        y0, x = 6 * size + (row + 0.5) * h, np.arange(8 * size, desk.width - size)
        envelope = np.abs(signal.lfilter([0.03], [1, -0.97], rng.normal(size=len(x))))
        envelope = np.clip(
            envelope * rng.uniform(0.5, 2) * (rng.random() + np.sin(x / rng.uniform(20, 200)) ** 2), 0, 1
        )
        colour = bright(rng)
        for at, half in zip(x.tolist(), (0.45 * h * envelope).tolist(), strict=True):
            desk.draw.line((at, y0 - half, at, y0 + half), colour, 1)
        desk.text((size, y0), f"Track {row}", size)
    return desk.done()
