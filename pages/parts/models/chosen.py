"""The model that is looked at beside the one in use, and what the last click did."""

import streamlit as st

from pages.parts.common.actions import show_error
from pages.parts.common.words import plain
from pages.parts.models.bundle_files import CHOSEN, ERROR, NOTE
from pages.parts.models.lineage import status_badge
from trainer.registry import BundleFacts


def say_what_was_done() -> None:
    """The outcome of the last click, once."""
    note, error = st.session_state.pop(NOTE, None), st.session_state.pop(ERROR, None)
    if note is not None:
        st.success(plain(note))
    if error is not None:
        show_error(error)


def choose_model(others: list[BundleFacts]) -> BundleFacts:
    """The model to compare: the newest candidate, until another is chosen."""
    by_version = {facts.version: facts for facts in others}
    if st.session_state.get(CHOSEN) not in by_version:
        newest = next((facts for facts in others if facts.status == "candidate"), others[0])
        st.session_state[CHOSEN] = newest.version
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # What a model is at present stands beside the box: the box would go on showing what it was when chosen.
        chosen = by_version[st.selectbox("Compare with the model in use", list(by_version), key=CHOSEN)]
        status_badge(chosen)
    return chosen
