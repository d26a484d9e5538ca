"""The sidebar of Review: the queue, the page's label, its flags, and the keys that save."""

from dataclasses import replace

import streamlit as st

from annotations import queue
from annotations.model import FLAGS, PAGE_LABELS
from annotations.store import Store
from pages.parts.presses import pressed
from pages.parts.work import Work, put_on_desk

_LABEL_KEYS = {"normal": "N", "abnormal": "A", "unsure": "U"}
_LABEL_ICONS = {"normal": ":material/circle:", "abnormal": ":material/change_history:", "unsure": ":material/help:"}


def queue_box(store: Store, person: str) -> queue.Order:
    """Who reads, which queue, and how far it is."""
    st.caption(f"Reading as **{person}**")
    order: queue.Order = st.selectbox(
        "Queue", queue.ORDERS, format_func=queue.ORDERS.__getitem__, key="review-order", label_visibility="collapsed"
    )
    count = queue.progress(store, person, order)
    st.caption(f"{count.waiting} waiting · {count.done} read by you, {count.done_today} today")
    return order


def answer_box(store: Store, work: Work) -> None:
    """The page's label, whether all beats are boxed, flags and comment; every change is kept at once."""
    st.caption(f"**{work.picture.name}**" + (" · second reading, blind" if work.reader else ""))
    for label in PAGE_LABELS:
        chosen = work.reading.label == label
        if pressed(
            work,
            f"**{label.capitalize()}**" if chosen else label.capitalize(),
            key=f"label-{label}",
            icon=":material/check:" if chosen else _LABEL_ICONS[label],
            shortcut=_LABEL_KEYS[label],
            width="stretch",
        ):
            work.change(store, replace(work.reading, label=None if chosen else label))
            st.rerun()
    suffix = f"{work.token}-{work.seed}"
    complete = st.toggle(
        "All beats are boxed",
        work.reading.boxes_complete,
        key=f"complete-{suffix}",
        help="Only then does the detector learn that what is not boxed is no complete beat.",
    )
    flags = st.pills(
        "Flags",
        FLAGS,
        selection_mode="multi",
        default=[flag for flag in FLAGS if flag in work.reading.flags],
        key=f"flags-{suffix}",
    )
    comment = st.text_area("Comment", work.reading.comment, key=f"comment-{suffix}", height=70, max_chars=2000)
    changed = replace(work.reading, boxes_complete=complete, flags=frozenset(flags), comment=comment)
    if changed != work.reading:
        work.change(store, changed)


def save_box(store: Store, work: Work, person: str, order: queue.Order) -> None:
    """Save, save and next, undo, skip.

    The browser hands a drawing over 0.2 s after the mouse is up, so saving waits for that: see ``finish_saving``.
    """
    next_up = pressed(
        work,
        "Save and next",
        key="save-next",
        type="primary",
        icon=":material/done_all:",
        shortcut="Enter",
        width="stretch",
    )
    with st.container(horizontal=True):
        save = pressed(work, "Save", key="save", icon=":material/save:", shortcut="S")
        undo = pressed(work, "Undo", key="undo", icon=":material/undo:", shortcut="Z", disabled=not work.earlier)
        skip = pressed(work, "Skip", key="skip", icon=":material/skip_next:", shortcut="K")
    if undo:
        work.undo(store)
        st.rerun()
    if skip:
        work.save(store, skipped=True)
        put_on_desk(store, person, queue.next_page(store, person, order, after=work.picture.id), order)
        st.rerun()
    if save or next_up:
        st.session_state["saving"] = "next" if next_up else "stay"
    if work.trouble is not None:
        st.caption("**Not kept:** this work is in this browser's session alone.")
    elif work.kept_at is not None:
        st.caption(f"Draft kept {clock(work.kept_at)}")
    else:
        st.caption(st.session_state.get("saved-note", "Nothing changed yet."))


def clock(at: str) -> str:
    """Hours, minutes and seconds of a stored time, UTC."""
    return f"{at[11:19]} UTC"
