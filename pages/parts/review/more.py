"""Below the page in Review: boxes as a list, rhythm, versions, and redacting, one at a time."""

import streamlit as st

from annotations.store import Store
from pages.parts.common.stored_images import photo
from pages.parts.review.beat_tools import rhythm_box
from pages.parts.review.box_list import LIST_TOOLS, box_list
from pages.parts.review.redaction import redaction_box
from pages.parts.review.session import ReviewSession
from pages.parts.review.state import ReviewState
from pages.parts.review.versions import history_box

BELOW = ("Boxes as a list", "Rhythm check", "Versions and review", "Redact")
MORE_TOOLS = LIST_TOOLS


def more_box(store: Store, state: ReviewState, session: ReviewSession) -> None:
    """What was chosen, if anything.

    Args:
        store: where.
        state: this browser session's desk.
        session: the page that is read.
    """
    below = st.segmented_control(
        "Below the page", BELOW, key="review-below", label_visibility="collapsed", help="Open one of these."
    )
    picture_path = store.picture_path(session.picture).as_posix()
    if below == "Boxes as a list":
        box_list(state, session)
    elif below == "Rhythm check":
        rhythm_box(store, session, photo(picture_path))
    elif below == "Versions and review":
        history_box(store, state, session, photo(picture_path))
    elif below == "Redact":
        redaction_box(store, session)
