"""The middle of Review: the canvas with the page's boxes, its zoom, and the tools beside it."""

import streamlit as st

from annotations.store import Store
from ecgcore.output.previews import at_width, jpeg
from pages.parts.common.browser.canvas_boxes import COLOUR, STROKE_PX, from_drawing, seed_of, to_drawing
from pages.parts.common.browser.drawing_canvas import drawing_canvas
from pages.parts.common.browser.messages import drawn_on
from pages.parts.common.stored_images import photo
from pages.parts.review.session import ReviewSession

CANVAS_WIDTH_PX = 938
CANVAS_HEIGHT_PX = 720
ZOOMS = {1: "1×", 2: "2×", 3: "3×"}
_ZOOM = "review-zoom"
STYLE = """<style>
/* The page takes the focus by a click and would be framed after any key; controls keep their outlines. */
[data-testid="stMain"]:focus-visible::before { content: none; }
@media (min-width: 641px) { .st-key-narrow-answers { display: none; } }
</style>"""


def take_drawing(store: Store, session: ReviewSession) -> None:
    """Take over what was drawn since, and give the canvas its boxes in a new size where another zoom was chosen.

    Args:
        store: where.
        session: the page that is read.
    """
    drawing = drawn_on(canvas_key(session))
    if seed_of(drawing) == session.seed:  # one that grew from an older seed is out of date
        shown = from_drawing(
            drawing,
            session.seeded,
            _scale(session),
            (session.picture.width, session.picture.height),
            lambda number: f"{session.token}-{session.seed}-{number}",
        )
        session.take_boxes(store, shown)
    zoom = int(st.session_state.get(_ZOOM) or 1)
    if zoom != session.zoom:
        session.zoom = zoom
        session.reseed()


def canvas(store: Store, session: ReviewSession) -> None:
    """Show the page with its boxes; ``take_drawing`` reads what the reader changes.

    The canvas keeps its key for as long as the page is open: with new boxes it keeps its scroll and its tool.

    Args:
        store: where.
        session: the page that is read.
    """
    _tools()
    scale = _scale(session)
    drawing_canvas(
        fill_color="rgba(0, 0, 0, 0)",
        stroke_width=STROKE_PX,
        stroke_color=COLOUR[None],
        background_image=background(store.picture_path(session.picture).as_posix(), canvas_width_px(session)),
        width=canvas_width_px(session),
        height=round(session.picture.height * scale),
        max_display_height=CANVAS_HEIGHT_PX,
        drawing_mode="rect",
        # The same at each rerun of one seed: a changed one would loop.
        initial_drawing=to_drawing(
            session.seeded, scale, session.seeded_untouched, session.seeded_pending, seed=session.seed
        ),
        key=canvas_key(session),
    )


def canvas_key(session: ReviewSession) -> str:
    """Names the canvas of the open page, in the session and in the browser."""
    return f"canvas-{session.token}"


def canvas_width_px(session: ReviewSession) -> int:
    """Width of the whole canvas, of which a part is in view."""
    return CANVAS_WIDTH_PX * session.zoom


def _scale(session: ReviewSession) -> float:
    """Canvas pixels per photo pixel."""
    return canvas_width_px(session) / session.picture.width


def _tools() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.segmented_control(
            "Zoom",
            ZOOMS,
            format_func=ZOOMS.__getitem__,
            default=1,
            required=True,
            key=_ZOOM,
            label_visibility="collapsed",
        )
        st.caption(
            "Drag on the page to box a beat, from P onset to T end.",
            help="The trace and 1 mm around it. The pencil in the corner of the canvas moves, resizes and deletes. "
            "Dashed: proposed by the model, untouched. Blue: labelled a normal beat, orange: an abnormal one. Without "
            "a mouse: **Boxes as a list**, below.",
        )
    with st.container(key="canvas-scrolls"):
        st.caption(":material/swipe: The page is wider than this screen: scroll it sideways.")


@st.cache_data(show_spinner=False, max_entries=16)
def background(path: str, width: int) -> bytes:
    """The picture at canvas size, as JPEG: small enough to be sent at once.

    Args:
        path: its file.
        width: in pixels.
    """
    return jpeg(at_width(photo(path), width, enlarge=True))


def forget_pictures() -> None:
    """Let go of every decoded picture, as after one was painted over."""
    background.clear()
    photo.clear()
