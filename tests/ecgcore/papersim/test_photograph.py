"""Photographed pages: what the truth says of a point is where the picture shows it."""

import cv2
import numpy as np
import pytest

from ecgcore.papersim import SimPage, draw_page, random_style, synthetic_ecg
from ecgcore.papersim.photo.desk import DESKS
from ecgcore.papersim.photo.photograph import PhotoDamage, photograph, random_damage

BENT = PhotoDamage(
    rotation_deg=7, tilt_deg=(12, -9), barrel=-0.04, curl=0.2, curl_deg=30, folds=((0.4, 0.1, True), (0.6, -0.1, False))
)


def _dotted_page() -> tuple[SimPage, np.ndarray]:
    """A white sheet with black discs, and their middles."""
    image = np.full((800, 1200, 3), 255, np.uint8)
    middles = np.stack(np.meshgrid(np.arange(100, 1200, 200), np.arange(100, 800, 150)), axis=-1).reshape(-1, 2)
    for x, y in middles:
        cv2.circle(image, (int(x), int(y)), 14, (0, 0, 0), -1, cv2.LINE_AA)
    boxes = np.concatenate([middles - 13.5, middles + 14.5], axis=1).astype(np.float64)
    nothing = np.zeros(len(boxes), int)
    page = SimPage(image, boxes, nothing, nothing, np.zeros((len(boxes), 2)), 5.0, (50.0, 50.0, 1150.0, 750.0))
    return page, middles + 0.5


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("damage", [PhotoDamage(), BENT], ids=["flat", "bent"])
def test_points_lie_where_the_photo_shows_them(damage: PhotoDamage, turns: int) -> None:
    page, middles = _dotted_page()
    photo = photograph(page, PhotoDamage(**{**_fields(damage), "quarter_turns": turns}), 0)
    dark = cv2.inRange(photo.image_rgb, (0, 0, 0), (60, 60, 60))
    _, _, stats, centres = cv2.connectedComponentsWithStats(dark)
    seen = centres[1:][stats[1:, cv2.CC_STAT_AREA] > 50] + 0.5
    mapped = photo.points_to_photo(middles)
    nearest = np.linalg.norm(mapped[:, None] - seen[None], axis=2).min(axis=1)
    assert nearest.max() < 0.6, nearest.max()


def test_boxes_enclose_what_they_enclosed_on_the_page() -> None:
    page, _ = _dotted_page()
    photo = photograph(page, BENT, 0)
    dark = cv2.inRange(photo.image_rgb, (0, 0, 0), (60, 60, 60))
    assert len(photo.boxes_photo_xyxy) == len(page.boxes_xyxy)
    for box in photo.boxes_photo_xyxy:
        x, y = box[:2].astype(int) - 3
        ys, xs = np.nonzero(dark[y : int(box[3]) + 4, x : int(box[2]) + 4])
        disc = np.array([xs.min() + x, ys.min() + y, xs.max() + x + 1, ys.max() + y + 1])
        assert np.all(disc[:2] >= box[:2] - 1.5)
        assert np.all(disc[2:] <= box[2:] + 1.5)
        np.testing.assert_allclose(disc[:2] + disc[2:], box[:2] + box[2:], atol=4)


def test_boxes_out_of_the_picture_are_left_out() -> None:
    page, _ = _dotted_page()
    photo = photograph(page, PhotoDamage(fill=1.6), 0)
    height, width = photo.image_rgb.shape[:2]
    assert 0 < len(photo.boxes_photo_xyxy) < len(page.boxes_xyxy)
    assert photo.boxes_photo_xyxy.min() >= 0
    assert np.all(photo.boxes_photo_xyxy[:, 2:] <= (width, height))
    assert len(photo.box_index) == len(photo.boxes_photo_xyxy)


@pytest.mark.parametrize("desk", DESKS)
def test_the_same_seed_takes_the_same_photo(desk: str) -> None:
    signals, fs_hz, beats = synthetic_ecg("normal", 0)
    page = draw_page(signals, fs_hz, random_style(np.random.default_rng(3)), 3, beats_s=beats)
    damage = random_damage(np.random.default_rng(4), long_px=900)
    damage = PhotoDamage(**{**_fields(damage), "desk": desk, "moire": 0.1, "motion_px": 2.0, "shadows": 1})
    first, again = photograph(page, damage, 5), photograph(page, damage, 5)
    np.testing.assert_array_equal(first.image_rgb, again.image_rgb)
    np.testing.assert_array_equal(first.boxes_photo_xyxy, again.boxes_photo_xyxy)
    assert max(first.image_rgb.shape[:2]) == 900
    assert np.any(photograph(page, damage, 6).image_rgb != first.image_rgb)
    assert random_damage(np.random.default_rng(4)) == random_damage(np.random.default_rng(4))


def _fields(damage: PhotoDamage) -> dict:
    return {name: getattr(damage, name) for name in PhotoDamage.__slots__}
