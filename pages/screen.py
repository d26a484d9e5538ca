"""The Screen page: ECG pictures in, one verdict with its reasons for each."""

import streamlit as st

from ecgcore.bundle.folder import Bundle
from pages.parts.common.actions import told
from pages.parts.common.active_bundle import active_bundle
from pages.parts.common.style import page_head
from pages.parts.common.words import plain
from pages.parts.screen.all_pages import all_pages_menu
from pages.parts.screen.browser_guard import ask_before_leaving
from pages.parts.screen.intake import incoming
from pages.parts.screen.keep.one_page import correct_this
from pages.parts.screen.page_list import show_pages
from pages.parts.screen.result.beat_panel import downloads, facts, heaviest_beats, one_beat
from pages.parts.screen.result.measurement_table import measurement_table
from pages.parts.screen.result.measurements import measured
from pages.parts.screen.result.page_view import page_view
from pages.parts.screen.result.part_answers import part_answers
from pages.parts.screen.result.straighten import STRAIGHTENED, straighten_box
from pages.parts.screen.result.verdict import picture_faults, verdict_banner
from pages.parts.screen.screening.session import PATIENCE_S, screening
from pages.parts.screen.screening.waiting_files import ScreeningQueue
from pages.parts.screen.session_results import Screened

WELCOME = (
    "**ECG photo screener** reads a photo, scan or PDF of a 12-lead ECG, calls it normal or abnormal or refers it to a "
    "clinician, and shows the heartbeats behind the result.\n\n"
    "1. **Drop ECG pictures** above, one or many, or open **Try a sample** to see how it works.\n"
    "2. Read the result, its probability and the beats that weighed most.\n"
    "3. Disagree? **Correct this** opens the page in Review. Until then nothing is written to disk."
)
NO_ANSWER_YET = {
    "waiting": "This page is queued. Its result appears here.",
    "screening": "This page is being screened. Its result appears here.",
    "stopped": "This page was not screened, because you stopped. **Continue** above screens it.",
}


def show_result(item: Screened, in_use: Bundle) -> None:
    """One page below its title: verdict, picture, reasons."""
    prediction, shown, bundle = item.prediction, item.shown, item.bundle
    if bundle.version != in_use.version:
        st.caption(
            f"Screened with {plain(bundle.version)}. {plain(in_use.version)} is now in use: drop the picture again for "
            "its result."
        )
    if item.synthetic:
        st.caption("An artificial page, drawn by this app. No patient's ECG.")
    if prediction.status != "ok" or shown is None:
        st.error(f"**Not screened.** {plain(prediction.reason)}", icon=":material/block:")
        if shown is not None:
            straighten_box(item, shown, in_use)
        return
    verdict_banner(prediction, bundle.operating.p_normal_below, bundle.operating.p_abnormal_from)
    picture_faults(prediction)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        page_view(item, shown, bundle)
        if st.toggle("Straightened", key="show-straight", persist_state="session", help=STRAIGHTENED):
            straighten_box(item, shown, bundle)
    with right:
        if prediction.beats:
            heaviest_beats(item, shown)
            one_beat(item, shown, bundle)
        part_answers(prediction)
        measured(item)
        correct_this(item, shown)
        measurement_table(item.prediction.measurements)
        facts(prediction)
        downloads(item, shown)


def show_title(opened: Screened, queue: ScreeningQueue) -> None:
    """The open page's title, and what is done with all pages at once."""
    with st.container(key="page-title", horizontal=True, vertical_alignment="center"):
        st.subheader(plain(opened.title), anchor=False, width="stretch")
        all_pages_menu(queue)


page_head("Is this ECG normal, abnormal, or one for a clinician to read first?")
with told():
    active = active_bundle()
    if incoming(active):
        screening().wait(PATIENCE_S)
        st.rerun()
    row, queue = show_pages(), screening()
    ask_before_leaving(unsaved=queue.is_busy or any(not item.synthetic for item in queue.items()))
    if row is None:
        st.markdown(WELCOME)
    elif isinstance(row, Screened):
        show_title(row, queue)
        show_result(row, active)
    else:
        st.subheader(plain(row.name), anchor=False)
        st.info(NO_ANSWER_YET[row.state], icon=":material/hourglass_empty:")
