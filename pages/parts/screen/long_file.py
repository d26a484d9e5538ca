"""A file with more pages than are read at once: somebody says which of them to screen."""

from dataclasses import replace

import streamlit as st

from ecgcore.bundle.folder import Bundle
from ecgcore.page.decode.file_pages import PageChoice
from ecgcore.page.decode.limits import MAX_PAGES
from pages.parts.common.words import plain
from pages.parts.screen.screened import Picture
from pages.parts.screen.screening.session import screen_in_background


def choose_pages(picture: Picture, bundle: Bundle) -> None:
    """Ask for page numbers and put the file with them into the queue.

    Args:
        picture: the file.
        bundle: which is to screen it.
    """
    with st.form("choose-pages", border=False):
        text = st.text_input(
            f"Pages of {plain(picture.name)}, at most {MAX_PAGES} at once",
            value=f"1-{MAX_PAGES}",
            max_chars=200,
            key="chosen-pages",
            help="Numbers and ranges, as in 1-3, 7, 120-140. Come back to this row for further pages.",
        )
        if not st.form_submit_button("Screen these pages", icon=":material/play_arrow:"):
            return
    try:
        choice = PageChoice.parse(text)
    except ValueError:
        st.error("Write page numbers and ranges, from 1 and upwards, as in 1-3, 7, 120-140.")
        return
    screen_in_background([replace(picture, pages=choice)], bundle)
    st.rerun()
