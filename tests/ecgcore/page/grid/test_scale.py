"""The grid's period, where another one explains half of its marks."""

import cv2
import numpy as np
import pytest

from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.grid.scale import find_grid_scale
from ecgcore.papersim.print_and_scan import compose_grid
from ecgcore.papersim.style import PageStyle

ROSE = ((250, 200, 200), (240, 140, 140))
GREEN = ((150, 208, 172), (84, 172, 128))
ONE_RED = ((236, 170, 170), (236, 170, 170))


def darkness(px_per_mm: float, width_mm: float, **looks: object) -> ByteArray:
    """Of a sheet with a grid and a little noise."""
    style = PageStyle(px_per_mm=px_per_mm, **looks)  # type: ignore[arg-type]
    page_px = round(width_mm * px_per_mm), round(0.9 * width_mm * px_per_mm)
    sheet = compose_grid(page_px, (0, 0, width_mm, width_mm), style)
    sheet += np.random.default_rng(0).normal(0, 1.5, sheet.shape[:2])[..., None]
    return np.asarray((255 - np.clip(sheet, 0, 255)).max(axis=2), dtype=np.uint8)


@pytest.mark.parametrize(
    ("px_per_mm", "width_mm", "looks"),
    [
        pytest.param(10, 155, {"grid_colours": ROSE}, id="short page, not half"),
        pytest.param(10, 120, {"grid_colours": ROSE, "minor_mm": 0.12, "major_mm": 0.25}, id="shorter page"),
        pytest.param(10, 130, {"grid_colours": GREEN, "minor_mm": 0.2, "major_mm": 0.3}, id="green paper"),
        pytest.param(12, 110, {"grid": "dots", "grid_colours": ROSE}, id="dots, not a third"),
        pytest.param(3.1, 287, {"grid_colours": ONE_RED, "minor_mm": 0.12, "major_mm": 0.12}, id="1 mm, not double"),
        pytest.param(6, 260, {"grid_colours": ROSE}, id="usual page"),
    ],
)
def test_the_period_is_that_of_all_marks(px_per_mm: float, width_mm: float, looks: dict[str, object]) -> None:
    scale = find_grid_scale(darkness(px_per_mm, width_mm, **looks))
    assert scale is not None
    assert scale.px_per_mm_x == pytest.approx(px_per_mm, rel=0.005)
    assert scale.px_per_mm_y == pytest.approx(px_per_mm, rel=0.005)


def test_paper_without_a_grid_has_no_scale() -> None:
    assert find_grid_scale(darkness(6, 200, grid="none")) is None


@pytest.mark.parametrize("squeezed_wh", [(1300, 1640), (1820, 1000)])
def test_the_grid_of_a_squeezed_picture_has_two_scales(squeezed_wh: tuple[int, int]) -> None:
    whole = darkness(7, 260, grid_colours=ROSE)
    squeezed = np.asarray(cv2.resize(whole, squeezed_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    scale = find_grid_scale(squeezed, may_be_squeezed=True)
    assert scale is not None and scale.is_squeezed
    assert scale.px_per_mm_x == pytest.approx(7 * squeezed_wh[0] / whole.shape[1], rel=0.01)
    assert scale.px_per_mm_y == pytest.approx(7 * squeezed_wh[1] / whole.shape[0], rel=0.01)
    as_it_was = find_grid_scale(whole, may_be_squeezed=True)
    assert as_it_was is not None and not as_it_was.is_squeezed
