"""The sidebar of Review: the queue, the page's label, its flags, and the keys that save."""

import streamlit as st

from annotations.model import FLAGS, PAGE_LABELS
from annotations.readings import work_queue
from annotations.store import Store
from pages.parts.common.local_time import local_clock
from pages.parts.common.words import counted, plain
from pages.parts.review.session import ReviewSession
from pages.parts.review.state import ReviewState

_LABEL_KEYS = {"normal": "N", "abnormal": "A", "unsure": "U"}
_LABEL_ICONS = {"normal": ":material/circle:", "abnormal": ":material/change_history:", "unsure": ":material/help:"}


def queue_box(store: Store, person: str) -> None:
    """Who reads, which queue, and how far it is.

    Args:
        store: where.
        person: who reads.
    """
    st.caption(f"Reading as **{plain(person)}**")
    order: work_queue.Order = st.selectbox(
        "Queue",
        work_queue.ORDERS,
        format_func=work_queue.ORDERS.__getitem__,
        key="review-order",
        label_visibility="collapsed",
    )
    count = work_queue.progress(store, person, order)
    st.caption(f"{counted(count.waiting, 'page')} left · {count.done} read by you, {count.done_today} today")


def label_box(state: ReviewState, session: ReviewSession) -> None:
    """The page's label, whether all beats are boxed, flags and comment.

    Args:
        state: this browser session's desk.
        session: the page that is read.
    """
    st.caption(
        f"**Page {session.picture.id}** · {plain(session.picture.name)}"
        + (" · second reading, blind" if session.reader else "")
    )
    if session.asking:
        _question(state, session)
    for label in PAGE_LABELS:
        chosen = session.reading.label == label
        state.presses.button(
            session.view,
            f"**{label.capitalize()}**" if chosen else label.capitalize(),
            f"label-{label}",
            icon=":material/check:" if chosen else _LABEL_ICONS[label],
            shortcut=_LABEL_KEYS[label],
            width="stretch",
        )
    if session.reading.label is not None:
        state.presses.button(session.view, "Clear label", "label-none", type="tertiary", icon=":material/close:")
    st.toggle(
        "All beats are boxed",
        session.reading.boxes_complete,
        key=session.widget_key("complete"),
        help="Only then does the detector learn that what is not boxed is no complete beat.",
    )
    st.pills(
        "Flags",
        FLAGS,
        selection_mode="multi",
        default=[flag for flag in FLAGS if flag in session.reading.flags],
        key=session.widget_key("flags"),
    )
    st.text_area("Comment", session.reading.comment, key=session.widget_key("comment"), height=70, max_chars=2000)


def save_box(state: ReviewState, session: ReviewSession) -> None:
    """Save, save and next, undo, skip.

    Args:
        state: this browser session's desk.
        session: the page that is read.
    """
    button = state.presses.button
    if not session.asking:
        button(
            session.view,
            "Save and next",
            "save-next",
            type="primary",
            icon=":material/done_all:",
            shortcut="Enter",
            width="stretch",
        )
    with st.container(horizontal=True):
        if not session.asking:
            button(session.view, "Save", "save", icon=":material/save:", shortcut="S")
        button(session.view, "Undo", "undo", icon=":material/undo:", shortcut="Z", disabled=not session.earlier)
        button(session.view, "Skip", "skip", icon=":material/skip_next:", shortcut="K")
    if session.trouble is not None:
        st.caption("**Not kept:** this work is in this browser's session alone.")
    elif session.draft_saved_at is not None:
        st.caption(f"Draft kept {local_clock(session.draft_saved_at)}")
    else:
        st.caption(state.done or "No changes yet.")


def narrow_box(state: ReviewState, session: ReviewSession) -> None:
    """On a phone, where the sidebar would cover the ECG: label and save below the picture.

    Args:
        state: this browser session's desk.
        session: the page that is read.
    """
    with st.container(key="narrow-answers"):
        if session.asking:
            st.warning("**Not saved yet: this page has no label.** Choose one.", icon=":material/help:")
        with st.container(horizontal=True):
            for label in PAGE_LABELS:
                chosen = session.reading.label == label
                words = f"**{label.capitalize()}**" if chosen else label.capitalize()
                icon = ":material/check:" if chosen else _LABEL_ICONS[label]
                state.presses.button(session.view, words, f"label-{label}", icon=icon, is_below=True)
            if session.asking:
                state.presses.button(session.view, "Save boxes only", "only-boxes", is_below=True)
            else:
                state.presses.button(session.view, "Save and next", "save-next", type="primary", is_below=True)


def _question(state: ReviewState, session: ReviewSession) -> None:
    """What a save without a label asks; nothing is saved before the answer."""
    st.warning("**Not saved yet: this page has no label.** Choose one, or save the boxes only.", icon=":material/help:")
    with st.container(horizontal=True):
        state.presses.button(session.view, "Save boxes only", "only-boxes", shortcut="B", icon=":material/select:")
        state.presses.button(session.view, "Cancel", "not-yet", shortcut="Escape", type="tertiary")
