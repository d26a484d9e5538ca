"""The mesh follows the printed lines, however dark what is drawn across them."""

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecgcore.page.grid.displacement_fit import CELL_PX, GRID_PX_PER_MM, fit_grid
from ecgcore.types import ByteArray

ROW_PX = 100


def _grid(apart_mm: float, share: float, width_px: int) -> ByteArray:
    """A perfect grid, faint, with black strokes that stand above each other, as QRS complexes of every row do."""
    picture = np.random.default_rng(0).normal(40, 6, (40 * CELL_PX, 60 * CELL_PX))
    for step, darkness in ((CELL_PX, 20), (GRID_PX_PER_MM, 8)):
        picture[::step] += darkness
        picture[:, ::step] += darkness
    for x in np.arange(30.0, 290.0, apart_mm):
        for y in range(0, len(picture), ROW_PX):
            picture[y : y + int(share * ROW_PX), round(x * GRID_PX_PER_MM) :][:, :width_px] = 250
    return np.asarray(picture.clip(0, 255), dtype=np.uint8)


def _wavy(side_px: int, knots: int, waver_px: float, seed: int) -> ByteArray:
    """Rulings that waver so much that no one mesh explains them."""
    shifts = np.random.default_rng(seed).normal(0, waver_px, (knots, knots, 2)).astype(np.float32)
    shifts = cv2.resize(shifts, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    places = np.indices((side_px, side_px), dtype=np.float32)[::-1].transpose(1, 2, 0) + shifts
    return np.asarray(60 * (np.cos(2 * np.pi * places / CELL_PX) > 0.8).sum(axis=2), dtype=np.uint8)


@given(st.sampled_from([200, 400]), st.sampled_from([4, 6, 10]), st.floats(5, 40), st.integers(0, 10_000))
@example(200, 4, 10.0, 4)
def test_a_mesh_is_never_without_a_cell(side_px: int, knots: int, waver_px: float, seed: int) -> None:
    found = fit_grid(_wavy(side_px, knots, waver_px, seed))
    assert found is None or found.present.any()


@pytest.mark.parametrize(("apart_mm", "share", "width_px"), [(11.3, 0.3, 3), (17.7, 0.5, 3), (23.1, 0.7, 2)])
def test_strokes_above_each_other_do_not_pull_the_lines(apart_mm: float, share: float, width_px: int) -> None:
    found = fit_grid(_grid(apart_mm, share, width_px))
    assert found is not None
    places = np.stack(np.meshgrid(np.arange(5, 55) * CELL_PX, np.arange(5, 35) * CELL_PX), axis=-1).reshape(-1, 2)
    shifts_mm = found.displacement.at(places.astype(np.float64)) / GRID_PX_PER_MM
    assert np.ptp(shifts_mm, axis=0).max() < 0.3
