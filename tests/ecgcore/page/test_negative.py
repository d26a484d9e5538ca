"""A negative is read as its positive is, and said to be one; dark photos are none."""

import cv2
import numpy as np
import pytest

from ecgcore.page.negative import TURNED_ROUND, is_negative
from ecgcore.page.prepare import prepare_page, prepare_with_corners
from ecgcore.types import ByteArray


def test_a_negative_is_read_as_its_positive(ecg_page_rgb: ByteArray) -> None:
    positive, negative = prepare_page(ecg_page_rgb), prepare_page(255 - ecg_page_rgb)
    np.testing.assert_array_equal(negative.ink, positive.ink)
    assert negative.notes == (TURNED_ROUND, *positive.notes)
    assert (negative.strategy, positive.strategy) == ("negative/grid", "grid")
    height, width = ecg_page_rgb.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    between = prepare_with_corners(255 - ecg_page_rgb, corners)
    assert TURNED_ROUND in between.notes
    assert between.strategy == "negative/corners/grid"


@pytest.mark.parametrize("gain", [1.0, 0.4, 0.2])
def test_dark_photos_are_no_negatives(ecg_page_rgb: ByteArray, gain: float) -> None:
    dark = (ecg_page_rgb * gain).astype(np.uint8)
    rng = np.random.default_rng(5)
    height, width = dark.shape[:2]
    desk = cv2.GaussianBlur(rng.integers(0, 90, (2 * height, 2 * width, 3), dtype=np.uint8), (0, 0), 2)
    desk[height // 2 : height // 2 + height, width // 2 : width // 2 + width] = dark
    assert not is_negative(dark)
    assert not is_negative(desk)


def test_viewers_dark_and_coloured_are_negatives(ecg_page_rgb: ByteArray) -> None:
    dark = (255 - ecg_page_rgb.min(axis=2)).astype(np.float32) / 255
    for paper, pen in (((20, 20, 30), (0, 255, 0)), ((0, 16, 48), (255, 240, 120)), ((30, 30, 30), (200, 200, 200))):
        seen = np.array(paper) + dark[..., None] * (np.array(pen) - np.array(paper))
        assert is_negative(seen.round().astype(np.uint8))
