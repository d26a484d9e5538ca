"""The Dataset page: what the next training would learn from, and everything that is kept."""

import streamlit as st

from annotations.model import StoreError
from pages.parts.exchanges import care_tab, export_tab, import_tab
from pages.parts.gallery import gallery_tab
from pages.parts.holdings import agreement_tab, counters, snapshot_tab
from pages.parts.label_check import label_check_tab
from pages.parts.look_alikes import look_alike_tab
from pages.parts.storage import person, store
from pages.parts.style import page_head
from pages.parts.words import error_text

page_head("What would the next training learn from?")
data = store()
reader = person()
try:
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
    with pictures:
        gallery_tab(data, reader)
    with doubtful:
        label_check_tab(data)
    with copies:
        look_alike_tab(data, reader)
    with readers:
        agreement_tab(data)
    with frozen:
        snapshot_tab(data, reader)
    with coming:
        import_tab(data, reader)
    with going:
        export_tab(data)
    with care:
        care_tab(data)
except StoreError as error:
    st.error(error_text(error))
