"""The app on a server that forgets a session a second after its browser is gone, and counts the pages in memory.

Served by a test: the number of screened pages that are in memory is written to the file PAGES_FILE all the time.
"""

import os
import threading
import time
from pathlib import Path
from typing import Any
from weakref import ref

import streamlit as st

import server
from pages.parts.screen.screened import ScreenedPage

server.closed_sessions.forget_after_s, server.closed_sessions.poll_every_s = 1.0, 0.5

app = st.App(Path(__file__).parents[2] / "app.py", lifespan=server.from_start_to_end)


_pages: list[ref[ScreenedPage]] = []
_init = ScreenedPage.__init__


def _noted(self: ScreenedPage, *arguments: Any, **named: Any) -> None:
    _pages.append(ref(self))
    _init(self, *arguments, **named)


def _count(file: Path) -> None:
    while True:
        count = sum(page() is not None for page in _pages)
        file.with_suffix(".new").write_text(str(count), encoding="ascii")
        file.with_suffix(".new").replace(file)
        time.sleep(0.2)


ScreenedPage.__init__ = _noted  # type: ignore[method-assign]
threading.Thread(target=_count, args=(Path(os.environ["PAGES_FILE"]),), daemon=True).start()
