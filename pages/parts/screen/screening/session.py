"""This session's queue: what is put into it, and which of its pages is open."""

from collections.abc import Sequence
from functools import partial

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ecgcore.bundle.folder import Bundle
from pages.parts.common.browser.closed_sessions import closed_sessions
from pages.parts.screen.result.gradcam import forget_maps
from pages.parts.screen.result.lead_lines import forget_lines
from pages.parts.screen.screened import Picture, ScreenedPage
from pages.parts.screen.screening.waiting_files import ScreeningQueue, Waiting
from pages.parts.screen.screening.worker import worker
from pages.parts.screen.session_results import session_results

Row = ScreenedPage | Waiting

PATIENCE_S = 1.0
"""How long a drop may be waited for, so that a page that is soon done appears without a step between."""

_WANTED = "open-pages"


def screening() -> ScreeningQueue:
    """The session's queue; it outlives page switches, and its work goes on meanwhile."""
    if "screening" not in st.session_state:
        session_id = _session_id()
        made = ScreeningQueue(session_results(), partial(_is_connected, session_id))
        closed_sessions.at_end(session_id, partial(worker.dismiss, made))
        st.session_state["screening"] = made
    queue: ScreeningQueue = st.session_state["screening"]
    return queue


def screen_in_background(pictures: Sequence[Picture], bundle: Bundle, *, opening: bool = True) -> None:
    """Put files into the queue and open the first of them, unless what is open is to stay so.

    Nothing is drawn on the page here: Streamlit ends a run where it draws, and what was dropped would be lost.

    Args:
        pictures: the files.
        bundle: which is to screen them.
        opening: open the first of them.
    """
    queue = screening()
    ids = [queue.add(picture, bundle) for picture in pictures]
    if opening:
        show(ids)
    worker.enlist(queue)


def resume() -> None:
    """Go on with what was stopped."""
    screening().resume()
    worker.enlist(screening())


def show(ids: Sequence[str]) -> None:
    """Open the first of these rows that shows an ECG, or the first of all where none does."""
    st.session_state[_WANTED] = list(ids)


def opened(rows: Sequence[tuple[str, Row]]) -> str | None:
    """Which row is open.

    Of the files that were dropped together the first is, unless it cannot be screened and another can. A page that
    somebody chose is open until they choose another or drop one.

    Args:
        rows: the session's rows with their ids, in the order of the list.
    """
    by_id = dict(rows)
    wanted: list[str] = st.session_state.get(_WANTED, [])
    there = [id_ for id_ in map(screening().row_of, wanted) if id_ in by_id]
    screenable = (id_ for id_ in there if not _is_refused(by_id[id_]))
    return next(screenable, next(iter(there), next(iter(by_id), None)))


def remove(id_: str, rows: Sequence[tuple[str, Row]]) -> None:
    """Forget one row; where it was the open one its neighbour is opened.

    Args:
        id_: of the row.
        rows: the session's rows with their ids.
    """
    ids = [other for other, _ in rows]
    if id_ in ids and opened(rows) == id_:
        place = ids.index(id_)
        show([*ids[place + 1 :], *reversed(ids[:place])][:1])
    screening().remove(id_)


def remove_all() -> None:
    """Drop every picture, result and map of this session, and what waits."""
    screening().clear()
    forget_maps()
    forget_lines()
    st.session_state.pop(_WANTED, None)


def _is_refused(row: Row) -> bool:
    return isinstance(row, ScreenedPage) and row.prediction.status != "ok"


def _session_id() -> str:
    context = get_script_run_ctx()
    assert context is not None
    return str(context.session_id)


def _is_connected(session_id: str) -> bool:
    """Whether a browser shows a session; the worker may ask at any time."""
    return not runtime.exists() or bool(runtime.get_instance().is_active_session(session_id))
