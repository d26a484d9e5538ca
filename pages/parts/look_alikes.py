"""The tab of the Dataset page that shows pictures which look alike, two by two, until a person has decided."""

import streamlit as st

from annotations.look_alikes import (
    Pair,
    compare_older,
    count_pairs,
    not_the_same,
    pairs,
    same_patient,
    without_look,
)
from annotations.model import Picture
from annotations.store import Store
from pages.parts import background
from pages.parts.attempts import attempt
from pages.parts.pictures import thumbnail

_A_SCREEN = 5
_WIDTH_PX = 640


def look_alike_tab(store: Store, person: str) -> None:
    """Pairs of near-copies, side by side, and what to say of them."""
    st.caption(
        "Copies of one page that were encoded, scaled, brightened or cropped anew. They belong to one patient and must "
        "stay on one side of a split; new pictures are put into the group of what they look like by themselves."
    )
    _older(store)
    joined = st.toggle("Show the pairs that are in one group already", key="alike-joined")
    total = count_pairs(store, joined=joined)
    if not total:
        st.info("No two pictures look alike." if joined else "No pair waits for a decision.")
        return
    screens = -(-total // _A_SCREEN)
    turned = int(st.number_input("Screen", 1, screens, key="alike-screen")) if screens > 1 else 1
    st.caption(f"{total} pair{'' if total == 1 else 's'}, the most alike first")
    for pair in pairs(store, joined=joined, first=(turned - 1) * _A_SCREEN, size=_A_SCREEN):
        _show(store, pair, person, joined=joined)


def _older(store: Store) -> None:
    """Pictures that came before this program compared them."""
    left = without_look(store)
    if left and st.button(f"Compare {left} older pictures", key="alike-compare"):

        def work(report: background.Report) -> str:
            return f"Pairs that look alike: {compare_older(store, report)}."

        background.start("alike", "Comparing", work)
    background.show("alike")


def _show(store: Store, pair: Pair, person: str, *, joined: bool) -> None:
    key = f"{pair.later.id}-{pair.earlier.id}"
    with st.container(border=True):
        for column, picture in zip(st.columns(2), (pair.earlier, pair.later), strict=True):
            with column:
                thumbnail(store.picture_path(picture), _WIDTH_PX)
                st.caption(_words(picture))
        with st.container(horizontal=True, vertical_alignment="center"):
            if not joined and st.button("Same patient: put into one group", key=f"alike-same-{key}"):
                attempt(lambda: same_patient(store, pair))
            if st.button("Not the same", key=f"alike-not-{key}"):
                attempt(lambda: not_the_same(store, pair, person))
            st.caption(f"Distance {pair.distance:.2f}; 0 is equal, 1 the limit.")


def _words(picture: Picture) -> str:
    held = " · held out" if picture.is_holdout else ""
    return (
        f"**{picture.name}** · page {picture.id} · {picture.width}×{picture.height} px  \n"
        f"group {picture.group_key}{held} · {picture.created_at[:10]}"
    )
