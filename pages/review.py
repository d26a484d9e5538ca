"""The Review page: correct the beats and the label of one page after another."""

import time

import streamlit as st

from annotations import queue
from annotations.model import StoreError
from annotations.store import Store, now
from pages.parts.answers import answer_box, clock, queue_box, save_box
from pages.parts.below import below_the_page
from pages.parts.desk import canvas, photo
from pages.parts.helpers import helper_keys
from pages.parts.storage import person, store
from pages.parts.style import page_head
from pages.parts.versions import conflict_box
from pages.parts.work import Work, put_on_desk, work_at_hand

BROWSER_DELAY_S = 0.4
IN_SESSION = "What you did stays in this browser's session: do not reload or close it before it is kept."


def bring_a_page(data: Store, who: str, order: queue.Order) -> None:
    """Put a page on an empty desk: the one asked for from Screen or by the address, else the queue's next."""
    wanted = st.session_state.pop("review-open", None)
    work = work_at_hand()
    if work is not None and work.person == who and wanted is None:
        return
    asked = str(wanted or st.query_params.get("page", ""))
    try:
        first = int(asked) if asked.isdecimal() else queue.next_page(data, who, order)
        put_on_desk(data, who, first, order)
    except StoreError as error:
        put_on_desk(data, who, None, order)
        st.warning(f"{error.cause} {error.next_step}")


def finish_saving(data: Store, work: Work, who: str, order: queue.Order) -> None:
    """Wait until the browser has handed the last stroke over, then write."""
    step = st.session_state.pop("saving", None)
    if step is None:
        return
    if not step.startswith("waited-"):
        time.sleep(BROWSER_DELAY_S)
        st.session_state["saving"] = f"waited-{step}"
        st.rerun()
    if work.save(data):
        st.session_state["saved-note"] = f"Saved {clock(now())}"
        next_id = queue.next_page(data, who, order) if step.endswith("next") else work.picture.id
        put_on_desk(data, who, next_id, order)
    st.rerun()


def desk(data: Store, work: Work, who: str, order: queue.Order) -> None:
    """The page, its answers and its versions."""
    told = st.empty()
    if work.trouble is not None:
        work.keep(data)
    photo_rgb = photo(data.picture_path(work.picture).as_posix())
    if work.conflict is not None:
        conflict_box(data, work, photo_rgb)
        return
    with st.sidebar:
        answers, keys = st.container(), st.container()
    canvas(data, work)
    with answers:
        answer_box(data, work)
    with keys:
        save_box(data, work, who, order)
    helper_keys(data, work)
    below_the_page(data, work, photo_rgb)
    if work.trouble is not None:
        told.error(f"**{work.trouble.cause}** {work.trouble.next_step} {IN_SESSION}")
    finish_saving(data, work, who, order)


page_head("Correct the beats and say what the page shows.")
opened_store = store()
reader = person()
with st.sidebar:
    chosen_order = queue_box(opened_store, reader)
bring_a_page(opened_store, reader, chosen_order)
at_hand = work_at_hand()
if at_hand is None:
    st.info("Nothing waits in this queue. Screen a page and choose **Correct this**, or choose another queue.")
    st.stop()
try:
    desk(opened_store, at_hand, reader, chosen_order)
except StoreError as error:
    st.error(f"**{error.cause}** {error.next_step} {IN_SESSION}")
