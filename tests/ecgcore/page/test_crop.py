"""The panel alone: cut pixel for pixel where it is upright, straightened where it is not; boxes stay on their beats."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.geometry.warp import rectangle_aspect
from ecgcore.page.crop import cut_panel, view_panel
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.papersim.photo.photograph import PhotoDamage, photograph
from ecgcore.traces.trace_rows import trace_rows
from ecgcore.types import Box, ByteArray, PanelFrame
from tests.support.panel_pages import header_page, left_in_cut, tilted_page


def test_an_upright_panel_is_a_crop_of_the_photo(ecg_page_rgb: ByteArray) -> None:
    sheet = prepare_page(ecg_page_rgb)
    cut = cut_panel(ecg_page_rgb, sheet.frame, sheet.ink)
    x, y = cut.offset_xy
    height, width = cut.picture_rgb.shape[:2]
    assert (cut.picture_rgb == ecg_page_rgb[y : y + height, x : x + width]).all()
    assert height < ecg_page_rgb.shape[0]
    assert cut.boxes(np.array([x + 10.0, y + 20.0, x + 30.0, y + 50.0]))[0].tolist() == [10, 20, 30, 50]
    (outside,) = cut.boxes(np.array([0.0, 0.0, 5.0, 5.0]))
    assert outside[0] == outside[2] or outside[1] == outside[3], "the header has no place in the panel"


def test_a_panel_can_be_screened_again(ecg_page_rgb: ByteArray) -> None:
    whole = prepare_page(ecg_page_rgb)
    again = prepare_page(cut_panel(ecg_page_rgb, whole.frame, whole.ink).picture_rgb)
    assert again.px_per_mm == pytest.approx(whole.px_per_mm, rel=0.005)
    assert again.frame.panel_wh[0] == pytest.approx(whole.frame.panel_wh[0], abs=8)
    rows, rows_again = trace_rows(whole.ink), trace_rows(again.ink)
    assert np.diff(rows_again.baseline_y) == pytest.approx(np.diff(rows.baseline_y), abs=3), "all rows are there"


def test_a_slanted_panel_is_straightened_and_its_boxes_with_it() -> None:
    flat = np.full((200, 400, 3), 255, dtype=np.uint8)
    flat[60:80, 100:140] = (200, 0, 0)
    corners = np.array([[50, 40], [600, 80], [580, 380], [70, 330]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(np.array([[0, 0], [400, 0], [400, 200], [0, 200]], np.float32), corners)
    photo = np.asarray(cv2.warpPerspective(flat, matrix, (700, 450), borderValue=(90, 60, 30)), dtype=np.uint8)
    frame = PanelFrame(np.asarray(matrix, dtype=np.float64), (400, 200))
    cut = cut_panel(photo, frame, np.zeros((200, 400), np.uint8))
    assert cut.scale is not None
    mark = frame.boxes_to_photo([[100, 60, 140, 80]])
    x1, y1, x2, y2 = (round(edge) for edge in cut.boxes(mark)[0])
    red = (cut.picture_rgb[..., 0].astype(int) - cut.picture_rgb[..., 1]) > 100
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    slack = 0.25 * (x2 - x1)
    assert abs(columns[0] - x1) < slack
    assert abs(columns[-1] + 1 - x2) < slack
    assert y1 - 2 <= rows[0]
    assert rows[-1] + 1 <= y2 + 2
    assert red[round((y1 + y2) / 2), round((x1 + x2) / 2)]


@settings(max_examples=60)
@given(
    st.floats(0.5, 2.0), st.floats(-25, 25), st.floats(-25, 25), st.floats(-180, 180), st.floats(0.6, 1.5),
    st.floats(1.4, 2.2),
)  # fmt: skip
def test_a_rectangle_s_proportions_are_told_from_its_perspective(
    aspect: float, tilt_deg: float, swing_deg: float, turn_deg: float, focal: float, distance: float
) -> None:
    """A pinhole camera of any usual focal length (in longer sides) looks at the middle of a tilted rectangle."""
    wh = np.array([4000, 3000])
    corners = np.array([[-aspect, -1, 0], [aspect, -1, 0], [aspect, 1, 0], [-aspect, 1, 0]]) / 2 / max(aspect, 1)
    rotation, _ = cv2.Rodrigues(np.radians([0.0, 0.0, turn_deg]))
    tilt, _ = cv2.Rodrigues(np.radians([tilt_deg, swing_deg, 0.0]))
    seen = corners @ rotation.T @ tilt.T + [0, 0, distance * focal]
    photo = seen[:, :2] / seen[:, 2:] * focal * wh[0] + wh / 2
    found = rectangle_aspect(photo, (4000, 3000))
    plain = np.linalg.norm(photo[1] - photo[0]) / np.linalg.norm(photo[3] - photo[0])
    # where the perspective does not tell the focal length a usual one is taken, and that may be the worse guess
    assert found == pytest.approx(aspect, rel=0.2)
    assert abs(found / aspect - 1) < max(0.15, abs(plain / aspect - 1))


@pytest.mark.parametrize("number", [0, 1, 5, 15, 22, 77, 93, 101, 241, 264, 336])
def test_no_word_of_a_header_on_the_grid_is_kept_and_no_beat_is_cut(number: int) -> None:
    """What was hard about them.

    22: a peak among the words; 77, 264: as much ink in a header line as in a row; 93, 241: bold and joined words;
    101: a grid of faint lines; 336: a low lead I in thick ink.
    """
    page, without_rgb = header_page(number)
    assert len(page.text_xyxy) > 1
    inside = page.text_xyxy[:, 3] > page.panel_xyxy[1]
    assert inside.all(), "header and footer stand on the grid"
    assert left_in_cut(page, without_rgb) == (0, 0)


def test_no_word_is_kept_of_a_page_photographed_at_a_slant() -> None:
    page, without_rgb = tilted_page(6)
    assert len(page.text_xyxy) > 1
    assert left_in_cut(page, without_rgb)[0] == 0


def _written_page() -> ByteArray:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", 4)
    picture = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=6.0), 4).image_rgb
    cv2.putText(picture, "Anna Rossi 1954", (700, 415), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2, cv2.LINE_AA)
    return picture


def test_print_among_the_rows_is_reported_and_can_be_blackened() -> None:
    picture = _written_page()
    sheet = prepare_page(picture)
    cut = cut_panel(picture, sheet.frame, sheet.ink, [Box(300, 450, 420, 480)])
    assert len(cut.text_boxes) == 2, "handwriting first, then print; lead names are none"
    written, printed = cut.text_boxes
    assert written.x2 - written.x1 == pytest.approx(120, abs=2)
    (wanted,) = cut.boxes(np.array([700.0, 396.0, 905.0, 418.0]))
    assert [printed.x1, printed.y1, printed.x2, printed.y2] == pytest.approx(wanted.tolist(), abs=24)
    black = cut.redacted([printed])
    assert black.text_boxes == (written,)
    x1, y1, x2, y2 = (round(edge) for edge in printed.as_list())
    assert (black.picture_rgb[y1:y2, x1:x2] == 0).all() and (cut.picture_rgb[y1:y2, x1:x2] > 0).any()
    assert (black.picture_rgb != cut.picture_rgb).any(axis=2).sum() <= (x2 - x1 + 2) * (y2 - y1 + 2)


def test_a_photo_is_viewed_whole_and_kept_without_its_header() -> None:
    page, _ = header_page(3)
    photo = photograph(page, PhotoDamage(rotation_deg=3.0, tilt_deg=(5.0, -4.0), long_px=2000), 3).image_rgb
    sheet = prepare_page(photo)
    view = view_panel(photo, sheet.frame, 900)
    assert view.shape[1] == 900
    assert view.shape[0] == pytest.approx(900 * sheet.frame.panel_wh[1] / sheet.frame.panel_wh[0], abs=2)
    cut = cut_panel(photo, sheet.frame, sheet.ink)
    assert cut.scale is not None
    assert cut.frame.panel_wh[1] < sheet.frame.panel_wh[1]
