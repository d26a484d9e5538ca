"""A page whose panel a person has shown: straightened by its four corners before it is prepared."""

from dataclasses import replace

import numpy as np

from ecgcore.errors import NotScreenable
from ecgcore.page.crop import between_corners, rectangle_aspect
from ecgcore.page.large import in_fitting_size
from ecgcore.page.prepare import MIN_SIDE_PX, prepare_flat, prepare_page
from ecgcore.types import ByteArray, FloatArray, PageImage

MOST_FORESHORTENED = 8.0
"""Of a page that is seen so much shorter than it is, under 7 degrees, nothing can be read."""


def prepare(photo_rgb: ByteArray, corners_photo_xy: FloatArray | None) -> PageImage:
    """Prepare a page: by the corners that a person set, ``[4, 2]``, or by what is found in the picture.

    Raises:
        NotScreenable: the picture shows no ECG.
    """
    return prepare_page(photo_rgb) if corners_photo_xy is None else prepare_with_corners(photo_rgb, corners_photo_xy)


def prepare_with_corners(photo_rgb: ByteArray, corners_photo_xy: FloatArray) -> PageImage:
    """Prepare a page that lies flat between four corners.

    Args:
        photo_rgb: upright picture, ``uint8 [H, W, 3]``.
        corners_photo_xy: ``[4, 2]`` of the panel, clockwise from its own top left, which may lie anywhere in the photo
            where the page is turned.

    Returns:
        The page; its frame leads from the panel to ``photo_rgb``.

    Raises:
        NotScreenable: the corners enclose nothing, or the panel between them shows no ECG.
    """
    corners = np.asarray(corners_photo_xy, dtype=np.float64).reshape(4, 2)
    height, width = photo_rgb.shape[:2]
    check_corners(corners, (width, height))
    flat_rgb, photo_from_flat = between_corners(photo_rgb, corners)
    sheet = in_fitting_size(prepare_flat, flat_rgb)
    way = photo_from_flat @ sheet.frame.photo_from_panel
    return replace(sheet, photo_rgb=photo_rgb, frame=replace(sheet.frame, photo_from_panel=way))


def check_corners(corners_photo_xy: FloatArray, photo_wh: tuple[int, int]) -> None:
    """Refuse four corners between which no page can lie.

    Args:
        corners_photo_xy: ``[4, 2]``, in the order of ``prepare_with_corners``.
        photo_wh: the photo's size in pixels.

    Raises:
        NotScreenable: they lie in another order, close together, or nearly in one line.
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
        raise NotScreenable(
            "The four corners enclose no page.", "Put them on the grid's corners, clockwise from its top left."
        )
