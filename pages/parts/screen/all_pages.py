"""The open page's title, and beside it in one menu what is done with all pages of the session at once."""

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from pages.parts.common.words import plain
from pages.parts.screen.batch import download_all
from pages.parts.screen.screened import ScreenedPage
from pages.parts.screen.screening.session import remove_all
from pages.parts.screen.screening.waiting_files import ScreeningQueue

REMOVE_ALL = "Removes all pictures and results from memory, also those that are queued."

_TURN = "all-pages-turn"

QueueAllButton = Callable[[Sequence[ScreenedPage], Callable[[], None]], None]
"""The button that puts pages into Review's queue; the second value is called once it is pressed."""


def title_row(opened: ScreenedPage, queue: ScreeningQueue, queue_all_button: QueueAllButton) -> None:
    """The open page's title with the menu to its right.

    Args:
        opened: the open page.
        queue: all pages of the session.
        queue_all_button: of the menu.
    """
    with st.container(key="page-title", horizontal=True, vertical_alignment="center"):
        st.subheader(plain(opened.title), anchor=False, width="stretch")
        _all_pages_menu(queue, queue_all_button)


def _all_pages_menu(queue: ScreeningQueue, queue_all_button: QueueAllButton) -> None:
    """Queue all for Review, save all results, remove all; of a single page there is only Remove."""
    items = queue.items()
    if len(items) + len(queue.waiting()) < 2:
        _remove_button("Remove", width="content")
        return
    with st.popover("All pages", icon=":material/stacks:", key=f"all-pages-{st.session_state.setdefault(_TURN, 0)}"):
        queue_all_button(items, _close)
        download_all(queue.items)
        _remove_button("Remove all", width="stretch")


def _remove_button(words: str, *, width: Literal["content", "stretch"]) -> None:
    st.button(words, key="remove-all", icon=":material/delete:", on_click=_remove, help=REMOVE_ALL, width=width)


def _remove() -> None:
    _close()
    remove_all()


def _close() -> None:
    """Another key is another menu, which is closed."""
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
