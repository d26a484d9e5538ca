"""Writes on pictures as a hand does: words in handwriting fonts, scrawls, rings, arrows, underlines; many colours."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ecgcore.types import ByteArray, FloatArray

Rng = np.random.Generator

PENS = (
    *((30, 55, 160), (20, 35, 110), (60, 85, 190)),
    *((15, 15, 20), (40, 40, 45), (180, 30, 35), (20, 95, 60), (95, 95, 100)),
)
"""Ballpoint blue most of all, black, red, green, pencil."""
PHRASES = (
    *("AF", "STEMI", "VF", "ok", "ST?", "LBBB", "normal", "sinus", "dr.", "pain", "old MI", "repeat", "72/min"),
    *("block II", "hyperK", "compare", "bed 4", "seen", "review", "12.30", "QT 460", "140/85", "ischaemia", "lateral"),
)
PRINTED = ["25mm/s", "10mm/mV", "0.05-40Hz", "II", "V5", "72"]
SUPERSAMPLE = 8.0
"""Pixels a millimetre in which writing is drawn before it is brought to the picture's scale."""


def write_on(
    picture_rgb: ByteArray, place_xyxy: Sequence[float], px_per_mm: float, rng: Rng, fonts: Sequence[Path]
) -> ByteArray:
    """Write a few things somewhere in a part of a picture.

    Args:
        picture_rgb: ``uint8 [H, W, 3]``.
        place_xyxy: the part, in pixels.
        px_per_mm: scale of the paper.
        rng: source of chance.
        fonts: files of handwriting fonts.
    """
    x1, y1, x2, y2 = place_xyxy
    pen = np.zeros(picture_rgb.shape[:2], np.float32)
    for _ in range(int(rng.integers(1, 5))):
        kind = rng.choice(4, p=[0.55, 0.2, 0.15, 0.1])
        stamp = (_word, _scrawl, _ring, _line)[kind](rng, fonts)  # type: ignore[operator]
        scale = px_per_mm / SUPERSAMPLE
        stamp = _turned(stamp, rng.normal(0, 8))
        stamp = cv2.resize(stamp, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        height, width = stamp.shape
        left, top = round(rng.uniform(x1, max(x1 + 1, x2 - width))), round(rng.uniform(y1, max(y1 + 1, y2 - height)))
        part = pen[max(0, top) : top + height, max(0, left) : left + width]
        np.maximum(part, stamp[: part.shape[0], : part.shape[1]], out=part)
    colour = np.clip(np.array(PENS[rng.choice(len(PENS))]) + rng.normal(0, 12, 3), 0, 255)
    pen = pen * np.float32(rng.uniform(0.45, 1.0))
    written = picture_rgb * (1 - pen[..., None] * (1 - colour / 255))
    return np.asarray(written.round(), dtype=np.uint8)


def _word(rng: Rng, fonts: Sequence[Path]) -> FloatArray:
    """A few words, 3 to 9 mm high, wavering."""
    text = " ".join(rng.choice(PHRASES, int(rng.integers(1, 5))))
    font = ImageFont.truetype(str(fonts[rng.integers(len(fonts))]), round(rng.uniform(4.5, 13) * SUPERSAMPLE))
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (round(right - left) + 60, round(bottom - top) + 60))
    bold = int(rng.integers(0, 3))
    ImageDraw.Draw(image).text((30 - left, 30 - top), text, font=font, fill=255, stroke_width=bold, stroke_fill=255)
    return _wavering(np.asarray(image, np.float32) / 255, rng)


def _scrawl(rng: Rng, _: Sequence[Path]) -> FloatArray:
    """A signature: loops that run along, grow and shrink."""
    length, height = rng.uniform(15, 60), rng.uniform(2, 7)
    t = np.linspace(0, 1, 600)
    wander = cv2.GaussianBlur(rng.normal(size=(4, 600)), (0, 0), 25.0, borderType=cv2.BORDER_REFLECT)
    wander /= np.abs(wander).max(axis=1, keepdims=True)
    phase = 2 * np.pi * t * length / rng.uniform(3, 7) + 2 * wander[0]
    x = 10 + length * t + height * (0.5 + 0.4 * wander[1]) * np.sin(phase)
    y = 12 + height * (0.7 + 0.7 * wander[2]) * np.cos(phase) + 2 * wander[3]
    return _drawn(np.column_stack([x, y]), (length + 22, 26), rng)


def _ring(rng: Rng, _: Sequence[Path]) -> FloatArray:
    """A ring round something, not quite closed or more than closed."""
    across, down = rng.uniform(5, 30), rng.uniform(5, 16)
    turn = np.linspace(0, 2 * np.pi * rng.uniform(0.9, 1.3), 300) + rng.uniform(0, 6.3)
    grows = 1 + rng.normal(0, 0.06) * np.linspace(-1, 1, 300) + 0.04 * np.sin(3 * turn + rng.uniform(0, 6))
    x, y = 1.3 * across + across * grows * np.cos(turn), 1.3 * down + down * grows * np.sin(turn)
    return _drawn(np.column_stack([x, y]), (2.6 * across, 2.6 * down), rng)


def _line(rng: Rng, _: Sequence[Path]) -> FloatArray:
    """An arrow, an underline or a stroke through something, drawn without a ruler."""
    length, slope = rng.uniform(8, 50), rng.normal(0, 0.5)
    t = np.linspace(0, 1, 200)
    bow = rng.normal(0, 0.06) * length
    x, y = 6 + length * t, 35 + slope * length * (t - 0.5) / 2 + bow * np.sin(np.pi * t)
    lines = [np.column_stack([x, y])]
    if rng.random() < 0.85:
        tip, back = lines[0][-1], np.arctan2(*(lines[0][-1] - lines[0][-20])[::-1]) + np.pi
        lines += [
            np.array([tip, tip + rng.uniform(2, 5) * np.array([np.cos(back + side), np.sin(back + side)])])
            for side in (0.45, -0.5)
        ]
    return np.maximum.reduce([_drawn(line, (length + 12, 70), rng) for line in lines])


def _drawn(points_mm: FloatArray, size_mm: tuple[float, float], rng: Rng) -> FloatArray:
    canvas = np.zeros((round(size_mm[1] * SUPERSAMPLE), round(size_mm[0] * SUPERSAMPLE)), np.uint8)
    fixed = np.round(points_mm * SUPERSAMPLE * 16).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(
        canvas, [fixed], False, 255, max(2, round(rng.uniform(0.25, 0.9) * SUPERSAMPLE)), cv2.LINE_AA, shift=4
    )
    return np.asarray(canvas, np.float32) / 255


def _wavering(stamp: FloatArray, rng: Rng) -> FloatArray:
    """No letter twice alike: shifted by up to half a millimetre and slanted."""
    height, width = stamp.shape
    coarse = (max(2, height // 40 + 1), max(2, width // 40 + 1))
    rows, columns = np.indices(stamp.shape, dtype=np.float32)
    shifts = [
        cv2.resize(rng.normal(0, 2.5, coarse).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        for _ in range(2)
    ]
    slant = np.float32(rng.normal(0, 0.15)) * (rows - height / 2)
    return cv2.remap(stamp, columns + shifts[0] + slant, rows + shifts[1], cv2.INTER_LINEAR)


def _turned(stamp: FloatArray, degrees: float) -> FloatArray:
    height, width = stamp.shape
    side = int(np.hypot(height, width))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turn[:, 2] += (0, (side - height) / 2 * min(1.0, abs(np.sin(np.radians(degrees))) * 4))
    grown = round(height + (side - height) * min(1.0, abs(np.sin(np.radians(degrees))) * 4))
    return cv2.warpAffine(stamp, turn, (width, max(height, grown)))


def print_on(
    picture_rgb: ByteArray, place_xyxy: Sequence[float], px_per_mm: float, rng: Rng, fonts: Sequence[Path]
) -> ByteArray:
    """Print lines of a machine's text somewhere in a part of a picture: they are no handwriting.

    Args:
        picture_rgb: the page, uint8 [H, W, 3].
        place_xyxy: the part, in the picture's pixels.
        px_per_mm: of the picture.
        rng: what is drawn at random.
        fonts: files of book and screen fonts.
    """
    image = Image.fromarray(picture_rgb)
    draw = ImageDraw.Draw(image)
    x1, y1, x2, y2 = place_xyxy
    fill = PENS[rng.choice(len(PENS))]
    for _ in range(int(rng.integers(1, 5))):
        size_px = max(6, round(rng.uniform(2, 6) * px_per_mm))
        font = ImageFont.truetype(str(fonts[rng.integers(len(fonts))]), size_px)
        text = " ".join(rng.choice([*PHRASES, *PRINTED], int(rng.integers(1, 7))))
        draw.text((rng.uniform(x1, (x1 + 2 * x2) / 3), rng.uniform(y1, y2)), text, font=font, fill=fill)
    return np.asarray(image, dtype=np.uint8)
