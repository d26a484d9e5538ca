"""What may be kept of a page, asked when the first is stored and changed at will; and whose page it is."""

import json

import streamlit as st

from annotations.privacy.retention import RETENTIONS, Retention, retention_setting, saved_results, set_retention
from annotations.store import DATABASE, data_dir
from pages.parts.common.session_store import store
from pages.parts.common.words import counted

WHY = (
    "What may be stored of a page? File names and metadata never are. A whole photo may show a name; the panel "
    "contains the traces only."
)


def retention_line() -> Retention | None:
    """Say what is kept, with the way to change it; nothing while nobody has kept anything."""
    if not (data_dir() / DATABASE).exists():
        return None
    retention = retention_setting(store())
    if retention is None:
        return None
    with st.popover(f"Stored: {RETENTIONS[retention].lower()}", icon=":material/shield_person:", type="tertiary"):
        changed = _choice("keep-change", retention)
        if changed is not None and changed != retention:
            set_retention(store(), changed)
            st.rerun()
        results = saved_results(store())
        if results:
            lines = "".join(json.dumps(result) + "\n" for result in results)
            st.download_button(
                f"Download {counted(len(results), 'result')} stored without a picture", lines, "kept results.jsonl",
                on_click="ignore",
            )  # fmt: skip
    return retention


def retention_choice() -> Retention:
    """What may be kept of the next page: as it was chosen, else the question, which begins with the panel alone."""
    return retention_setting(store()) or _choice("keep-first", "panel") or "panel"


def remember_retention(retention: Retention) -> None:
    """Make what was chosen at the first page hold for the next."""
    if retention_setting(store()) is None:
        set_retention(store(), retention)


def _choice(key: str, default: Retention) -> Retention | None:
    retentions: list[Retention] = list(RETENTIONS)
    return st.radio(WHY, retentions, retentions.index(default), format_func=RETENTIONS.__getitem__, key=key)
