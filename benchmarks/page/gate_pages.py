"""Readable ECG pages that the gate's fit has not seen: drawn in random styles, clean and photographed."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.page.foreign_renderer import DPIS, STYLES, draw_record_page
from ecgcore.page.decode.read import FILE_ENDINGS, read_picture
from ecgcore.papersim import KINDS, PageStyle, SimPage, random_style, synthetic_ecg
from ecgcore.papersim.photo.photograph import PhotoDamage, SimPhoto, photograph, random_damage
from ecgcore.types import ByteArray
from fits.page_gate.drawn import ecg
from trainer.starter.pages import split_records
from trainer.starter.public_datasets import Record, load_ludb, load_ptbxl
from trainer.starter.synthetic_pages import render_page

Pictures = Iterator[tuple[str, ByteArray]]

READABLE_PX_PER_MM = 4.0
READABLE_BLUR_MM = 0.2
"""One sigma, of focus and motion together."""
READABLE_PEN_PX = 0.6
"""Width of the pen on the page as it was drawn, and in the photo."""


def rendered(seed: int, count: int) -> Pictures:
    """Artificial rhythms, rare ones among them, in random styles."""
    for number in range(count):
        yield f"rendered {number}", ecg(np.random.default_rng([seed, number]), number)


def foreign(seed: int, count: int) -> Pictures:
    """Artificial rhythms drawn by ecg-plot."""
    for number in range(count):
        kind = list(KINDS)[number % len(KINDS)]
        signals_mv, fs_hz, _ = synthetic_ecg(kind, seed + number)
        chart_style, dpi = list(STYLES)[number % len(STYLES)], DPIS[number % len(DPIS)]
        record = Record(f"synthetic:{number}", "", None, signals_mv, fs_hz)
        yield f"{kind}, {chart_style}, {dpi} dpi", draw_record_page(record, chart_style, dpi).image_rgb


def held_out_ptbxl(folder: Path) -> list[Record]:
    """Labelled records of patients that neither a starter nor the gate's fit has seen."""
    return split_records([record for record in load_ptbxl(folder) if record.label is not None])[2]


def held_out_ludb(folder: Path) -> list[Record]:
    """Records that no starter learns from; the gate's fit has seen none of this data set."""
    return split_records(load_ludb(folder))[2]


def clean(records: list[Record], seed: int, count: int) -> Pictures:
    """Records spread over the list, in random styles, as scanned or exported."""
    for number, record in enumerate(records[:: max(1, len(records) // count)][:count]):
        style = random_style(np.random.default_rng([seed, 1, number]))
        yield record.source_record, render_page(record, seed + number, style).image_rgb


def photographed(records: list[Record], seed: int, count: int) -> Pictures:
    """Records in random styles, photographed with random damage that leaves them readable."""
    found = number = 0
    while found < count:
        number += 1
        rng = np.random.default_rng([seed, 2, number])
        style, damage = dataclasses.replace(random_style(rng), rotation_deg=0.0), random_damage(rng)
        record = records[int(rng.integers(len(records)))]
        if style.pen_mm * style.px_per_mm < READABLE_PEN_PX or damage.fill > 1.0:
            continue  # known before anything is drawn
        page = render_page(record, seed + number, style)
        photo = photograph(page, damage, seed + number)
        if is_readable(page, photo, style, damage):
            found += 1
            yield f"{record.source_record}, photo {number}", photo.image_rgb


def is_readable(page: SimPage, photo: SimPhoto, style: PageStyle, damage: PhotoDamage) -> bool:
    """Whether a person could read the photo: the whole panel is in it, near enough, sharp, its pen no hairline.

    Folds, curl, tilt, turn, shadow, noise, compression and a monitor's stripes do not count against it.
    """
    height, width = photo.image_rgb.shape[:2]
    corners = photo.corners_photo_xy
    whole = bool(((corners >= 0) & (corners <= (width, height))).all())
    x1, y1, x2, y2 = page.panel_xyxy
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    cross = photo.points_to_photo(np.array([[x - 5, y], [x + 5, y], [x, y - 5], [x, y + 5]]))
    scale = float(np.sqrt(abs(np.linalg.det(np.stack([cross[1] - cross[0], cross[3] - cross[2]]) / 10))))
    px_per_mm = scale * page.px_per_mm
    blur_mm = float(np.hypot(damage.blur_px, damage.motion_px / np.sqrt(12))) / px_per_mm
    pen_px = style.pen_mm * min(px_per_mm, style.px_per_mm)
    return whole and px_per_mm >= READABLE_PX_PER_MM and blur_mm <= READABLE_BLUR_MM and pen_px >= READABLE_PEN_PX


def from_folder(folder: Path, at_most: int) -> Pictures:
    """The pages of a folder, evenly taken."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in FILE_ENDINGS)
    for file in files[:: max(1, len(files) // at_most)]:
        for photo_rgb in read_picture(file, file.name):
            yield file.name, photo_rgb
