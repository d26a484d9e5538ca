"""Photographed pages come out straight; pages that are straight come out as they always did, to the byte."""

from unittest.mock import patch

import numpy as np
import pytest

from ecgcore.page import photo, prepare, standard_panel
from ecgcore.page.grid.rectify import straighten
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, SimPage, draw_page, random_style, synthetic_ecg
from ecgcore.papersim.photo.photograph import PhotoDamage, photograph

TILTED = PhotoDamage(tilt_deg=(12, -10), rotation_deg=8, desk="wood", shadows=1, blur_px=0.6, noise=2, long_px=1800)
BENT = PhotoDamage(rotation_deg=-5, tilt_deg=(6, 5), barrel=-0.03, curl=0.1, folds=((0.4, 0.05, True),), long_px=1800)

SMALL = PhotoDamage(rotation_deg=14, tilt_deg=(6, 5), aspect=3 / 4, fill=0.8, desk="wood", noise=3, long_px=1800)
WAVY = PhotoDamage(curl=0.2, curl_deg=40, tilt_deg=(1, 0), exposure=0.7, desk="plain", noise=3, long_px=2600)


def _page(style: PageStyle, seed: int = 0) -> SimPage:
    signals, fs_hz, beats = synthetic_ecg("normal", seed)
    return draw_page(signals, fs_hz, style, seed, beats_s=beats)


@pytest.mark.parametrize("damage", [TILTED, BENT, SMALL, WAVY], ids=["tilted", "bent", "small on wood", "curled"])
def test_a_photographed_page_is_straightened(damage: PhotoDamage) -> None:
    style = PageStyle(pen_mm=0.4, column_s=2.4, px_per_mm=7.0)
    drawn = _page(style)
    photo = photograph(drawn, damage, 3)
    page = prepare_page(photo.image_rgb)
    width = np.linalg.norm(photo.corners_photo_xy[1] - photo.corners_photo_xy[0])
    errors = np.linalg.norm(page.frame.corners_photo_xy - photo.corners_photo_xy, axis=1)
    assert errors.max() < 0.006 * width, errors / width
    x1, y1, x2, y2 = drawn.panel_xyxy
    lattice = np.stack(np.meshgrid(np.linspace(x1, x2, 7), np.linspace(y1, y2, 5)), axis=-1).reshape(-1, 2)
    seen = page.frame.points_to_panel(photo.points_to_photo(lattice)) / 4.0
    true = lattice / style.px_per_mm
    shift = np.median(seen - true, axis=0)
    assert np.abs(seen - true - shift).max() < 2.5  # millimetres


@pytest.mark.parametrize("seed", range(6))
def test_straight_pages_give_the_same_ink_as_ever(seed: int) -> None:
    image_rgb = _page(random_style(np.random.default_rng(40 + seed), column_s_max=2.4), seed).image_rgb
    with (
        patch.object(photo, "straighten", return_value=None),
        patch.object(standard_panel, "find_quarter_turns", return_value=0),
        patch.object(prepare, "assess_quality", side_effect=lambda page, _: page),
    ):
        before = prepare_page(image_rgb)
    with patch.object(prepare, "assess_quality", side_effect=lambda page, _: page):
        after = prepare_page(image_rgb)
    np.testing.assert_array_equal(after.ink, before.ink)
    np.testing.assert_array_equal(after.frame.photo_from_panel, before.frame.photo_from_panel)


def test_a_page_without_a_grid_is_left_alone() -> None:
    assert straighten(np.full((600, 900, 3), 240, np.uint8)) is None
