"""The Screen page: ECG pictures in, one verdict with its reasons for each."""

import streamlit as st

from ecgcore.bundle.folder import Bundle
from pages.parts.common.actions import errors_shown
from pages.parts.common.active_bundle import active_bundle
from pages.parts.common.style import page_head
from pages.parts.common.words import plain
from pages.parts.screen.all_pages import title_row
from pages.parts.screen.browser_guard import ask_before_leaving
from pages.parts.screen.intake import WELCOME, incoming
from pages.parts.screen.keep.batch import keep_dialog, queue_all_button
from pages.parts.screen.keep.one_page import correct_this
from pages.parts.screen.long_file import choose_pages
from pages.parts.screen.page_list import show_pages, unscreened_page
from pages.parts.screen.result.beat_panel import downloads, facts, heaviest_beats, one_beat
from pages.parts.screen.result.decision_banner import decision_banner, picture_faults
from pages.parts.screen.result.measurement_table import measurement_table
from pages.parts.screen.result.measurements import measured
from pages.parts.screen.result.page_view import page_view
from pages.parts.screen.result.part_answers import part_answers
from pages.parts.screen.result.straighten import STRAIGHTENED, straighten_box
from pages.parts.screen.screened import ScreenedPage
from pages.parts.screen.screening.session import PATIENCE_S, screening


def main() -> None:
    """Take pictures in, list them, and show the open one."""
    page_head("Is this ECG normal, abnormal, or one for a clinician to read first?")
    with errors_shown():
        in_use = active_bundle()
        if incoming(in_use):
            screening().wait(PATIENCE_S)
            st.rerun()
        row, queue = show_pages(), screening()
        ask_before_leaving(unsaved=queue.is_busy or any(not item.synthetic for item in queue.items()))
        if row is None:
            st.markdown(WELCOME)
        elif isinstance(row, ScreenedPage):
            title_row(row, queue, queue_all_button)
            keep_dialog()
            _screened_page(row, in_use)
        else:
            unscreened_page(row)


def _screened_page(item: ScreenedPage, in_use: Bundle) -> None:
    """Verdict, picture and reasons of a page, or why it was not screened.

    Args:
        item: the page.
        in_use: the bundle that answers now; another one may have screened the page.
    """
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
        if item.long_file is not None:
            choose_pages(item.long_file, in_use)
        return
    decision_banner(prediction, bundle.operating_point.p_normal_below, bundle.operating_point.p_abnormal_from)
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


main()
