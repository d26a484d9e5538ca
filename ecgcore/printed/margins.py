"""Lines of print above and below a page's traces, read off the photo itself."""

from typing import Literal

import cv2
import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.geometry.frame import PanelFrame
from ecgcore.geometry.warp import straightened
from ecgcore.printed.ocr import find_lines, read_words
from ecgcore.traces.rows import Rows
from ecgcore.types import PageImage

Side = Literal["above", "below"]
REACH_MM = {"above": 75.0, "below": 45.0}
"""So far from the outermost traces print is looked for."""
CLEAR_OF_TRACE_MM, CLOSE_TO_TRACE_MM = 4.0, 1.5
"""Print is looked for from so far above or below the outermost rows' baselines; closer where none was found."""
LEAST_MM = 4.0
"""What is lower holds no line of print."""
FOUND_PX_PER_MM, READ_PX_PER_MM = 5.0, 10.0
"""Scale in which lines are found, and at most in which they are read: letters are some 2 to 3 mm high."""
MOST_LINES = 48


def read_margin(page: PageImage, rows: Rows, side: Side, *, looks_closer: bool = False) -> list[str]:
    """Read the print above or below the traces, what stands side by side as one line.

    Args:
        page: the prepared page.
        rows: its rows of trace.
        side: above the first row or below the last.
        looks_closer: also close to the traces, and in the channel in which a coloured grid is lightest.
    """
    band = _band(page, rows, side, CLOSE_TO_TRACE_MM if looks_closer else CLEAR_OF_TRACE_MM)
    if band is None:
        return []
    if looks_closer:
        band = np.repeat(band.max(axis=2, keepdims=True), 3, axis=2)
    shrink = FOUND_PX_PER_MM / READ_PX_PER_MM
    small = cv2.resize(band, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    boxes = find_lines(np.asarray(small, dtype=np.uint8))[:MOST_LINES] / shrink
    crops = [band[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))] for x1, y1, x2, y2 in boxes]
    return _side_by_side(boxes, read_words(crops))


def _band(page: PageImage, rows: Rows, side: Side, clear_mm: float) -> ByteArray | None:
    """The photo above or below the traces, straight and as wide as it is; None where it ends there."""
    if len(rows.baseline_y) == 0:
        return None
    frame, (height, width) = page.frame, page.photo_rgb.shape[:2]
    corners = frame.points_to_panel([[0, 0], [width, 0], [width, height], [0, height]])
    left, right = max(corners[[0, 3], 0].max(), -0.5 * frame.panel_wh[0]), corners[[1, 2], 0].min()
    right = min(right, 1.5 * frame.panel_wh[0])
    clear, reach = clear_mm * STANDARD_PX_PER_MM, REACH_MM[side] * STANDARD_PX_PER_MM
    if side == "above":
        bottom = rows.baseline_y[0] - clear
        top = max(corners[[0, 1], 1].min(), bottom - reach)
    else:
        top = rows.baseline_y[-1] + clear
        bottom = min(corners[[2, 3], 1].max(), top + reach)
    least = LEAST_MM * STANDARD_PX_PER_MM
    if right - left < 2 * least or bottom - top < least:
        return None
    scale = STANDARD_PX_PER_MM / READ_PX_PER_MM
    panel_from_band = np.array([[scale, 0, left], [0, scale, top], [0, 0, 1.0]])
    wh = int((right - left) / scale), int((bottom - top) / scale)
    # without the bend of the paper, which is not known beside the panel
    return straightened(page.photo_rgb, PanelFrame(frame.photo_from_panel @ panel_from_band, wh))


def _side_by_side(boxes: FloatArray, words: list[str]) -> list[str]:
    """Words at one height as one line, left to right."""
    lines: list[list[int]] = []
    order = sorted((n for n, word in enumerate(words) if word), key=lambda n: float(boxes[n, 1] + boxes[n, 3]))
    for number in order:
        middle = (boxes[number, 1] + boxes[number, 3]) / 2
        if lines and boxes[lines[-1][0], 1] <= middle <= boxes[lines[-1][0], 3]:
            lines[-1].append(number)
        else:
            lines.append([number])
    return [" ".join(words[n] for n in sorted(line, key=lambda n: float(boxes[n, 0]))) for line in lines]
