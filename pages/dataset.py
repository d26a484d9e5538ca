"""The Dataset page: what the next training would learn from, and everything that is kept."""

import streamlit as st

from pages.parts.common.actions import told
from pages.parts.common.session_store import person, store
from pages.parts.common.style import page_head
from pages.parts.dataset.duplicates import look_alike_tab
from pages.parts.dataset.gallery import gallery_tab
from pages.parts.dataset.import_export import care_tab, export_tab, import_tab
from pages.parts.dataset.label_errors import label_check_tab
from pages.parts.dataset.overview import agreement_tab, counters, snapshot_tab


def main() -> None:
    """Count what is there, and show each of its sides in a tab."""
    page_head("What would the next training learn from?")
    data = store()
    reader = person()
    with told():
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
    with pictures, told():
        gallery_tab(data, reader)
    with doubtful, told():
        label_check_tab(data)
    with copies, told():
        look_alike_tab(data, reader)
    with readers, told():
        agreement_tab(data)
    with frozen, told():
        snapshot_tab(data, reader)
    with coming, told():
        import_tab(data, reader)
    with going, told():
        export_tab(data)
    with care, told():
        care_tab(data)


main()
