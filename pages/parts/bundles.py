"""The bundle in use, loaded once for all sessions."""

import os
from pathlib import Path

import streamlit as st

from ecgcore.bundle import Bundle, load_bundle, starter_folder
from ecgcore.errors import EcgError


def active_bundle() -> Bundle:
    """The bundle in ``ECG_BUNDLE_DIR``, else the starter; without a sound one the page says why and ends here."""
    try:
        return _load(os.environ.get("ECG_BUNDLE_DIR") or str(starter_folder()))
    except EcgError as error:
        st.error(f"**The bundle cannot be used.** {error.cause} {error.next_step}")
        st.stop()


@st.cache_resource(show_spinner="Loading the networks")
def _load(folder: str) -> Bundle:
    return load_bundle(Path(folder))
