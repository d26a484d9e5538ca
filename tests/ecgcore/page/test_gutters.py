"""Empty bands across a picture are found, slanting or not, on any ground; a page's own paper is none."""

import cv2
import numpy as np
import pytest

from ecgcore.page.gutters import find_gutters
from ecgcore.types import ByteArray


def prints_on(ground: int, slant_deg: float = 0.0) -> ByteArray:
    """Two areas of print, one above the other with 60 pixels between them, all turned by an angle."""
    picture = np.full((900, 1200, 3), ground, np.uint8)
    rng = np.random.default_rng(3)
    for y1, y2 in ((40, 420), (480, 860)):
        picture[y1:y2, 40:1160] = rng.integers(120, 256, (y2 - y1, 1120, 1), dtype=np.uint8)
    turn = cv2.getRotationMatrix2D((600, 450), slant_deg, 1.0)
    return np.asarray(cv2.warpAffine(picture, turn, (1200, 900), borderValue=(ground,) * 3), dtype=np.uint8)


@pytest.mark.parametrize("ground", [0, 90, 255])
@pytest.mark.parametrize("slant_deg", [-2.0, 0.0, 2.0])
def test_the_band_between_two_prints_is_found(ground: int, slant_deg: float) -> None:
    gutter, *_ = find_gutters(prints_on(ground, slant_deg))
    assert gutter.is_level
    assert (gutter.low + gutter.high) / 2 == pytest.approx(450, abs=25)
    assert gutter.high - gutter.low == pytest.approx(1200 * np.tan(np.radians(abs(slant_deg))), abs=20)


def test_an_upright_band_is_found_as_a_level_one() -> None:
    gutter, *_ = find_gutters(np.ascontiguousarray(prints_on(255).transpose(1, 0, 2)))
    assert not gutter.is_level
    assert (gutter.low, gutter.high) == pytest.approx((450, 450), abs=25)


@pytest.mark.parametrize("shape", [(30, 40, 3), (600, 900, 3)])
def test_an_empty_picture_has_no_band(shape: tuple[int, int, int]) -> None:
    assert find_gutters(np.full(shape, 255, np.uint8)) == []


def test_a_margin_is_no_band(ecg_page_rgb: ByteArray) -> None:
    assert find_gutters(ecg_page_rgb) == []
