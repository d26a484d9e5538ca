"""Slides and pages of reports, with and without a piece of an ECG in them."""

import numpy as np
from matplotlib.figure import Figure

from benchmarks.page.no_ecg.canvas import Canvas, Rng, bright, figure_rgb, leads_mv, words
from benchmarks.page.no_ecg.plots import training_curves
from ecgcore.papersim import PageStyle, draw_page
from ecgcore.types import ByteArray

SIZES_WH = (1280, 720), (1600, 900), (1024, 768), (1920, 1080), (1440, 1080)


def _slide(rng: Rng) -> Canvas:
    """A slide with its title, in a bar or alone."""
    slide = Canvas(rng, SIZES_WH[rng.integers(len(SIZES_WH))])
    if rng.random() < 0.5:
        slide.draw.rectangle((0, 0, slide.width, 0.14 * slide.height), bright(rng))
    slide.text((0.05 * slide.width, 0.04 * slide.height), words(rng, 2, 6), 0.055 * slide.height, bold=True)
    return slide


def _bullets(slide: Canvas, left: float, top: float, count: int, most_words: int = 9) -> float:
    """Points below each other; where they end."""
    size = slide.rng.uniform(0.028, 0.045) * slide.height
    y = top * slide.height
    for _ in range(count):
        slide.text((left * slide.width, y), "• " + words(slide.rng, 2, most_words), size)
        y += size * slide.rng.uniform(1.5, 2.2)
    return y / slide.height


def bullet_slide(rng: Rng) -> ByteArray:
    """A title and points."""
    slide = _slide(rng)
    _bullets(slide, 0.07, 0.24, int(rng.integers(3, 8)))
    return slide.done()


def heartbeat_slide(rng: Rng) -> ByteArray:
    """A title over a drawn heartbeat line that means nothing."""
    slide = _slide(rng)
    y0, size = rng.uniform(0.45, 0.85) * slide.height, rng.uniform(0.05, 0.18) * slide.height
    beat = np.array([(0, 0), (0.3, 0), (0.36, -0.25), (0.42, 0), (0.48, 0.2), (0.54, -1), (0.6, 0.6), (0.7, 0), (1, 0)])
    count = int(rng.integers(1, 7))
    points = np.concatenate([beat + np.array([number, 0]) for number in range(count)])
    left, right = rng.uniform(0, 0.1) * slide.width, rng.uniform(0.7, 1) * slide.width
    x = left + points[:, 0] / count * (right - left)
    slide.curve(x, y0 + points[:, 1] * size, bright(rng), int(rng.integers(2, 9)))
    if rng.random() < 0.5:
        _bullets(slide, 0.07, 0.2, 3)
    return slide.done()


def strip_picture(rng: Rng, most_leads: int = 1) -> ByteArray:
    """A cut of a printed ECG: one to ``most_leads`` rows on their grid, without header."""
    signals_mv, fs_hz = leads_mv(rng)
    style = PageStyle(
        layout="12x1", px_per_mm=float(rng.uniform(4, 7)), row_pitch_mm=28.0, pulse="none", header=False, footer=False
    )
    page = draw_page(signals_mv, fs_hz, style, int(rng.integers(2**31))).image_rgb
    px, first, rows = style.px_per_mm, int(rng.integers(0, 9)), int(rng.integers(1, most_leads + 1))
    top = (style.margin_mm[1] + style.pad_mm[1] + first * style.row_pitch_mm) * px
    width = rng.uniform(0.35, 0.95) * page.shape[1]
    return page[int(top) : int(top + rows * style.row_pitch_mm * px), int(12 * px) : int(width)]


def strip_slide(rng: Rng) -> ByteArray:
    """A title, points, and a strip of a real ECG's look in a part of the slide."""
    slide = _slide(rng)
    end = _bullets(slide, 0.07, 0.2, int(rng.integers(2, 5)))
    strip = strip_picture(rng)
    width = rng.uniform(0.35, 0.8) * slide.width
    height = min(width * strip.shape[0] / strip.shape[1], (0.9 - end) * slide.height)
    width = height * strip.shape[1] / strip.shape[0]
    slide.paste(strip, (rng.uniform(0.05, 0.15) * slide.width, end * slide.height), (width, height))
    if rng.random() < 0.6:
        slide.text((0.07 * slide.width, 0.93 * slide.height), words(rng, 4, 12), 0.025 * slide.height)
    return slide.done()


def chart_slide(rng: Rng) -> ByteArray:
    """Points beside a plot."""
    slide = _slide(rng)
    _bullets(slide, 0.05, 0.24, int(rng.integers(3, 6)), 5)
    plot, (width, height) = training_curves(rng), (slide.width, slide.height)
    slide.paste(plot, (0.45 * width, 0.22 * height), (0.5 * width, 0.6 * height))
    return slide.done()


def diagram_slide(rng: Rng) -> ByteArray:
    """Boxes with words, and arrows between them."""
    slide = _slide(rng)
    columns, rows = int(rng.integers(3, 6)), int(rng.integers(1, 4))
    for row in range(rows):
        for column in range(columns):
            x, y = (0.06 + 0.9 * column / columns) * slide.width, (0.25 + 0.7 * row / rows) * slide.height
            w, h = 0.62 / columns * slide.width, 0.4 / rows * slide.height
            slide.draw.rounded_rectangle((x, y, x + w, y + h), 12, outline=bright(rng), width=3)
            slide.text((x + 8, y + h / 3), words(rng, 1, 3), 0.02 * slide.height)
            slide.draw.line((x + w, y + h / 2, x + 0.9 / columns * slide.width, y + h / 2), slide.ink, 3)
    return slide.done()


def _report(rng: Rng) -> Canvas:
    report = Canvas(rng, [(1240, 1754), (1000, 1414), (850, 1100)][rng.integers(3)], may_be_dark=False)
    report.text((0.08 * report.width, 0.04 * report.height), words(rng, 2, 6), 0.024 * report.height, bold=True)
    return report


def _paragraph(report: Canvas, top: float, lines: int) -> float:
    """Lines of running text; where they end."""
    size = 0.0125 * report.height
    for number in range(lines):
        text = words(report.rng, 18, 24)[:86]
        report.text((0.08 * report.width, top * report.height + number * 1.45 * size), text, size)
    return top + (lines * 1.45 + 1) * 0.0125


def plot_report(rng: Rng) -> ByteArray:
    """Paragraphs, and between them a plot of one lead with axes."""
    report = _report(rng)
    signals_mv, fs_hz = leads_mv(rng)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        shown = signals_mv[rng.integers(12)][: int(rng.uniform(2, 10) * fs_hz)]
        axes.plot(np.arange(len(shown)) / fs_hz, shown, linewidth=rng.uniform(0.6, 1.6))
        axes.set(xlabel="Time (s)", ylabel="Amplitude (mV)", title=words(rng, 2, 5))
        axes.grid(bool(rng.random() < 0.6))

    top = _paragraph(report, 0.09, int(rng.integers(5, 12)))
    for _ in range(int(rng.integers(1, 3))):
        height = rng.uniform(0.16, 0.24)
        plot = figure_rgb(rng, draw, (9, 3.4))
        report.paste(plot, (0.08 * report.width, top * report.height), (0.84 * report.width, height * report.height))
        top = _paragraph(report, top + height + 0.015, int(rng.integers(4, 10)))
    return report.done()


def strip_report(rng: Rng) -> ByteArray:
    """A letter or chapter with a cut of one to three leads between its paragraphs."""
    report = _report(rng)
    top = _paragraph(report, 0.09, int(rng.integers(6, 16)))
    strip = strip_picture(rng, 3)
    width = rng.uniform(0.5, 0.84) * report.width
    height = width * strip.shape[0] / strip.shape[1]
    report.paste(strip, (0.08 * report.width, top * report.height), (width, height))
    _paragraph(report, top + height / report.height + 0.02, int(rng.integers(8, 20)))
    return report.done()
