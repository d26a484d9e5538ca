"""The Dataset page's counters, and its tabs of how readers agree and of snapshots."""

import streamlit as st

from annotations.readings.counts_and_agreement import Counts, agreement, counts, counts_before
from annotations.readings.snapshots import difference, snapshots, take_snapshot
from annotations.store import Store
from pages.parts.common.actions import attempt
from pages.parts.common.local_time import local_time
from pages.parts.common.style import FIELD_PX
from pages.parts.common.words import counted


def counters(store: Store) -> None:
    """What the next training of the detector and of the classifier would learn from, and what is new."""
    now, before = counts(store), counts_before(store)
    left, right = st.columns(2)
    left.metric(
        "Beat detector: pages with all beats boxed",
        now.detector_pages,
        _change(now.detector_pages, None if before is None else before.detector_pages),
        help="Only these pages also teach the detector what is not a beat.",
    )
    left.caption(counted(now.detector_beats, "beat"))
    right.metric(
        "Classifiers: pages labelled normal or abnormal",
        sum(now.classifier.values()),
        _change(sum(now.classifier.values()), None if before is None else sum(before.classifier.values())),
    )
    right.caption(_classes(now))
    st.caption(
        f"{counted(now.pictures, 'page')} stored, {now.read} read: {now.no_label} of these without a label, "
        f"{now.held_out} in the permanent test set."
    )


def _change(now: int, before: int | None) -> str | None:
    # Nothing at all for no change: a metric would put a rising arrow beside "+0".
    return None if before in (None, now) else f"{now - (before or 0):+d} since the last snapshot"


def _classes(now: Counts) -> str:
    own = f"; {counted(now.labelled_beats, 'beat')} with a label of their own" if now.labelled_beats else ""
    unknown = f" ({now.unknown_patients} unknown: each page counts as a patient)" if now.unknown_patients else ""
    return (
        f"{now.classifier['normal']} normal, {now.classifier['abnormal']} abnormal, from "
        f"{counted(now.classifier_groups, 'patient')}{unknown}{own}"
    )


def agreement_tab(store: Store) -> None:
    """Cohen's kappa of labels and F1 of boxes on doubly read pages."""
    found = agreement(store)
    if not found.pages:
        st.info("No pages have been read twice yet. Choose the queue **Second reading (blind)** in Review.")
        return
    columns = st.columns(3)
    columns[0].metric("Pages read twice", found.pages)
    columns[1].metric(
        "Cohen's kappa",
        "–" if found.kappa is None else f"{found.kappa:.2f}",
        help="Agreement beyond chance; 1 is perfect.",
    )
    columns[2].metric("Box F1 at IoU 0.5", "–" if found.box_f1 is None else f"{found.box_f1:.2f}")
    same = "" if found.same_label is None else f"The labels agree on {100 * found.same_label:.0f} %. "
    st.caption(f"{same}Boxes are compared where both readers boxed all beats ({counted(found.box_pages, 'page')}).")


def snapshot_tab(store: Store, person: str) -> None:
    """Freeze the current labels, and see what changed between two snapshots.

    Args:
        store: where.
        person: who takes one.
    """
    with st.form("snapshot", border=False):
        name = st.text_input("Name of a new snapshot", max_chars=80, key="snapshot-name", width=FIELD_PX)
        note = st.text_input("Note", max_chars=300, width=FIELD_PX)
        if st.form_submit_button("Create snapshot"):
            attempt(lambda: take_snapshot(store, name, person, note))
    taken = snapshots(store)
    if not taken:
        st.caption(
            "No snapshots yet. Each training learns from a snapshot, so that it stays known what a model has seen."
        )
        return
    st.dataframe(
        [
            {
                "name": s.name,
                "pages": s.pages,
                "by": s.person,
                "created": local_time(s.created_at),
                "note": s.note,
            }
            for s in taken
        ],
        hide_index=True,
    )
    older = st.selectbox("Compare", taken, format_func=lambda s: s.name, key="snapshot-older", width=FIELD_PX)
    newer = st.selectbox(
        "with", [None, *taken], format_func=lambda s: "Current labels" if s is None else s.name, width=FIELD_PX
    )
    changed = difference(store, older.id, None if newer is None else newer.id)
    for word, ids in (("added", changed.added), ("removed", changed.removed), ("changed", changed.changed)):
        shown = ", ".join(map(str, ids[:40])) + (" ..." if len(ids) > 40 else "")
        st.caption(f"{counted(len(ids), 'page')} {word}{': ' + shown if ids else ''}")
