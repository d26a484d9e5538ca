"""What the strategies made of a picture, and which of it is taken: the only place where such pages are compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecgcore.errors import NotScreenableError
from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.types import PageImage

SCALE_BONUS = 2.0
"""Log-odds by which a page may look less like an ECG where it alone knows its millimetres."""


@dataclass(frozen=True)
class Candidate:
    """What one strategy made of a picture.

    Args:
        page: as it was read, also where it is refused; None where nothing was read.
        refusal: why it cannot be screened; None for a page that can.
        is_last_resort: it counts only where no other strategy read a page.
    """

    page: PageImage | None
    refusal: NotScreenableError | None = None
    is_last_resort: bool = False


Tried = Sequence[Candidate]
"""In the order in which the strategies were tried."""


def best(tried: Tried) -> Candidate:
    """The page that looks most like an ECG, known millimetres counting for it; where none was read the first refusal.

    Args:
        tried: at least one; the earlier is taken of two that are equal.
    """
    read = [candidate for candidate in tried if candidate.refusal is None]
    preferred = [candidate for candidate in read if not candidate.is_last_resort] or read
    return max(preferred, key=_likeness, default=tried[0])


def _likeness(candidate: Candidate) -> float:
    page = candidate.page
    return -np.inf if page is None else page.ecg_logit + SCALE_BONUS * (page.px_per_mm is not None)


def mapped_to_photo(page: PageImage, photo_rgb: ByteArray, photo_from_picture: FloatArray) -> PageImage:
    """A page that was prepared from a part of a photo, or from a smaller one, as that photo's."""
    frame = replace(page.frame, photo_from_panel=photo_from_picture @ page.frame.photo_from_panel)
    px_per_mm = None if page.px_per_mm is None else frame.photo_px_per_panel_px * STANDARD_PX_PER_MM
    return replace(page, photo_rgb=photo_rgb, frame=frame, px_per_mm=px_per_mm)


def stretched_to_photo(candidate: Candidate, picture_rgb: ByteArray, photo_rgb: ByteArray) -> Candidate:
    """What was read of a photo in another width and height, as the photo's."""
    if candidate.page is None or picture_rgb is photo_rgb:
        return candidate
    (height, width), (other_height, other_width) = photo_rgb.shape[:2], picture_rgb.shape[:2]
    stretch = np.diag([width / other_width, height / other_height, 1.0])
    return replace(candidate, page=mapped_to_photo(candidate.page, photo_rgb, stretch))
