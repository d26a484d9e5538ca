"""The results of this session, kept in memory and never on disk."""

import streamlit as st

from pages.parts.screen.screened import ScreenedPage


def session_results() -> dict[str, ScreenedPage]:
    """This session's results by key, in the order in which they came; a page switch leaves them alone."""
    results: dict[str, ScreenedPage] = st.session_state.setdefault("screened", {})
    return results


def replace_result(item: ScreenedPage) -> None:
    """Take a changed result over in the place of the one with the same key."""
    session_results()[item.key] = item
