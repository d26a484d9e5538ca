"""Stored pictures as the browser shows them."""

from pathlib import Path

import streamlit as st

from ecgcore.errors import UnreadablePictureError
from ecgcore.output.previews import at_width, jpeg
from ecgcore.page.decode.read import read_picture
from ecgcore.types import ByteArray
from pages.parts.common.words import error_text

THUMBNAIL_WIDTH_PX = 360
"""Four in a row."""


def thumbnail(path: Path, width_px: int = THUMBNAIL_WIDTH_PX, *, alt: str = "") -> None:
    """Show a stored picture in a small size, or why it cannot be shown; ``alt`` is read to whoever does not see it.

    Args:
        path: the picture's file.
        width_px: in the browser.
        alt: what it shows.
    """
    try:
        st.image(_thumbnail(str(path), width_px), alt=alt or None)
    except UnreadablePictureError as error:
        st.caption(error_text(error))


@st.cache_data(show_spinner=False, max_entries=500)
def _thumbnail(path: str, width_px: int) -> bytes:
    return jpeg(at_width(read_picture(Path(path), "the picture")[0], width_px))


@st.cache_data(show_spinner=False, max_entries=4)
def photo(path: str) -> ByteArray:
    """A stored picture, decoded."""
    return read_picture(Path(path), "the picture")[0]
