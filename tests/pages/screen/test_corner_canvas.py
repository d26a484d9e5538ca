"""Corners of a panel as a person sets them on the canvas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import NotScreenableError
from pages.parts.common.browser.messages import DrawnShape
from pages.parts.screen.result.corner_canvas import circle, moved_corners, panel_preview

CORNERS = np.array([[60.0, 50.0], [500.0, 70.0], [480.0, 300.0], [80.0, 280.0]])


def canvas(corners: np.ndarray, *clicks: tuple[float, float]) -> list[DrawnShape]:
    """What the browser sends: the corners, then the points that were clicked."""
    circles = [circle(number, x, y) for number, (x, y) in enumerate(corners.tolist())]
    clicked = [circle(0, x, y) | {"strokeDashOffset": 0} for x, y in clicks]
    return [DrawnShape.model_validate(shape) for shape in (*circles, *clicked)]


def test_an_untouched_canvas_leaves_the_corners() -> None:
    assert np.array_equal(moved_corners(None, CORNERS), CORNERS)
    assert np.array_equal(moved_corners(canvas(CORNERS), CORNERS), CORNERS)


def test_a_dragged_corner_is_where_it_lies() -> None:
    dragged = CORNERS + np.array([[0, 0], [0, 0], [-30, 12], [0, 0]])
    assert np.array_equal(moved_corners(canvas(dragged), CORNERS), dragged)


def test_a_circle_told_by_its_left_edge_is_read_at_its_middle() -> None:
    drawing = canvas(CORNERS)
    left_top = {"originX": "left", "originY": "top", "left": 500.0 - 8, "top": 70.0 - 8}
    drawing[1] = drawing[1].model_copy(update=left_top)
    assert np.array_equal(moved_corners(drawing, CORNERS), CORNERS)


@given(st.integers(0, 3), st.floats(-60, 60), st.floats(-60, 60))
def test_a_click_draws_the_nearest_corner(number: int, dx: float, dy: float) -> None:
    x, y = CORNERS[number] + (dx, dy)
    moved = moved_corners(canvas(CORNERS, (x, y)), CORNERS)
    assert np.allclose(moved[number], (x, y))
    assert np.array_equal(np.delete(moved, number, axis=0), np.delete(CORNERS, number, axis=0))


@pytest.mark.parametrize("tilt_deg", [0, 20, 30, 40])
def test_the_preview_has_the_proportions_of_the_paper(tilt_deg: int) -> None:
    """A sheet of 270 x 190 mm, tilted away from a usual camera half a metre above it."""
    sheet_mm = np.array([[-135.0, -95], [135, -95], [135, 95], [-135, 95]])
    sine, cosine = np.sin(np.radians(tilt_deg)), np.cos(np.radians(tilt_deg))
    depth_mm = 500 - sheet_mm[:, 1] * sine
    photo_wh = (4000, 3000)
    corners = 4000 * np.column_stack([sheet_mm[:, 0], sheet_mm[:, 1] * cosine]) / depth_mm[:, None] + (2000, 1500)
    height, width = panel_preview(np.full((1200, 1600, 3), 255, np.uint8), corners, photo_wh).shape[:2]
    assert abs(width / height - 270 / 190) < 0.01


def test_corners_of_no_page_have_no_preview() -> None:
    crossed = np.array([[100.0, 100], [900, 700], [900, 100], [100, 700]])
    with pytest.raises(NotScreenableError, match="enclose no page"):
        panel_preview(np.full((800, 1000, 3), 255, np.uint8), crossed, (1000, 800))
