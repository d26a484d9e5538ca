"""Pictures larger than any scan of a page are prepared in a smaller size, so that none takes minutes."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from ecgcore.page.grid.rectify import photo_scale
from ecgcore.types import STANDARD_PX_PER_MM, ByteArray, FloatArray, PageImage

MAX_PREPARED_PIXELS = 24_000_000
"""A4 at 500 dpi: 20 pixels a millimetre, where a pen is 6 wide."""


def in_fitting_size(prepare: Callable[[ByteArray], PageImage], photo_rgb: ByteArray) -> PageImage:
    """Prepare a picture, one of over ``MAX_PREPARED_PIXELS`` in a smaller size.

    Args:
        prepare: what makes a page of a picture; its errors are raised here.
        photo_rgb: ``uint8 [H, W, 3]``.

    Returns:
        The page; its frame leads from the panel to ``photo_rgb``.
    """
    height, width = photo_rgb.shape[:2]
    scale = float(np.sqrt(MAX_PREPARED_PIXELS / (height * width)))
    if scale >= 1.0:
        return prepare(photo_rgb)
    small_wh = max(1, int(width * scale)), max(1, int(height * scale))
    small_rgb = np.asarray(cv2.resize(photo_rgb, small_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return seen_in(prepare(small_rgb), photo_rgb, np.diag([width / small_wh[0], height / small_wh[1], 1.0]))


def seen_in(page: PageImage, photo_rgb: ByteArray, photo_from_picture: FloatArray) -> PageImage:
    """A page that was prepared from a part of a photo, or from a smaller one, as that photo's.

    Args:
        page: as prepared.
        photo_rgb: the whole photo, ``uint8 [H, W, 3]``.
        photo_from_picture: 3x3, from the picture that was prepared.
    """
    frame = replace(page.frame, photo_from_panel=photo_from_picture @ page.frame.photo_from_panel)
    px_per_mm = photo_scale(frame, np.asarray(frame.panel_wh) / 2) * STANDARD_PX_PER_MM
    return replace(page, photo_rgb=photo_rgb, frame=frame, px_per_mm=None if page.px_per_mm is None else px_per_mm)
