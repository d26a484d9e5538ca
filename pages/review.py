"""The Review page: correct the beats and the label of one page after another."""

import streamlit as st

from annotations.store import Store
from ecgcore.errors import EcgError
from pages.parts.common.images import photo
from pages.parts.common.session_store import person, store
from pages.parts.common.style import page_head
from pages.parts.common.words import error_text, plain
from pages.parts.review.beat_tools import HELPERS, helper_keys
from pages.parts.review.browser_input import hear, listen
from pages.parts.review.canvas_view import canvas
from pages.parts.review.empty_queue import empty_queue
from pages.parts.review.label_panel import answer_box, chosen_order, narrow_box, queue_box, save_box
from pages.parts.review.more import BELOW_HELPERS, below_the_page
from pages.parts.review.returned import review_note
from pages.parts.review.session import Work
from pages.parts.review.turns import Desk, desk_of
from pages.parts.review.versions import conflict_box

STYLE = """<style>
/* The page takes the focus by a click and would be framed after any key; controls keep their outlines. */
[data-testid="stMain"]:focus-visible::before { content: none; }
@media (min-width: 641px) { .st-key-narrow-answers { display: none; } }
</style>"""
IN_SESSION = "What you did stays in this browser's session: do not reload or close it before it is kept."


def show(data: Store, desk: Desk, work: Work) -> None:
    """The page, its answers and its versions."""
    picture_path = data.picture_path(work.picture).as_posix()
    if work.conflict is not None:
        conflict_box(data, desk, work, photo(picture_path))
        return
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


page_head("Correct the beats and label the page")
st.html(STYLE)
listener, told = st.container(), st.container()
opened_store, reader = store(), person()
the_desk = desk_of(reader, chosen_order())
the_desk.helpers = HELPERS | BELOW_HELPERS
try:
    with told:
        hear(opened_store, the_desk)
    with st.sidebar:
        queue_box(opened_store, reader)
    if the_desk.told:
        told.warning(plain(the_desk.told))
    if the_desk.work is None:
        empty_queue(opened_store, the_desk)
    else:
        show(opened_store, the_desk, the_desk.work)
except EcgError as error:
    told.error(f"{error_text(error)} {IN_SESSION}")
with listener:
    listen(the_desk)
