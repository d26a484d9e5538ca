"""What a button asks for: done and shown, or the reason why not."""

from collections.abc import Callable

import streamlit as st

from annotations.model import StoreError


def attempt(action: Callable[[], object]) -> None:
    """Run an action and show the page anew; where the store refuses it, say why and stay."""
    try:
        action()
    except StoreError as error:
        st.error(f"{error.cause} {error.next_step}")
    else:
        st.rerun()
