"""The bundle that answers, loaded once for all sessions and exchanged as soon as another is made active."""

import atexit
import gc
from pathlib import Path

import streamlit as st

from annotations.store import DATABASE, data_dir
from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.errors import EcgError
from pages.parts.common.session_store import store
from pages.parts.common.words import plain
from trainer.registry import active

atexit.register(gc.unfreeze)  # what is frozen when Python ends looks like a leak to the libraries


def active_bundle() -> Bundle:
    """The bundle that the registry names; where it cannot be used the page says why and ends here."""
    # Nothing is written to disk before a person corrects: without a database the starter answers.
    data = store() if (data_dir() / DATABASE).exists() else None
    try:
        chosen = active(data)
        return _load(str(chosen.folder), chosen.manifest_sha256)
    except EcgError as error:
        st.error(f"**The model cannot be used.** {plain(error.cause)} {plain(error.next_step)}")
        st.stop()


# Two at most: the old one still answers in a session that is at work while the new one is loaded.
@st.cache_resource(show_spinner="Loading the networks", max_entries=2)
def _load(
    folder: str,
    manifest_sha256: str,  # noqa: ARG001  # of the cache
) -> Bundle:
    """``manifest_sha256`` is part of the key only: another bundle in the same folder is loaded anew."""
    bundle = load_bundle(Path(folder))
    # Streamlit collects garbage after every run of a page. Looking through the half million objects of the libraries
    # costs a quarter of a second each time, in which nothing is screened; what is frozen is not looked at again.
    gc.collect()
    gc.freeze()
    return bundle
