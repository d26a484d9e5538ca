"""The keys and buttons of Review: each press is done once, in order, and only to the page that was on the screen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.common.browser.messages import PRESS_LOG, checked

_STATE = "review-presses"
_NOTICES_KEPT = 5


@dataclass(frozen=True, slots=True)
class Press:
    """One press.

    Args:
        what: the button's name, as in "label-normal"; "open" for a page that the address names.
        view: what was on the screen then, see ``ReviewSession.view``.
        page: of "open", the number in the address, as it stands there.
    """

    what: str
    view: str
    page: str = ""


@dataclass
class Presses:
    """What one browser session pressed.

    The browser keeps all presses in one list (presses.js), so that a run that Streamlit cuts short, or two messages
    that it merges, lose none of them and keep their order. Presses that come past that list, as before it is there, are
    those of Streamlit's own buttons.

    Args:
        log: names the browser's list; a reload begins another.
        last_handled: number of the newest press of that list that was done.
        clicks: presses of Streamlit's buttons that were not done yet.
        notices: what the reader must be told, with running numbers.
    """

    log: str = ""
    last_handled: int = 0
    clicks: list[Press] = field(default_factory=list)
    notices: list[tuple[int, str]] = field(default_factory=list)

    def handle_presses(self, act: Callable[[Press], None]) -> None:
        """Do what was pressed since. A press counts as done only after ``act`` has returned."""
        while self.clicks:
            act(self.clicks[0])
            self.clicks.pop(0)
        received = _log_of_browser()
        log = checked(PRESS_LOG, received) if received else None
        if log is None:
            return
        if log.id != self.log:
            self.log, self.last_handled = log.id, 0
        for entry in log.presses:
            if entry.n > self.last_handled:
                act(Press(entry.what, entry.view, entry.page))
                self.last_handled = entry.n

    def notify(self, words: str) -> None:
        """Show a line over the page for some seconds."""
        number = self.notices[-1][0] + 1 if self.notices else 1
        self.notices = [*self.notices, (number, words)][-_NOTICES_KEPT:]

    def button(
        self, view: str, label: str, what: str, *, shortcut: str = "", is_below: bool = False, **options: Any
    ) -> None:
        """A button whose press ``handle_presses`` will hear of in the next run.

        Args:
            view: what it is shown for; a press of it for another one is not done.
            label: on the button.
            what: its name.
            shortcut: the key that presses it, shown beside the label, where the browser finds it.
            is_below: whether this is the same button a second time, below the picture.
            options: as ``st.button`` takes them.
        """
        st.button(
            f"{label} `{shortcut}`" if shortcut else label,
            key=f"{'below-' if is_below else ''}press-{what}-{view}",
            on_click=self.clicks.append,
            args=(Press(what, view),),
            **options,
        )

    def listen(
        self, *, view: str, canvas: str, width: int, zoom: int, turns: dict[str, str], reseeds: list[str]
    ) -> None:
        """Let the browser hear the presses from now on. Last of all, so that the page they mean is there.

        Args:
            view: what is on the screen.
            canvas: key of the canvas whose picture must be seen before a press counts; empty where there is none.
            width: of that canvas, in pixels.
            zoom: its zoom.
            turns: presses that freeze the page until the next one is there, with what is said meanwhile.
            reseeds: presses that give the canvas its boxes anew; nothing is drawn until that is done.
        """
        _listener()(
            data={
                "view": view,
                "canvas": canvas,
                "width": width,
                "zoom": zoom,
                "log": self.log,
                "heard": self.last_handled,
                "turns": turns,
                "reseeds": reseeds,
                "told": [{"n": number, "text": words} for number, words in self.notices],
            },
            key=_STATE,
            on_log_change=lambda: None,
            height="content",
        )


def _log_of_browser() -> object:
    received = st.session_state.get(_STATE)
    return received.get("log") if received else None


@cache
def _listener() -> Any:
    return st.components.v2.component(
        "review_presses", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"), html="<i hidden></i>"
    )
