"""A slanted page whose corners are told is straightened; its boxes lie where the beats are in the photo."""

import cv2
import numpy as np
import pytest

from ecgcore.errors import NotScreenableError
from ecgcore.page.prepare import prepare_with_corners
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.types import FloatArray

PX_PER_MM = 5.0


def _photo(quarter_turns: int = 0) -> tuple[np.ndarray, FloatArray, FloatArray]:
    """A page photographed at a slant on a dark desk, its panel's corners, and the homography from page to photo."""
    signals_mv, fs_hz, _ = synthetic_ecg("normal", seed=4)
    page = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=PX_PER_MM, header=False), 4)
    height, width = page.image_rgb.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    target = np.array([[120, 60], [width + 60, 150], [width - 20, height + 120], [40, height - 10]], np.float32)
    if quarter_turns:
        target = np.stack([height + 300 - target[:, 1], target[:, 0]], axis=1).astype(np.float32)
    matrix = np.asarray(cv2.getPerspectiveTransform(source, target), np.float64)
    size = (height + 300, width + 200) if quarter_turns else (width + 200, height + 200)
    photo = cv2.warpPerspective(page.image_rgb, matrix, size, borderValue=(60, 45, 30))
    x1, y1, x2, y2 = page.panel_xyxy
    panel = np.array([[[x1, y1], [x2, y1], [x2, y2], [x1, y2]]], np.float64)
    return np.asarray(photo, np.uint8), cv2.perspectiveTransform(panel, matrix)[0], matrix


@pytest.mark.parametrize("quarter_turns", [0, 1])
def test_points_of_the_page_lie_where_they_are_in_the_photo(quarter_turns: int) -> None:
    photo, corners, matrix = _photo(quarter_turns)
    sheet = prepare_with_corners(photo, corners)
    assert sheet.photo_rgb is photo
    assert sheet.scale_source == "grid"
    found = cv2.perspectiveTransform(sheet.frame.corners_photo_xy[None], np.linalg.inv(matrix))[0]
    sides_mm = np.linalg.norm(np.roll(found, -1, axis=0) - found, axis=1) / PX_PER_MM
    expected_mm = np.array([*sheet.frame.panel_wh, *sheet.frame.panel_wh]) / 4
    assert sides_mm == pytest.approx(expected_mm, rel=0.03), "the panel is as long and as high as its millimetres say"


def test_corners_in_the_wrong_order_are_refused() -> None:
    photo, corners, _ = _photo()
    width = photo.shape[1]
    nearly_in_line = np.array([[0, 0], [width, 0], [width + 1, 400], [width - 1, 401]], np.float64)
    for wrong in (corners[::-1], corners[[0, 2, 1, 3]], np.tile(corners[:1], (4, 1)), nearly_in_line):
        with pytest.raises(NotScreenableError, match="corners"):
            prepare_with_corners(photo, wrong)
