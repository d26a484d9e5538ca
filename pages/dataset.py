"""The Dataset page: what the next training would learn from, and everything that is kept."""

import streamlit as st

from pages.parts.common.actions import errors_shown
from pages.parts.common.session_store import person, store
from pages.parts.common.style import page_head
from pages.parts.dataset.duplicates import near_duplicate_tab
from pages.parts.dataset.gallery import gallery_tab
from pages.parts.dataset.import_export import care_tab, export_tab, import_tab
from pages.parts.dataset.label_errors import label_check_tab
from pages.parts.dataset.overview import agreement_tab, counters, snapshot_tab


def main() -> None:
    """Count what is there, and show each of its sides in a tab."""
    page_head("What would the next training learn from?")
    data = store()
    reader = person()
    with errors_shown():
        counters(data)
    pictures, doubtful, copies, readers, frozen, coming, going, care = st.tabs(
        [
            "Gallery",
            "Suspected label errors",
            "Near-duplicates",
            "Agreement",
            "Snapshots",
            "Import",
            "Export",
            "Backup",
        ],
        key="dataset-tab",  # so that the browser keeps the tab whatever changes above it
    )
    with pictures, errors_shown():
        gallery_tab(data, reader)
    with doubtful, errors_shown():
        label_check_tab(data)
    with copies, errors_shown():
        near_duplicate_tab(data, reader)
    with readers, errors_shown():
        agreement_tab(data)
    with frozen, errors_shown():
        snapshot_tab(data, reader)
    with coming, errors_shown():
        import_tab(data, reader)
    with going, errors_shown():
        export_tab(data)
    with care, errors_shown():
        care_tab(data)


main()
