"""Pictures that show more than one ECG page: collages, prints on one scan, a book's facing pages, sheets on a desk."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ecgcore.papersim import KINDS, LAYOUT_ROWS, draw_page, random_style, synthetic_ecg
from ecgcore.papersim.photo.desk import draw_desk
from ecgcore.papersim.photo.light import develop, light_up
from ecgcore.types import ByteArray, FloatArray

Rng = np.random.Generator
Place = tuple[float, float, float, float]


@dataclass(frozen=True)
class SeveralPages:
    """A picture of several pages: ``uint8 [H, W, 3]``, how they lie, and the box of each, ``[n, 4]`` xyxy."""

    image_rgb: ByteArray
    kind: str
    boxes_xyxy: FloatArray


def one_page(rng: Rng, layout: str | None = None) -> ByteArray:
    """A drawn page with printed names, level, ``uint8 [H, W, 3]``."""
    style = replace(random_style(rng, layout=layout), rotation_deg=0.0)
    signals_mv, fs_hz, _ = synthetic_ecg(str(rng.choice(list(KINDS))), int(rng.integers(2**31)))
    return draw_page(signals_mv, fs_hz, style, int(rng.integers(2**31))).image_rgb


def _pair(rng: Rng, count: int = 2) -> list[ByteArray]:
    """Pages of one machine or of several, as large as a phone or a scanner shows them."""
    layout = str(rng.choice(list(LAYOUT_ROWS)))
    is_one_machine = rng.random() < 0.5
    return [one_page(rng, layout if is_one_machine else None) for _ in range(count)]


def _joined(pages: list[ByteArray], is_stacked: bool, gap_px: int, side_px: int, colour: FloatArray) -> SeveralPages:
    """Pages brought to the same width (stacked) or height, in a row with so wide a gap round each."""
    along, across = (0, 1) if is_stacked else (1, 0)
    scaled = [_enlarged(page, side_px / page.shape[across]) for page in pages]
    length = sum(page.shape[along] for page in scaled) + gap_px * (len(scaled) + 1)
    size = (length, side_px + 2 * gap_px) if is_stacked else (side_px + 2 * gap_px, length)
    picture = np.empty((*size, 3), np.uint8)
    picture[:] = np.clip(colour, 0, 255).astype(np.uint8)
    begin, boxes = gap_px, []
    for page in scaled:
        y, x = (begin, gap_px) if is_stacked else (gap_px, begin)
        room = page[: picture.shape[0] - y, : picture.shape[1] - x]
        picture[y : y + room.shape[0], x : x + room.shape[1]] = room
        boxes.append((x, y, x + room.shape[1], y + room.shape[0]))
        begin += page.shape[along] + gap_px
    return SeveralPages(picture, "", np.array(boxes, dtype=np.float64))


def _enlarged(page: ByteArray, scale: float) -> ByteArray:
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(page, None, fx=scale, fy=scale, interpolation=how), dtype=np.uint8)


def collage(rng: Rng) -> SeveralPages:
    """As an app or a word processor sets pictures side by side or one above the other."""
    colour = np.array(((255, 255, 255), (0, 0, 0), (128, 128, 128), (240, 240, 245))[rng.integers(4)], np.float64)
    count = int(rng.choice([2, 3], p=[0.85, 0.15]))
    is_stacked = bool(rng.random() < 0.6)
    side_px = int(rng.integers(1300, 1900) if is_stacked else rng.integers(900, 1300))
    return replace(_joined(_pair(rng, count), is_stacked, int(rng.integers(8, 60)), side_px, colour), kind="collage")


def scan(rng: Rng) -> SeveralPages:
    """Two small prints on the glass of one scanner."""
    pages = [_turned(page, float(rng.normal(0, 0.6)), (250, 250, 250)) for page in _pair(rng)]
    is_stacked = bool(rng.random() < 0.7)
    joined = _joined(pages, is_stacked, int(rng.integers(20, 120)), int(rng.integers(1300, 1800)), np.full(3, 250.0))
    return replace(joined, image_rgb=develop(joined.image_rgb.astype(np.float32), 0.5, 0, 2, 85, rng), kind="scan")


def book(rng: Rng) -> SeveralPages:
    """A book's facing pages, the paper darker towards the fold between them."""
    paper = rng.uniform(225, 255, 3)
    pages = [cv2.copyMakeBorder(p, 40, 40, 30, 30, cv2.BORDER_CONSTANT, value=paper.tolist()) for p in _pair(rng)]
    joined = _joined([np.asarray(page, np.uint8) for page in pages], False, 0, int(rng.integers(1000, 1400)), paper)
    fold_x = joined.boxes_xyxy[0, 2]
    away = np.abs(np.arange(joined.image_rgb.shape[1]) - fold_x) / joined.image_rgb.shape[1]
    shade = 1 - rng.uniform(0.2, 0.6) * np.exp(-((away / rng.uniform(0.01, 0.04)) ** 2))
    lit = joined.image_rgb.astype(np.float32) * shade[None, :, None].astype(np.float32)
    tilted = _turned(develop(lit, 0.7, 0, 3, 85, rng), float(rng.normal(0, 1.0)), (90, 80, 70))
    return SeveralPages(tilted, "book", joined.boxes_xyxy)


def sheets(rng: Rng) -> SeveralPages:
    """Two sheets on a desk, each at its own angle."""
    pages = [_turned(page, float(rng.normal(0, 2.0)), None) for page in _pair(rng)]
    is_stacked = bool(rng.random() < 0.6)
    side_px = int(rng.integers(1300, 2000) if is_stacked else rng.integers(1000, 1400))
    gap_px = int(rng.integers(15, 150))
    joined = _joined([page[..., :3] for page in pages], is_stacked, gap_px, side_px, np.zeros(3))
    cover = _joined([np.repeat(page[..., 3:], 3, axis=2) for page in pages], is_stacked, gap_px, side_px, np.zeros(3))
    height, width = joined.image_rgb.shape[:2]
    desk = draw_desk(str(rng.choice(["plain", "wood", "cloth", "dark"])), (width, height), rng)
    paper = cover.image_rgb.astype(np.float32) / 255
    photo = desk * (1 - paper) + joined.image_rgb * paper
    photo *= light_up((width, height), int(rng.integers(0, 2)), 0.25, 0.2, rng)[..., None]
    return replace(joined, image_rgb=develop(photo, 0.7, 0, 3, 85, rng), kind="sheets")


def _turned(page: ByteArray, degrees: float, ground: tuple[int, int, int] | None) -> ByteArray:
    """The page turned within a picture that holds all of it; without a ground with a fourth channel, its cover."""
    height, width = page.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    across, along = abs(turn[0, 0]), abs(turn[0, 1])
    wh = int(width * across + height * along), int(height * across + width * along)
    turn[:, 2] += (wh[0] - width) / 2, (wh[1] - height) / 2
    if ground is None:
        page = np.dstack([page, np.full((height, width), 255, np.uint8)])
    return np.asarray(cv2.warpAffine(page, turn, wh, flags=cv2.INTER_LINEAR, borderValue=ground or 0), dtype=np.uint8)


SEVERAL: dict[str, Callable[[Rng], SeveralPages]] = {"collage": collage, "scan": scan, "book": book, "sheets": sheets}


def several_pages(number: int, seed: int) -> SeveralPages:
    """A picture of several pages, the kinds in turn; the same numbers give the same pixels."""
    kind = list(SEVERAL)[number % len(SEVERAL)]
    return SEVERAL[kind](np.random.default_rng([seed, number]))
