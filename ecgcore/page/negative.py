"""Negatives: light traces on dark paper, as dark-mode viewers, monitors and inverted scans show them."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray
from ecgcore.types import PageImage

TURNED_ROUND = "The picture is a negative, light traces on dark paper; it was read with light and dark exchanged."
STROKES_RATIO = 1.5
"""Least light over dark strokes, by the square of their contrast. Of 77 pages (Khan, photographed, clinics') the
highest as they are is 0.40, and the lowest exchanged 2.5."""
MIDDLE_GREY = 128
_LOOKED_AT_PX, _WIDE_PX = 1000, 31
"""Longer side in which a picture is looked at, and the window, wider than any stroke there, whose median is paper."""


def is_negative(photo_rgb: ByteArray) -> bool:
    """Whether most of a picture is dark and its strokes are lighter than what they lie on.

    Args:
        photo_rgb: ``uint8 [H, W, 3]``. A page on a dark desk is none, nor is one photographed in the dark: their
            strokes are darker than their paper.
    """
    scale = _LOOKED_AT_PX / max(photo_rgb.shape[:2])
    small = cv2.cvtColor(photo_rgb, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        small = cv2.resize(small, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if np.median(small) >= MIDDLE_GREY:
        return False
    above_paper = small.astype(np.float32) - cv2.medianBlur(np.asarray(small, dtype=np.uint8), _WIDE_PX)
    light, dark = (float(np.square(np.clip(part, 0, None)).sum()) for part in (above_paper, -above_paper))
    return light > STROKES_RATIO * dark


def read_turned_round(photo_rgb: ByteArray, read: Callable[[ByteArray], PageImage]) -> PageImage:
    """What ``read`` makes of a picture; of a negative with light and dark exchanged, which the page's notes then say.

    Args:
        photo_rgb: ``uint8 [H, W, 3]``.
        read: one of the doors of ``prepare``.

    Raises:
        NotScreenableError: as ``read`` raises it.
    """
    if not is_negative(photo_rgb):
        return read(photo_rgb)
    page = read(np.asarray(cv2.bitwise_not(photo_rgb), dtype=np.uint8))
    return replace(page, notes=(TURNED_ROUND, *page.notes), strategy=f"negative/{page.strategy}")
