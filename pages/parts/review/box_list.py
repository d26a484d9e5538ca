"""Below the canvas: the boxes as a list, to relabel or delete many at once and to place one by numbers."""

from collections.abc import Collection
from dataclasses import replace

import streamlit as st

from annotations.model import BeatLabel, LabelledBox, Origin
from annotations.store import Store
from ecgcore.types import Box
from pages.parts.common.browser.messages import ticked_rows
from pages.parts.common.words import counted
from pages.parts.review.session import Work, replace_box
from pages.parts.review.turns import Desk, Helper

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


def box_list(desk: Desk, work: Work) -> None:
    """List the beats in reading order; what is ticked can be relabelled, deleted or, once removed, brought back.

    Args:
        desk: this browser session's desk.
        work: the page that is read.
    """
    boxes = _in_order(work)
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
        key=_list_key(work),
        height=min(38 + 35 * len(rows), 320),
    )
    ticked = len(_ticked(work))
    st.caption(
        f"{counted(len(work.reading.beats), 'beat')} · {ticked} ticked. Positions in pixels of the upright picture. "
        "Without a mouse: choose a beat and type its edges, or add one."
    )
    button = desk.presses.button
    with st.container(horizontal=True):
        for label in _BULK_LABELS:
            words = "Clear label" if label is None else f"Label {label}"
            button(work.view, words, f"bulk-{label}", disabled=not ticked)
        button(work.view, "Delete", "bulk-delete", icon=":material/delete:", disabled=not ticked)
        button(work.view, "Restore", "bulk-restore", disabled=not ticked, help="For removed proposals.")
    _place_box(desk, work)


def _place_box(desk: Desk, work: Work) -> None:
    """Number fields for the edges of one beat: adding and moving a box by keyboard alone."""
    beats = [box for box in _in_order(work) if box.origin != "rejected"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Beat", range(len(beats)), format_func=lambda i: f"Beat {i + 1}", key=_key(work, "place"), width=120
        )
        if chosen is not None:
            limits = (work.picture.width, work.picture.height) * 2
            for edge, value, limit in zip(_EDGES, beats[chosen].box_photo_xyxy.as_list(), limits, strict=True):
                st.number_input(
                    edge,
                    0.0,
                    float(limit),
                    float(value),
                    1.0,
                    format="%.0f",
                    key=_edge_key(work, chosen, edge),
                    width=130,
                )
            desk.presses.button(work.view, "Move", "list-move", icon=":material/open_with:")
        desk.presses.button(work.view, "Add a box", "list-add", icon=":material/add_box:")


def _move(store: Store, work: Work) -> None:
    """Give the chosen beat the edges that were typed."""
    beats = [box for box in _in_order(work) if box.origin != "rejected"]
    chosen = st.session_state.get(_key(work, "place"))
    if chosen is None or chosen >= len(beats):
        return
    x1, y1, x2, y2 = (float(st.session_state[_edge_key(work, chosen, edge)]) for edge in _EDGES)
    if x1 >= x2 or y1 >= y2:
        st.toast("Left must be smaller than right, and top smaller than bottom.")
        return
    box = beats[chosen]
    moved = replace_box(work.reading, box.uid, Box(x1, y1, x2, y2))
    origin: Origin = "drawn" if box.prediction_box_id is None else "adjusted"
    _put(store, work, tuple(replace(b, origin=origin) if b.uid == box.uid else b for b in moved.boxes))


def _add(store: Store, work: Work) -> None:
    """Add a box in the middle of the picture."""
    x, y = work.picture.width / 2, work.picture.height / 2
    half = work.picture.width * _NEW_BOX_SHARE / 2
    place = Box(x - half, max(0.0, y - half), x + half, min(float(work.picture.height), y + half))
    work.last_drawn = f"{work.token}-k{work.seed}"
    _put(store, work, (*work.reading.boxes, LabelledBox(work.last_drawn, place)))


def _relabel(label: BeatLabel | None) -> Helper:
    def relabel(store: Store, work: Work) -> None:
        uids = _ticked(work)
        _put(store, work, tuple(replace(b, label=label) if b.uid in uids else b for b in work.reading.boxes))

    return relabel


def _delete(store: Store, work: Work) -> None:
    """Proposals stay as rejected, so that nobody proposes them again; drawn boxes go."""
    uids = _ticked(work)
    kept = [box for box in work.reading.boxes if box.uid not in uids or box.prediction_box_id is not None]
    _put(store, work, tuple(replace(box, origin="rejected") if box.uid in uids else box for box in kept))


def _restore(store: Store, work: Work) -> None:
    uids = _ticked(work)
    _put(
        store,
        work,
        tuple(
            replace(box, origin="accepted") if box.origin == "rejected" and box.uid in uids else box
            for box in work.reading.boxes
        ),
    )


_BULK_LABELS: tuple[BeatLabel | None, ...] = ("normal", "abnormal", None)
LIST_HELPERS: dict[str, Helper] = {
    **{f"bulk-{label}": _relabel(label) for label in _BULK_LABELS},
    "bulk-delete": _delete,
    "bulk-restore": _restore,
    "list-move": _move,
    "list-add": _add,
}
"""What the buttons of the list do."""


def _put(store: Store, work: Work, boxes: tuple[LabelledBox, ...]) -> None:
    work.change(store, replace(work.reading, boxes=boxes))
    work.reseed()


def _in_order(work: Work) -> list[LabelledBox]:
    return sorted(work.reading.boxes, key=lambda box: (box.origin == "rejected", box.box_photo_xyxy.x1))


def _ticked(work: Work) -> Collection[str]:
    """The uids of the rows that are ticked."""
    boxes = _in_order(work)
    return {boxes[row].uid for row in ticked_rows(_list_key(work)) if row < len(boxes)}


def _list_key(work: Work) -> str:
    return _key(work, f"list-{len(work.reading.boxes)}")


def _edge_key(work: Work, beat: int, edge: str) -> str:
    return _key(work, f"place-{beat}-{edge}")


def _key(work: Work, name: str) -> str:
    return f"{name}-{work.token}-{work.seed}"
