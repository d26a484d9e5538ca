"""Plots of several panels as programs draw them: of ECGs too, each lead between axes and in a scale of its own."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import signal

from benchmarks.page.no_ecg.canvas import Rng, figure_rgb, leads_mv, words
from ecgcore.papersim import LEADS
from ecgcore.types import ByteArray, FloatArray


def lead_charts(rng: Rng) -> ByteArray:
    """Leads in charts of their own, each in the scale that fits it, with or without a second curve over the first."""
    signals_mv, fs_hz = leads_mv(rng)
    rows, columns = [(3, 3), (4, 3), (3, 2), (2, 2), (6, 2)][rng.integers(5)]
    second = rng.random() < 0.5
    seconds = rng.choice([1.2, 2.5, 5, 10])

    def draw(figure: Figure) -> None:
        for lead, axes in enumerate(np.ravel(figure.subplots(rows, columns))):
            shown = signals_mv[lead, : int(seconds * fs_hz)]
            time_s = np.arange(len(shown)) / fs_hz
            axes.plot(time_s, shown, linewidth=rng.uniform(0.8, 1.3))
            if second:
                axes.plot(time_s, signal.savgol_filter(shown, 61, 2) * rng.uniform(0.6, 1.2), linewidth=1)
            axes.set_title(LEADS[lead], fontsize=9)

    return figure_rgb(rng, draw, (rng.uniform(9, 17), rng.uniform(6, 12)))


def beat_gallery(rng: Rng) -> ByteArray:
    """Single beats side by side, as classes of a data set are shown."""
    rows, columns = int(rng.integers(2, 5)), int(rng.integers(3, 6))

    def draw(figure: Figure) -> None:
        for axes in np.ravel(figure.subplots(rows, columns)):
            signals_mv, fs_hz = leads_mv(rng)
            start = int(rng.uniform(1, 5) * fs_hz)
            axes.plot(signals_mv[rng.integers(12), start : start + int(0.8 * fs_hz)])
            axes.set_title(f"class {rng.integers(5)}", fontsize=8)

    return figure_rgb(rng, draw)


def training_curves(rng: Rng) -> ByteArray:
    """Losses that fall and accuracies that rise."""

    def draw(figure: Figure) -> None:
        for axes in np.atleast_1d(figure.subplots(1, int(rng.integers(1, 3)))):
            epochs = np.arange(int(rng.integers(20, 200)))
            for name in ("train", "validation"):
                fall = np.exp(-epochs / rng.uniform(5, 60)) + rng.uniform(0, 0.3)
                axes.plot(epochs, fall + rng.normal(0, rng.uniform(0.002, 0.05), len(epochs)), label=name)
            axes.legend()
            axes.set(xlabel="Epoch", title=words(rng, 1, 4))

    return figure_rgb(rng, draw)


def stock_chart(rng: Rng) -> ByteArray:
    """Candles or a jagged price, moving averages, and the volume below."""
    n = int(rng.integers(60, 250))
    price = 100 * np.exp(np.cumsum(rng.normal(0, 0.015, n)))

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        if rng.random() < 0.6:
            change = np.diff(price, prepend=price[0])
            colours = np.where(change > 0, "green", "red")
            above.vlines(range(n), price - rng.uniform(0, 3, n), price + rng.uniform(0, 3, n), colours, linewidth=0.8)
            above.bar(range(n), change, bottom=price - change, color=colours, width=0.7)
        else:
            above.plot(price, linewidth=1)
        above.plot(np.convolve(price, np.ones(15) / 15, "same")[8:-8], linewidth=1)
        below.bar(range(n), rng.gamma(2, 1, n))

    return figure_rgb(rng, draw)


def spirometry(rng: Rng) -> ByteArray:
    """Flow over volume, and volume over time."""

    def draw(figure: Figure) -> None:
        loop, time = figure.subplots(1, 2)
        for _ in range(int(rng.integers(1, 4))):
            v = np.linspace(0, rng.uniform(2, 6), 200)
            peak = rng.uniform(4, 11)
            loop.plot(v, peak * (v / 0.4) * np.exp(1 - v / 0.4) ** 0.3 * (1 - v / v[-1]))
            loop.plot(v, -rng.uniform(3, 6) * np.sin(np.pi * v / v[-1]))
            t = np.linspace(0, 8, 200)
            time.plot(t, v[-1] * (1 - np.exp(-t / rng.uniform(0.4, 2))))
        for axes in (loop, time):
            axes.grid(bool(rng.random() < 0.7))

    return figure_rgb(rng, draw)


def _pressure(rng: Rng, time_s: FloatArray) -> FloatArray:
    """Arterial pressure: a steep rise, a notch, a slow fall, beat for beat."""
    period_s = rng.uniform(0.6, 1.1)
    phase = (time_s % period_s) / period_s
    rise = np.minimum(phase / 0.12, 1) * np.exp(-2.2 * np.maximum(phase - 0.12, 0))
    return rise + 0.15 * np.exp(-0.5 * ((phase - 0.45) / 0.04) ** 2)


def pulse_waves(rng: Rng) -> ByteArray:
    """Pressure, pleth and breath one below the other, as physiology papers print them."""
    time_s = np.arange(0, rng.uniform(5, 20), 0.01)

    def draw(figure: Figure) -> None:
        for axes in np.atleast_1d(figure.subplots(int(rng.integers(2, 5)), 1, sharex=True)):
            kind = rng.integers(3)
            wave = _pressure(rng, time_s) if kind else np.sin(2 * np.pi * time_s / rng.uniform(2, 5))
            if kind == 2:
                wave = signal.sosfiltfilt(signal.butter(2, 4, fs=100, output="sos"), wave)
            axes.plot(time_s, wave + rng.normal(0, 0.01, len(time_s)), linewidth=rng.uniform(0.7, 1.5))
            axes.set_ylabel(words(rng, 1, 2), fontsize=8)

    return figure_rgb(rng, draw)


def tachogram(rng: Rng) -> ByteArray:
    """RR intervals over time, their spectrum and their scatter."""
    rr = 0.85 + 0.06 * np.sin(np.arange(300) / rng.uniform(2, 9)) + rng.normal(0, 0.02, 300)

    def draw(figure: Figure) -> None:
        above, left, right = figure.subplots(3, 1)
        above.plot(rr, linewidth=0.8)
        left.plot(*signal.welch(rr, 1.2, nperseg=128))
        right.scatter(rr[:-1], rr[1:], s=5)

    return figure_rgb(rng, draw)


def audio_tracks(rng: Rng) -> ByteArray:
    """Tracks of sound as an editor shows them: filled, mirrored envelopes."""

    def draw(figure: Figure) -> None:
        for axes in np.atleast_1d(figure.subplots(int(rng.integers(1, 5)), 1)):
            n = 4000
            envelope = np.abs(signal.lfilter([0.02], [1, -0.98], rng.normal(size=n))) ** rng.uniform(0.6, 2)
            axes.plot(envelope * rng.normal(size=n), linewidth=0.4)
            axes.set_xticks([])

    return figure_rgb(rng, draw)


def muscle_bursts(rng: Rng) -> ByteArray:
    """EMG and movement: bursts of noise at regular times."""

    def draw(figure: Figure) -> None:
        for axes in np.atleast_1d(figure.subplots(int(rng.integers(2, 6)), 1, sharex=True)):
            time_s = np.arange(0, 10, 0.004)
            on = np.sin(2 * np.pi * time_s / rng.uniform(0.9, 2.5) + rng.uniform(0, 6)) > rng.uniform(0, 0.9)
            axes.plot(time_s, rng.normal(size=len(time_s)) * (0.05 + on), linewidth=0.6)

    return figure_rgb(rng, draw)


def statistics_panels(rng: Rng) -> ByteArray:
    """Boxes, violins, bars, matrices and histograms in one figure."""

    def draw(figure: Figure) -> None:
        kinds = (_boxes, _bars, _matrix, _histogram, _points)
        for axes in np.ravel(figure.subplots(int(rng.integers(1, 4)), int(rng.integers(2, 4)))):
            kinds[rng.integers(len(kinds))](axes, rng)

    return figure_rgb(rng, draw)


def _boxes(axes: Axes, rng: Rng) -> None:
    axes.boxplot([rng.normal(rng.uniform(0, 3), 1, 50) for _ in range(int(rng.integers(2, 8)))])


def _bars(axes: Axes, rng: Rng) -> None:
    heights = rng.uniform(1, 9, int(rng.integers(3, 12)))
    axes.bar(range(len(heights)), heights, yerr=0.1 * heights, capsize=4)


def _matrix(axes: Axes, rng: Rng) -> None:
    axes.imshow(rng.uniform(size=(5, 5)), cmap=str(rng.choice(["Blues", "viridis"])))


def _histogram(axes: Axes, rng: Rng) -> None:
    axes.hist(rng.gamma(3, 1, 500), bins=30)


def _points(axes: Axes, rng: Rng) -> None:
    axes.scatter(rng.normal(size=80), rng.normal(size=80), s=10)
