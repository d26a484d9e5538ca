"""From a verdict to its correction: the page goes into the store as far as it may be kept, and Review opens it."""

from dataclasses import replace

import numpy as np
import streamlit as st

from annotations.panel_corners import remember_corners
from annotations.predictions import record_prediction
from annotations.privacy import keep_result, what_to_keep
from ecgcore.errors import EcgError
from ecgcore.page import picture_hash
from ecgcore.page_cut import PanelCut, cut_panel
from ecgcore.types import Box, Prediction
from pages.parts.keeping import ask_what_to_keep, keeping_line
from pages.parts.results import Screened, Shown
from pages.parts.storage import known_person, store

_ASKED = "keep-asked"


def correct_this(item: Screened, shown: Shown) -> None:
    """The button that keeps the page and opens it in Review; until then nothing of it is on the disk."""
    only_result = keeping_line() == "result"
    st.button(
        "Keep this result" if only_result else "Correct this",
        key=f"correct-{item.key}",
        type="secondary" if st.session_state.get(_ASKED) == item.key else "primary",  # the question has the next step
        icon=":material/save:" if only_result else ":material/draw:",
        help="Keeps the page, without metadata and file name, in the data folder and opens it for correction.",
        on_click=_ask,
        args=(item.key,),
    )
    if not _may_go_on(item.key):
        return
    try:
        image_id = _keep(item, shown)
    except EcgError as error:
        st.error(f"**{error.cause}** {error.next_step}")
        return
    if image_id is None:
        st.toast("The result is kept, without a picture.")
        return
    st.session_state["review-open"] = image_id
    st.switch_page("pages/review.py")


def keep_for_review(items: list[Screened]) -> None:
    """The button that puts every screened page of a batch into Review's queue."""
    screened = [(item, item.shown) for item in items if item.shown is not None and item.prediction.status == "ok"]
    st.button(
        "Queue all for Review",
        key="keep-all",
        icon=":material/playlist_add:",
        disabled=not screened,
        help="Keeps these pages, without metadata, in the data folder; Review asks for the most uncertain first.",
        on_click=_ask,
        args=("all",),
    )
    if not _may_go_on("all"):
        return
    try:
        kept = [_keep(item, shown) for item, shown in screened]
    except EcgError as error:
        st.error(f"**{error.cause}** {error.next_step}")
    else:
        waiting = sum(image_id is not None for image_id in kept)
        st.toast(f"{waiting} pages wait in Review." if waiting else f"{len(kept)} results are kept.")


def _ask(key: str) -> None:
    st.session_state[_ASKED] = key


def _may_go_on(key: str) -> bool:
    """Whether to keep something now: its button was pressed, and somebody has chosen what may be kept."""
    if st.session_state.get(_ASKED) != key or not ask_what_to_keep():
        return False
    del st.session_state[_ASKED]
    return True


def _keep(item: Screened, shown: Shown) -> int | None:
    """Store a page, or what may be kept of it, with what was said of it, once; returns its number if it has one."""
    keep = what_to_keep(store())
    if keep == "result":
        keep_result(store(), item.prediction)
        return None
    source = "sample" if item.synthetic else "upload"
    photo_rgb = shown.photo_rgb()
    known = store().picture_by_hash(picture_hash(photo_rgb))
    is_cut = keep == "panel" if known is None else (known.width, known.height) != shown.wh
    if not is_cut:
        picture, _ = store().add_picture(photo_rgb, original=shown.original, source=source)
        if item.prediction.corners_set_photo_xy is not None:
            corners = np.array(item.prediction.corners_set_photo_xy)
            remember_corners(store(), picture.id, corners, known_person())
        record_prediction(store(), picture.id, item.prediction)
        return picture.id
    assert item.prediction.frame is not None and item.prediction.ink is not None
    cut = cut_panel(
        photo_rgb, item.prediction.frame, item.prediction.ink.raster(), item.prediction.handwriting_photo_xyxy
    )
    picture = known or store().add_picture(cut.picture_rgb, source=source, former_hash=picture_hash(photo_rgb))[0]
    record_prediction(store(), picture.id, _in_the_cut(item.prediction, cut))
    return picture.id


def _in_the_cut(prediction: Prediction, cut: PanelCut) -> Prediction:
    """The prediction with its beats where they are in the panel's own picture."""
    places = [cut.boxes(np.array(beat.box_photo_xyxy.as_list()))[0].tolist() for beat in prediction.beats]
    beats = [
        replace(beat, box_photo_xyxy=Box(*place), r_peak_photo_xy=None)
        for beat, place in zip(prediction.beats, places, strict=True)
        if place[0] < place[2] and place[1] < place[3]
    ]
    return replace(prediction, beats=tuple(beats))
