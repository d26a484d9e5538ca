"""The one resampler: a photo in the pixels of a panel, what lies flat between four corners, and the way back."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray, FloatPixels
from ecgcore.geometry.frame import PanelFrame

ROWS_AT_ONCE = 256
"""So many rows of a large picture are mapped at once, which bounds the memory for their places."""
WHITE = (255, 255, 255)
COARSE_PX = 8
"""The way from photo to a bent panel is solved every so many pixels; between them it is as good as straight."""
FOCAL = 0.5, 1.0, 3.0
"""Shortest, usual and longest focal length in longer sides of the photo; phones have 0.6 to 0.8, croppings more."""
MIN_DEPTHS = 1e-3
"""Product of the relative depths of both directions from which the focal length can be told."""


def resample(picture: ByteArray, frame: PanelFrame) -> tuple[ByteArray, BoolArray]:
    """A photo, ``uint8 [H, W]`` or ``[H, W, 3]``, in a frame's panel pixels, and which of them lie in the photo."""
    map_x, map_y = _places(frame, 0, frame.panel_wh[1], np.float32)
    resampled = cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    rows, columns = picture.shape[:2]
    in_photo = (map_x > -1) & (map_y > -1) & (map_x < columns) & (map_y < rows)
    return np.asarray(resampled, dtype=np.uint8), in_photo


def straightened(photo_rgb: ByteArray, frame: PanelFrame) -> ByteArray:
    """A panel as it would lie flat, of any size, white where it leaves the photo.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        frame: of the panel; its pixels are the result's.

    Returns:
        ``uint8 [h, w, 3]``.
    """
    # places of a flat panel are exact: sheets without a grid reach the networks this way
    precision: type[np.floating[Any]] = np.float64 if frame.displacement is None else np.float32
    strips = []
    for first, last in _strips(frame.panel_wh[1]):
        places = _places(frame, first, last, precision)
        strips.append(cv2.remap(photo_rgb, *places, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT, WHITE))
    return np.asarray(np.concatenate(strips), dtype=np.uint8)


def to_photo(panel: FloatPixels, frame: PanelFrame, photo_wh: tuple[int, int]) -> FloatPixels:
    """Bring what belongs to a panel into the photo, as the heat of its evidence.

    Args:
        panel: ``float32 [h, w]`` in the frame's panel pixels.
        frame: of the panel.
        photo_wh: the photo's size in pixels.

    Returns:
        ``float32 [H, W]``, 0 outside the panel.
    """
    if frame.displacement is None:
        matrix = on_pixel_centres(frame.photo_from_panel)
        return np.asarray(cv2.warpPerspective(panel, matrix, photo_wh, flags=cv2.INTER_LINEAR), dtype=np.float32)
    xs, ys = (np.arange(0, n + COARSE_PX, COARSE_PX) + 0.5 for n in photo_wh)
    points = frame.points_to_panel(np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)) - 0.5
    coarse = points.reshape(len(ys), len(xs), 2).astype(np.float32)
    enlarge = np.array([[1 / COARSE_PX, 0, 0], [0, 1 / COARSE_PX, 0]])
    dense = cv2.warpAffine(coarse, enlarge, photo_wh, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.asarray(cv2.remap(panel, dense[..., 0], dense[..., 1], cv2.INTER_LINEAR), dtype=np.float32)


def on_pixel_centres(matrix: FloatArray) -> FloatArray:
    """A homography on pixel edges, as frames are, as OpenCV wants it: on pixel centres."""
    to_edge = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return np.asarray(np.linalg.inv(to_edge) @ matrix @ to_edge, dtype=np.float64)


def _strips(height: int) -> Iterator[tuple[int, int]]:
    return ((first, min(first + ROWS_AT_ONCE, height)) for first in range(0, height, ROWS_AT_ONCE))


def _places(
    frame: PanelFrame, first: int, last: int, precision: type[np.floating[Any]]
) -> tuple[FloatPixels, FloatPixels]:
    """Where the pixels of panel rows ``first`` to ``last`` lie in the photo, as OpenCV counts: from pixel centres."""
    xs: FloatArray = np.arange(frame.panel_wh[0], dtype=np.float64) + 0.5
    ys: FloatArray = np.arange(first, last, dtype=np.float64) + 0.5
    shift: npt.NDArray[Any] = np.zeros((1, 1, 2)) if frame.displacement is None else frame.displacement.on_grid(xs, ys)
    shift = shift.astype(precision)
    matrix: npt.NDArray[Any] = frame.photo_from_panel.astype(precision)
    x, y = xs[None, :].astype(precision) + shift[..., 0], ys[:, None].astype(precision) + shift[..., 1]
    depth = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    map_x = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / depth
    map_y = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / depth
    half = np.float32(0.5)
    return map_x.astype(np.float32) - half, map_y.astype(np.float32) - half


def between_corners(
    photo_rgb: ByteArray, corners_photo_xy: FloatArray, most_pixels: int | None = None
) -> tuple[ByteArray, FloatArray]:
    """What lies flat between four corners, as large as it is in the photo and in its own proportions.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        corners_photo_xy: ``[4, 2]``, clockwise from its top left.
        most_pixels: of the flat picture, which is smaller than in the photo where it would have more; None: no bound.

    Returns:
        The flat picture ``uint8 [h, w, 3]``, white where it leaves the photo, and the homography from it to the photo.
    """
    corners = np.asarray(corners_photo_xy, dtype=np.float32)
    top, right, bottom, left = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    wide, high = float(max(top, bottom)), float(max(left, right))
    aspect = rectangle_aspect(np.asarray(corners, dtype=np.float64), photo_rgb.shape[1::-1])
    # neither side shrinks: the longer one, for its proportions, keeps its length
    width, height = max(wide, high * aspect), max(high, wide / aspect)
    shrink = 1.0 if most_pixels is None else min(1.0, float(np.sqrt(most_pixels / (width * height))))
    width, height = max(1, round(width * shrink)), max(1, round(height * shrink))
    flat_corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    photo_from_flat = np.asarray(cv2.getPerspectiveTransform(flat_corners, corners), dtype=np.float64)
    return straightened(photo_rgb, PanelFrame(photo_from_flat, (width, height))), photo_from_flat


def rectangle_aspect(corners_photo_xy: FloatArray, photo_wh: tuple[int, ...]) -> float:
    """Width over height of the flat rectangle that a camera saw between four corners (Zhang and He 2007).

    The camera looks along the middle of the photo. Its focal length follows from the perspective where there is
    enough of it; else that of usual cameras is taken, which then hardly matters.

    Args:
        corners_photo_xy: ``[4, 2]``, clockwise from its top left.
        photo_wh: the photo's size in pixels.
    """
    longest = max(photo_wh)
    centred = (corners_photo_xy - np.asarray(photo_wh[:2]) / 2) / longest
    top_left, top_right, bottom_right, bottom_left = np.column_stack([centred, np.ones(4)])
    diagonal = np.cross(top_left, bottom_right)
    across = top_right * (diagonal @ bottom_left) / (np.cross(top_right, bottom_right) @ bottom_left) - top_left
    down = bottom_left * (diagonal @ top_right) / (np.cross(bottom_left, bottom_right) @ top_right) - top_left
    depths = across[2] * down[2]
    focal_squared = -(across[:2] @ down[:2]) / depths if abs(depths) > MIN_DEPTHS else 0.0
    if not FOCAL[0] ** 2 < focal_squared < FOCAL[2] ** 2:
        focal_squared = FOCAL[1] ** 2
    wide, high = (np.sqrt(way[:2] @ way[:2] / focal_squared + way[2] ** 2) for way in (across, down))
    return float(wide / high)
