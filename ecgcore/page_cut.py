"""A photo cut down to its panel, straightened where it was not straight, with the way of its boxes."""

from dataclasses import dataclass

import cv2
import numpy as np

from ecgcore.types import ByteArray, FloatArray, PanelFrame

UPRIGHT_PX = 0.5
"""A panel whose corners lie this close to an upright rectangle is cut out as it is, pixel for pixel."""
MOST_PX_PER_PANEL_PX = 4.0
FOCAL = 0.5, 1.0, 3.0
"""Shortest, usual and longest focal length in longer sides of the photo; phones have 0.6 to 0.8, croppings more."""
MIN_DEPTHS = 1e-3
"""Product of the relative depths of both directions from which the focal length can be told."""
ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class PanelCut:
    """The panel alone.

    Args:
        picture_rgb: ``uint8 [h, w, 3]``: a crop of the photo, or the straightened panel.
        frame: of the panel in the photo.
        scale: pixels of ``picture_rgb`` per panel pixel, None for a crop.
        offset_xy: the crop's first pixel in the photo.
    """

    picture_rgb: ByteArray
    frame: PanelFrame
    scale: float | None
    offset_xy: tuple[int, int]

    def boxes(self, boxes_photo_xyxy: FloatArray) -> FloatArray:
        """Map ``[n, 4]`` boxes of the photo into the cut picture, clipped to it; outside they have no area."""
        boxes = np.asarray(boxes_photo_xyxy, dtype=np.float64).reshape(-1, 4)
        if self.scale is None:
            mapped = boxes - np.tile(self.offset_xy, 2)
        else:
            mapped = self.frame.boxes_to_panel(boxes) * self.scale
        height, width = self.picture_rgb.shape[:2]
        return np.asarray(np.clip(mapped, 0, [width, height, width, height]), dtype=np.float64)


def cut_panel(photo_rgb: ByteArray, frame: PanelFrame) -> PanelCut:
    """Leave out all of a photo but its panel: header, footer, and what lies around the paper.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        frame: of its panel.
    """
    height, width = photo_rgb.shape[:2]
    corners = frame.corners_photo_xy
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    upright = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    if np.abs(corners - upright).max() <= UPRIGHT_PX:
        x1, y1 = max(0, round(float(left))), max(0, round(float(top)))
        x2, y2 = min(width, round(float(right))), min(height, round(float(bottom)))
        return PanelCut(np.ascontiguousarray(photo_rgb[y1:y2, x1:x2]), frame, None, (x1, y1))
    edges_px = np.linalg.norm(np.diff(corners[[0, 1, 2, 3, 0]], axis=0), axis=1)
    across = np.array([frame.panel_wh[0], frame.panel_wh[1]] * 2)
    scale = float(np.clip((edges_px / across).max(), 1.0, MOST_PX_PER_PANEL_PX))
    return PanelCut(straightened(photo_rgb, frame, scale), frame, scale, (0, 0))


def between_corners(photo_rgb: ByteArray, corners_photo_xy: FloatArray) -> tuple[ByteArray, FloatArray]:
    """What lies flat between four corners, as large as it is in the photo and in its own proportions.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        corners_photo_xy: ``[4, 2]``, clockwise from its top left.

    Returns:
        The flat picture ``uint8 [h, w, 3]``, white where it leaves the photo, and the homography from it to the photo.
    """
    corners = np.asarray(corners_photo_xy, dtype=np.float32)
    top, right, bottom, left = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    wide, high = float(max(top, bottom)), float(max(left, right))
    aspect = rectangle_aspect(np.asarray(corners, dtype=np.float64), photo_rgb.shape[1::-1])
    # neither side shrinks: the longer one, for its proportions, keeps its length
    width, height = round(max(wide, high * aspect)), round(max(high, wide / aspect))
    flat_corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    photo_from_flat = np.asarray(cv2.getPerspectiveTransform(flat_corners, corners), dtype=np.float64)
    return straightened(photo_rgb, PanelFrame(photo_from_flat, (width, height)), 1.0), photo_from_flat


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


def straightened(photo_rgb: ByteArray, frame: PanelFrame, scale: float) -> ByteArray:
    """The panel as it would lie flat.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        frame: of its panel.
        scale: pixels of the result per panel pixel.

    Returns:
        ``uint8 [h, w, 3]``; white where the panel leaves the photo.
    """
    width, height = (round(side * scale) for side in frame.panel_wh)
    columns = (np.arange(width) + 0.5) / scale
    strips = []
    for first in range(0, height, ROWS_AT_ONCE):
        rows = (np.arange(first, min(first + ROWS_AT_ONCE, height)) + 0.5) / scale
        grid_xy = np.stack(np.meshgrid(columns, rows), axis=-1)
        places = frame.points_to_photo(grid_xy.reshape(-1, 2)).reshape(grid_xy.shape).astype(np.float32) - 0.5
        strips.append(
            cv2.remap(
                photo_rgb, places[..., 0], places[..., 1], cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT, (255, 255, 255)
            )
        )
    return np.asarray(np.concatenate(strips), dtype=np.uint8)
