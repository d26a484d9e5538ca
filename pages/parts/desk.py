"""The middle of Review: the canvas with the page's boxes, its zoom, and the tools beside it."""

from pathlib import Path

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from annotations.store import Store
from ecgcore.page import read_picture
from ecgcore.types import ByteArray
from pages.parts.canvas import COLOUR, STROKE_PX, to_drawing
from pages.parts.pictures import at_width, jpeg
from pages.parts.work import Work

CANVAS_WIDTH_PX = 938
CANVAS_HEIGHT_PX = 720
ZOOMS = {1: "1×", 2: "2×", 3: "3×"}


def canvas(store: Store, work: Work) -> None:
    """Show the page with its boxes and take over what the reader changes."""
    zoom = _zoom(work)
    width = CANVAS_WIDTH_PX * zoom
    scale = width / work.picture.width
    height = round(work.picture.height * scale)
    result = st_canvas(
        fill_color="rgba(0, 0, 0, 0)",
        stroke_width=STROKE_PX,
        stroke_color=COLOUR[None],
        background_image=background(store.picture_path(work.picture).as_posix(), width),
        width=width,
        height=height,
        max_display_height=CANVAS_HEIGHT_PX,
        drawing_mode="rect",
        # The same at each rerun of one key: a changed one would loop.
        initial_drawing=to_drawing(work.seeded, scale, work.seeded_untouched, work.seeded_pending),
        key=f"canvas-{work.token}-{work.seed}-{zoom}",
    )
    work.take_drawing(store, result.json_data, scale)


def _zoom(work: Work) -> int:
    """The zoom chosen; a change gives the canvas its boxes anew, in the new size."""
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = st.segmented_control(
            "Zoom",
            ZOOMS,
            format_func=ZOOMS.__getitem__,
            default=1,
            key="review-zoom",
            label_visibility="collapsed",
            on_change=work.reseed,
        )
        st.caption(
            "Drag on the page to box a beat: P onset to T end, the trace and 1 mm around it. The pencil in the corner "
            "of the canvas moves, resizes and deletes. Dashed: a proposal that nobody touched. Blue: labelled a normal "
            "beat, vermilion: an abnormal one."
        )
    return int(chosen or 1)


@st.cache_data(show_spinner=False, max_entries=16)
def background(path: str, width: int) -> bytes:
    """The picture at canvas size, as JPEG: small enough to be sent at once."""
    return jpeg(at_width(photo(path), width, enlarge=True))


def forget_pictures() -> None:
    """Let go of every decoded picture, as after one was painted over."""
    background.clear()
    photo.clear()


@st.cache_data(show_spinner=False, max_entries=4)
def photo(path: str) -> ByteArray:
    """A stored picture, decoded."""
    return read_picture(Path(path), "the picture")[0]
