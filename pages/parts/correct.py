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
        image_id = _keep(item, shown)
    except StoreError as error:
        st.error(f"**{error.cause}** {error.next_step}")
        return
    st.session_state["review-open"] = image_id
    st.switch_page("pages/review.py")


def keep_for_review(items: list[Screened]) -> None:
    """The button that puts every screened page of a batch into Review's queue."""
    screened = [(item, item.shown) for item in items if item.shown is not None and item.prediction.status == "ok"]
    if not st.button(
        "Queue all for Review",
        key="keep-all",
        icon=":material/playlist_add:",
        disabled=not screened,
        help="Keeps these pictures, without metadata, in the data folder; Review asks for the most uncertain first.",
    ):
        return
    try:
        for item, shown in screened:
            _keep(item, shown)
    except StoreError as error:
        st.error(f"**{error.cause}** {error.next_step}")
    else:
        st.toast(f"{len(screened)} pages wait in Review.")


def _keep(item: Screened, shown: Shown) -> int:
    """Store a page with what was said of it, once; returns its number."""
    source = "sample" if item.synthetic else "upload"
    picture, _ = store().add_picture(shown.photo_rgb(), original=shown.original, source=source)
    record_prediction(store(), picture.id, item.prediction)
    return picture.id
