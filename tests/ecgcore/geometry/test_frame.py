"""The mapping between panel and photo: exact both ways, on flat, bent and turned pages."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.geometry.displacement import DisplacementField
from ecgcore.types import PanelFrame


def _frame(seed: int, *, bent: bool = True, turn_deg: float | None = None) -> PanelFrame:
    rng = np.random.default_rng(seed)
    angle = np.radians(rng.uniform(0, 360) if turn_deg is None else turn_deg)
    scale = rng.uniform(0.8, 3.0)
    matrix = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    matrix = np.diag([scale, scale * rng.uniform(0.9, 1.1), 1]) @ matrix
    matrix[:2, 2] = rng.uniform(-300, 300, 2)
    matrix[2, :2] = rng.uniform(-1.5e-4, 1.5e-4, 2)
    displacement = DisplacementField((-100.0, -100.0), (100.0, 100.0), rng.normal(0, 8, (11, 15, 2))) if bent else None
    return PanelFrame(matrix, (1000, 600), displacement)


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.booleans())
def test_points_come_back_to_where_they_were(seed: int, bent: bool) -> None:
    frame = _frame(seed, bent=bent)
    points = np.random.default_rng(seed).uniform((0, 0), frame.panel_wh, (50, 2))
    np.testing.assert_allclose(frame.points_to_panel(frame.points_to_photo(points)), points, atol=0.01)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([0, 5, -12, 20, 90, 180, 265]))
def test_boxes_come_back_on_turned_pages(seed: int, turn_deg: float) -> None:
    frame = _frame(seed, bent=False, turn_deg=turn_deg)
    frame.photo_from_panel[2, :2] /= 20
    rng = np.random.default_rng(seed)
    corner = rng.uniform((0, 0), (900, 500), (20, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(40, 90, (20, 2))], axis=1)
    np.testing.assert_allclose(frame.boxes_to_panel(frame.boxes_to_photo(boxes)), boxes, atol=1.0)


def test_where_no_box_fits_the_box_round_the_corners_is_given() -> None:
    frame = _frame(0, bent=False, turn_deg=45)
    box = frame.boxes_to_panel([[100, 100, 180, 150]])[0]
    corners = frame.points_to_panel([[100, 100], [180, 100], [180, 150], [100, 150]])
    np.testing.assert_allclose(box, [*corners.min(axis=0), *corners.max(axis=0)])


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5])
def test_a_turned_frame_leads_to_the_same_place(turns: int) -> None:
    frame = _frame(7)
    numbers = np.arange(600 * 1000).reshape(600, 1000)
    turned = np.rot90(numbers, -turns)
    after = frame.turned(turns)
    assert after.panel_wh == turned.shape[::-1]
    for row, column in ((0, 0), (50, 200), (turned.shape[0] - 1, 17)):
        old_row, old_column = np.argwhere(numbers == turned[row, column])[0]
        np.testing.assert_allclose(
            after.points_to_photo([[column + 0.5, row + 0.5]]),
            frame.points_to_photo([[old_column + 0.5, old_row + 0.5]]),
            atol=1e-6,
        )


def test_a_cut_out_leads_to_the_same_place() -> None:
    frame = _frame(8)
    cut = frame.after(np.array([[2.0, 0, 30], [0, 1.5, 20], [0, 0, 1]]), (400, 300))
    np.testing.assert_allclose(cut.points_to_photo([[100, 50]]), frame.points_to_photo([[230, 95]]), atol=1e-9)


def test_a_frame_survives_json() -> None:
    for bent in (True, False):
        frame = _frame(9, bent=bent)
        again = PanelFrame.from_json(json.loads(json.dumps(frame.to_json())))
        np.testing.assert_array_equal(again.corners_photo_xy, frame.corners_photo_xy)
        assert again.panel_wh == frame.panel_wh


def test_no_points_and_no_boxes_are_none_on_a_bent_page_too() -> None:
    frame = _frame(10)
    assert frame.points_to_photo(np.zeros((0, 2))).shape == (0, 2)
    assert frame.boxes_to_photo(np.zeros((0, 4))).shape == frame.boxes_to_panel(np.zeros((0, 4))).shape == (0, 4)
