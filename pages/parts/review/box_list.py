"""Below the canvas: the boxes as a list, to relabel or delete many at once and to place one by numbers."""

from collections.abc import Collection
from dataclasses import replace

import streamlit as st

from annotations.model import BeatLabel, LabelledBox, Origin
from annotations.store import Store
from ecgcore.types import Box
from pages.parts.common.browser.messages import ticked_rows
from pages.parts.common.words import counted
from pages.parts.review.session import ReviewSession, replace_box
from pages.parts.review.state import ReviewState, Tool

_ORIGIN_WORDS = {
    "accepted": "proposed",
    "adjusted": "proposed, moved",
    "drawn": "drawn",
    "propagated": "found alike",
    "rejected": "removed",
}
_EDGES = ("Left", "Top", "Right", "Bottom")
_NEW_BOX_SHARE = 0.04
"""Side of a box that was added without a mouse, as a share of the picture's width, until it is given its place."""


def box_list(state: ReviewState, session: ReviewSession) -> None:
    """List the beats in reading order; what is ticked can be relabelled, deleted or, once removed, brought back.

    Args:
        state: this browser session's desk.
        session: the page that is read.
    """
    boxes = _in_order(session)
    rows = [
        {
            "beat": number,
            "origin": _ORIGIN_WORDS[box.origin],
            "label": box.label or "",
            "x": round(box.box_photo_xyxy.x1),
            "y": round(box.box_photo_xyxy.y1),
            "width": round(box.box_photo_xyxy.x2 - box.box_photo_xyxy.x1),
            "height": round(box.box_photo_xyxy.y2 - box.box_photo_xyxy.y1),
        }
        for number, box in enumerate(boxes, 1)
    ]
    st.dataframe(
        rows,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=_list_key(session),
        height=min(38 + 35 * len(rows), 320),
    )
    ticked = len(_ticked(session))
    st.caption(
        f"{counted(len(session.reading.beats), 'beat')} · {ticked} ticked. Positions in pixels of the upright picture. "
        "Without a mouse: choose a beat and type its edges, or add one."
    )
    button = state.presses.button
    with st.container(horizontal=True):
        for label in _BULK_LABELS:
            words = "Clear label" if label is None else f"Label {label}"
            button(session.view, words, f"bulk-{label}", disabled=not ticked)
        button(session.view, "Delete", "bulk-delete", icon=":material/delete:", disabled=not ticked)
        button(session.view, "Restore", "bulk-restore", disabled=not ticked, help="For removed proposals.")
    _place_box(state, session)


def _place_box(state: ReviewState, session: ReviewSession) -> None:
    """Number fields for the edges of one beat: adding and moving a box by keyboard alone."""
    beats = [box for box in _in_order(session) if box.origin != "rejected"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Beat", range(len(beats)), format_func=lambda i: f"Beat {i + 1}", key=session.widget_key("place"), width=120
        )
        if chosen is not None:
            limits = (session.picture.width, session.picture.height) * 2
            for edge, value, limit in zip(_EDGES, beats[chosen].box_photo_xyxy.as_list(), limits, strict=True):
                st.number_input(
                    edge,
                    0.0,
                    float(limit),
                    float(value),
                    1.0,
                    format="%.0f",
                    key=_edge_key(session, chosen, edge),
                    width=130,
                )
            state.presses.button(session.view, "Move", "list-move", icon=":material/open_with:")
        state.presses.button(session.view, "Add a box", "list-add", icon=":material/add_box:")


def _move(store: Store, session: ReviewSession) -> None:
    """Give the chosen beat the edges that were typed."""
    beats = [box for box in _in_order(session) if box.origin != "rejected"]
    chosen = st.session_state.get(session.widget_key("place"))
    if chosen is None or chosen >= len(beats):
        return
    x1, y1, x2, y2 = (float(st.session_state[_edge_key(session, chosen, edge)]) for edge in _EDGES)
    if x1 >= x2 or y1 >= y2:
        st.toast("Left must be smaller than right, and top smaller than bottom.")
        return
    box = beats[chosen]
    moved = replace_box(session.reading, box.uid, Box(x1, y1, x2, y2))
    origin: Origin = "drawn" if box.prediction_box_id is None else "adjusted"
    _put(store, session, tuple(replace(b, origin=origin) if b.uid == box.uid else b for b in moved.boxes))


def _add(store: Store, session: ReviewSession) -> None:
    """Add a box in the middle of the picture."""
    x, y = session.picture.width / 2, session.picture.height / 2
    half = session.picture.width * _NEW_BOX_SHARE / 2
    place = Box(x - half, max(0.0, y - half), x + half, min(float(session.picture.height), y + half))
    session.last_drawn = f"{session.token}-k{session.seed}"
    _put(store, session, (*session.reading.boxes, LabelledBox(session.last_drawn, place)))


def _relabel(label: BeatLabel | None) -> Tool:
    def relabel(store: Store, session: ReviewSession) -> None:
        uids = _ticked(session)
        _put(store, session, tuple(replace(b, label=label) if b.uid in uids else b for b in session.reading.boxes))

    return relabel


def _delete(store: Store, session: ReviewSession) -> None:
    """Proposals stay as rejected, so that nobody proposes them again; drawn boxes go."""
    uids = _ticked(session)
    kept = [box for box in session.reading.boxes if box.uid not in uids or box.prediction_box_id is not None]
    _put(store, session, tuple(replace(box, origin="rejected") if box.uid in uids else box for box in kept))


def _restore(store: Store, session: ReviewSession) -> None:
    uids = _ticked(session)
    _put(
        store,
        session,
        tuple(
            replace(box, origin="accepted") if box.origin == "rejected" and box.uid in uids else box
            for box in session.reading.boxes
        ),
    )


_BULK_LABELS: tuple[BeatLabel | None, ...] = ("normal", "abnormal", None)
LIST_TOOLS: dict[str, Tool] = {
    **{f"bulk-{label}": _relabel(label) for label in _BULK_LABELS},
    "bulk-delete": _delete,
    "bulk-restore": _restore,
    "list-move": _move,
    "list-add": _add,
}
"""What the buttons of the list do."""


def _put(store: Store, session: ReviewSession, boxes: tuple[LabelledBox, ...]) -> None:
    session.change(store, replace(session.reading, boxes=boxes))
    session.reseed()


def _in_order(session: ReviewSession) -> list[LabelledBox]:
    return sorted(session.reading.boxes, key=lambda box: (box.origin == "rejected", box.box_photo_xyxy.x1))


def _ticked(session: ReviewSession) -> Collection[str]:
    """The uids of the rows that are ticked."""
    boxes = _in_order(session)
    return {boxes[row].uid for row in ticked_rows(_list_key(session)) if row < len(boxes)}


def _list_key(session: ReviewSession) -> str:
    return session.widget_key(f"list-{len(session.reading.boxes)}")


def _edge_key(session: ReviewSession, beat: int, edge: str) -> str:
    return session.widget_key(f"place-{beat}-{edge}")
