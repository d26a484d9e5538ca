"""Pages without a grid: read through shadows, whichever way they lie, with thin pens, and where the photo ends."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ecgcore.errors import NotScreenableError
from ecgcore.page.gridless import panel_without_grid
from ecgcore.page.ink import darkness_by_form, darkness_rgb
from ecgcore.page.prepare import ROUGH_SCALE, prepare_page, prepare_with_corners
from ecgcore.page.quality.gate import CUT_OFF, assess_quality
from ecgcore.papersim import PageStyle, SimPage, draw_page, synthetic_ecg
from ecgcore.papersim.photo.photograph import PhotoDamage, SimPhoto, photograph
from ecgcore.types import ByteArray, PageImage

GRIDLESS = PageStyle(grid="none", column_s=2.4, px_per_mm=6.0, pen_mm=0.4, header=False)
SHADOWS = PhotoDamage(tilt_deg=(5, -4), desk="wood", shadows=3, shade=0.45, fill=0.8, long_px=1600)


def _page(style: PageStyle = GRIDLESS, seed: int = 0) -> SimPage:
    signals, fs_hz, beats = synthetic_ecg("normal", seed)
    return draw_page(signals, fs_hz, style, seed, beats_s=beats)


def _share_inside(page: PageImage, photo: SimPhoto) -> float:
    """Share of the true beats that lie in the panel and hold ink there."""
    width, height = page.frame.panel_wh
    boxes = page.frame.boxes_to_panel(photo.boxes_photo_xyxy)
    hits = 0
    for x1, y1, x2, y2 in boxes:
        is_inside = x1 > -2 and y1 > -2 and x2 < width + 2 and y2 < height + 2
        hits += is_inside and bool((page.ink[max(0, int(y1)) : int(y2), max(0, int(x1)) : int(x2)] > 100).any())
    return hits / len(boxes)


def _reads_to_the_right(page: PageImage, photo: SimPhoto, drawn: SimPage) -> bool:
    width = drawn.image_rgb.shape[1]
    left, right = page.frame.points_to_panel(photo.points_to_photo(np.array([[0.0, 40.0], [width, 40.0]])))
    return bool(right[0] - left[0] > 5 * abs(right[1] - left[1]))


@pytest.mark.parametrize("quarter_turns", range(4))
@pytest.mark.parametrize("seed", [1, 2])
def test_shadows_hide_nothing_whichever_way_the_page_lies(seed: int, quarter_turns: int) -> None:
    drawn = _page(seed=seed)
    damage = replace(SHADOWS, quarter_turns=quarter_turns)
    photo = photograph(drawn, damage, seed)
    page = prepare_page(photo.image_rgb)
    assert _reads_to_the_right(page, photo, drawn)
    assert _share_inside(page, photo) > 0.95


def test_a_shadow_s_edge_is_no_stroke() -> None:
    flat = np.full((800, 1200, 3), 235, np.uint8)
    cv2.fillPoly(flat, [np.array([[300, 0], [900, 0], [700, 799], [200, 799]])], (120, 118, 116))
    flat = cv2.GaussianBlur(flat, (0, 0), 3)
    assert darkness_by_form(flat).max() < 12 < darkness_rgb(flat).max()
    cv2.line(flat, (100, 400), (1100, 380), (40, 40, 40), 3)
    darkness = darkness_by_form(flat)[..., 0]
    for x in (150, 320, 600, 860, 1050):  # the line is as dark as its paper is light, in and out of the shadow
        assert darkness[370:420, x].max() > 120


def test_a_broken_pen_is_one_trace() -> None:
    ink = np.zeros((600, 1000), np.uint8)
    x = np.arange(100, 900)
    for row in (150, 300, 450):
        y = (row + 14 * np.sin(x / 18)).astype(int)
        ink[y, x] = ink[y + 1, x] = 255
    ink[:, 100:900:40] = 0
    ink[:, 101:900:40] = 0
    with pytest.raises(NotScreenableError, match="No ECG traces"):
        panel_without_grid(ink)
    (x1, y1, x2, y2), _, source = panel_without_grid(ink, is_broken=True)
    assert x1 < 95 and x2 > 905 and y1 < 150 and y2 > 450
    assert source is None


def test_a_sheet_that_leaves_the_photo_is_read_and_said_to_be_cut_off() -> None:
    drawn = _page()
    damage = PhotoDamage(tilt_deg=(3, 2), rotation_deg=4, desk="plain", fill=0.8, long_px=1600, shadows=2, shade=0.4)
    photo = photograph(drawn, damage, 5)
    x = int(photo.corners_photo_xy[:, 0].min() + 0.3 * np.ptp(photo.corners_photo_xy[:, 0]))
    page = prepare_page(np.ascontiguousarray(photo.image_rgb[:, x:]))
    assert CUT_OFF in page.faults


def test_between_corners_that_a_person_set_nobody_looks_for_a_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the person has said where the page is")

    monkeypatch.setattr("ecgcore.page.photo.find_sheet", never)
    drawn = _page()
    photo = photograph(drawn, SHADOWS, 3)
    height, width = drawn.image_rgb.shape[:2]
    sheet = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    page = prepare_with_corners(photo.image_rgb, photo.points_to_photo(sheet))
    assert _share_inside(page, photo) > 0.95


def _prepare_whole(picture_rgb: ByteArray) -> PageImage:
    """As a person would who sets the corners of the picture as those of the page."""
    height, width = picture_rgb.shape[:2]
    return prepare_with_corners(picture_rgb, np.array([[0.0, 0], [width, 0], [width, height], [0, height]]))


def test_a_page_that_fills_its_picture_lies_in_any_way() -> None:
    drawn = _page()
    upright = _prepare_whole(drawn.image_rgb)
    for turns in range(1, 4):
        turned: ByteArray = np.ascontiguousarray(np.rot90(drawn.image_rgb, turns))
        page = _prepare_whole(turned)
        assert page.ink.shape == pytest.approx(upright.ink.shape, rel=0.05)
        assert f"The page was turned by {90 * turns} degrees." in page.notes
        overlap = cv2.resize(page.ink, upright.ink.shape[::-1]).astype(float)
        assert np.corrcoef(cv2.blur(overlap, (9, 9)).ravel(), cv2.blur(upright.ink, (9, 9)).ravel())[0, 1] > 0.8


@pytest.mark.parametrize("at", ["left", "right"])
def test_a_pulse_joined_to_its_trace_gives_the_scale(at: str) -> None:
    ink = np.zeros((700, 1040), np.uint8)
    x = np.arange(120, 960)
    for row in (150, 330, 510):
        y = (row + 5 * np.sin(x / 9)).astype(int)
        for thick in range(3):
            ink[y + thick, x] = 255
        for x1, y1, x2, y2 in ((80, row, 90, row), (90, row - 40, 90, row), (90, row - 40, 112, row - 40),
                               (112, row - 40, 112, row), (112, row, 122, row)):  # fmt: skip
            cv2.line(ink, (x1, y1), (x2, y2), (255,), 3)
    if at == "right":
        ink = np.ascontiguousarray(ink[:, ::-1])
    _, px_per_mm, source = panel_without_grid(ink, is_broken=True)
    assert source == "pulse"
    assert px_per_mm == pytest.approx(4.0, abs=0.15)
    assert panel_without_grid(ink)[2] is None, "scans without a grid keep their old reading"


def test_a_scale_from_a_photographed_pulse_is_called_rough() -> None:
    photo = photograph(_page(replace(GRIDLESS, pulse="left")), SHADOWS, 1)
    page = prepare_page(photo.image_rgb)
    assert (page.scale_source == "pulse") == (ROUGH_SCALE in page.notes)
    assert page.scale_source == "pulse"


def test_letters_are_not_read_as_traces_half_a_metre_long() -> None:
    page = prepare_page(_page().image_rgb)
    assert not page.has_grid
    endless = replace(page, ink=np.tile(page.ink, (6, 1)))
    with pytest.raises(NotScreenableError, match="No ECG traces"):
        assess_quality(endless, endless.ink)
