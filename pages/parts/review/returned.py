"""Above the page in Review: what a reviewer said of it."""

import streamlit as st

from annotations import readings
from annotations.store import Store
from pages.parts.common.local_time import local_time
from pages.parts.common.words import plain
from pages.parts.review.session import Work


def review_note(store: Store, work: Work) -> None:
    """The newest review of the current version, where it sent the page back; nothing on a blind reading.

    Args:
        store: where.
        work: the page that is read.
    """
    review = readings.review_of_head(store, work.picture.id)
    if work.reader or review is None or review.verdict != "returned":
        return
    st.warning(
        f"**Returned by {plain(review.reviewer)}, {local_time(review.created_at)}:** {plain(review.note)}",
        icon=":material/assignment_return:",
    )
