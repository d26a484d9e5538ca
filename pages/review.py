"""The Review page: correct the beats and the label of one page after another."""

import streamlit as st

from ecgcore.errors import EcgError
from pages.parts.common.session_store import person, store
from pages.parts.common.stored_images import photo
from pages.parts.common.style import page_head
from pages.parts.common.words import error_text, plain
from pages.parts.review.beat_tools import BEAT_TOOLS, tool_keys
from pages.parts.review.browser_input import listen, take_browser_input
from pages.parts.review.canvas_view import STYLE, canvas
from pages.parts.review.empty_queue import empty_queue
from pages.parts.review.label_panel import chosen_order, label_box, narrow_box, queue_box, save_box
from pages.parts.review.more import MORE_TOOLS, more_box
from pages.parts.review.returned import review_note
from pages.parts.review.state import review_state
from pages.parts.review.versions import conflict_box

IN_SESSION = "What you did stays in this browser's session: do not reload or close it before it is kept."


def main() -> None:
    """Do what the browser asks for, then show the page that is open with its answers and versions."""
    page_head("Correct the beats and label the page")
    st.html(STYLE)
    listener, messages = st.container(), st.container()
    data, reader = store(), person()
    state = review_state(reader, chosen_order())
    state.tools = BEAT_TOOLS | MORE_TOOLS
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
            more_box(data, state, session)
            if session.trouble is not None:
                messages.error(f"{error_text(session.trouble)} {IN_SESSION}")
    except EcgError as error:
        messages.error(f"{error_text(error)} {IN_SESSION}")
    with listener:
        listen(state, MORE_TOOLS)


main()
