"""A photo cut down to its rows of trace, straightened where it was not straight, with the way of its boxes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil, floor

import cv2
import numpy as np

from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray
from ecgcore.geometry.frame import PanelFrame
from ecgcore.geometry.warp import straightened
from ecgcore.page.printed_text import find_text
from ecgcore.traces.trace_rows import trace_rows
from ecgcore.types import Box

UPRIGHT_PX = 0.5
"""A panel whose corners lie this close to an upright rectangle is cut out as it is, pixel for pixel."""
MOST_PX_PER_PANEL_PX = 4.0
PAPER_RANK = 0.7
"""Brighter than letters and grid lines, darker than glare."""


@dataclass(frozen=True)
class PanelCut:
    """The rows of trace alone.

    Args:
        picture_rgb: ``uint8 [h, w, 3]``: a crop of the photo, or the straightened rows.
        frame: of the cut part of the panel in the photo.
        scale: pixels of ``picture_rgb`` per panel pixel, None for a crop.
        offset_xy: the crop's first pixel in the photo.
        text_boxes: handwriting and print that still lie in the picture, in its pixels; lead names are none.
    """

    picture_rgb: ByteArray
    frame: PanelFrame
    scale: float | None
    offset_xy: tuple[int, int]
    text_boxes: tuple[Box, ...] = ()

    def boxes(self, boxes_photo_xyxy: FloatArray) -> FloatArray:
        """Map ``[n, 4]`` boxes of the photo into the cut picture, clipped to it; outside they have no area."""
        boxes = np.asarray(boxes_photo_xyxy, dtype=np.float64).reshape(-1, 4)
        if self.scale is None:
            mapped = boxes - np.tile(self.offset_xy, 2)
        else:
            mapped = self.frame.boxes_to_panel(boxes) * self.scale
        height, width = self.picture_rgb.shape[:2]
        return np.asarray(np.clip(mapped, 0, [width, height, width, height]), dtype=np.float64)

    def redacted(self, boxes: Iterable[Box]) -> "PanelCut":
        """The same cut with boxes, in pixels of its picture, painted black; what lies in them is reported no more."""
        painted, black = self.picture_rgb.copy(), list(boxes)
        for box in black:
            x1, y1 = (max(0, floor(edge)) for edge in (box.x1, box.y1))
            painted[y1 : max(0, ceil(box.y2)), x1 : max(0, ceil(box.x2))] = 0
        left = tuple(text for text in self.text_boxes if not any(_lies_in(text, box) for box in black))
        return replace(self, picture_rgb=painted, text_boxes=left)


def view_panel(photo_rgb: ByteArray, frame: PanelFrame, width_px: int = 1200) -> ByteArray:
    """The whole panel as it would lie flat, header and all: to look at, not to keep.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        frame: of the panel.
        width_px: of the result, at most; no finer than the photo.

    Returns:
        ``uint8 [h, w, 3]``.
    """
    scale = min(width_px / frame.panel_wh[0], _photo_px_per_panel_px(frame))
    # the photo is shrunk first: then a pixel of it is about one of the view, and no thin line falls between two
    shrink = min(1.0, scale / _photo_px_per_panel_px(frame))
    height, width = photo_rgb.shape[:2]
    small = photo_rgb
    if shrink < 1:
        wh = max(1, round(width * shrink)), max(1, round(height * shrink))
        small = np.asarray(cv2.resize(photo_rgb, wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    to_small = np.diag([small.shape[1] / width, small.shape[0] / height, 1.0])
    return straightened(small, _scaled(replace(frame, photo_from_panel=to_small @ frame.photo_from_panel), scale))


def cut_panel(
    photo_rgb: ByteArray, frame: PanelFrame, ink: ByteArray, handwriting_photo_xyxy: Iterable[Box] = ()
) -> PanelCut:
    """Leave out all of a photo but its rows of trace: header, footer, and what lies around the paper.

    Where tall peaks share their height with the header's or the footer's print, that is painted over with the paper's
    colour. Print among the rows stays and is reported.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        frame: of its panel.
        ink: the panel's raster.
        handwriting_photo_xyxy: patches of handwriting that were found in the photo.
    """
    text = find_text(ink, trace_rows(ink))
    first, last = text.rows_y or (0, ink.shape[0])
    rows = frame.after(np.array([[1.0, 0, 0], [0, 1.0, first], [0, 0, 1.0]]), (frame.panel_wh[0], last - first))
    cut = _cut(photo_rgb, rows)
    height, width = cut.picture_rgb.shape[:2]
    painted = _paint_paper(cut.picture_rgb, text.marginal[first:last])
    written = [box.as_list() for box in handwriting_photo_xyxy]
    printed = (text.texts_xyxy - [0, first, 0, first]) * np.tile([width / ink.shape[1], height / (last - first)], 2)
    found = np.clip(np.concatenate([cut.boxes(np.array(written)), printed]), 0, [width, height, width, height])
    seen = found[(found[:, 2:] - found[:, :2] > 1).all(axis=1)]
    return replace(cut, picture_rgb=painted, text_boxes=tuple(Box(*box) for box in np.round(seen, 1).tolist()))


def _cut(photo_rgb: ByteArray, frame: PanelFrame) -> PanelCut:
    height, width = photo_rgb.shape[:2]
    corners = frame.corners_photo_xy
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    upright = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    if np.abs(corners - upright).max() <= UPRIGHT_PX:
        x1, y1 = max(0, round(float(left))), max(0, round(float(top)))
        x2, y2 = min(width, round(float(right))), min(height, round(float(bottom)))
        return PanelCut(np.ascontiguousarray(photo_rgb[y1:y2, x1:x2]), frame, None, (x1, y1))
    scale = float(np.clip(_photo_px_per_panel_px(frame), 1.0, MOST_PX_PER_PANEL_PX))
    return PanelCut(straightened(photo_rgb, _scaled(frame, scale)), frame, scale, (0, 0))


def _photo_px_per_panel_px(frame: PanelFrame) -> float:
    """Along the side where the photo shows the panel largest."""
    corners = frame.corners_photo_xy
    edges_px = np.linalg.norm(np.diff(corners[[0, 1, 2, 3, 0]], axis=0), axis=1)
    return float((edges_px / np.array([frame.panel_wh[0], frame.panel_wh[1]] * 2)).max())


def _scaled(frame: PanelFrame, scale: float) -> PanelFrame:
    """The frame of the panel in pixels of which ``scale`` make one of its own."""
    width, height = (max(1, round(side * scale)) for side in frame.panel_wh)
    return frame.after(np.diag([1 / scale, 1 / scale, 1.0]), (width, height))


def _paint_paper(picture_rgb: ByteArray, mask_panel: BoolArray) -> ByteArray:
    """Paint over the masked part with the colour of the paper around."""
    if not mask_panel.any():
        return picture_rgb
    height, width = picture_rgb.shape[:2]
    mask = cv2.resize(mask_panel.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    painted = picture_rgb.copy()
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    for x, y, w, h, _ in stats[1:]:
        here = np.s_[y : y + h, x : x + w]
        paper = np.quantile(picture_rgb[here].reshape(-1, 3), PAPER_RANK, axis=0)
        painted[here][mask[here] > 0] = paper.astype(np.uint8)
    return painted


def _lies_in(inner: Box, outer: Box) -> bool:
    return (
        outer.x1 <= inner.x1 + 1 and outer.y1 <= inner.y1 + 1 and outer.x2 >= inner.x2 - 1 and outer.y2 >= inner.y2 - 1
    )
