"""The bundles as a line of descent: starter, its descendants, the one in use, the candidates."""

from collections.abc import Sequence

import streamlit as st

from annotations.activations import Activation
from annotations.store import Store
from pages.parts.bundle_files import CHOSEN, export_button
from pages.parts.run_words import day
from pages.parts.scores import headline
from trainer.registry import BundleFacts, bundles, line_of_descent

_CARD_WIDTH_PX = 250
_ORIGINS = {
    "starter": "ships with the program",
    "trained": "trained here",
    "imported": "imported",
    "environment": "named by ECG_BUNDLE_DIR",
}
_BADGES = {
    "in use": (":material/check_circle:", "green"),
    "candidate": (":material/hourglass_empty:", "blue"),
    "rejected": (":material/cancel:", "gray"),
    "earlier in use": (":material/history:", "gray"),
    "not compared": (":material/help:", "orange"),
    "starter": (":material/flag:", "gray"),
}


def standing(facts: BundleFacts, history: Sequence[Activation]) -> str:
    """What a bundle is at present, one of the words of its badge."""
    if facts.is_active:
        return "in use"
    if facts.run_state == "rejected":
        return "rejected"
    if any(facts.version in (decision.version, decision.previous_version) for decision in history):
        return "earlier in use"
    if facts.origin == "starter":
        return "starter"
    return "candidate" if facts.is_compared else "not compared"


def lineage_box(store: Store, history: Sequence[Activation]) -> None:
    """A card for each bundle of the line, oldest first, and the others folded away."""
    known = bundles(store)
    line = [facts for answering in known if answering.is_active for facts in line_of_descent(store, answering.version)]
    line = line[::-1]
    line += [facts for facts in known[::-1] if facts not in line and standing(facts, history) == "candidate"]
    with st.container(horizontal=True, gap="small"):
        for number, facts in enumerate(line):
            bundle_card(store, facts, standing(facts, history), is_first=not number)
    others = [facts for facts in known if facts not in line]
    if others:
        with (
            st.expander(f"{len(others)} other bundle{'s' if len(others) > 1 else ''}"),
            st.container(horizontal=True, gap="small"),
        ):
            for facts in others:
                bundle_card(store, facts, standing(facts, history))


def bundle_card(store: Store, facts: BundleFacts, word: str, *, is_first: bool = True) -> None:
    """One bundle: what it is now, its date, data, recipe and figure; an arrow leads to all but the first of a line."""
    icon, colour = _BADGES[word]
    with st.container(border=True, width=_CARD_WIDTH_PX, height="stretch", gap="xsmall"):
        with st.container(horizontal=True, gap="small"):
            if not is_first:
                st.markdown(":material/arrow_forward:", width="content")
            st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
        st.markdown(f"**{facts.version}**")
        dated = f", {day(facts.created_at)}" if facts.created_at else ""
        pages = f"{facts.pages:,} page{'' if facts.pages == 1 else 's'}"
        st.caption(
            f"{_ORIGINS[facts.origin]}{dated}  \nrecipe {facts.recipe or 'unknown'}, {pages}  \n"
            f"{headline(facts.metrics) or 'no figures of its own'}"
        )
        with st.container(horizontal=True):
            if not facts.is_active:
                st.button("Look at it", key=f"look-{facts.version}", type="tertiary", icon=":material/visibility:",
                          on_click=_look_at, args=(facts.version,))  # fmt: skip
            export_button(store, facts)


def _look_at(version: str) -> None:
    st.session_state[CHOSEN] = version
