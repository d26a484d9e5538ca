"""The store in use, opened once for all sessions, and who sits before the screen."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from annotations.model import StoreError
from annotations.store import Store, data_dir
from pages.parts.common.words import error_text, plain


def store() -> Store:
    """The data folder's store; where it cannot be opened the page says why and ends here."""
    with _usable():
        return _open(str(data_dir()))


@contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except (StoreError, OSError) as error:
        st.error(error_text(StoreError("The data folder cannot be used.", str(error))))
        st.stop()


@st.cache_resource(show_spinner=False)
def _open(folder: str) -> Store:
    return Store(Path(folder))


def person() -> str:
    """The name chosen in this browser; the place for a login. Without one the page asks and ends here.

    The name stands in the address, so that a reload keeps it.
    """
    with _usable():
        known = known_person()
    if known is None:
        _ask()
        st.stop()
    st.session_state["person"] = known
    if st.query_params.get("who") != known:  # each writing sends the run's address, which may be older than the page
        st.query_params["who"] = known
    return known


def known_person() -> str | None:
    """The name chosen in this browser, None before one was."""
    known = str(st.session_state.get("person") or st.query_params.get("who", ""))
    return known if known in store().people() else None


def _ask() -> None:
    st.markdown("**Who are you?** Your readings are saved under your name.")
    people = store().people()
    if people:
        chosen = st.pills("Known readers", people, format_func=plain, label_visibility="collapsed", key="person-known")
        if chosen:
            _enter(chosen)
    with st.form("person-new", border=False):
        name = st.text_input("Your name or initials", max_chars=80)
        if st.form_submit_button("Continue", type="primary"):
            try:
                name = store().add_person(name)
            except StoreError as error:
                st.error(error_text(error))
            else:
                _enter(name)


def _enter(name: str) -> None:
    st.session_state["person"] = name
    st.query_params["who"] = name
    st.rerun()
