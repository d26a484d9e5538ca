"""Below the canvas: all versions of the page, their differences as a picture, reviews, and versions in conflict."""

from dataclasses import replace

import cv2
import numpy as np
import streamlit as st

from annotations import readings
from annotations.model import Reading, Revision, SaveConflictError, StoreError
from annotations.store import Store
from ecgcore.output.previews import at_width
from ecgcore.types import ByteArray
from pages.parts.common.local_time import local_time
from pages.parts.common.words import counted, error_text, plain
from pages.parts.review.session import ReviewSession
from pages.parts.review.state import ReviewState

_VIEW_WIDTH_PX = 1100
_KEPT, _ADDED, _REMOVED = (138, 143, 148), (0, 158, 115), (213, 94, 0)


def history_box(store: Store, state: ReviewState, session: ReviewSession, photo_rgb: ByteArray) -> None:
    """All versions with who and when; one can be compared with what is on the canvas, and restored.

    Args:
        store: where.
        state: this browser session's desk.
        session: the page that is read.
        photo_rgb: upright, ``uint8 [H, W, 3]``.
    """
    versions = readings.history(store, session.picture.id, session.reader)
    if not versions:
        st.caption("Nobody has saved this page yet.")
        return
    chosen = st.selectbox("Version", versions, format_func=_named, key=f"version-{session.token}")
    st.caption(f"{_summary(chosen.reading)} Green: only on the canvas now. Orange, dashed: only in that version.")
    st.image(
        difference_picture(photo_rgb, chosen.reading, session.reading),
        alt="What changed between this version and what is on the canvas",
    )
    current = chosen.id == session.base_revision_id
    if st.button(
        "Restore this version",
        key=f"restore-{session.token}",
        disabled=current,
        help="Saved as a new version; nothing is overwritten.",
    ):
        try:
            readings.restore_revision(store, chosen.id, session.person, session.base_revision_id)
        except SaveConflictError as conflict:
            session.conflict = conflict
        else:
            state.put(store, session.picture.id)
        st.rerun()
    _reviews(store, session, chosen)


def _reviews(store: Store, session: ReviewSession, chosen: Revision) -> None:
    for review in readings.reviews_of(store, session.picture.id):
        if review.revision_id == chosen.id:
            st.caption(
                f"{review.verdict.capitalize()} by {plain(review.reviewer)}, {local_time(review.created_at)}. "
                + plain(review.note)
            )
    if chosen.person == session.person:
        return
    note = st.text_input("Reviewer's note", key=f"review-note-{chosen.id}", max_chars=500)
    with st.container(horizontal=True):
        for verdict, word in (("accepted", "Accept"), ("returned", "Return with note")):
            if st.button(word, key=f"review-{verdict}-{chosen.id}"):
                try:
                    readings.add_review(store, chosen.id, session.person, verdict, note)  # type: ignore[arg-type]
                    st.rerun()
                except StoreError as error:
                    st.warning(error_text(error))


def conflict_box(store: Store, state: ReviewState, session: ReviewSession, photo_rgb: ByteArray) -> None:
    """Two versions side by side, and three ways on; whatever is chosen, both stay in the history.

    Args:
        store: where.
        state: this browser session's desk.
        session: the page that is read.
        photo_rgb: upright, ``uint8 [H, W, 3]``.
    """
    assert session.conflict is not None
    theirs = readings.revision(store, session.conflict.head_revision_id)
    st.warning(f"**{plain(session.conflict.cause)}** Both versions are kept. Which version should be current?")
    left, right = st.columns(2)
    with left:
        st.markdown(f"**Yours** · {_summary(session.reading)}")
        st.image(difference_picture(photo_rgb, theirs.reading, session.reading), alt="Your version, and how it differs")
        mine = st.button("Keep yours, as a new version", type="primary", key="conflict-mine")
    with right:
        st.markdown(f"**{plain(theirs.person)}'s** · {_summary(theirs.reading)}")
        st.image(
            difference_picture(photo_rgb, session.reading, theirs.reading), alt="Their version, and how it differs"
        )
        other = st.button(f"Keep {plain(theirs.person)}'s", key="conflict-theirs")
        both = st.button("Show both on the canvas", key="conflict-both")
    if mine or both:
        session.base_revision_id, session.conflict = theirs.id, None
        if both:
            known = {box.uid for box in session.reading.boxes}
            added = tuple(box for box in theirs.reading.beats if box.uid not in known)
            session.change(store, replace(session.reading, boxes=(*session.reading.boxes, *added)))
            session.reseed()
        else:
            state.save(store, "stay")
        st.rerun()
    if other:
        readings.drop_draft(store, session.picture.id, session.person, session.reader)
        state.put(store, session.picture.id)
        st.rerun()


def difference_picture(photo_rgb: ByteArray, before: Reading, after: Reading) -> ByteArray:
    """The page with boxes of both readings: grey where they agree, green solid if new, orange dashed if gone.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        before: the reading that is compared with.
        after: the reading that is shown.
    """
    view = np.ascontiguousarray(at_width(photo_rgb, _VIEW_WIDTH_PX))
    scale = view.shape[1] / photo_rgb.shape[1]
    old, new = ({box.box_photo_xyxy for box in reading.beats} for reading in (before, after))
    for boxes, colour, is_broken in (
        (old & new, _KEPT, False),
        (new - old, _ADDED, False),
        (old - new, _REMOVED, True),
    ):
        for box in boxes:
            x1, y1, x2, y2 = (round(edge * scale) for edge in box.as_list())
            cv2.rectangle(view, (x1, y1), (x2, y2), colour, 2)
            if is_broken:  # gaps in the sides, for eyes that do not tell the colours apart
                for x in range(x1 + 4, x2, 10):
                    view[[y for y in (y1, y2) if y < view.shape[0]], x : x + 4] = 255
    return np.asarray(view, dtype=np.uint8)


def _named(revision: Revision) -> str:
    proposed = "" if revision.bundle_version is None else f", proposed by {revision.bundle_version}"
    skipped = " (skipped)" if revision.status == "skipped" else ""
    return f"{revision.number}: {revision.person}, {local_time(revision.created_at)}{skipped}{proposed}"


def _summary(reading: Reading) -> str:
    flags = "".join(f", {plain(flag)}" for flag in sorted(reading.flags))
    complete = ", all boxed" if reading.boxes_complete else ""
    return f"{reading.label or 'no label'}, {counted(len(reading.beats), 'beat')}{complete}{flags}."
