"""The four corners of a panel that a person set: whether a page can lie between them."""

import numpy as np

from ecgcore.errors import NotScreenableError
from ecgcore.geometry.arrays import FloatArray
from ecgcore.geometry.warp import rectangle_aspect
from ecgcore.page.quality.gate import MIN_SIDE_PX

MOST_FORESHORTENED = 8.0
"""Of a page that is seen so much shorter than it is, under 7 degrees, nothing can be read."""


def check_corners(corners_photo_xy: FloatArray, photo_wh: tuple[int, int]) -> None:
    """Refuse four corners between which no page can lie.

    Args:
        corners_photo_xy: ``[4, 2]``, in the order of ``prepare_with_corners``.
        photo_wh: the photo's size in pixels.

    Raises:
        NotScreenableError: they lie in another order, close together, or nearly in one line.
    """
    corners = corners_photo_xy
    edges = np.roll(corners, -1, axis=0) - corners
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    sides = np.linalg.norm(edges, axis=1)
    wide, high = max(sides[0::2]), max(sides[1::2])
    is_page = (turns > 0).all() and min(wide, high) >= MIN_SIDE_PX
    foreshortened = rectangle_aspect(corners, photo_wh) * high / wide if is_page else np.nan
    if not 1 / MOST_FORESHORTENED < foreshortened < MOST_FORESHORTENED:
        raise NotScreenableError(
            "The four corners enclose no page.", "Put them on the grid's corners, clockwise from its top left."
        )
