"""From a verdict to its correction: the page goes into the store with what the bundle said, and Review opens it."""

import streamlit as st

from annotations.model import StoreError
from annotations.predictions import record_prediction
from pages.parts.results import Screened, Shown
from pages.parts.storage import store


def correct_this(item: Screened, shown: Shown) -> None:
    """The button that keeps the page and opens it in Review; until then nothing of it is on the disk."""
    if not st.button(
        "Correct this",
        key=f"correct-{item.key}",
        type="primary",
        icon=":material/draw:",
        help="Keeps this picture, without its metadata, in the data folder and opens it for correction.",
    ):
        return
    try:
        source = "sample" if item.synthetic else "upload"
        picture, _ = store().add_picture(shown.photo_rgb(), original=shown.original, source=source)
        record_prediction(store(), picture.id, item.prediction)
    except StoreError as error:
        st.error(f"**{error.cause}** {error.next_step}")
        return
    st.session_state["review-open"] = picture.id
    st.switch_page("pages/review.py")
