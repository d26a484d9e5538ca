"""The model history: starter, its descendants, the model in use, the candidates."""

import re

import streamlit as st

from annotations.store import Store
from pages.parts.common.local_time import local_day
from pages.parts.common.runs.words import recipe_name
from pages.parts.common.score_tables import headline
from pages.parts.common.words import counted, plain
from pages.parts.models.bundle_files import CHOSEN, export_button
from trainer.registry import BundleFacts, BundleStatus, bundles, lineage_of

_CARD_WIDTH_PX = 250
_ORIGINS = {
    "starter": "ships with the program",
    "trained": "trained here",
    "imported": "imported",
    "environment": "named by ECG_BUNDLE_DIR",
}
_BADGES: dict[BundleStatus, tuple[str, str]] = {
    "in use": (":material/check_circle:", "green"),
    "being compared": (":material/balance:", "blue"),
    "candidate": (":material/hourglass_empty:", "blue"),
    "rejected": (":material/cancel:", "gray"),
    "earlier in use": (":material/history:", "gray"),
    "not compared": (":material/help:", "orange"),
    "starter": (":material/flag:", "gray"),
}


def status_badge(facts: BundleFacts) -> None:
    """What a model is at present, with a sign and a colour that say the same."""
    icon, colour = _BADGES[facts.status]
    st.badge(facts.status, icon=icon, color=colour)  # type: ignore[arg-type]


def lineage_box(store: Store) -> None:
    """A card for each model of the line, oldest first, and the others folded away."""
    known = bundles(store)
    line = [facts for in_use in known if in_use.is_active for facts in lineage_of(store, in_use.version)]
    line = line[::-1]
    line += [facts for facts in known[::-1] if facts not in line and facts.status in ("candidate", "being compared")]
    with st.container(horizontal=True, gap="small"):
        for number, facts in enumerate(line):
            bundle_card(store, facts, is_first=not number)
    others = [facts for facts in known if facts not in line]
    if others:
        with st.expander(counted(len(others), "other model")), st.container(horizontal=True, gap="small"):
            for facts in others:
                bundle_card(store, facts)


def bundle_card(store: Store, facts: BundleFacts, *, is_first: bool = True) -> None:
    """One model: what it is now, its date, data, recipe and figure; an arrow leads to all but the first of a line."""
    name = re.sub(r"\W", "-", facts.version)
    with st.container(border=True, key=f"model-card-{name}", width=_CARD_WIDTH_PX, height="stretch", gap="xsmall"):
        with st.container(horizontal=True, gap="small"):
            if not is_first:
                st.markdown(":material/arrow_forward:", width="content")
            status_badge(facts)
        st.markdown(f"**{plain(facts.version)}**")
        dated = f", {local_day(facts.created_at)}" if facts.created_at else ""
        pages = counted(facts.pages, "page")
        st.caption(
            f"{_ORIGINS[facts.origin]}{dated}  \nrecipe: {plain(recipe_name(facts.recipe))}, {pages}  \n"
            f"{plain(headline(facts.metrics) or 'no figures of its own')}"
        )
        with st.container(horizontal=True):
            if not facts.is_active:
                st.button("View", key=f"look-{facts.version}", type="tertiary", icon=":material/visibility:",
                          on_click=_view, args=(facts.version,), help="Compare it with the model in use.")  # fmt: skip
            export_button(store, facts)


def _view(version: str) -> None:
    st.session_state[CHOSEN] = version
