"""A model as one file: out of this computer, and in from another."""

import tempfile
from pathlib import Path

import streamlit as st

from annotations.store import Store
from ecgcore.errors import EcgError
from pages.parts.common.browser.uploads import held_or_refused, release_uploads
from pages.parts.common.words import plain
from trainer.registry import BundleFacts
from trainer.registry.bundle_file import check_bundle, export_bundle, import_bundle

MOST_UPLOADED_MB = 500
CHOSEN = "models-chosen"
NOTE, ERROR = "models-note", "models-error"
"""Where the session keeps the version that is shown, and what the last click did."""


def export_button(store: Store, facts: BundleFacts) -> None:
    """The model as a ZIP file, packed when it is asked for; why not, where it is damaged."""
    try:
        check_bundle(facts)  # before the click: what a download raises is shown in Streamlit's words, not in ours
    except EcgError as error:
        st.error(f"**It cannot be exported: {plain(error.cause)}** {plain(error.next_step)}")
        return
    st.download_button(
        "Export",
        lambda: _packed(store, facts.version),
        file_name=f"{facts.version}.zip",
        mime="application/zip",
        key=f"export-{facts.version}",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
        help=f"One file of {facts.size_mb:.0f} MB, for another computer. It lists hashes of the pictures that it was "
        "trained on and their patients' group names, but no picture.",
    )


def import_box(store: Store) -> None:
    """Take a model over from a file; it is used only after it was compared and activated."""
    file = st.file_uploader(
        "Model file (written by Export)", type="zip", key="bundle-file", max_upload_size=MOST_UPLOADED_MB
    )
    st.button("Import", key="bundle-import", disabled=held_or_refused(file) is None, on_click=_import, args=(store,))


def _import(store: Store) -> None:
    """Runs before the page is drawn, so that the new model can be the one that is shown."""
    file = st.session_state["bundle-file"]
    try:
        facts = import_bundle(store, file)
    except EcgError as error:
        st.session_state[ERROR] = error
    else:
        release_uploads([file])
        st.session_state[CHOSEN] = facts.version
        st.session_state[NOTE] = f"{facts.version} was imported. Compare it, then decide."


def _packed(store: Store, version: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="ecg-bundle-") as folder:
        file = Path(folder) / f"{version}.zip"
        export_bundle(store, version, file)
        return file.read_bytes()
