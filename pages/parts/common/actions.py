"""What a button asks for, or a part of a page shows: done, or the reason why not."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from annotations.model import StoreError
from ecgcore.errors import EcgError
from pages.parts.common.words import error_text


def attempt(action: Callable[[], object]) -> None:
    """Run an action and show the page anew; where it is refused, say why and stay."""
    try:
        action()
    except EcgError as error:
        show_error(error)
    else:
        st.rerun()


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a part of a page; where it cannot be shown, say why in its place, so that the other parts can be used."""
    try:
        yield
    except EcgError as error:
        show_error(error)
    except (OSError, sqlite3.Error) as error:
        show_error(
            StoreError(f"The data folder cannot be used: {error}.", "Check the disk and the folder's permissions.")
        )


def show_error(error: EcgError) -> None:
    """Say what is wrong and what to do next."""
    st.error(error_text(error))
