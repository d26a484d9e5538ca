"""Below the page in Review: boxes as a list, rhythm, versions, and redacting, one at a time."""

import streamlit as st

from annotations.store import Store
from pages.parts.common.stored_images import photo
from pages.parts.review.beat_tools import rhythm_box
from pages.parts.review.box_list import LIST_HELPERS, box_list
from pages.parts.review.redaction import painting_box
from pages.parts.review.session import Work
from pages.parts.review.turns import Desk
from pages.parts.review.versions import history_box

BELOW = ("Boxes as a list", "Rhythm check", "Versions and review", "Redact")
BELOW_HELPERS = LIST_HELPERS


def below_the_page(store: Store, desk: Desk, work: Work) -> None:
    """What was chosen, if anything.

    Args:
        store: where.
        desk: this browser session's desk.
        work: the page that is read.
    """
    below = st.segmented_control(
        "Below the page", BELOW, key="review-below", label_visibility="collapsed", help="Open one of these."
    )
    picture_path = store.picture_path(work.picture).as_posix()
    if below == "Boxes as a list":
        box_list(desk, work)
    elif below == "Rhythm check":
        rhythm_box(store, work, photo(picture_path))
    elif below == "Versions and review":
        history_box(store, desk, work, photo(picture_path))
    elif below == "Redact":
        painting_box(store, work)
