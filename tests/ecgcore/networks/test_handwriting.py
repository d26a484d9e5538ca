"""Handwriting on the panel is noticed, boxed and said; a page without any is left alone."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ecgcore.bundle.folder import Bundle, load_bundle, starter_folder
from ecgcore.networks.handwriting import CELL_PX, WRITTEN_ON, find_handwriting
from ecgcore.overlay import ORANGE, draw_overlay
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, SimPage, draw_page, random_style, synthetic_ecg
from ecgcore.papersim.photo.photograph import PhotoDamage, photograph
from ecgcore.pipeline import screen
from ecgcore.types import ByteArray
from fits.handwriting.pages import cells_of

PHOTO = PhotoDamage(
    rotation_deg=3.0, tilt_deg=(6.0, -5.0), desk="wood", shadows=1, blur_px=0.6, noise=2.0, long_px=2200
)
BLUE_PEN, BLACK_PEN = (35, 60, 160), (20, 20, 25)


@pytest.fixture(scope="module")
def starter() -> Bundle:
    return load_bundle(starter_folder())


def _page(seed: int, style: PageStyle | None = None) -> SimPage:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", seed)
    return draw_page(signals_mv, fs_hz, style or PageStyle(px_per_mm=6.0), seed)


def _written(picture_rgb: ByteArray, pen: tuple[int, int, int], px_per_mm: float) -> ByteArray:
    """Two lines of cursive over the middle of the page, as no font of the training writes."""
    written = picture_rgb.copy()
    height, width = written.shape[:2]
    for text, x, y in (("seen by Dr Lee", 0.3, 0.45), ("old infarct?", 0.45, 0.65)):
        at = (round(x * width), round(y * height))
        font, size = cv2.FONT_HERSHEY_SCRIPT_COMPLEX, 8 * px_per_mm / 22
        cv2.putText(written, text, at, font, size, pen, max(1, round(0.5 * px_per_mm)), cv2.LINE_AA)
    return written


@pytest.mark.parametrize("pen", [BLUE_PEN, BLACK_PEN])
@pytest.mark.parametrize("grid", ["lines", "dots", "none"])
def test_writing_on_a_scan_is_boxed_and_said(pen: tuple[int, int, int], grid: str) -> None:
    plain = _page(4, PageStyle(px_per_mm=6.0, grid=grid)).image_rgb
    written = _written(plain, pen, 6.0)
    page = prepare_page(written)
    noted, boxes = find_handwriting(page)
    assert WRITTEN_ON in noted.faults
    truth = cells_of(page, plain, written)
    inside = np.zeros_like(truth)
    for x1, y1, x2, y2 in (boxes / CELL_PX).astype(int):
        inside[y1:y2, x1:x2] = 1
    assert (truth & inside).sum() > 0.8 * truth.sum()
    ys, xs = np.nonzero(truth)
    around = inside[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    assert around.sum() > 0.8 * inside.sum()


@pytest.mark.parametrize("seed", range(8))
def test_pages_that_nobody_wrote_on_are_left_alone(seed: int) -> None:
    style = replace(random_style(np.random.default_rng([91, seed])), rotation_deg=0.0)
    page = prepare_page(_page(seed, style).image_rgb)
    noted, boxes = find_handwriting(page)
    assert noted is page and boxes.shape == (0, 4)


def test_a_photo_is_looked_at_as_well() -> None:
    page = _page(5)
    for picture, is_written in ((page.image_rgb, False), (_written(page.image_rgb, BLUE_PEN, 6.0), True)):
        photo = photograph(replace(page, image_rgb=picture), PHOTO, 5)
        noted, boxes = find_handwriting(prepare_page(photo.image_rgb))
        assert (WRITTEN_ON in noted.faults) == is_written == (len(boxes) > 0)


def test_the_answer_says_where_it_is_and_the_overlay_shows_it(starter: Bundle) -> None:
    plain = _page(6).image_rgb
    prediction = screen(_written(plain, BLUE_PEN, 6.0), starter, file="page.png")
    assert prediction.status == "ok" and WRITTEN_ON in prediction.faults
    height, width = plain.shape[:2]
    for box in prediction.handwriting_photo_xyxy:
        assert 0.25 * width < box.x1 < box.x2 < width and 0.3 * height < box.y1 < box.y2 < 0.75 * height
    assert (draw_overlay(plain, prediction) == ORANGE).all(axis=2).any()
    clean = screen(plain, starter, file="page.png")
    assert clean.handwriting_photo_xyxy == () and not clean.faults
