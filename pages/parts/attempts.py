"""What a button asks for: done and shown, or the reason why not."""

from collections.abc import Callable

import streamlit as st

from ecgcore.errors import EcgError
from pages.parts.words import error_text


def attempt(action: Callable[[], object]) -> None:
    """Run an action and show the page anew; where it is refused, say why and stay."""
    try:
        action()
    except EcgError as error:
        st.error(error_text(error))
    else:
        st.rerun()
