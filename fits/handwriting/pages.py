"""Pages that somebody has written on, and pages that nobody has, with the truth on every square millimetre."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ecgcore.errors import NotScreenableError
from ecgcore.geometry.warp import resample
from ecgcore.networks.handwriting import CELL_PX, panel_picture
from ecgcore.page.decode.read import read_picture
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import KINDS, draw_page, random_style, synthetic_ecg
from ecgcore.papersim.photo.photograph import photograph, random_damage
from ecgcore.types import ByteArray, FloatArray, PageImage
from fits.handwriting.strokes import print_on, write_on
from trainer.starter.pages import khan_items, split_items, split_records
from trainer.starter.public_datasets import load_ptbxl

PHOTO_LONG_PX = 2000
PHOTOS_FROM = 10_000
"""Photographs are of other drawings than scans."""
DIFFERS = 24
COVERED = 0.3
KHAN_WIDTH_MM = UNKNOWN_WIDTH_MM = 300.0
WRITTEN_SHARE, PRINTED_SHARE = 0.6, 0.45


@dataclass(frozen=True)
class Case:
    """One page: what the network sees, ``uint8 [h, w, 4]``, and whether each cell is written on, ``uint8 [h', w']``."""

    name: str
    picture: ByteArray
    cells: ByteArray


@dataclass(frozen=True)
class Fonts:
    """Files of fonts: by hand, and of machines."""

    hand: Sequence[Path]
    machine: Sequence[Path]


def cases(
    counts: Mapping[str, int], seed: int, fonts: Fonts, ptbxl: Path, khan: Path, keep: Path, *, held_out: bool
) -> Iterator[Case]:
    """So many pages of each kind - scan, photo, real - as far as they can be read, kept in a folder.

    Args:
        counts: how many of each kind.
        seed: of everything that is drawn.
        fonts: to write and print with.
        ptbxl: the data set's folder.
        khan: the data set's folder.
        keep: where the pages are kept.
        held_out: records and groups that no starter trains on, or those that all do.
    """
    part = 2 if held_out else 0
    records = split_records([record for record in load_ptbxl(ptbxl) if record.label is not None])[part]
    items = split_items(khan_items(khan))[part]
    keep.mkdir(parents=True, exist_ok=True)
    for kind, count in counts.items():
        for number in range(count):
            path = keep / f"{kind}-{number}.npz"
            if path.exists():
                with np.load(path) as kept:
                    yield Case(path.stem, kept["picture"], kept["cells"])
                continue
            if kind == "real":
                case = real_case(number, items[number * 5 % len(items)].path, seed, fonts)
            else:
                signals_mv = records[number * 7 % len(records)].signals_mv if number % 2 else None
                case = drawn_case(number + PHOTOS_FROM * (kind == "photo"), seed, fonts, signals_mv, kind == "photo")
            if case is not None:
                np.savez_compressed(path, picture=case.picture, cells=case.cells)
                yield replace(case, name=path.stem)


def drawn_case(number: int, seed: int, fonts: Fonts, signals_mv: FloatArray | None, is_photo: bool) -> Case | None:
    """A rendered page, written on or not, as a scan or photographed; None where it cannot be read."""
    rng = np.random.default_rng([seed, number])
    style = replace(random_style(rng), rotation_deg=0.0)
    fs_hz = 250.0
    if signals_mv is None:
        signals_mv, fs_hz, _ = synthetic_ecg(list(KINDS)[number % len(KINDS)], number, fs_hz=fs_hz)
    page = draw_page(signals_mv, fs_hz, style, number)
    plain_rgb, written_rgb = _marked(page.image_rgb, page.panel_xyxy, style.px_per_mm, rng, fonts)
    pictures = [plain_rgb, written_rgb]
    if is_photo:
        damage = random_damage(rng, long_px=PHOTO_LONG_PX)
        pictures = [photograph(replace(page, image_rgb=rgb), damage, number).image_rgb for rgb in pictures]
    return _case(f"{'photo' if is_photo else 'scan'}-{number}", *pictures)


def real_case(number: int, path: Path, seed: int, fonts: Fonts) -> Case | None:
    """A page of a real machine, written on or not, its picture compressed anew."""
    rng = np.random.default_rng([seed, 7, number])
    picture_rgb = next(iter(read_picture(path, path.name)))
    height, width = picture_rgb.shape[:2]
    place = (0.03 * width, 0.2 * height, 0.97 * width, 0.93 * height)
    plain_rgb, written_rgb = _marked(picture_rgb, place, width / KHAN_WIDTH_MM, rng, fonts)
    quality = int(rng.integers(50, 96))
    return _case(f"real-{number}", *(_compressed(rgb, quality) for rgb in (plain_rgb, written_rgb)))


def photo_cases(folder: Path, seed: int, fonts: Fonts) -> Iterator[Case]:
    """Every photo of a folder as it is, and once more written on within its panel."""
    for number, path in enumerate(sorted(folder.glob("*.jpg"))):
        photo_rgb = next(iter(read_picture(path, path.name)))
        page = prepare_page(photo_rgb)
        yield Case(path.stem, panel_picture(page), cells_of(page, photo_rgb, photo_rgb))
        corners = page.frame.corners_photo_xy
        place = (*np.quantile(corners, 0.3, axis=0), *np.quantile(corners, 0.7, axis=0))
        px_per_mm = page.px_per_mm or float(np.ptp(corners[:, 0])) / UNKNOWN_WIDTH_MM
        rng = np.random.default_rng([seed, 9, number])
        written_rgb = write_on(photo_rgb, place, px_per_mm, rng, fonts.hand)
        case = _case(f"{path.stem}, written on", photo_rgb, written_rgb)
        if case is not None:
            yield case


def _marked(
    picture_rgb: ByteArray, place_xyxy: Sequence[float], px_per_mm: float, rng: np.random.Generator, fonts: Fonts
) -> tuple[ByteArray, ByteArray]:
    """The picture, with machines' text on some, and the same written on, or not."""
    if rng.random() < PRINTED_SHARE:
        picture_rgb = print_on(picture_rgb, place_xyxy, px_per_mm, rng, fonts.machine)
    if rng.random() >= WRITTEN_SHARE:
        return picture_rgb, picture_rgb
    return picture_rgb, write_on(picture_rgb, place_xyxy, px_per_mm, rng, fonts.hand)


def _case(name: str, plain_rgb: ByteArray, written_rgb: ByteArray) -> Case | None:
    try:
        page = prepare_page(written_rgb)
    except NotScreenableError:
        return None
    return Case(name, panel_picture(page), cells_of(page, plain_rgb, written_rgb))


def cells_of(page: PageImage, plain_rgb: ByteArray, written_rgb: ByteArray) -> ByteArray:
    """Which cells of a page's panel show something in one picture that the other lacks, ``uint8 [h, w]``, 0 or 1."""
    differs = (cv2.absdiff(plain_rgb, written_rgb).max(axis=2) > DIFFERS).astype(np.uint8) * 255
    flat, in_photo = resample(differs, page.frame)
    flat[~in_photo] = 0
    height, width = flat.shape
    padded = cv2.copyMakeBorder(flat, 0, -height % CELL_PX, 0, -width % CELL_PX, cv2.BORDER_CONSTANT, value=0)
    rows, columns = (side // CELL_PX for side in padded.shape)
    most = padded.reshape(rows, CELL_PX, columns, CELL_PX).max(axis=(1, 3))
    return np.asarray(most > 255 * COVERED, dtype=np.uint8)


def _compressed(picture_rgb: ByteArray, quality: int) -> ByteArray:
    _, code = cv2.imencode(".jpg", picture_rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1])
