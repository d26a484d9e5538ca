"""Four corners of a panel as circles on a canvas, and what a person did with them there."""

from typing import Any

import numpy as np

from ecgcore.types import FloatArray
from pages.parts.style import GREEN

RADIUS_PX = 7


def moved_corners(drawing: dict[str, Any] | None, corners_xy: FloatArray) -> FloatArray:
    """The four corners after what a person did on the canvas.

    A corner that was dragged is where it lies now; a new point draws the corner nearest to it.

    Args:
        drawing: the canvas's objects; None before the browser's first answer.
        corners_xy: ``[4, 2]``, where the corners were put, in canvas pixels.
    """
    corners = np.array(corners_xy, dtype=np.float64)
    clicked = []
    for point in (drawing or {}).get("objects", ()):
        number = round(point.get("strokeDashOffset") or 0) - 1
        centre = _centre(point)
        if 0 <= number < len(corners):
            corners[number] = centre
        else:
            clicked.append(centre)
    for centre in clicked:
        corners[np.argmin(np.linalg.norm(corners - centre, axis=1))] = centre
    return corners


def circle(number: int, x: float, y: float) -> dict[str, Any]:
    """A corner; ``strokeDashOffset`` is what the browser keeps of it through moving."""
    return {
        "type": "Circle", "left": x, "top": y, "originX": "center", "originY": "center", "radius": RADIUS_PX,
        "fill": GREEN, "stroke": "white", "strokeWidth": 2, "strokeDashOffset": number + 1,
        "hasControls": False, "lockRotation": True,
    }  # fmt: skip


def _centre(point: dict[str, Any]) -> FloatArray:
    offset = {"left": 0.5, "top": 0.5, "center": 0.0, "right": -0.5, "bottom": -0.5}
    size = 2 * (point.get("radius") or 0) + (point.get("strokeWidth") or 0)
    x = point["left"] + offset[point.get("originX", "left")] * size * (point.get("scaleX") or 1)
    y = point["top"] + offset[point.get("originY", "top")] * size * (point.get("scaleY") or 1)
    return np.array([x, y])
