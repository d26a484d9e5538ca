"""Below the page in Review: redact what must not be seen, for ever."""

import streamlit as st

from annotations.privacy.redaction import redact
from annotations.store import Store
from ecgcore.errors import EcgError
from ecgcore.types import Box
from pages.parts.common.actions import show_error
from pages.parts.common.browser.canvas_boxes import STROKE_PX, from_drawing
from pages.parts.common.browser.drawing_canvas import drawing_canvas
from pages.parts.common.browser.messages import drawn_on
from pages.parts.common.words import counted
from pages.parts.review.canvas_view import background, forget_pictures
from pages.parts.review.session import ReviewSession

WIDTH_PX = 938
HEIGHT_PX = 620


def redaction_box(store: Store, session: ReviewSession) -> None:
    """A second canvas on which boxes become black places of the stored picture; the beats stay.

    Args:
        store: where.
        session: the page that is read.
    """
    st.caption(
        "Drag boxes over names, numbers or faces. Their pixels are overwritten in the stored picture and the old file "
        "is deleted: they cannot be restored, except from an earlier backup. Beats and labels stay. An unfinished "
        "training that learns from this page stops, and begins again when it is resumed."
    )
    scale = WIDTH_PX / session.picture.width
    key = f"paint-{session.picture.picture_hash}"
    drawing_canvas(
        fill_color="rgba(0, 0, 0, 0.85)",
        stroke_width=STROKE_PX,
        stroke_color="black",
        background_image=background(store.picture_path(session.picture).as_posix(), WIDTH_PX),
        width=WIDTH_PX,
        height=round(session.picture.height * scale),
        max_display_height=HEIGHT_PX,
        drawing_mode="rect",
        key=key,
    )
    drawn = from_drawing(
        drawn_on(key) or (),
        (),
        scale,
        (session.picture.width, session.picture.height),
        lambda number: f"black-{number}",
    )
    boxes: list[Box] = [box.box_photo_xyxy for box in drawn]
    sure = st.checkbox("I understand that this cannot be undone", key=f"paint-sure-{session.picture.picture_hash}")
    if st.button(
        f"Redact {counted(len(boxes), 'area')}" if boxes else "Redact",
        key="paint-go",
        icon=":material/ink_marker:",
        disabled=not (boxes and sure),
    ):
        try:
            session.picture = redact(store, session.picture.id, boxes, session.person)
        except EcgError as error:
            show_error(error)
            return
        forget_pictures()
        session.reseed()
        st.rerun()
