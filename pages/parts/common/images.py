"""Pictures at the size that a browser needs."""

from pathlib import Path

import cv2
import numpy as np
import streamlit as st

from ecgcore.errors import UnreadablePicture
from ecgcore.page.decode.read import read_picture
from ecgcore.types import ByteArray
from pages.parts.common.words import error_text

THUMBNAIL_WIDTH_PX = 360
"""Four in a row."""


def at_width(photo_rgb: ByteArray, width_px: int, *, enlarge: bool = False) -> ByteArray:
    """A picture ``width_px`` wide, its height to match; a smaller one stays as it is unless ``enlarge``."""
    height, width = photo_rgb.shape[:2]
    scale = width_px / width if enlarge else min(1.0, width_px / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(photo_rgb, size, interpolation=how), dtype=np.uint8)


def jpeg(picture_rgb: ByteArray) -> bytes:
    """A picture as JPEG, small enough to be sent at once."""
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(picture_rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 82])
    return encoded.tobytes()


def thumbnail(path: Path, width_px: int = THUMBNAIL_WIDTH_PX, *, alt: str = "") -> None:
    """Show a stored picture in a small size, or why it cannot be shown; ``alt`` is read to whoever does not see it."""
    try:
        st.image(_thumbnail(str(path), width_px), alt=alt or None)
    except UnreadablePicture as error:
        st.caption(error_text(error))


@st.cache_data(show_spinner=False, max_entries=500)
def _thumbnail(path: str, width_px: int) -> bytes:
    return jpeg(at_width(read_picture(Path(path), "the picture")[0], width_px))


@st.cache_data(show_spinner=False, max_entries=4)
def photo(path: str) -> ByteArray:
    """A stored picture, decoded."""
    return read_picture(Path(path), "the picture")[0]
