"""Four corners of a panel as circles on a canvas, what a person did with them there, and what lies between them."""

from collections.abc import Sequence

import numpy as np

from ecgcore.geometry.warp import between_corners
from ecgcore.page.corners import check_corners
from ecgcore.types import ByteArray, FloatArray
from pages.parts.common.browser.messages import CanvasShape, DrawnShape
from pages.parts.common.style import GREEN

RADIUS_PX = 7


def moved_corners(drawing: Sequence[DrawnShape] | None, corners_xy: FloatArray) -> FloatArray:
    """The four corners after what a person did on the canvas.

    A corner that was dragged is where it lies now; a new point draws the corner nearest to it.

    Args:
        drawing: the canvas's shapes; None before the browser's first answer.
        corners_xy: ``[4, 2]``, where the corners were put, in canvas pixels.
    """
    corners = np.array(corners_xy, dtype=np.float64)
    clicked = []
    for point in drawing or ():
        number = round(point.strokeDashOffset or 0) - 1
        centre = _centre(point)
        if 0 <= number < len(corners):
            corners[number] = centre
        else:
            clicked.append(centre)
    for centre in clicked:
        corners[np.argmin(np.linalg.norm(corners - centre, axis=1))] = centre
    return corners


def circle(number: int, x: float, y: float) -> CanvasShape:
    """A corner; ``strokeDashOffset`` is what the browser keeps of it through moving.

    Args:
        number: of the corner, from 0.
        x: in canvas pixels.
        y: the same.
    """
    return {
        "type": "Circle", "left": x, "top": y, "originX": "center", "originY": "center", "radius": RADIUS_PX,
        "fill": GREEN, "stroke": "white", "strokeWidth": 2, "strokeDashOffset": number + 1,
        "hasControls": False, "lockRotation": True,
    }  # fmt: skip


def _centre(point: DrawnShape) -> FloatArray:
    offset = {"left": 0.5, "top": 0.5, "center": 0.0, "right": -0.5, "bottom": -0.5}
    size = 2 * (point.radius or 0) + (point.strokeWidth or 0)
    x = point.left + offset[point.originX] * size * (point.scaleX or 1)
    y = point.top + offset[point.originY] * size * (point.scaleY or 1)
    return np.array([x, y])


def panel_preview(view_rgb: ByteArray, corners_photo_xy: FloatArray, photo_wh: tuple[int, int]) -> ByteArray:
    """The panel between four corners, straightened as it will be screened, at the view's resolution.

    Args:
        view_rgb: the photo, smaller.
        corners_photo_xy: ``[4, 2]`` in the photo, clockwise from top left.
        photo_wh: the photo's size in pixels.

    Raises:
        NotScreenableError: no page can lie between them.
    """
    check_corners(corners_photo_xy, photo_wh)
    flat_rgb, _ = between_corners(view_rgb, corners_photo_xy * view_rgb.shape[1] / photo_wh[0])
    return flat_rgb
