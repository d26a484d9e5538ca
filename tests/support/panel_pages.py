"""Pages that are no whole ECG, or whose grid runs on under a header, and what a cut leaves of its words."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ecgcore.geometry.warp import straightened
from ecgcore.page.crop import PanelCut, cut_panel
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import KINDS, PageStyle, Segment, SimPage, draw_page, random_style, synthetic_ecg
from ecgcore.papersim.photo.photograph import PhotoDamage, SimPhoto, photograph
from ecgcore.types import ByteArray, FloatArray

LIMB, CHEST = range(6), range(6, 12)
DARKER, LEFT_PX, LEFT_SHARE = 80, 12, 0.15
"""A pixel that is so much darker than without header belongs to a word; a word is left with more than so many."""
SLANTED_DEG, TILTED_PX = (-5.0, 5.0), 2200
PITCHES_MM = {1: (20, 40), 2: (24, 42), 3: (24, 42), 4: (20, 40), 6: (12, 28)}


def half_plans(duration_s: float) -> dict[str, list[list[Segment]]]:
    """What is printed or photographed of a 12-lead ECG when the rest is missing, and strips of watches."""
    return {
        "limb leads, 6x1": grid(LIMB, 6, 1, duration_s),
        "chest leads, 6x1": grid(CHEST, 6, 1, duration_s),
        "limb leads, 3x2": grid(LIMB, 3, 2, duration_s),
        "chest leads, 3x2": grid(CHEST, 3, 2, duration_s),
        "left half of 3x4": grid(LIMB, 3, 2, duration_s / 2),
        "right half of 3x4": grid(CHEST, 3, 2, duration_s / 2, duration_s / 2),
        "limb leads, 3x2 and a strip": [*grid(LIMB, 3, 2, duration_s), [Segment(1, 0, duration_s)]],
        "three leads": grid(range(3), 3, 1, duration_s),
        "one strip": grid([0], 1, 1, duration_s),
        "one strip in three rows": [[Segment(0, row * duration_s / 3, duration_s / 3)] for row in range(3)],
    }


def grid(leads: Sequence[int], rows: int, columns: int, duration_s: float, start_s: float = 0.0) -> list[list[Segment]]:
    """Leads in columns of equal width, top to bottom and then left to right."""
    column_s = duration_s / columns
    return [
        [Segment(leads[row + column * rows], start_s + column * column_s, column_s) for column in range(columns)]
        for row in range(rows)
    ]


def half_page(number: int) -> tuple[str, SimPage]:
    """A drawn half, all kinds and all looks in turn; its name says which half."""
    rng = np.random.default_rng([78, number])
    style = random_style(rng, layout="3x4")
    signals_mv, fs_hz, beats_s = synthetic_ecg(list(KINDS)[number % len(KINDS)], number)
    plans = half_plans(10.0 if style.paper_speed_mm_s == 25 else 5.0)
    name = list(plans)[number % len(plans)]
    style = replace(style, row_pitch_mm=float(rng.uniform(*PITCHES_MM[len(plans[name])])))
    return name, draw_page(signals_mv, fs_hz, style, number, beats_s=beats_s, plan=plans[name])


def header_page(number: int) -> tuple[SimPage, ByteArray]:
    """A whole page with header and footer on its grid, and the same picture without them."""
    rng = np.random.default_rng([41, number])
    style = random_style(rng)
    style = replace(
        style, text_on_grid=True, header=True, footer=True, grid=style.grid if style.grid != "none" else "lines",
        margin_mm=tuple(float(mm) for mm in rng.uniform((0, 9, 0, 5), (10, 35, 10, 12))),
    )  # fmt: skip
    return _drawn(style, number), _drawn(replace(style, header=False, footer=False), number).image_rgb


def tilted_page(number: int) -> tuple[SimPage, ByteArray]:
    """The same two photographed at a slant."""
    page, without_rgb = header_page(number)
    rng = np.random.default_rng([42, number])
    turn, *tilt = (float(degrees) for degrees in rng.uniform(*SLANTED_DEG, 3))
    damage = PhotoDamage(rotation_deg=turn, tilt_deg=(tilt[0], tilt[1]), long_px=TILTED_PX)
    photo = photograph(page, damage, number)
    words, beats = (_enclosing(photo, boxes) for boxes in (page.text_xyxy, page.boxes_xyxy))
    clean_rgb = photograph(replace(page, image_rgb=without_rgb), damage, number).image_rgb
    return replace(page, image_rgb=photo.image_rgb, text_xyxy=words, boxes_xyxy=beats), clean_rgb


def _enclosing(photo: SimPhoto, boxes_page_xyxy: FloatArray) -> FloatArray:
    corners = photo.points_to_photo(boxes_page_xyxy[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2)).reshape(-1, 4, 2)
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def _drawn(style: PageStyle, number: int) -> SimPage:
    signals_mv, fs_hz, beats_s = synthetic_ecg(list(KINDS)[number % len(KINDS)], number)
    return draw_page(signals_mv, fs_hz, style, number, beats_s=beats_s)


def left_in_cut(page: SimPage, without_rgb: ByteArray) -> tuple[int, int]:
    """Words of header and footer left in the kept cut of a page, and beats that are not whole in it.

    Raises:
        NotScreenableError: the page cannot be read.
    """
    sheet = prepare_page(page.image_rgb)
    cut = cut_panel(page.image_rgb, sheet.frame, sheet.ink)
    size = page.boxes_xyxy[:, 2:] - page.boxes_xyxy[:, :2]
    boxes = cut.boxes(page.boxes_xyxy)
    shrunk = np.maximum(size - (boxes[:, 2:] - boxes[:, :2]) / (cut.scale or 1.0), 0)
    lost = int((shrunk > 1.5).any(axis=1).sum()) if cut.scale is None else 0  # straightened boxes differ in size
    shown = cut.picture_rgb.astype(int)
    original, clean = (_same_cut(picture, cut).astype(int) for picture in (page.image_rgb, without_rgb))
    words = 0
    for word in cut.boxes(page.text_xyxy).astype(int):
        at = np.s_[word[1] : word[3], word[0] : word[2]]
        still, was = ((clean[at] - picture[at] > DARKER).any(axis=2).sum() for picture in (shown, original))
        words += bool(still > max(LEFT_PX, LEFT_SHARE * was))
    return words, lost


def _same_cut(photo_rgb: ByteArray, cut: PanelCut) -> ByteArray:
    """What a cut shows of another picture of the same page, nothing painted over."""
    height, width = cut.picture_rgb.shape[:2]
    if cut.scale is None:
        left, top = cut.offset_xy
        return photo_rgb[top : top + height, left : left + width]
    return straightened(photo_rgb, cut.frame.after(np.diag([1 / cut.scale, 1 / cut.scale, 1.0]), (width, height)))
