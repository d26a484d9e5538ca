"""Pictures at the size that a screen needs, and small enough to be sent at once."""

import cv2
import numpy as np

from ecgcore.geometry.arrays import ByteArray


def at_width(photo_rgb: ByteArray, width_px: int, *, enlarge: bool = False) -> ByteArray:
    """A picture ``width_px`` wide, its height to match; a smaller one stays as it is unless ``enlarge``.

    Args:
        photo_rgb: ``uint8 [H, W, 3]``.
        width_px: of the result.
        enlarge: also a smaller one.
    """
    height, width = photo_rgb.shape[:2]
    scale = width_px / width if enlarge else min(1.0, width_px / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(photo_rgb, size, interpolation=how), dtype=np.uint8)


def jpeg(picture_rgb: ByteArray) -> bytes:
    """A picture, ``uint8 [H, W, 3]``, as JPEG."""
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(picture_rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 82])
    return encoded.tobytes()
