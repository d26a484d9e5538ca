"""The sheet is told from whatever it lies on, and from nothing where the picture is a scan."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ecgcore.page.prepare import STRAIGHTENED_BY_SIDES, prepare_page
from ecgcore.page.sheet import find_sheet
from ecgcore.papersim import PageStyle, SimPage, draw_page, random_style, synthetic_ecg
from ecgcore.papersim.photo.desk import DESKS
from ecgcore.papersim.photo.photograph import PhotoDamage, SimPhoto, photograph, random_damage


def _page(style: PageStyle, seed: int = 0) -> SimPage:
    signals, fs_hz, beats = synthetic_ecg("normal", seed)
    return draw_page(signals, fs_hz, style, seed, beats_s=beats)


def _error(found: np.ndarray, photo: SimPhoto, page: SimPage) -> float:
    """Mean distance of the corners, whichever is called the first, as a share of the sheet's width."""
    height, width = page.image_rgb.shape[:2]
    true = photo.points_to_photo(np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64))
    errors = [np.linalg.norm(np.roll(found, n, axis=0) - true, axis=1).mean() for n in range(4)]
    return float(min(errors) / np.linalg.norm(true[1] - true[0]))


@pytest.mark.parametrize("grid", ["lines", "none"])
@pytest.mark.parametrize("desk", DESKS)
def test_a_sheet_is_found_on_every_desk(desk: str, grid: str) -> None:
    page = _page(PageStyle(grid=grid, column_s=2.4, px_per_mm=6.0))
    damage = PhotoDamage(
        tilt_deg=(9, -8), rotation_deg=6, desk=desk, shadows=2, shade=0.35, fill=0.85, noise=3, long_px=1200
    )
    for seed in (1, 2):
        photo = photograph(page, damage, seed)
        found = find_sheet(photo.image_rgb)
        # another paper beneath may hide most of a side: then none is found
        assert found is not None or desk == "clutter", (desk, seed)
        assert found is None or _error(found, photo, page) < (0.03 if desk == "clutter" else 0.01), (desk, seed)


def test_randomly_damaged_photos_are_framed_closely_or_not_at_all() -> None:
    found_of = {"whole": 0, "cut": 0}
    pages = 0
    for seed in range(12):
        rng = np.random.default_rng([3, seed])
        page = _page(replace(random_style(rng, column_s_max=2.4), rotation_deg=0.0), seed)
        photo = photograph(page, random_damage(rng, long_px=1200), seed)
        height, width = page.image_rgb.shape[:2]
        true = photo.points_to_photo(np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64))
        whole = bool(np.all((true >= 0) & (true <= photo.image_rgb.shape[1::-1])))
        found = find_sheet(photo.image_rgb)
        pages += whole
        if found is not None:
            found_of["whole" if whole else "cut"] += 1
            assert _error(found, photo, page) < 0.06, seed
    assert found_of["whole"] >= 0.8 * pages > 0
    assert found_of["cut"] <= 1


@pytest.mark.parametrize("paint", [lambda rgb: rgb, lambda rgb: np.pad(rgb, ((20, 20), (20, 20), (0, 0)))])
def test_the_order_of_the_corners_is_clockwise_from_the_top_left(
    paint: Callable[[np.ndarray], np.ndarray],
) -> None:
    desk = np.full((400, 600, 3), 60, np.uint8)
    desk[80:330, 90:520] = 240
    found = find_sheet(np.ascontiguousarray(paint(desk)))
    assert found is not None
    edges = np.roll(found, -1, axis=0) - found
    assert (edges[:, 0] * np.roll(edges[:, 1], -1) - edges[:, 1] * np.roll(edges[:, 0], -1) > 0).all()
    assert np.argmin(found.sum(axis=1)) == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_scan_is_no_sheet_on_a_desk(seed: int) -> None:
    style = random_style(np.random.default_rng(70 + seed), column_s_max=2.4)
    assert find_sheet(_page(style, seed).image_rgb) is None


def test_an_empty_picture_holds_no_sheet() -> None:
    assert find_sheet(np.full((300, 400, 3), 200, np.uint8)) is None
    assert find_sheet(np.zeros((300, 400, 3), np.uint8)) is None


@pytest.mark.parametrize("quarter_turns", [0, 1])
def test_a_page_without_a_grid_is_read_on_its_desk(quarter_turns: int) -> None:
    page = _page(PageStyle(grid="none", column_s=2.4, px_per_mm=6.0, pen_mm=0.5))
    damage = PhotoDamage(
        quarter_turns=quarter_turns, tilt_deg=(9, -8), rotation_deg=5, desk="wood", fill=0.85, noise=2, long_px=1800
    )
    photo = photograph(page, damage, 1)
    prepared = prepare_page(photo.image_rgb)
    assert STRAIGHTENED_BY_SIDES in prepared.notes
    assert prepared.photo_rgb is photo.image_rgb
    x1, y1, x2, y2 = page.panel_xyxy
    across = prepared.frame.points_to_panel(
        photo.points_to_photo(np.array([[x1 + 60, (y1 + y2) / 2], [x2 - 60, (y1 + y2) / 2]]))
    )
    along = across[1] - across[0]
    assert abs(along[1]) < 0.03 * along[0]  # time runs to the right, level
    assert prepared.px_per_mm is not None
    assert abs(along[0] / 4 / ((x2 - x1 - 120) / 6.0) - 1) < 0.1  # by the pulse, in a picture of unknown aspect
