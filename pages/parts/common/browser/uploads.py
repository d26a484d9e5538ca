"""What browsers send: at most so much of it is held for one session, and it is let go once it is taken over."""

from collections.abc import Iterable

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

MAX_UNTAKEN_BYTES = 512 * 2**20
"""Of files of one session that no page has taken over yet; as much as the largest single file, a model, needs."""
NOT_HELD = "application/x-not-held"
"""Type of a file whose content was let go because its session has reached the bound; its name is kept, to be told."""
TOO_MUCH_AT_ONCE = (
    f"Not taken: this tab has sent more than {MAX_UNTAKEN_BYTES // 2**20} MB at once. Drop this file again, with fewer "
    "others, or reload the page first."
)


def bound_uploads(manager: MemoryUploadedFileManager) -> None:
    """Let the server hold no more than ``MAX_UNTAKEN_BYTES`` for a session; of what comes beyond, the name alone."""
    add = manager.add_file

    def add_within_bound(session_id: str, file: UploadedFileRec) -> None:
        held = sum(len(other.data) for other in list(manager.file_storage.get(session_id, {}).values()))
        if held + len(file.data) > MAX_UNTAKEN_BYTES:
            file = file._replace(data=b"", type=NOT_HELD)
        add(session_id, file)

    manager.add_file = add_within_bound  # type: ignore[method-assign]


def is_held(file: UploadedFile) -> bool:
    """Whether an uploaded file's content is there."""
    return file.type != NOT_HELD


def held_or_refused(file: UploadedFile | None) -> UploadedFile | None:
    """An uploaded file, None where there is none or its content was let go, which the page then says."""
    if file is None or is_held(file):
        return file
    st.error(TOO_MUCH_AT_ONCE)
    return None


def release_uploads(files: Iterable[UploadedFile]) -> None:
    """Give the memory of uploaded files back; Streamlit would keep them to the end of the session."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file in files:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
