"""What may be kept of a page: asked once, before the first is kept, and changed whenever somebody likes."""

import json

import streamlit as st

from annotations.privacy import KEEPS, Keep, choose_what_to_keep, kept_results, what_to_keep
from annotations.store import DATABASE, data_dir
from pages.parts.storage import store

WHY = (
    "What may stay on this computer once you correct or keep a page? Metadata and file names never do. Pictures of the "
    "whole page may show a name; the panel holds the traces alone."
)


def keeping_line() -> Keep | None:
    """Say what is kept, with the way to change it; nothing while nobody has kept anything."""
    if not (data_dir() / DATABASE).exists():
        return None
    keep = what_to_keep(store())
    if keep is None:
        return None
    with st.popover(f"Kept: {KEEPS[keep].lower()}", icon=":material/shield_person:", type="tertiary"):
        changed = _choice("keep-change", keep)
        if changed is not None and changed != keep:
            choose_what_to_keep(store(), changed)
            st.rerun()
        results = kept_results(store())
        if results:
            lines = "".join(json.dumps(result) + "\n" for result in results)
            st.download_button(
                f"{len(results)} results kept without a picture", lines, "kept results.jsonl", on_click="ignore"
            )
    return keep


def ask_what_to_keep() -> bool:
    """Whether somebody has chosen; asks where nobody has."""
    if what_to_keep(store()) is not None:
        return True
    with st.container(border=True):
        chosen = _choice("keep-first", "panel")
        if st.button("Keep it so", key="keep-choose", type="primary") and chosen is not None:
            choose_what_to_keep(store(), chosen)
            return True
    return False


def _choice(key: str, default: Keep) -> Keep | None:
    keeps: list[Keep] = list(KEEPS)
    return st.radio(WHY, keeps, keeps.index(default), format_func=KEEPS.__getitem__, key=key)
