"""Whether what was found is only a strip in a slide or among the text of a report, which is no page of an ECG."""

import cv2
import numpy as np

from ecgcore.errors import NotScreenableError
from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.page.quality.features import NAMES, running_traces, trace_features
from ecgcore.types import PageImage

STRIP_AMONG_TEXT = (
    "The picture is a slide or a report in which a piece of an ECG is only a small part.",
    "Crop the picture to the ECG, or use a picture of the whole ECG page.",
)
SMALL_PART = 0.3
"""Share of the picture. Whole pages of machines, watches and scans fill 0.55 and more of theirs (11 looked at)."""
MOST_ROWS = 3.5
"""Traces above each other. A small ECG with more of them may be all twelve leads in a viewer's window."""
TEXT_SHARE = 0.2
"""Area of the letters beside the strip, in areas of the strip: a hand's or a desk's marks are fewer."""
AROUND_MM = 10.0
"""Paper round the traces that belongs to their strip: rows of paper strips are some 30 mm apart."""
LONG_SHARE = 0.2
"""Of the panel's width: what runs on for less may be letters that touch."""
UNBROKEN_SHARE = 0.9
"""Of all ink that runs on, that of the long traces (1.0 on three strips of reports): else traces are broken, and what
is long is one of several rows, or a shadow's edge."""
LOOK_PX = 1200
"""Longer side of the picture in which letters are looked for: those of a page of 60 lines are then 8 px high."""
LETTER_PX = (5, 60)
LETTER_CONTRAST = 50
LETTER_FILLED = (0.15, 0.9)
"""Share of its box that a letter fills: no line, no speck and no filled box."""


def check_surroundings(page: PageImage) -> None:
    """Refuse a page that is only a strip in a slide or among the text of a report.

    Args:
        page: with the whole picture as its photo, not a sheet that was cut out of it.

    Raises:
        NotScreenableError: it is such a strip.
    """
    strip = _strip_corners_panel(page.ink)
    corners_photo_xy = page.frame.corners_photo_xy if strip is None else page.frame.points_to_photo(strip)
    rows = float(np.expm1(trace_features(page.ink)[NAMES.index("rows")]))
    if is_strip_among_text(page.photo_rgb, corners_photo_xy, rows):
        raise NotScreenableError(*STRIP_AMONG_TEXT)


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


def _strip_corners_panel(ink: ByteArray) -> FloatArray | None:
    """Corners ``[4, 2]`` of the traces with paper round them; None where few run on, as those of a thin pen do not.

    A grid may be taken to go on through the text beside it.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
    """
    stats = cv2.connectedComponentsWithStats(running_traces(ink), connectivity=8)[2][1:]
    long = stats[stats[:, cv2.CC_STAT_WIDTH] > LONG_SHARE * ink.shape[1]]
    if long[:, cv2.CC_STAT_AREA].sum() <= UNBROKEN_SHARE * stats[:, cv2.CC_STAT_AREA].sum():
        return None
    around, xy, wh = AROUND_MM * STANDARD_PX_PER_MM, long[:, :2], long[:, 2:4]
    x1, y1 = np.maximum(xy.min(axis=0) - around, 0)
    x2, y2 = np.minimum((xy + wh).max(axis=0) + around, ink.shape[::-1])
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], dtype=np.float64)


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
