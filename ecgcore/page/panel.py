"""Where on the page the traces are: the printed grid's area, or without a grid the traces' bounding box."""

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray
from ecgcore.geometry.boxes import XYXY
from ecgcore.ink_levels import FOUND_INK, LINE_DARKNESS

NOISE_FACTOR = 4.2
FILLED = 0.7
"""A grid fills so much of its rectangle, where its lines are seen. It changed none of 31 photos and 80 Khan pages
(D-143)."""
MARGIN_MM = 5.0


def grid_panel(darkness: ByteArray, px_per_mm: float) -> XYXY | None:
    """Find the rectangle that the printed grid fills.

    Grid lines closed over their period become a solid area; an opening then removes text, whose lines are low.

    Args:
        darkness: ``uint8 [H, W]``, 0 = paper.
        px_per_mm: the grid's scale.

    Returns:
        ``x1, y1, x2, y2`` in picture pixels, or None where the marks form no area.
    """
    height, width = darkness.shape
    cell = px_per_mm / 2
    small_wh = (max(1, round(width / cell)), max(1, round(height / cell)))
    threshold = np.clip(NOISE_FACTOR * _paper_noise(darkness, px_per_mm), *LINE_DARKNESS)
    marks = np.asarray((darkness > threshold) * np.uint8(255), dtype=np.uint8)
    coverage = cv2.resize(marks, small_wh, interpolation=cv2.INTER_AREA)
    present = (coverage > 8).astype(np.uint8)
    found = None
    for close_mm, open_mm in ((1.5, 8.0), (5.5, 14.0)):
        solid = _morph(_morph(present, cv2.MORPH_CLOSE, close_mm), cv2.MORPH_OPEN, open_mm)
        if solid.mean() > 0.2:
            x1, x2 = _filled_range(solid.mean(axis=0))
            y1, y2 = _filled_range(solid.mean(axis=1))
            fx, fy = width / small_wh[0], height / small_wh[1]
            found = round(x1 * fx), round(y1 * fy), round(x2 * fx), round(y2 * fy)
            if solid[y1:y2, x1:x2].mean() >= FILLED:
                break  # else the lines of 1 mm are faint, and those of 5 mm tell how far the grid reaches
    return found


def _paper_noise(darkness: ByteArray, px_per_mm: float) -> float:
    """Typical deviation inside the cells of the grid, where the paper shows."""
    side = max(2, round(0.5 * px_per_mm))
    values = darkness.astype(np.float32)
    squares, means = cv2.sqrBoxFilter(values, -1, (side, side)), cv2.blur(values, (side, side))
    deviation = np.sqrt(np.maximum(squares[::5, ::5] - means[::5, ::5] ** 2, 0))
    return float(np.quantile(deviation, 0.15))


def _morph(mask: ByteArray, operation: int, size_mm: float) -> ByteArray:
    side = round(2 * size_mm) | 1
    padded = cv2.copyMakeBorder(mask, side, side, side, side, cv2.BORDER_CONSTANT, value=0)
    done = cv2.morphologyEx(padded, operation, np.ones((side, side), np.uint8))
    return np.asarray(done[side:-side, side:-side], dtype=np.uint8)


def _filled_range(coverage: np.ndarray) -> tuple[int, int]:
    """First and last index (exclusive) that are filled at least half as much as usual."""
    usual = np.median(coverage[coverage > 0.1]) if (coverage > 0.1).any() else 1.0
    filled = np.flatnonzero(coverage >= 0.5 * usual)
    return int(filled[0]), int(filled[-1]) + 1


def trace_boxes(ink: ByteArray, gap_px: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Split the ink of a page without a grid into traces and pulse-like marks.

    A trace is one connected stroke, wide and not straight; letters are small, rules are straight.

    Args:
        ink: ``uint8 [H, W]``, 255 = full pen.
        gap_px: look over gaps of this width in the traces.

    Returns:
        Boxes ``[n, 4]`` of the traces and boxes of all components, ``int32`` xyxy.
    """
    width = ink.shape[1]
    strokes = (ink > FOUND_INK).astype(np.uint8)
    rules = _level_runs(strokes, round(0.6 * width))
    left = np.asarray(cv2.subtract(strokes, rules), dtype=np.uint8)
    boxes = _boxes(left)
    w, h = (boxes[:, 2:] - boxes[:, :2]).T
    traces = boxes[(w > 0.1 * width) & (h > 0.012 * width)]
    if gap_px > 1:
        joined = _boxes(np.asarray(cv2.dilate(left, np.ones((1, gap_px | 1), np.uint8)), dtype=np.uint8))
        w, h = (joined[:, 2:] - joined[:, :2]).T
        # a line of the header, its letters joined, is as high as a trace but shorter
        traces = np.concatenate([traces, joined[(w > 0.2 * width) & (h > 0.012 * width)]])
    return traces, boxes


def _level_runs(strokes: ByteArray, length_px: int) -> ByteArray:
    """Opening of a mask of 0 and 1 by a level line; OpenCV's own takes a time that grows with the line's length."""
    window = (length_px, 1)
    paper = cv2.boxFilter(1 - strokes, cv2.CV_16U, window, normalize=False, borderType=cv2.BORDER_CONSTANT)
    whole = (np.asarray(paper) == 0).astype(np.uint8)
    runs = cv2.boxFilter(whole, cv2.CV_16U, window, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return (np.asarray(runs) > 0).astype(np.uint8)


def _boxes(strokes: ByteArray) -> np.ndarray:
    """Boxes of the connected strokes, ``int32 [n, 4]`` xyxy; a pixel between two rows joins them."""
    mask = cv2.dilate(strokes, np.ones((3, 1), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    x, y, w, h, _ = stats[1:].T
    return np.stack([x, y, x + w, y + h], axis=1)
