"""Pictures that are drawn to hold a reader of ECGs long: noise, checkerboards, bare grids, letters, mazes.

Each kind is drawn at the sizes of ``SIZES_WH`` in turn, up to the most pixels and the longest sides that are decoded.
"""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from ecgcore.papersim import KINDS, draw_page, random_style, synthetic_ecg
from ecgcore.types import ByteArray, FloatArray

Rng = np.random.Generator
Size = tuple[int, int]

SIZES_WH: tuple[Size, ...] = (
    (4000, 3000),
    (1200, 900),
    (8000, 8000),
    (3000, 4000),
    (600, 450),
    (5500, 7000),
    (2200, 1700),
    (20_000, 1_700),
    (4200, 2900),
    (1_000, 12_000),
    (10_000, 10_000),
    (2480, 3508),
)
"""12 megapixels, as phones have, in each third; a decoded page has at most 100, and 20 000 along a side."""


def _paper(wh: Size, value: int = 255) -> ByteArray:
    return np.full((wh[1], wh[0], 3), value, np.uint8)


def _rgb(grey: np.ndarray) -> ByteArray:
    return np.repeat(np.asarray(grey, dtype=np.uint8)[:, :, None], 3, axis=2)


def _enlarged(grey: np.ndarray, wh: Size) -> ByteArray:
    return _rgb(cv2.resize(np.asarray(grey, dtype=np.uint8), wh, interpolation=cv2.INTER_NEAREST))


def noise(rng: Rng, wh: Size) -> ByteArray:
    """Grey or coloured noise, of single pixels or of clots."""
    clot = int(rng.choice([1, 1, 2, 4, 9]))
    small = max(1, wh[0] // clot), max(1, wh[1] // clot)
    colours = 3 if rng.random() < 0.5 else 1
    drawn = rng.integers(0, 256, (small[1], small[0], colours), dtype=np.uint8)
    grown = cv2.resize(drawn, wh, interpolation=cv2.INTER_NEAREST)
    return np.ascontiguousarray(grown) if colours == 3 else _rgb(grown)


def dust(rng: Rng, wh: Size) -> ByteArray:
    """Specks on white paper, a share of it from a thousandth to a fifth."""
    share, clot = 10 ** rng.uniform(-3, -0.7), int(rng.choice([1, 2, 5]))
    small = max(1, wh[0] // clot), max(1, wh[1] // clot)
    return _enlarged(np.where(rng.random((small[1], small[0]), dtype=np.float32) < share, 0, 255), wh)


def checkerboard(rng: Rng, wh: Size) -> ByteArray:
    """Squares of one pixel to a hundred."""
    side = int(rng.choice([1, 2, 3, 5, 8, 20, 100]))
    y, x = np.arange(wh[1])[:, None] // side, np.arange(wh[0])[None] // side
    return _rgb(((x + y) % 2) * np.uint8(255))


def bare_grid(rng: Rng, wh: Size) -> ByteArray:
    """Millimetre paper with nothing on it, in one of its colours."""
    sheet, step = _paper(wh), rng.uniform(3, 24)
    light, dark = ((255, 200, 200), (240, 120, 120)) if rng.random() < 0.6 else ((210, 225, 210), (90, 160, 90))
    for number, x in enumerate(np.arange(0, wh[0], step)):
        sheet[:, int(x)] = light if number % 5 else dark
    for number, y in enumerate(np.arange(0, wh[1], step)):
        sheet[int(y)] = light if number % 5 else dark
    return sheet


def tilted_grid(rng: Rng, wh: Size) -> ByteArray:
    """Millimetre paper seen from aside, with noise in place of traces."""
    grid = bare_grid(rng, (min(wh[0], 4000), min(wh[1], 4000)))
    height, width = grid.shape[:2]
    specks = rng.random((height, width), dtype=np.float32) < 0.03
    grid[specks] = 20
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = (corners * 0.8 + rng.uniform(0, 0.15, (4, 2)) * (width, height)) * np.array(wh) / (width, height)
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    return np.asarray(cv2.warpPerspective(grid, matrix, wh, borderValue=(70, 60, 50)), dtype=np.uint8)


def letters(rng: Rng, wh: Size) -> ByteArray:
    """Lines of print, small and dense or large."""
    block, size = _paper((min(wh[0], 2600), min(wh[1], 2600))), rng.choice([0.3, 0.4, 0.7, 2.0])
    for y in np.arange(20, block.shape[0], 30 * size):
        words = "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz0123456789    "), int(block.shape[1] / 17 / size)))
        cv2.putText(block, words, (5, int(y)), 0, size, (0, 0, 0), 1 + int(size > 1), cv2.LINE_AA)
    return _tiled(block, wh)


def _tiled(block: ByteArray, wh: Size) -> ByteArray:
    times = (-(-wh[1] // block.shape[0]), -(-wh[0] // block.shape[1]), 1)
    return np.ascontiguousarray(np.tile(block, times)[: wh[1], : wh[0]])


def stripes(rng: Rng, wh: Size) -> ByteArray:
    """Level, upright or slanting stripes of any width."""
    period, turn = rng.uniform(2, 60), rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
    y, x = np.arange(wh[1], dtype=np.float32)[:, None], np.arange(wh[0], dtype=np.float32)[None]
    wave = (x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn))) % np.float32(period)
    return _rgb(np.where(wave < period * rng.uniform(0.1, 0.6), 0, 255))


def rings(rng: Rng, wh: Size) -> ByteArray:
    """Rings that grow finer outwards, which makes waves in any raster."""
    y = np.linspace(-1, 1, wh[1], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, wh[0], dtype=np.float32)[None]
    return _rgb(127 + 127 * np.cos(np.float32(10 ** rng.uniform(1.5, 3.8)) * (x * x + y * y)))


def maze(rng: Rng, wh: Size) -> ByteArray:
    """Slanting strokes that join into one line all over the page."""
    cell = int(rng.choice([4, 8, 16, 40]))
    small = max(1, wh[0] // cell), max(1, wh[1] // cell)
    stroke = (np.eye(cell) + np.eye(cell, k=1) + np.eye(cell, k=-1)).clip(0, 1)
    turned = rng.random((small[1], small[0])) < 0.5
    tiles = np.where(turned[..., None, None], stroke, stroke[:, ::-1]).transpose(0, 2, 1, 3)
    return _enlarged(255 - 255 * tiles.reshape(small[1] * cell, small[0] * cell), wh)


def _wave(rng: Rng, n: int, spikes: float) -> FloatArray:
    x = np.arange(n)
    beat = np.exp(-0.5 * (((x + rng.uniform(0, spikes)) % spikes - spikes / 2) / (0.015 * spikes)) ** 2)
    return np.asarray(beat + 0.1 * np.sin(x / spikes * 2 * np.pi) + 0.02 * rng.normal(size=n), dtype=np.float64)


def crowded_rows(rng: Rng, wh: Size) -> ByteArray:
    """Hundreds of rows with spikes that run through each other, on white paper or on a grid."""
    sheet = _paper(wh) if rng.random() < 0.5 else bare_grid(rng, wh)
    rows, spikes = int(rng.integers(12, 300)), rng.uniform(0.01, 0.2) * wh[0]
    x, pitch = np.arange(0, wh[0], 2.0), wh[1] / rows
    for row in range(rows):
        y = (row + 0.5) * pitch - rng.uniform(0.5, 4) * pitch * _wave(rng, len(x), spikes / 2)
        points = np.round(np.column_stack([x, y])).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(sheet, [points], False, (0, 0, 0), int(rng.integers(1, 4)), cv2.LINE_AA)
    return sheet


def pulses(rng: Rng, wh: Size) -> ByteArray:
    """Thousands of calibration pulses beside a few traces."""
    sheet, width = _paper(wh), wh[0]
    high = int(width * rng.uniform(0.016, 0.03)) + 4
    for y in range(high, wh[1] - high, int(high * 1.6)):
        for x in range(5, width - high, high):
            foot = [(x, y), (x + high // 6, y), (x + high // 6, y - high), (x + high // 2, y - high)]
            points = np.array([*foot, (x + high // 2, y), (x + 2 * high // 3, y)], np.int32).reshape(-1, 1, 2)
            cv2.polylines(sheet, [points], False, (0, 0, 0), 1 + high // 40)
    return sheet


def _ecg(rng: Rng) -> ByteArray:
    signals_mv, fs_hz, _ = synthetic_ecg(str(rng.choice(list(KINDS))), int(rng.integers(2**31)))
    return draw_page(signals_mv, fs_hz, random_style(rng), int(rng.integers(2**31))).image_rgb


def enlarged_ecg(rng: Rng, wh: Size) -> ByteArray:
    """An ECG page blown up, or pressed together, to the size."""
    return np.asarray(cv2.resize(_ecg(rng), wh, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def many_ecgs(rng: Rng, wh: Size) -> ByteArray:
    """The same ECG page again and again."""
    page = _ecg(rng)
    scale = rng.uniform(0.3, 1)
    return _tiled(np.asarray(cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)), wh)


def noisy_ecg(rng: Rng, wh: Size) -> ByteArray:
    """An ECG page under noise, in any of the four ways."""
    page = enlarged_ecg(rng, wh).astype(np.int16)
    page += rng.integers(-90, 90, (wh[1], wh[0], 1), dtype=np.int16)
    return np.ascontiguousarray(np.rot90(page.clip(0, 255).astype(np.uint8), int(rng.integers(4))))


def sheet_of_anything(rng: Rng, wh: Size) -> ByteArray:
    """A sheet on a desk, whole or cut off, with one of the other kinds printed on it."""
    kind = str(rng.choice(["letters", "dust", "crowded rows", "stripes", "maze", "pulses"]))
    print_rgb = ADVERSARIAL[kind](rng, (2000, 1500)).astype(np.float32) * 0.7 + 70
    corners = np.array([[0, 0], [2000, 0], [2000, 1500], [0, 1500]], np.float32)
    share = rng.uniform(-0.05, 0.12, (4, 2))
    places = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * (1 - 2 * share) + share
    matrix = cv2.getPerspectiveTransform(corners, (places * wh).astype(np.float32))
    return np.asarray(
        cv2.warpPerspective(print_rgb.clip(0, 255).astype(np.uint8), matrix, wh, borderValue=(60, 45, 30))
    )


def flat(rng: Rng, wh: Size) -> ByteArray:
    """One colour, or a gradient."""
    ramp = np.linspace(0, rng.choice([0, 255]), wh[0], dtype=np.float32)[None] + np.zeros((wh[1], 1), np.float32)
    return _rgb(ramp if rng.random() < 0.6 else np.full((wh[1], wh[0]), rng.integers(0, 256)))


ADVERSARIAL: dict[str, Callable[[Rng, Size], ByteArray]] = {
    "noise": noise,
    "dust": dust,
    "checkerboard": checkerboard,
    "bare grid": bare_grid,
    "tilted grid": tilted_grid,
    "letters": letters,
    "stripes": stripes,
    "rings": rings,
    "maze": maze,
    "crowded rows": crowded_rows,
    "pulses": pulses,
    "enlarged ECG": enlarged_ecg,
    "many ECGs": many_ecgs,
    "noisy ECG": noisy_ecg,
    "sheet of anything": sheet_of_anything,
    "flat": flat,
}


def adversarial(count: int, seed: int) -> Iterator[tuple[str, ByteArray]]:
    """So many pictures, kinds and sizes in turn, with what each is called."""
    kinds = list(ADVERSARIAL)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        kind = kinds[number % len(kinds)]
        wh = SIZES_WH[(number // len(kinds) + number) % len(SIZES_WH)]
        yield f"{kind} {number} {wh[0]}x{wh[1]}", ADVERSARIAL[kind](rng, wh)
