"""The tab of the Dataset page that shows pictures which look alike, two by two, until a person has decided."""

import streamlit as st

from annotations.duplicate_review import (
    Pair,
    compare_older,
    count_pairs,
    count_unhashed,
    not_the_same,
    pairs,
    same_patient,
)
from annotations.model import Picture
from annotations.patients.keys import group_words
from annotations.store import Store
from pages.parts.common import background_jobs
from pages.parts.common.actions import attempt
from pages.parts.common.local_time import local_day
from pages.parts.common.stored_images import thumbnail
from pages.parts.common.words import counted, plain

_A_SCREEN = 5
_WIDTH_PX = 640


def near_duplicate_tab(store: Store, person: str) -> None:
    """Pairs of near-copies, side by side, and what to say of them.

    Args:
        store: where.
        person: who says it.
    """
    st.caption(
        "The same page, re-encoded, scaled, brightened or cropped. Near-duplicates belong to one patient and must stay "
        "on one side of a split, so new pages join the patient of their near-duplicate automatically, unless both "
        "have a patient key."
    )
    _older(store)
    joined = st.toggle("Show pairs that already belong to one patient", key="alike-joined")
    total = count_pairs(store, joined=joined)
    if not total:
        st.info("No near-duplicates." if joined else "No undecided pairs.")
        return
    screens = -(-total // _A_SCREEN)
    turned = int(st.number_input("Page of the list", 1, screens, key="alike-screen")) if screens > 1 else 1
    st.caption(f"{counted(total, 'pair')}, the most alike first")
    for pair in pairs(store, joined=joined, first=(turned - 1) * _A_SCREEN, size=_A_SCREEN):
        _show(store, pair, person, joined=joined)


def _older(store: Store) -> None:
    """Pages that came before this program compared them."""
    left = count_unhashed(store)
    if left and st.button(f"Compare {counted(left, 'older page')}", key="alike-compare"):

        def work(report: background_jobs.Report) -> str:
            return f"Near-duplicate pairs: {compare_older(store, report)}."

        background_jobs.start("alike", "Comparing", work)
    background_jobs.show("alike")


def _show(store: Store, pair: Pair, person: str, *, joined: bool) -> None:
    key = f"{pair.later.id}-{pair.earlier.id}"
    with st.container(border=True):
        for column, picture in zip(st.columns(2), (pair.earlier, pair.later), strict=True):
            with column:
                thumbnail(store.picture_path(picture), _WIDTH_PX, alt=f"ECG page {picture.id}")
                st.caption(_words(store, picture))
        with st.container(horizontal=True, vertical_alignment="center"):
            if not joined and st.button("Same patient", key=f"alike-same-{key}"):
                attempt(lambda: same_patient(store, pair))
            if st.button("Different pages", key=f"alike-not-{key}"):
                attempt(lambda: not_the_same(store, pair, person))
            st.caption(f"Distance {pair.distance:.2f} (0: identical, 1: limit)")


def _words(store: Store, picture: Picture) -> str:
    held = " · permanent test set" if picture.is_holdout else ""
    return (
        f"**{plain(picture.name)}** · page {picture.id} · {picture.width}×{picture.height} px  \n"
        f"{group_words(store, picture.group_key)}{held} · {local_day(picture.created_at)}"
    )
