"""What the browser says to Review is heard before anything is drawn, and what is drawn is listened to."""

from collections.abc import Iterable

import streamlit as st

from annotations.store import Store
from pages.parts.review.canvas_view import canvas_key, canvas_width_px, take_drawing
from pages.parts.review.label_panel import chosen_order, take_answers
from pages.parts.review.turns import RESEEDS, Desk, turns_of


def hear(data: Store, desk: Desk) -> None:
    """Take over all that the browser said, before anything is drawn: first what was set and drawn, then the presses.

    Args:
        data: the store.
        desk: this browser session's desk.
    """
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


def listen(desk: Desk, helpers: Iterable[str]) -> None:
    """Hear presses from now on, those of the page that is shown now.

    Args:
        desk: what is shown.
        helpers: presses of the tools below the page, which give the canvas its boxes anew.
    """
    work = desk.work
    has_canvas = work is not None and work.conflict is None
    desk.presses.listen(
        view="" if work is None else work.view,
        canvas=canvas_key(work) if work is not None and has_canvas else "",
        width=0 if work is None else canvas_width_px(work),
        zoom=1 if work is None else work.zoom,
        turns=turns_of(work),
        reseeds=[*RESEEDS, *helpers],
    )
