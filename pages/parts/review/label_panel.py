"""The sidebar of Review: the queue, the page's label, its flags, and the keys that save."""

from dataclasses import replace

import streamlit as st

from annotations.model import FLAGS, PAGE_LABELS
from annotations.readings import work_queue
from annotations.store import Store
from pages.parts.common.local_time import local_clock
from pages.parts.common.words import counted, plain
from pages.parts.review.session import Work
from pages.parts.review.turns import Desk

_LABEL_KEYS = {"normal": "N", "abnormal": "A", "unsure": "U"}
_LABEL_ICONS = {"normal": ":material/circle:", "abnormal": ":material/change_history:", "unsure": ":material/help:"}
_FIRST_ORDER: work_queue.Order = "uncertain"


def chosen_order() -> work_queue.Order:
    """The queue chosen in ``queue_box``, before that is drawn."""
    order: work_queue.Order = st.session_state.get("review-order", _FIRST_ORDER)
    return order


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


def take_answers(store: Store, work: Work) -> None:
    """Take over what was set in ``answer_box`` since it was drawn; every change is kept at once.

    Args:
        store: where.
        work: the page that is read.
    """
    said, reading = st.session_state, work.reading
    changed = replace(
        reading,
        boxes_complete=bool(said.get(_key(work, "complete"), reading.boxes_complete)),
        flags=frozenset(said.get(_key(work, "flags"), reading.flags)),
        comment=str(said.get(_key(work, "comment"), reading.comment)),
    )
    if changed != reading:
        work.change(store, changed)


def answer_box(desk: Desk, work: Work) -> None:
    """The page's label, whether all beats are boxed, flags and comment.

    Args:
        desk: this browser session's desk.
        work: the page that is read.
    """
    st.caption(
        f"**Page {work.picture.id}** · {plain(work.picture.name)}" + (" · second reading, blind" if work.reader else "")
    )
    if work.asking:
        _question(desk, work)
    for label in PAGE_LABELS:
        chosen = work.reading.label == label
        desk.presses.button(
            work.view,
            f"**{label.capitalize()}**" if chosen else label.capitalize(),
            f"label-{label}",
            icon=":material/check:" if chosen else _LABEL_ICONS[label],
            shortcut=_LABEL_KEYS[label],
            width="stretch",
        )
    if work.reading.label is not None:
        desk.presses.button(work.view, "Clear label", "label-none", type="tertiary", icon=":material/close:")
    st.toggle(
        "All beats are boxed",
        work.reading.boxes_complete,
        key=_key(work, "complete"),
        help="Only then does the detector learn that what is not boxed is no complete beat.",
    )
    st.pills(
        "Flags",
        FLAGS,
        selection_mode="multi",
        default=[flag for flag in FLAGS if flag in work.reading.flags],
        key=_key(work, "flags"),
    )
    st.text_area("Comment", work.reading.comment, key=_key(work, "comment"), height=70, max_chars=2000)


def save_box(desk: Desk, work: Work) -> None:
    """Save, save and next, undo, skip.

    Args:
        desk: this browser session's desk.
        work: the page that is read.
    """
    button = desk.presses.button
    if not work.asking:
        button(
            work.view,
            "Save and next",
            "save-next",
            type="primary",
            icon=":material/done_all:",
            shortcut="Enter",
            width="stretch",
        )
    with st.container(horizontal=True):
        if not work.asking:
            button(work.view, "Save", "save", icon=":material/save:", shortcut="S")
        button(work.view, "Undo", "undo", icon=":material/undo:", shortcut="Z", disabled=not work.earlier)
        button(work.view, "Skip", "skip", icon=":material/skip_next:", shortcut="K")
    if work.trouble is not None:
        st.caption("**Not kept:** this work is in this browser's session alone.")
    elif work.kept_at is not None:
        st.caption(f"Draft kept {local_clock(work.kept_at)}")
    else:
        st.caption(desk.done or "No changes yet.")


def narrow_box(desk: Desk, work: Work) -> None:
    """On a phone, where the sidebar would cover the ECG: label and save below the picture.

    Args:
        desk: this browser session's desk.
        work: the page that is read.
    """
    with st.container(key="narrow-answers"):
        if work.asking:
            st.warning("**Not saved yet: this page has no label.** Choose one.", icon=":material/help:")
        with st.container(horizontal=True):
            for label in PAGE_LABELS:
                chosen = work.reading.label == label
                words = f"**{label.capitalize()}**" if chosen else label.capitalize()
                icon = ":material/check:" if chosen else _LABEL_ICONS[label]
                desk.presses.button(work.view, words, f"label-{label}", icon=icon, is_below=True)
            if work.asking:
                desk.presses.button(work.view, "Save boxes only", "only-boxes", is_below=True)
            else:
                desk.presses.button(work.view, "Save and next", "save-next", type="primary", is_below=True)


def _question(desk: Desk, work: Work) -> None:
    """What a save without a label asks; nothing is saved before the answer."""
    st.warning("**Not saved yet: this page has no label.** Choose one, or save the boxes only.", icon=":material/help:")
    with st.container(horizontal=True):
        desk.presses.button(work.view, "Save boxes only", "only-boxes", shortcut="B", icon=":material/select:")
        desk.presses.button(work.view, "Cancel", "not-yet", shortcut="Escape", type="tertiary")


def _key(work: Work, name: str) -> str:
    return f"{name}-{work.token}-{work.seed}"
