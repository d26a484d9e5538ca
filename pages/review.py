"""The Review page: correct the beats and the label of one page after another."""

import streamlit as st

from annotations.store import Store
from ecgcore.errors import EcgError
from pages.parts.common.session_store import person, store
from pages.parts.common.stored_images import photo
from pages.parts.common.style import page_head
from pages.parts.common.words import error_text, plain
from pages.parts.review.beat_tools import BEAT_TOOLS, rhythm_box, tool_keys
from pages.parts.review.box_list import LIST_TOOLS, box_list
from pages.parts.review.browser_input import chosen_order, listen, take_browser_input
from pages.parts.review.canvas_view import STYLE, canvas
from pages.parts.review.empty_queue import empty_queue
from pages.parts.review.label_panel import label_box, narrow_box, queue_box, save_box
from pages.parts.review.redaction import redaction_box
from pages.parts.review.returned import review_note
from pages.parts.review.session import ReviewSession
from pages.parts.review.state import ReviewState, review_state
from pages.parts.review.versions import conflict_box, history_box

IN_SESSION = "What you did stays in this browser's session: do not reload or close it before it is kept."
BELOW = ("Boxes as a list", "Rhythm check", "Versions and review", "Redact")


def main() -> None:
    """Do what the browser asks for, then show the page that is open with its answers and versions."""
    page_head("Correct the beats and label the page")
    st.html(STYLE)
    listener, messages = st.container(), st.container()
    data, reader = store(), person()
    state = review_state(reader, chosen_order())
    state.tools = BEAT_TOOLS | LIST_TOOLS
    try:
        with messages:
            take_browser_input(data, state)
        with st.sidebar:
            queue_box(data, reader)
        if state.notice:
            messages.warning(plain(state.notice))
        session = state.session
        if session is None:
            empty_queue(data, state)
        elif session.conflict is not None:
            conflict_box(data, state, session, photo(data.picture_path(session.picture).as_posix()))
        else:
            with st.sidebar:
                label_box(state, session)
                save_box(state, session)
            review_note(data, session)
            canvas(data, session)
            narrow_box(state, session)
            tool_keys(state, session)
            _below_the_page(data, state, session)
            if session.trouble is not None:
                messages.error(f"{error_text(session.trouble)} {IN_SESSION}")
    except EcgError as error:
        messages.error(f"{error_text(error)} {IN_SESSION}")
    with listener:
        listen(state, LIST_TOOLS)


def _below_the_page(data: Store, state: ReviewState, session: ReviewSession) -> None:
    """Boxes as a list, rhythm, versions, or redacting: what was chosen, if anything."""
    below = st.segmented_control(
        "Below the page", BELOW, key="review-below", label_visibility="collapsed", help="Open one of these."
    )
    picture_path = data.picture_path(session.picture).as_posix()
    if below == "Boxes as a list":
        box_list(state, session)
    elif below == "Rhythm check":
        rhythm_box(data, session, photo(picture_path))
    elif below == "Versions and review":
        history_box(data, state, session, photo(picture_path))
    elif below == "Redact":
        redaction_box(data, session)


main()
