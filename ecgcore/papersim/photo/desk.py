"""What a photographed page lies on: desks made of noise, so that no picture of anybody's is needed."""

import cv2
import numpy as np

from ecgcore.geometry.arrays import FloatPixels

DESKS = ("plain", "wood", "cloth", "clutter", "dark", "screen")


def draw_desk(kind: str, photo_wh: tuple[int, int], rng: np.random.Generator) -> FloatPixels:
    """Draw a desk, ``float32 [H, W, 3]`` 0..255; the same state of ``rng`` gives the same desk.

    Args:
        kind: one of ``DESKS``.
        photo_wh: size of the photo.
        rng: source of chance.
    """
    if kind in {"dark", "screen"}:
        return _plain(photo_wh, rng, float(rng.uniform(2, 25 if kind == "screen" else 60)))
    return {"plain": _plain, "wood": _wood, "cloth": _cloth, "clutter": _clutter}[kind](photo_wh, rng)


def _plain(photo_wh: tuple[int, int], rng: np.random.Generator, level: float | None = None) -> FloatPixels:
    level = float(rng.uniform(40, 200)) if level is None else level
    colour = np.clip(level * (1 + rng.normal(0, 0.12, 3)), 0, 235).astype(np.float32)
    return colour * (1 + 0.06 * _smooth_noise(photo_wh, (0.3, 0.3), rng))[..., None]


def _wood(photo_wh: tuple[int, int], rng: np.random.Generator) -> FloatPixels:
    dark, light = ((70, 42, 25), (120, 80, 52)) if rng.random() < 0.4 else ((125, 90, 62), (185, 145, 105))
    along = (0.6, 0.012) if rng.random() < 0.5 else (0.012, 0.6)
    fine = (along[0] / 3, along[1] / 5) if along[0] > along[1] else (along[0] / 5, along[1] / 3)
    grain = 0.5 + 0.35 * _smooth_noise(photo_wh, along, rng) + 0.15 * _smooth_noise(photo_wh, fine, rng)
    mix = np.clip(grain, 0, 1)[..., None]
    return np.asarray(np.asarray(dark) * (1 - mix) + np.asarray(light) * mix, dtype=np.float32)


def _cloth(photo_wh: tuple[int, int], rng: np.random.Generator) -> FloatPixels:
    width, height = photo_wh
    period = rng.uniform(4, 12)
    angle = rng.uniform(0, np.pi)
    x, y = np.arange(width, dtype=np.float32)[None, :], np.arange(height, dtype=np.float32)[:, None]
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    weave = np.cos(2 * np.pi * u / period) * np.cos(2 * np.pi * v / period)
    colour = rng.uniform(30, 210, 3).astype(np.float32)
    folds = 0.12 * _smooth_noise(photo_wh, (0.15, 0.4), rng)
    return np.asarray(colour * (1 + 0.1 * weave + folds)[..., None], dtype=np.float32)


def _clutter(photo_wh: tuple[int, int], rng: np.random.Generator) -> FloatPixels:
    """A desk with other papers, pens and round things on it."""
    width, height = photo_wh
    desk = _wood(photo_wh, rng) if rng.random() < 0.5 else _plain(photo_wh, rng)
    size = float(min(photo_wh))
    for _ in range(int(rng.integers(4, 10))):
        middle = (float(rng.uniform(0, width)), float(rng.uniform(0, height)))
        colour = tuple(float(c) for c in rng.uniform(15, 245, 3))
        kind = rng.choice(["paper", "pen", "round"])
        if kind == "round":
            cv2.circle(desk, (round(middle[0]), round(middle[1])), round(size * rng.uniform(0.03, 0.1)), colour, -1)
            continue
        sides = size * (rng.uniform(0.2, 0.5, 2) if kind == "paper" else np.array([0.4, 0.015]))
        corners = cv2.boxPoints((middle, tuple(sides), float(rng.uniform(0, 180))))
        fill = tuple(float(c) for c in rng.uniform(205, 250) * np.ones(3)) if kind == "paper" else colour
        cv2.fillConvexPoly(desk, np.round(corners).astype(np.int32), fill, cv2.LINE_AA)
        if kind == "paper":
            _print_lines(desk, corners, rng)
    return desk


def _print_lines(desk: FloatPixels, corners: np.ndarray, rng: np.random.Generator) -> None:
    """Lines as of print on another sheet, with ragged ends."""
    top_left, top_right, _, bottom_left = corners
    for down in np.arange(0.12, 0.9, 0.06):
        first = top_left + (bottom_left - top_left) * down + (top_right - top_left) * 0.1
        last = first + (top_right - top_left) * rng.uniform(0.3, 0.8)
        cv2.line(desk, np.round(first).astype(int), np.round(last).astype(int), (90.0, 90.0, 95.0), 2, cv2.LINE_AA)


def _smooth_noise(photo_wh: tuple[int, int], grain_xy: tuple[float, float], rng: np.random.Generator) -> FloatPixels:
    """Noise of about unit deviation whose grains measure ``grain_xy`` of the photo's width and height."""
    width, height = photo_wh
    columns, rows = (int(np.clip(2 / grain, 3, 400)) for grain in grain_xy)
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
