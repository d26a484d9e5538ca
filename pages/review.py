"""The Review page: correct the beats and the label of one page after another."""

import streamlit as st

from ecgcore.errors import EcgError
from pages.parts.common.session_store import person, store
from pages.parts.common.stored_images import photo
from pages.parts.common.style import page_head
from pages.parts.common.words import error_text, plain
from pages.parts.review.beat_tools import HELPERS, helper_keys
from pages.parts.review.browser_input import hear, listen
from pages.parts.review.canvas_view import STYLE, canvas
from pages.parts.review.empty_queue import empty_queue
from pages.parts.review.label_panel import answer_box, chosen_order, narrow_box, queue_box, save_box
from pages.parts.review.more import BELOW_HELPERS, below_the_page
from pages.parts.review.returned import review_note
from pages.parts.review.turns import desk_of
from pages.parts.review.versions import conflict_box

IN_SESSION = "What you did stays in this browser's session: do not reload or close it before it is kept."


def main() -> None:
    """Do what the browser asks for, then show the page that is open with its answers and versions."""
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
        work = desk.work
        if work is None:
            empty_queue(data, desk)
        elif work.conflict is not None:
            conflict_box(data, desk, work, photo(data.picture_path(work.picture).as_posix()))
        else:
            with st.sidebar:
                answer_box(desk, work)
                save_box(desk, work)
            review_note(data, work)
            canvas(data, work)
            narrow_box(desk, work)
            helper_keys(desk, work)
            below_the_page(data, desk, work)
            if work.trouble is not None:
                told.error(f"{error_text(work.trouble)} {IN_SESSION}")
    except EcgError as error:
        told.error(f"{error_text(error)} {IN_SESSION}")
    with listener:
        listen(desk, BELOW_HELPERS)


main()
