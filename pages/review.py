"""The Review page: correct the beats and the label of one page after another."""

import streamlit as st

from annotations.model import StoreError
from annotations.store import Store
from pages.parts.answers import answer_box, chosen_order, narrow_box, queue_box, save_box, take_answers
from pages.parts.below import BELOW_HELPERS, below_the_page
from pages.parts.desk import canvas, canvas_key, canvas_width_px, photo, take_drawing
from pages.parts.empty_queue import empty_queue
from pages.parts.helpers import HELPERS, helper_keys
from pages.parts.returned import review_note
from pages.parts.storage import person, store
from pages.parts.style import page_head
from pages.parts.turns import RESEEDS, Desk, desk_of, turns_of
from pages.parts.versions import conflict_box
from pages.parts.work import Work

STYLE = """<style>
/* The page takes the focus by a click and would be framed after any key; controls keep their outlines. */
[data-testid="stMain"]:focus-visible::before { content: none; }
@media (min-width: 641px) { .st-key-narrow-answers { display: none; } }
</style>"""
IN_SESSION = "What you did stays in this browser's session: do not reload or close it before it is kept."


def hear(data: Store, desk: Desk) -> None:
    """Take over all that the browser said, before anything is drawn: first what was set and drawn, then the presses."""
    wanted = st.session_state.pop("review-open", None)
    if desk.work is not None and wanted is None:
        if desk.work.trouble is not None:
            desk.work.keep(data)
        take_answers(data, desk.work)
        take_drawing(data, desk.work)
    elif wanted is not None or not desk.presses.log:
        desk.open(data, str(wanted or st.query_params.get("page", "")))
    desk.heed(data)
    desk.choose(data, chosen_order())
    if desk.work is None:
        desk.open(data, "")
    if desk.work is not None:
        take_drawing(data, desk.work)  # a new page comes in the zoom that was chosen
    name_the_page(desk)


def name_the_page(desk: Desk) -> None:
    """Put the page's number into the address, so that a reload finds it; once a page.

    A run's address may be older than the page, or the one that Back has just gone to: writing the number again would
    put it into the browser's history a second time, and cut off the way forward.
    """
    number = "" if desk.work is None else str(desk.work.picture.id)
    if number == desk.named and (not number or "page" in st.query_params):
        return
    desk.named = number
    if number:
        st.query_params["page"] = number
    else:
        st.query_params.pop("page", None)


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
        told.error(f"**{work.trouble.cause}** {work.trouble.next_step} {IN_SESSION}")


def listen(desk: Desk) -> None:
    """Hear presses from now on, those of the page that is shown now."""
    work = desk.work
    has_canvas = work is not None and work.conflict is None
    desk.presses.listen(
        view="" if work is None else work.view,
        canvas=canvas_key(work) if work is not None and has_canvas else "",
        width=0 if work is None else canvas_width_px(work),
        zoom=1 if work is None else work.zoom,
        turns=turns_of(work),
        reseeds=[*RESEEDS, *BELOW_HELPERS],
    )


page_head("Correct the beats and label the page.")
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
        told.warning(the_desk.told)
    if the_desk.work is None:
        empty_queue(opened_store, the_desk)
    else:
        show(opened_store, the_desk, the_desk.work)
except StoreError as error:
    told.error(f"**{error.cause}** {error.next_step} {IN_SESSION}")
with listener:
    listen(the_desk)
