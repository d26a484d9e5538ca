"""The Review page: correct the beats and the label of one page after another."""

import streamlit as st

from ecgcore.errors import EcgError
from pages.parts.common.session_store import person, store
from pages.parts.common.style import page_head
from pages.parts.common.words import error_text, plain
from pages.parts.review.beat_tools import HELPERS
from pages.parts.review.browser_input import hear, listen
from pages.parts.review.empty_queue import empty_queue
from pages.parts.review.label_panel import chosen_order, queue_box
from pages.parts.review.more import BELOW_HELPERS
from pages.parts.review.open_page import STYLE, open_page
from pages.parts.review.turns import desk_of

IN_SESSION = "What you did stays in this browser's session: do not reload or close it before it is kept."


def main() -> None:
    """Do what the browser asks for, then show the page that is open."""
    page_head("Correct the beats and label the page")
    st.html(STYLE)
    listener, told = st.container(), st.container()
    data, reader = store(), person()
    desk = desk_of(reader, chosen_order())
    desk.helpers = HELPERS | BELOW_HELPERS
    try:
        with told:
            hear(data, desk)
        with st.sidebar:
            queue_box(data, reader)
        if desk.told:
            told.warning(plain(desk.told))
        if desk.work is None:
            empty_queue(data, desk)
        else:
            trouble = open_page(data, desk, desk.work)
            if trouble is not None:
                told.error(f"{error_text(trouble)} {IN_SESSION}")
    except EcgError as error:
        told.error(f"{error_text(error)} {IN_SESSION}")
    with listener:
        listen(desk)


main()
