"""Corners of a panel as a person sets them on the canvas."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pages.parts.corners import circle, moved_corners

CORNERS = np.array([[60.0, 50.0], [500.0, 70.0], [480.0, 300.0], [80.0, 280.0]])


def canvas(corners: np.ndarray, *clicks: tuple[float, float]) -> dict[str, object]:
    """What the browser sends: the corners, then the points that were clicked."""
    circles = [circle(number, x, y) for number, (x, y) in enumerate(corners.tolist())]
    return {"objects": [*circles, *({**circle(0, x, y), "strokeDashOffset": 0} for x, y in clicks)]}


def test_an_untouched_canvas_leaves_the_corners() -> None:
    assert np.array_equal(moved_corners(None, CORNERS), CORNERS)
    assert np.array_equal(moved_corners(canvas(CORNERS), CORNERS), CORNERS)


def test_a_dragged_corner_is_where_it_lies() -> None:
    dragged = CORNERS + np.array([[0, 0], [0, 0], [-30, 12], [0, 0]])
    assert np.array_equal(moved_corners(canvas(dragged), CORNERS), dragged)


def test_a_circle_told_by_its_left_edge_is_read_at_its_middle() -> None:
    drawing = canvas(CORNERS)
    left_top = {**drawing["objects"][1], "originX": "left", "originY": "top", "left": 500 - 8, "top": 70 - 8}  # type: ignore[index]
    drawing["objects"][1] = left_top  # type: ignore[index]
    assert np.array_equal(moved_corners(drawing, CORNERS), CORNERS)


@given(st.integers(0, 3), st.floats(-60, 60), st.floats(-60, 60))
def test_a_click_draws_the_nearest_corner(number: int, dx: float, dy: float) -> None:
    x, y = CORNERS[number] + (dx, dy)
    moved = moved_corners(canvas(CORNERS, (x, y)), CORNERS)
    assert np.allclose(moved[number], (x, y))
    assert np.array_equal(np.delete(moved, number, axis=0), np.delete(CORNERS, number, axis=0))
