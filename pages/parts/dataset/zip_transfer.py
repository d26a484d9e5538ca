"""ZIP archives on the Dataset page: dropped to be imported, and offered to be downloaded."""

from collections.abc import Iterable

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from annotations.exchange.zip_archives import MAX_ARCHIVE_BYTES, MAX_DOWNLOAD_PAGES, packed
from annotations.readings.snapshots import which_pages
from annotations.store import Store
from pages.parts.common import background_jobs
from pages.parts.common.browser.uploads import held_or_refused, release_uploads
from pages.parts.common.style import FIELD_PX
from pages.parts.common.words import counted


def dropped_archive() -> UploadedFile | None:
    """The drop zone; it is empty again once ``empty_drop_zone`` was called."""
    archive = st.file_uploader(
        "ZIP archive with the files and pictures",
        type="zip",
        max_upload_size=MAX_ARCHIVE_BYTES // 2**20,
        width=FIELD_PX,
        key=f"import-archive-{st.session_state.get('archives-taken', 0)}",
    )
    return held_or_refused(archive)


def empty_drop_zone(taken: Iterable[UploadedFile]) -> None:
    """Let go what was taken: a widget of another key is a new one."""
    release_uploads(taken)
    st.session_state["archives-taken"] = st.session_state.get("archives-taken", 0) + 1


def download(store: Store, format_name: str, snapshot_id: int | None) -> None:
    """Pack an export of a small set and offer it; a change of what is wanted takes the old one back.

    Args:
        store: where.
        format_name: a key of ``FORMATS``.
        snapshot_id: None for what holds now.
    """
    pages = len(which_pages(store, snapshot_id))
    wanted = (format_name, snapshot_id)
    ready: dict[tuple[str, int | None], bytes] = st.session_state.setdefault("export-archives", {})
    if st.button(
        "Prepare ZIP for download",
        disabled=not 0 < pages <= MAX_DOWNLOAD_PAGES,
        help=f"Up to {MAX_DOWNLOAD_PAGES} pages; export more into a folder.",
        key="export-pack",
    ):

        def work(report: background_jobs.Report) -> str:
            content = packed(store, format_name, snapshot_id=snapshot_id, progress=report)
            ready.clear()
            ready[wanted] = content
            return f"{counted(pages, 'page')} packed."

        background_jobs.start("pack", "Packing", work)
    background_jobs.show("pack")
    if wanted in ready:
        st.download_button(
            f"Download {format_name}.zip ({len(ready[wanted]) / 2**20:.1f} MB)",
            ready[wanted],
            f"{format_name}.zip",
            "application/zip",
            icon=":material/download:",
            key="export-download",
            on_click="ignore",
        )
