"""A wait of some seconds with a bar: how long it has taken, and about how long it takes."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

_Found = TypeVar("_Found")

SHOWN_AFTER_S = 0.4
"""What is done sooner, as what is remembered is, shows no bar."""
_STEP_S = 0.25
_TOOK = "waits-took"  # seconds of the newest wait of the session by its words
_FULL = 0.95  # a bar that is full says that it is done


def wait_for(words: str, work: Callable[[], _Found], *, usual_s: float) -> _Found:
    """Do some work in a thread and show a bar meanwhile.

    Args:
        words: what is being done.
        work: draws nothing on the page, and may be done again: a click elsewhere ends the run while the bar moves.
        usual_s: how long it takes, until the session has seen how long it took.

    Returns:
        What ``work`` returns; its errors are raised here.
    """
    place = st.empty()
    found: Future[_Found] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again by result()
            found.set_exception(error)

    took: dict[str, float] = st.session_state.setdefault(_TOOK, {})
    thread = add_script_run_ctx(threading.Thread(target=run, daemon=True), get_script_run_ctx())
    began = time.monotonic()
    thread.start()
    thread.join(SHOWN_AFTER_S)
    is_shown = thread.is_alive()
    while thread.is_alive():
        spent_s = time.monotonic() - began
        place.progress(*bar(words, spent_s, took.get(words, usual_s)))
        thread.join(_STEP_S)
    if is_shown:
        took[words] = time.monotonic() - began
        place.empty()
    return found.result()


def bar(words: str, spent_s: float, about_s: float) -> tuple[float, str]:
    """How full the bar is, and its words: "Computing Grad-CAM: 3 s of about 5 s".

    Args:
        words: what is done.
        spent_s: seconds so far.
        about_s: seconds in all, about.
    """
    of = f" of about {round(about_s)} s" if spent_s < about_s and about_s >= 1 else ""
    return min(_FULL, spent_s / max(about_s, 0.1)), f"{words}: {spent_s:.0f} s{of}"
