"""The Screen page: ECG pictures in, one verdict with its reasons for each."""

import streamlit as st

from pages.parts.common.actions import errors_shown
from pages.parts.common.active_bundle import active_bundle
from pages.parts.common.style import page_head
from pages.parts.screen.all_pages import title_row
from pages.parts.screen.browser_guard import ask_before_leaving
from pages.parts.screen.intake import WELCOME, incoming
from pages.parts.screen.page_list import show_pages, unscreened_page
from pages.parts.screen.result.screened_page import screened_page
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
            title_row(row, queue)
            screened_page(row, in_use)
        else:
            unscreened_page(row)


main()
