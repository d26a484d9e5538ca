"""The keys and buttons of Review, whose presses are never lost."""

from typing import Any

import streamlit as st

from pages.parts.work import Work


def pressed(work: Work, label: str, *, key: str, **looks: Any) -> bool:
    """A button beside the canvas: whether it was pressed for this page.

    Streamlit cuts a run short when the browser sends something new, as the canvas does 0.2 s after each stroke and each
    time it is given its boxes, and forgets a press that the run has not come to. Callbacks are called before anything
    else, so that a press noted by one is still known to the next run.

    Args:
        work: what is on the desk.
        label: on the button.
        key: of the button, unique.
        looks: as ``st.button`` takes them.
    """
    st.button(label, key=key, on_click=_note, args=(key, work.picture.id), **looks)
    # A press that was meant for the page before does nothing to this one.
    return bool(st.session_state.pop(f"pressed-{key}", None) == work.picture.id)


def _note(key: str, image_id: int) -> None:
    st.session_state[f"pressed-{key}"] = image_id
