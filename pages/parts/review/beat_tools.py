"""Beside the canvas: find beats like the one just drawn, fit a box to its beat, and a look at the rhythm."""

from pathlib import Path

import cv2
import numpy as np
import streamlit as st

from annotations.model import LabelledBox
from annotations.readings.panel_corners import corners_of
from annotations.store import Store
from ecgcore.assist import Hint, find_similar_beats, rhythm_hints, snap
from ecgcore.errors import EcgError
from ecgcore.output.previews import at_width
from ecgcore.page.decode.read import read_picture
from ecgcore.page.prepare import prepare_page, prepare_with_corners
from ecgcore.types import Box, ByteArray, FloatArray, PageImage
from pages.parts.common.words import counted
from pages.parts.review.session import ReviewSession, replace_box
from pages.parts.review.state import ReviewState, Tool

_VIEW_WIDTH_PX = 1100
_ORANGE = (230, 159, 0)


def tool_keys(state: ReviewState, session: ReviewSession) -> None:
    """The keys of the helpers; what they propose is orange and waits to be accepted.

    Args:
        state: this browser session's desk.
        session: the page that is read.
    """
    button = state.presses.button
    idle = _last_drawn(session) is None
    with st.container(horizontal=True, vertical_alignment="center"):
        button(
            session.view,
            "Find alike",
            "help-alike",
            icon=":material/content_copy:",
            shortcut="F",
            disabled=idle,
            help="Draw one beat, then look for others like it in its row and in the rows above and below.",
        )
        button(
            session.view,
            "Snap",
            "help-snap",
            icon=":material/fit_screen:",
            shortcut="P",
            disabled=idle,
            help="Fit the box drawn last to onset, end, highest and lowest point of its trace.",
        )
        if session.pending:
            n = len(session.pending)
            button(session.view, f"Accept {n}", "help-accept", icon=":material/check:", shortcut="Y", type="primary")
            button(session.view, f"Reject {n}", "help-reject", icon=":material/close:", shortcut="X")
            st.caption("Proposed boxes are orange: delete wrong ones with the pencil, then accept the rest.")


def _find_similar_beats(store: Store, session: ReviewSession) -> None:
    """Propose boxes like the one drawn last."""
    page, drawn = _prepared_page(store, session), _last_drawn(session)
    if page is None or drawn is None:
        return
    # A box fitted to its beat finds its like more surely than a rough one.
    found = find_similar_beats(page.ink, snap(page.ink, _to_panel(page, drawn)), _all_to_panel(page, session))
    session.propose(_proposed(session, page.frame.boxes_to_photo(found.boxes_panel_xyxy)))


def _snap(store: Store, session: ReviewSession) -> None:
    """Fit the box drawn last to its beat."""
    page, drawn = _prepared_page(store, session), _last_drawn(session)
    if page is None or drawn is None:
        return
    (fitted,) = page.frame.boxes_to_photo([snap(page.ink, _to_panel(page, drawn))])
    session.change(store, replace_box(session.reading, drawn.uid, _box(session, fitted)))
    session.reseed()


BEAT_TOOLS: dict[str, Tool] = {
    "help-alike": _find_similar_beats,
    "help-snap": _snap,
    "help-accept": lambda store, session: session.accept_pending(store),
    "help-reject": lambda _, session: session.propose(()),
}
"""What the keys of the helpers do. Only they prepare the page, which takes a second or more."""


def _last_drawn(session: ReviewSession) -> LabelledBox | None:
    return next((box for box in session.reading.beats if box.uid == session.last_drawn), None)


def rhythm_box(store: Store, session: ReviewSession, photo_rgb: ByteArray) -> None:
    """Where the rhythm of a row hints at a missed or a doubled beat; ectopic beats and fibrillation are real.

    Args:
        store: where.
        session: the page that is read.
        photo_rgb: upright, ``uint8 [H, W, 3]``.
    """
    page = _prepared_page(store, session)
    hints = [] if page is None else rhythm_hints(_all_to_panel(page, session))
    if page is None or not hints:
        st.caption("The rhythm of the rows shows no missed or doubled beat.")
        return
    missed = sum(hint.box_index is None for hint in hints)
    doubled = counted(len(hints) - missed, "possible T wave or duplicate", "possible T waves or duplicates")
    st.caption(
        f"{counted(missed, 'possibly missed beat')}, {doubled}. Only hints: premature beats and fibrillation look like "
        "this too."
    )
    st.image(_hints_picture(page, hints, photo_rgb), alt="The page with the places of the rhythm check marked")


def _prepared_page(store: Store, session: ReviewSession) -> PageImage | None:
    corners = corners_of(store, session.picture.id)
    path = str(store.picture_path(session.picture))
    return _prepared(path, None if corners is None else tuple(corners.ravel().tolist()))


@st.cache_resource(show_spinner="Finding the grid and the traces", show_time=True, max_entries=6)
def _prepared(path: str, corners: tuple[float, ...] | None) -> PageImage | None:
    """The page as the networks see it; None where it holds no ECG that can be prepared."""
    try:
        photo_rgb = read_picture(Path(path), "the picture")[0]
        return prepare_page(photo_rgb) if corners is None else prepare_with_corners(photo_rgb, np.array(corners))
    except EcgError:
        return None


def _to_panel(page: PageImage, box: LabelledBox) -> FloatArray:
    result: FloatArray = page.frame.boxes_to_panel([box.box_photo_xyxy.as_list()])[0]
    return result


def _all_to_panel(page: PageImage, session: ReviewSession) -> FloatArray:
    return page.frame.boxes_to_panel([box.box_photo_xyxy.as_list() for box in session.reading.beats])


def _box(session: ReviewSession, xyxy: FloatArray) -> Box:
    """A box of the photo, kept inside it."""
    width, height = session.picture.width, session.picture.height
    x1, y1, x2, y2 = (float(v) for v in np.clip(xyxy, 0, [width, height, width, height]))
    return Box(x1, y1, x2, y2)


def _proposed(session: ReviewSession, boxes_photo_xyxy: FloatArray) -> tuple[LabelledBox, ...]:
    return tuple(
        LabelledBox(f"{session.token}-a{session.seed}-{number}", _box(session, box), None, "propagated")
        for number, box in enumerate(boxes_photo_xyxy)
    )


def _hints_picture(page: PageImage, hints: list[Hint], photo_rgb: ByteArray) -> ByteArray:
    view = np.ascontiguousarray(at_width(photo_rgb, _VIEW_WIDTH_PX))
    scale = view.shape[1] / photo_rgb.shape[1]
    places = page.frame.boxes_to_photo([hint.place_panel_xyxy.as_list() for hint in hints])
    for hint, place in zip(hints, places, strict=True):
        x1, y1, x2, y2 = (round(v * scale) for v in place)
        cv2.rectangle(view, (x1, y1), (x2, y2), _ORANGE, 2)
        word = "missed?" if hint.box_index is None else "T wave? double?"
        cv2.putText(view, word, (x1, max(12, y1 - 4)), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (160, 90, 0), 1, cv2.LINE_AA)
    return np.asarray(view, dtype=np.uint8)
