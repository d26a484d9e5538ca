"""Whether what was found is only a strip in a slide or among the text of a report, which is no page of an ECG."""

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray, FloatArray

SMALL_PART = 0.3
"""Share of the picture. Whole pages of machines, watches and scans fill 0.55 and more of theirs (11 looked at)."""
MOST_ROWS = 3.5
"""Traces above each other. A small ECG with more of them may be all twelve leads in a viewer's window."""
TEXT_SHARE = 0.2
"""Area of the letters beside the strip, in areas of the strip: a hand's or a desk's marks are fewer."""
LOOK_PX = 1200
"""Longer side of the picture in which letters are looked for: those of a page of 60 lines are then 8 px high."""
LETTER_PX = (5, 60)
LETTER_CONTRAST = 50
LETTER_FILLED = (0.15, 0.9)
"""Share of its box that a letter fills: no line, no speck and no filled box."""


def is_strip_among_text(photo_rgb: ByteArray, corners_photo_xy: FloatArray, rows: float) -> bool:
    """Whether few traces fill a small part of the picture, and letters much of the rest.

    Args:
        photo_rgb: upright picture, ``uint8 [H, W, 3]``.
        corners_photo_xy: of the panel in it, ``[4, 2]``.
        rows: how many traces the panel shows above each other.
    """
    if rows > MOST_ROWS:
        return False
    height, width = photo_rgb.shape[:2]
    corners = corners_photo_xy.astype(np.float32)
    panel_px2 = float(cv2.contourArea(corners))
    if panel_px2 > SMALL_PART * height * width:
        return False
    scale = min(1.0, LOOK_PX / max(height, width))
    small = cv2.resize(photo_rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).max(axis=2)
    cv2.fillConvexPoly(small, np.round(corners * scale).astype(np.int32), int(np.median(small)))
    return bool(_letters_px2(small) > TEXT_SHARE * panel_px2 * scale**2)


def _letters_px2(grey: ByteArray) -> float:
    """Area of the boxes round what has the size and the shape of letters, dark on light or light on dark."""
    background = cv2.medianBlur(np.ascontiguousarray(grey), 31)
    marks = (cv2.absdiff(grey, background) > LETTER_CONTRAST).astype(np.uint8)
    stats = cv2.connectedComponentsWithStats(marks, connectivity=8)[2][1:].astype(np.float64)
    across, down, area = (stats[:, part] for part in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    low, high = LETTER_PX
    filled = area / np.maximum(1, across * down)
    is_letter = (down >= low) & (down <= high) & (across <= 2 * down)
    is_letter &= (filled >= LETTER_FILLED[0]) & (filled <= LETTER_FILLED[1])
    return float((across * down)[is_letter].sum())
