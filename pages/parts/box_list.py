"""Below the canvas: the boxes as a list, with accept, delete and relabel for many at once."""

from dataclasses import replace

import streamlit as st

from annotations.model import BeatLabel, LabelledBox
from annotations.store import Store
from pages.parts.work import Work

_ORIGIN_WORDS = {
    "accepted": "proposed",
    "adjusted": "proposed, moved",
    "drawn": "drawn",
    "propagated": "found alike",
    "rejected": "removed",
}


def box_list(store: Store, work: Work) -> None:
    """List the beats in reading order; what is ticked can be relabelled, deleted or, once removed, brought back."""
    boxes = sorted(work.reading.boxes, key=lambda box: (box.origin == "rejected", box.box_photo_xyxy.x1))
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
    picked = st.dataframe(
        rows,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"list-{work.token}-{work.seed}-{len(boxes)}",
        height=min(38 + 35 * len(rows), 320),
    )["selection"]["rows"]
    chosen = {boxes[row].uid for row in picked if row < len(boxes)}
    st.caption(f"{len(work.reading.beats)} beats · {len(chosen)} ticked. Places in pixels of the upright picture.")
    with st.container(horizontal=True):
        for label in ("normal", "abnormal", None):
            words = "Clear label" if label is None else f"Label {label}"
            if st.button(words, disabled=not chosen, key=f"bulk-{label}"):
                _change(store, work, chosen, label=label)
        if st.button("Delete", icon=":material/delete:", disabled=not chosen, key="bulk-delete"):
            _delete(store, work, chosen)
        if st.button("Bring back", disabled=not chosen, key="bulk-restore", help="For removed proposals."):
            _restore(store, work, chosen)


def _change(store: Store, work: Work, uids: set[str], *, label: BeatLabel | None) -> None:
    _put(store, work, tuple(replace(b, label=label) if b.uid in uids else b for b in work.reading.boxes))


def _delete(store: Store, work: Work, uids: set[str]) -> None:
    """Proposals stay as rejected, so that nobody proposes them again; drawn boxes go."""
    _put(
        store,
        work,
        tuple(
            replace(box, origin="rejected") if box.uid in uids else box
            for box in work.reading.boxes
            if box.uid not in uids or box.prediction_box_id is not None
        ),
    )


def _restore(store: Store, work: Work, uids: set[str]) -> None:
    back = [b.origin == "rejected" and b.uid in uids for b in work.reading.boxes]
    _put(
        store,
        work,
        tuple(
            replace(box, origin="accepted") if is_back else box
            for box, is_back in zip(work.reading.boxes, back, strict=True)
        ),
    )


def _put(store: Store, work: Work, boxes: tuple[LabelledBox, ...]) -> None:
    work.change(store, replace(work.reading, boxes=boxes))
    work.reseed()
    st.rerun()
