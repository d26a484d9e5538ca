"""Pictures that are no ECG, to report on: drawn by Pillow and matplotlib, or photographs that scikit-image ships."""

from collections.abc import Callable
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import skimage.data
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from scipy import signal

from ecgcore.types import ByteArray, FloatArray

Rng = np.random.Generator

_FONTS = sorted((Path(mpl.get_data_path()) / "fonts" / "ttf").glob("DejaVu*.ttf"))
_WORDS = """
the patient was seen on the ward and told that results would follow within a week of this letter please
return the form signed and dated total amount due before next quarter method results table figure volume
temperature rainfall station north river bridge account item price quantity discount delivery address
"""
_PHOTOS = """
astronaut.png brick.png camera.png cell.png chelsea.png chessboard_GRAY.png chessboard_RGB.png clock_motion.png
coffee.png coins.png color.png grass.png gravel.png horse.png hubble_deep_field.jpg ihc.png logo.png microaneurysms.png
moon.png motorcycle_left.png motorcycle_right.png page.png phantom.png retina.jpg rocket.jpg text.png
"""


def _sheet(rng: Rng) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    wh = (int(rng.integers(620, 1000)), int(rng.integers(520, 900)))
    image = Image.new("RGB", wh, tuple(int(v) for v in rng.integers(238, 256, 3)))
    return image, ImageDraw.Draw(image)


def _font(rng: Rng, low: int = 10, high: int = 28) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONTS[rng.integers(len(_FONTS))]), int(rng.integers(low, high)))


def _sentence(rng: Rng, words: int) -> str:
    return " ".join(rng.choice(_WORDS.split(), words))


def _ink(rng: Rng) -> tuple[int, ...]:
    return tuple(int(v) for v in rng.integers(0, 110, 3))


def text_page(rng: Rng) -> ByteArray:
    """Running text in one or two columns."""
    image, draw = _sheet(rng)
    font, columns, y = _font(rng), int(rng.integers(1, 3)), 30.0
    while y < image.height - 30:
        for column in range(columns):
            x = 30 + column * image.width / columns
            draw.text((x, y), _sentence(rng, int(image.width / columns / font.size / 3.3)), font=font, fill=_ink(rng))
        y += font.size * rng.choice([1.2, 1.5, 2.4], p=[0.6, 0.3, 0.1])
    return np.array(image)


def table(rng: Rng) -> ByteArray:
    """A ruled form or bill."""
    image, draw = _sheet(rng)
    font, row, column = _font(rng, 9, 18), int(rng.integers(22, 60)), int(rng.integers(60, 180))
    for y in range(40, image.height - row, row):
        draw.line([(20, y), (image.width - 20, y)], _ink(rng), int(rng.integers(1, 3)))
        for x in range(24, image.width - column, column):
            if rng.random() < 0.8:
                draw.text(
                    (x, y + 4), str(rng.choice([_sentence(rng, 1), f"{rng.uniform(0, 999):.2f}"])), font=font, fill=0
                )
    for x in range(20, image.width, column):
        draw.line([(x, 40), (x, image.height - 40)], 0, 1)
    return np.array(image)


def handwriting(rng: Rng) -> ByteArray:
    """Scribbles: arcs joined at random along lines."""
    image, draw = _sheet(rng)
    pitch = int(rng.integers(40, 90))
    for y in range(60, image.height - 30, pitch):
        if rng.random() < 0.3:
            draw.line([(10, y + 12), (image.width - 10, y + 12)], (170, 190, 220), 1)
        x, fill, width = 30.0, _ink(rng), int(rng.integers(1, 4))
        while x < image.width - 60:
            for _ in range(rng.integers(3, 12)):
                r = rng.uniform(4, pitch / 4)
                start = rng.uniform(0, 360)
                draw.arc((x - r, y - r * 1.4, x + r, y + r * 1.4), start, start + rng.uniform(120, 350), fill, width)
                step = rng.uniform(0.6, 1.6) * r
                draw.line([(x, y + r), (x + step, y + rng.uniform(-r, r))], fill, width)
                x += step
            x += rng.uniform(10, 30)
    return np.array(image)


def grid_paper(rng: Rng) -> ByteArray:
    """Millimetre or squared paper without anything on it, sometimes with a heading."""
    image, draw = _sheet(rng)
    step, colour = rng.uniform(4, 9), np.array([rng.integers(200, 256), *rng.integers(120, 215, 2)])
    for index in range(int(max(image.size) / step)):
        tone = tuple(int(v) for v in (colour if index % 5 == 0 else (colour + 255) // 2))
        draw.line([(index * step, 0), (index * step, image.height)], tone, 1)
        draw.line([(0, index * step), (image.width, index * step)], tone, 1)
    if rng.random() < 0.5:
        draw.text((40, 30), _sentence(rng, 4), font=_font(rng), fill=0)
    return np.array(image)


def map_sheet(rng: Rng) -> ByteArray:
    """Streets, blocks and names."""
    image, draw = _sheet(rng)
    for _ in range(rng.integers(15, 60)):
        walk = np.cumsum(rng.normal(0, 30, (int(rng.integers(5, 30)), 2)), axis=0) + rng.uniform(0, image.size)
        draw.line([tuple(point) for point in walk], _ink(rng), int(rng.integers(1, 5)), joint="curve")
    for _ in range(rng.integers(5, 30)):
        x, y = rng.uniform(0, image.size)
        draw.rectangle((x, y, x + rng.uniform(10, 90), y + rng.uniform(10, 90)), outline=_ink(rng))
        draw.text((x, y), _sentence(rng, 1), font=_font(rng, 9, 16), fill=_ink(rng))
    return np.array(image)


def _plotted(rng: Rng, draw: Callable[[Figure], None]) -> ByteArray:
    figure = Figure(figsize=(rng.uniform(6, 10), rng.uniform(5, 8)), dpi=100)
    draw(figure)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def chart(rng: Rng) -> ByteArray:
    """Curves, bars, points or histograms in one or several axes, as matplotlib draws them."""

    def draw(figure: Figure) -> None:
        for axes in np.atleast_1d(figure.subplots(int(rng.integers(1, 4)))):
            x = np.linspace(0, 10, int(rng.integers(30, 400)))
            kind = rng.integers(5)
            if kind < 3:
                for _ in range(rng.integers(1, 5)):
                    smooth = np.sin(rng.uniform(0.2, 4) * x + rng.uniform(0, 6)) * rng.uniform(0.2, 2)
                    steps = np.cumsum(rng.normal(0, rng.choice([0, 0.1, 0.4]), len(x)))
                    axes.plot(x, smooth + steps, linewidth=rng.uniform(0.6, 2.5))
            elif kind == 3:
                axes.bar(range(12), rng.uniform(0, 9, 12), color=rng.uniform(0, 1, 3))
            else:
                axes.scatter(rng.normal(size=300), rng.normal(size=300), s=rng.uniform(2, 30))
            axes.grid(bool(rng.random() < 0.5))
            axes.set_title(_sentence(rng, 3))

    return _plotted(rng, draw)


def _rows(rng: Rng, rows: list[FloatArray], fs_hz: float) -> ByteArray:
    """Rows of signal below each other, sometimes on ruled paper."""
    ruled, width = rng.random() < 0.5, rng.uniform(0.5, 1.4)

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.02, 0.02, 0.96, 0.94))
        for number, row in enumerate(rows):
            axes.plot(np.arange(len(row)) / fs_hz, row - number * 6, linewidth=width, color="black")
        if ruled:
            axes.set_xticks(np.arange(0, len(rows[0]) / fs_hz, 0.2))
            axes.set_yticks(np.arange(-6 * len(rows), 6, 1))
            axes.grid(color=(1, 0.7, 0.7))
        axes.tick_params(labelbottom=False, labelleft=False)

    return _plotted(rng, draw)


def seismogram(rng: Rng) -> ByteArray:
    """Stations that a P and an S wave reach one after the other, with coda (filtered noise under envelopes)."""
    fs_hz, rows = 100.0, []
    time_s = np.arange(0, 20, 1 / fs_hz)
    origin_s, band = rng.uniform(0, 8), np.sort(rng.uniform(0.5, 20, 2)) + np.array([0, 3])
    for station in range(rng.integers(3, 13)):
        wave = signal.sosfilt(signal.butter(2, band, "band", fs=fs_hz, output="sos"), rng.normal(size=len(time_s)))
        envelope = np.full(len(time_s), rng.uniform(0.05, 0.4))
        for speed, size in ((1.0, 0.8), (1.8, 2.0)):
            since = time_s - origin_s - station * 0.4 * speed
            envelope += np.where(since > 0, size * np.exp(-since.clip(0) / rng.uniform(0.8, 4)), 0)
        rows.append(2 * envelope * wave / wave.std())
    return _rows(rng, rows, fs_hz)


def brain_waves(rng: Rng) -> ByteArray:
    """EEG-like channels: pink noise, bands of alpha and delta, now and then a slow wave in all of them."""
    fs_hz, n = 200.0, 2000
    time_s = np.arange(n) / fs_hz
    shared = signal.lfilter([1], [1, -0.97], rng.normal(size=n))
    rows = []
    for _ in range(rng.integers(6, 21)):
        low, high = ((8, 13), (1, 4), (14, 30), (4, 8))[rng.integers(4)]
        band = signal.sosfilt(signal.butter(2, (low, high), "band", fs=fs_hz, output="sos"), rng.normal(size=n))
        own = signal.lfilter([1], [1, -0.95], rng.normal(size=n))
        row = band / band.std() + rng.uniform(0, 1) * own / own.std() + rng.uniform(0, 1) * shared / shared.std()
        rows.append(rng.uniform(0.5, 1.6) * row + (np.abs(time_s - 5) < 0.2) * rng.uniform(0, 2))
    return _rows(rng, rows, fs_hz)


def spectrogram(rng: Rng) -> ByteArray:
    """Power over time and frequency of a few swept tones in noise, in one of matplotlib's colour maps."""
    time_s = np.arange(0, 8, 1 / 400)
    wave = rng.normal(size=len(time_s)) * rng.uniform(0.2, 2)
    for _ in range(rng.integers(1, 5)):
        wave = wave + signal.chirp(time_s, rng.uniform(5, 150), 8, rng.uniform(5, 150))

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.specgram(wave, NFFT=128, Fs=400, noverlap=96, cmap=str(rng.choice(["viridis", "gray", "magma", "jet"])))

    return _plotted(rng, draw)


def photograph(rng: Rng) -> ByteArray:
    """One of the pictures that come with scikit-image, cut, turned and scaled at random."""
    picture = np.asarray(Image.open(Path(skimage.data.__file__).parent / rng.choice(_PHOTOS.split())).convert("RGB"))
    height, width = picture.shape[:2]
    share = rng.uniform(0.5, 1.0)
    y, x = int(rng.uniform(0, (1 - share) * height)), int(rng.uniform(0, (1 - share) * width))
    cut = np.rot90(picture[y : y + int(share * height), x : x + int(share * width)], int(rng.integers(4)))
    scale = rng.uniform(600, 1100) / max(cut.shape[:2])
    return np.asarray(cv2.resize(np.ascontiguousarray(cut), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


NO_ECG: dict[str, tuple[Callable[[Rng], ByteArray], int]] = {
    "charts": (chart, 45),
    "text pages": (text_page, 35),
    "tables": (table, 35),
    "seismograms": (seismogram, 40),
    "EEG-like traces": (brain_waves, 40),
    "photographs": (photograph, 45),
    "grid paper": (grid_paper, 20),
    "spectrograms": (spectrogram, 15),
    "maps": (map_sheet, 20),
    "handwriting": (handwriting, 20),
}
"""What is drawn and how many of each: 315 pictures."""
