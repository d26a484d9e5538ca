"""Brings a page of another paper speed to what the networks know: 25 mm/s."""

from dataclasses import replace

import cv2
import numpy as np

from ecgcore.types import PageImage


def at_usual_speed(page: PageImage, speed_mm_s: float) -> PageImage:
    """The page with its raster squeezed or stretched along the time axis, as if the paper had run at 25 mm/s.

    Its frame leads from the new raster to the photo, so boxes and points need nothing else.

    Args:
        page: as it was prepared.
        speed_mm_s: at which its paper ran.
    """
    if speed_mm_s == page.speed_mm_s:
        return page
    height, width = page.ink.shape
    new_width = max(1, round(width * page.speed_mm_s / speed_mm_s))
    way = cv2.INTER_AREA if new_width < width else cv2.INTER_LINEAR
    ink = np.asarray(cv2.resize(page.ink, (new_width, height), interpolation=way), dtype=np.uint8)
    frame = page.frame.after(np.diag([width / new_width, 1.0, 1.0]), (new_width, height))
    return replace(page, ink=ink, frame=frame, speed_mm_s=speed_mm_s)
