"""The tabs of the Dataset page: the gallery, how readers agree, snapshots."""

from typing import Any

import streamlit as st

from annotations.overview import SHOWS, Counts, agreement, counts, counts_before, gallery, gallery_size
from annotations.snapshots import difference, snapshots, take_snapshot
from annotations.store import Store
from annotations.upkeep import erase_group
from pages.parts.attempts import attempt
from pages.parts.pictures import thumbnail

_COLUMNS, _ROWS = 4, 3


def counters(store: Store) -> None:
    """What the next training of the detector and of the classifier would learn from, and what is new."""
    now, before = counts(store), counts_before(store)
    left, right = st.columns(2)
    left.metric(
        "Beat detector: pages with all beats boxed",
        now.detector_pages,
        _change(now.detector_pages, None if before is None else before.detector_pages),
        help="Only pages on which every complete beat is boxed teach what is none.",
    )
    left.caption(f"{now.detector_beats} beats")
    right.metric(
        "Classifiers: pages labelled normal or abnormal",
        sum(now.classifier.values()),
        _change(sum(now.classifier.values()), None if before is None else sum(before.classifier.values())),
    )
    right.caption(_classes(now))
    st.caption(
        f"{now.pictures} pictures in the store, {now.read} read, {now.held_out} of these held out of training for ever."
    )


def _change(now: int, before: int | None) -> str | None:
    # Nothing at all for no change: a metric would put a rising arrow beside "+0".
    return None if before in (None, now) else f"{now - (before or 0):+d} since the last snapshot"


def _classes(now: Counts) -> str:
    own = f"; {now.labelled_beats} beats with a label of their own" if now.labelled_beats else ""
    return (
        f"{now.classifier['normal']} normal, {now.classifier['abnormal']} abnormal, from {now.classifier_groups} "
        f"patient{'' if now.classifier_groups == 1 else 's'}{own}"
    )


def gallery_tab(store: Store, person: str) -> None:
    """Thumbnails with filters; what is ticked can be opened, binned, restored, held out or erased."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        show = st.selectbox("Show", SHOWS, key="gallery-show")
        search = st.text_input("Name or group contains", key="gallery-search", max_chars=80)
    total = gallery_size(store, show, search=search)
    if not total:
        st.info("No picture is like that. Screen a page and choose **Correct this**, or import a data set.")
        return
    size = _COLUMNS * _ROWS
    pages = -(-total // size)
    turned = st.number_input("Page", 1, pages, key=f"gallery-page-{show}-{search}") if pages > 1 else 1
    st.caption(f"{total} pictures")
    rows = gallery(store, show, search=search, first=(turned - 1) * size, size=size)
    ticked: list[dict[str, Any]] = []
    for start in range(0, len(rows), _COLUMNS):
        for column, row in zip(st.columns(_COLUMNS), rows[start : start + _COLUMNS], strict=False):
            with column:
                thumbnail(store.folder / row["file"])
                said = row["label"] or ("no label" if row["person"] else "unread")
                if st.checkbox(f"{row['name']}", key=f"tick-{row['id']}"):
                    ticked.append(row)
                read = f" · {row['beats']} beats · {row['person']}" if row["person"] else ""
                st.caption(f"{said}{read}{' · held out' if row['is_holdout'] else ''}")
                if st.button("Open", key=f"open-{row['id']}", type="tertiary", disabled=show == "bin"):
                    st.session_state["review-open"] = row["id"]
                    st.switch_page("pages/review.py")
    _actions(store, ticked, person, in_bin=show == "bin")


def _actions(store: Store, ticked: list[dict[str, Any]], person: str, *, in_bin: bool) -> None:
    ids, groups = [row["id"] for row in ticked], sorted({row["group_key"] for row in ticked})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        word = "Take out of the bin" if in_bin else "Put into the bin"
        if st.button(word, disabled=not ids, key="gallery-bin"):
            store.bin(ids, restore=in_bin)
            st.rerun()
        with st.popover("Hold out for ever", disabled=not ids):
            st.markdown(
                f"**{len(groups)} patients** would never train again, only measure. There is no way back from this."
            )
            if st.button("Hold out", key="gallery-hold", type="primary"):
                store.hold_out(groups)
                st.rerun()
        with st.popover("Same patient", disabled=len(ids) < 2):
            group = st.text_input("Group that they all belong to", groups[0] if groups else "", max_chars=120)
            if st.button("Put together", key="gallery-join", type="primary"):
                attempt(lambda: store.join_group(ids, group))
        with st.popover("Erase a patient", disabled=len(groups) != 1):
            st.markdown(
                f"All pictures, readings and predictions of **{groups[0] if groups else ''}** are erased for good. "
                "Only a note remains that something was. Backups made before keep what they hold."
            )
            typed = st.text_input("Type the group's name to erase it", key="erase-typed")
            if st.button("Erase", key="gallery-erase", type="primary", disabled=not groups or typed != groups[0]):
                attempt(lambda: erase_group(store, groups[0], person))


def agreement_tab(store: Store) -> None:
    """Cohen's kappa of labels and F1 of boxes on doubly read pages."""
    found = agreement(store)
    if not found.pages:
        st.info("No page has been read twice. Choose the queue **Second reading (blind)** in Review.")
        return
    columns = st.columns(3)
    columns[0].metric("Pages read twice", found.pages)
    columns[1].metric(
        "Cohen's kappa", "-" if found.kappa is None else f"{found.kappa:.2f}", help="Beyond chance; 1 is best."
    )
    columns[2].metric("Box F1 at IoU 0.5", "-" if found.box_f1 is None else f"{found.box_f1:.2f}")
    same = "" if found.same_label is None else f"{100 * found.same_label:.0f} % have the same label. "
    st.caption(f"{same}Boxes are compared on the {found.box_pages} pages on which both readers boxed all beats.")


def snapshot_tab(store: Store, person: str) -> None:
    """Freeze what holds, and see what changed between two frozen states."""
    with st.form("snapshot", border=False):
        name = st.text_input("Name of a new snapshot", max_chars=80, key="snapshot-name")
        note = st.text_input("Note", max_chars=300)
        if st.form_submit_button("Freeze what holds now"):
            attempt(lambda: take_snapshot(store, name, person, note))
    taken = snapshots(store)
    if not taken:
        st.caption("No snapshot yet. A training learns from a snapshot, so that it can be told what it has seen.")
        return
    st.dataframe(
        [
            {
                "name": s.name,
                "pages": s.pages,
                "by": s.person,
                "at (UTC)": s.created_at[:16],
                "note": s.note,
                "sha256": s.sha256[:12],
            }
            for s in taken
        ],
        hide_index=True,
    )
    older = st.selectbox("Compare", taken, format_func=lambda s: s.name, key="snapshot-older")
    newer = st.selectbox("with", [None, *taken], format_func=lambda s: "what holds now" if s is None else s.name)
    changed = difference(store, older.id, None if newer is None else newer.id)
    for word, ids in (("added", changed.added), ("removed", changed.removed), ("changed", changed.changed)):
        shown = ", ".join(map(str, ids[:40])) + (" ..." if len(ids) > 40 else "")
        st.caption(f"{len(ids)} pages {word}{': ' + shown if ids else ''}")
