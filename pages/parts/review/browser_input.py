"""What the browser says to Review is heard before anything is drawn, and what is drawn is listened to."""

from collections.abc import Iterable
from dataclasses import replace

import streamlit as st

from annotations.readings import work_queue
from annotations.store import Store
from pages.parts.review.canvas_view import canvas_key, canvas_width_px, take_drawing
from pages.parts.review.session import ReviewSession
from pages.parts.review.state import RESEEDS, ReviewState, turns_of

_FIRST_ORDER: work_queue.Order = "uncertain"


def chosen_order() -> work_queue.Order:
    """The queue chosen in the sidebar, before that is drawn."""
    order: work_queue.Order = st.session_state.get("review-order", _FIRST_ORDER)
    return order


def take_browser_input(data: Store, state: ReviewState) -> None:
    """Take over all that the browser said, before anything is drawn: first what was set and drawn, then the presses.

    Args:
        data: the store.
        state: this browser session's desk.
    """
    wanted = st.session_state.pop("review-open", None)
    if state.session is not None and wanted is None:
        if state.session.trouble is not None:
            state.session.save_draft(data)
        _take_label_input(data, state.session)
        take_drawing(data, state.session)
    elif wanted is not None or not state.presses.log:
        state.open(data, str(wanted or st.query_params.get("page", "")))
    state.handle_presses(data)
    state.choose(data, chosen_order())
    if state.session is None:
        state.open(data, "")
    if state.session is not None:
        take_drawing(data, state.session)  # a new page comes in the zoom that was chosen
    name_the_page(state)


def _take_label_input(store: Store, session: ReviewSession) -> None:
    """Take over what was set in the label panel since it was drawn; every change is kept at once.

    Args:
        store: where.
        session: the page that is read.
    """
    received, reading = st.session_state, session.reading
    changed = replace(
        reading,
        boxes_complete=bool(received.get(session.widget_key("complete"), reading.boxes_complete)),
        flags=frozenset(received.get(session.widget_key("flags"), reading.flags)),
        comment=str(received.get(session.widget_key("comment"), reading.comment)),
    )
    if changed != reading:
        session.change(store, changed)


def name_the_page(state: ReviewState) -> None:
    """Put the page's number into the address, so that a reload finds it; once a page.

    A run's address may be older than the page, or the one that Back has just gone to: writing the number again would
    put it into the browser's history a second time, and cut off the way forward.
    """
    number = "" if state.session is None else str(state.session.picture.id)
    if number == state.named and (not number or "page" in st.query_params):
        return
    state.named = number
    if number:
        st.query_params["page"] = number
    else:
        st.query_params.pop("page", None)


def listen(state: ReviewState, tools: Iterable[str]) -> None:
    """Hear presses from now on, those of the page that is shown now.

    Args:
        state: what is shown.
        tools: presses of the tools below the page, which give the canvas its boxes anew.
    """
    session = state.session
    has_canvas = session is not None and session.conflict is None
    state.presses.listen(
        view="" if session is None else session.view,
        canvas=canvas_key(session) if session is not None and has_canvas else "",
        width=0 if session is None else canvas_width_px(session),
        zoom=1 if session is None else session.zoom,
        turns=turns_of(session),
        reseeds=[*RESEEDS, *tools],
    )
