"""Below the page in Review: boxes as a list, rhythm, versions, and painting over, one at a time."""

import streamlit as st

from annotations.store import Store
from ecgcore.types import ByteArray
from pages.parts.box_list import box_list
from pages.parts.helpers import rhythm_box
from pages.parts.painting import painting_box
from pages.parts.versions import history_box
from pages.parts.work import Work

BELOW = ("Boxes as a list", "Rhythm check", "Versions and review", "Paint black")


def below_the_page(store: Store, work: Work, photo_rgb: ByteArray) -> None:
    """What was chosen, if anything."""
    below = st.segmented_control(
        "Below the page", BELOW, key="review-below", label_visibility="collapsed", help="Open one of these."
    )
    if below == "Boxes as a list":
        box_list(store, work)
    elif below == "Rhythm check":
        rhythm_box(store, work, photo_rgb)
    elif below == "Versions and review":
        history_box(store, work, photo_rgb)
    elif below == "Paint black":
        painting_box(store, work)
