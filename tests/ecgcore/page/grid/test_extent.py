"""A straightened grid's sides are found to the millimetre, wherever the search begins and whatever lies about."""

import numpy as np
import pytest

from ecgcore.page.grid.displacement_fit import GRID_PX_PER_MM
from ecgcore.page.grid.extent import XYXY, find_sides
from ecgcore.types import ByteArray

WIDTH, HEIGHT = 1100, 640
SIDES = (93, 71, 1018, 566)
"""Neither whole cells nor whole millimetres."""


def _grid(seed: int, only_5_mm: bool) -> ByteArray:
    """Rough grey, and within ``SIDES`` faint red lines, darker every fifth, and a wandering trace."""
    rng = np.random.default_rng(seed)
    picture = rng.normal(200, 8, (HEIGHT, WIDTH, 3))
    x1, y1, x2, y2 = SIDES
    for step, darkness in ((5 * GRID_PX_PER_MM, 30), (GRID_PX_PER_MM, 0 if only_5_mm else 12)):
        picture[y1:y2, x1:x2:step, 1:] -= darkness
        picture[y1:y2:step, x1:x2, 1:] -= darkness
    across = np.arange(x1, x2)
    middle = (y1 + y2) // 2 + np.cumsum(rng.integers(-3, 4, len(across))).clip(-100, 100)
    for thick in range(3):
        picture[middle + thick, across] = 20
    return np.asarray(picture.clip(0, 255), dtype=np.uint8)


@pytest.mark.parametrize("only_5_mm", [False, True], ids=["1 and 5 mm", "5 mm"])
@pytest.mark.parametrize("start", [(80, 60, 1040, 580), (200, 160, 900, 400), (0, 0, WIDTH, HEIGHT)])
def test_sides_are_found_to_the_millimetre(only_5_mm: bool, start: XYXY) -> None:
    found = find_sides(_grid(1, only_5_mm), np.ones((HEIGHT, WIDTH), bool), start)
    assert np.abs(np.subtract(found, SIDES)).max() <= GRID_PX_PER_MM, found


def test_neither_a_shadow_nor_a_label_nor_a_rule_nor_a_black_desk_ends_the_grid() -> None:
    picture = _grid(2, only_5_mm=False)
    picture[:, 840:900] //= 3  # a deep shadow
    picture[71:566, 130:145] = 10  # a black bar
    picture[30:33, 60:1060] = 10  # a rule above the grid
    picture[566:] //= 20  # the desk, where a sheet was cut along its grid
    found = find_sides(picture, np.ones((HEIGHT, WIDTH), bool), (200, 160, 800, 400))
    assert np.abs(np.subtract(found, SIDES)).max() <= GRID_PX_PER_MM, found


def test_a_grid_that_leaves_the_photo_ends_there() -> None:
    picture, seen = _grid(3, only_5_mm=False), np.ones((HEIGHT, WIDTH), bool)
    seen[:, 700:] = False
    picture[:, 700:] = picture[:, 699:700]
    x1, y1, x2, y2 = find_sides(picture, seen, (150, 120, 700, 500))
    assert np.abs(np.subtract((x1, y1, y2), (SIDES[0], SIDES[1], SIDES[3]))).max() <= GRID_PX_PER_MM
    assert abs(x2 - 700) <= GRID_PX_PER_MM
