"""The canvas of every page: it is shown whatever the browser sent, and read by ``messages.drawn_on`` alone."""

from typing import Any

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from pages.parts.common.browser.messages import is_canvas


def drawing_canvas(*, key: str, **arguments: Any) -> None:
    """Show a canvas.

    Args:
        key: under which ``messages.drawn_on`` finds what was drawn.
        arguments: as ``st_canvas`` takes them.
    """
    try:
        st_canvas(key=key, **arguments)
    except (AttributeError, KeyError, TypeError, ValueError):
        # It looks into the browser's answer once the canvas is on the page, and expects no other shape.
        if is_canvas(st.session_state.get(key)):
            raise
