"""The end of a queue in Review: that it is empty, and the way to what was saved without a label."""

import streamlit as st

from annotations.readings import work_queue
from annotations.store import Store
from pages.parts.common.words import counted
from pages.parts.review.state import ReviewState


def empty_queue(store: Store, state: ReviewState) -> None:
    """Say that the queue is empty, and how many pages the reader skipped or saved without a label.

    Args:
        store: where.
        state: this browser session's desk.
    """
    st.info("Queue is empty. Screen a page and choose **Correct this**, or choose another queue.")
    if state.order == "unlabelled":
        return
    if skipped := work_queue.skipped_unread(store, state.person):
        st.markdown(f"You skipped {counted(skipped, 'page')} that nobody has read yet. Other readers are given them.")
    count = work_queue.progress(store, state.person, "unlabelled").waiting
    if count == 0:
        return
    st.markdown(f"You saved {counted(count, 'page')} **without a label**.")
    st.button("Show", key="show-unlabelled", icon=":material/label_off:", on_click=_choose_unlabelled)


def _choose_unlabelled() -> None:
    st.session_state["review-order"] = "unlabelled"
