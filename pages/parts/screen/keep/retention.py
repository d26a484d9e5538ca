"""What may be kept of a page, asked when the first is stored and changed at will; and whose page it is."""

import json

import streamlit as st

from annotations.privacy.retention import KEEPS, Keep, choose_what_to_keep, kept_results, what_to_keep
from annotations.store import DATABASE, data_dir
from pages.parts.common.session_store import store
from pages.parts.common.words import counted

WHY = (
    "What may be stored of a page? File names and metadata never are. A whole photo may show a name; the panel "
    "contains the traces only."
)


def keeping_line() -> Keep | None:
    """Say what is kept, with the way to change it; nothing while nobody has kept anything."""
    if not (data_dir() / DATABASE).exists():
        return None
    keep = what_to_keep(store())
    if keep is None:
        return None
    with st.popover(f"Stored: {KEEPS[keep].lower()}", icon=":material/shield_person:", type="tertiary"):
        changed = _choice("keep-change", keep)
        if changed is not None and changed != keep:
            choose_what_to_keep(store(), changed)
            st.rerun()
        results = kept_results(store())
        if results:
            lines = "".join(json.dumps(result) + "\n" for result in results)
            st.download_button(
                f"Download {counted(len(results), 'result')} stored without a picture", lines, "kept results.jsonl",
                on_click="ignore",
            )  # fmt: skip
    return keep


def choice_of_keeping() -> Keep:
    """What may be kept of the next page: as it was chosen, else the question, which begins with the panel alone."""
    return what_to_keep(store()) or _choice("keep-first", "panel") or "panel"


def remember_keeping(keep: Keep) -> None:
    """Make what was chosen at the first page hold for the next."""
    if what_to_keep(store()) is None:
        choose_what_to_keep(store(), keep)


def _choice(key: str, default: Keep) -> Keep | None:
    keeps: list[Keep] = list(KEEPS)
    return st.radio(WHY, keeps, keeps.index(default), format_func=KEEPS.__getitem__, key=key)
