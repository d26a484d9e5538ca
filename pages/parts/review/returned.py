"""Above the page in Review: what a reviewer said of it."""

import streamlit as st

from annotations import readings
from annotations.store import Store
from pages.parts.common.local_time import local_time
from pages.parts.common.words import plain
from pages.parts.review.session import ReviewSession


def review_note(store: Store, session: ReviewSession) -> None:
    """The newest review of the current version, where it sent the page back; nothing on a blind reading.

    Args:
        store: where.
        session: the page that is read.
    """
    review = readings.review_of_head(store, session.picture.id)
    if session.reader or review is None or review.verdict != "returned":
        return
    st.warning(
        f"**Returned by {plain(review.reviewer)}, {local_time(review.created_at)}:** {plain(review.note)}",
        icon=":material/assignment_return:",
    )
