"""Sessions whose browsers are gone: what the server holds of them is let go as soon as nobody can come back for it.

Streamlit itself looks for such sessions only when the next browser comes or goes, so that the last one's pictures would
stay in memory for hours.
"""

import asyncio
import gc
import logging
import time
from collections.abc import Callable

from streamlit import runtime
from streamlit.runtime import Runtime
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.state.session_state import SessionState

from ecgcore.memory import give_back

logger = logging.getLogger(__name__)

FORGET_AFTER_S = 150.0
"""How long a session may be without a browser: a break in the network is no end. What Streamlit is told in
``server.disconnectedSessionTTL`` is longer, so that it does not lose the session before it is closed here."""
POLL_EVERY_S = 15.0


class ClosedSessions:
    """What is left of sessions whose browsers are gone.

    Args:
        forget_after_s: how long a session may be without a browser.
        poll_every_s: how often they are looked for.
    """

    def __init__(self, forget_after_s: float = FORGET_AFTER_S, poll_every_s: float = POLL_EVERY_S) -> None:
        self.forget_after_s, self.poll_every_s = forget_after_s, poll_every_s
        self._left_s: dict[str, float] = {}
        self._at_end: dict[str, Callable[[], None]] = {}

    def at_end(self, session_id: str, release_uploads: Callable[[], None]) -> None:
        """Let go of what a session holds outside its own state, once it is closed.

        Args:
            session_id: Streamlit's name of the session; a second call for it replaces the first.
            release_uploads: what to do then, on the event loop, so it takes no time.
        """
        self._at_end[session_id] = release_uploads

    def close_left(self) -> int:
        """Close the sessions that have been without a browser for too long; returns how many. On the event loop."""
        server, now_s, closed = runtime.get_instance(), time.monotonic(), 0
        known = set(self._at_end)  # before the sessions are listed: one that begins meanwhile is not closed
        there = {info.session.id for info in server._session_mgr.list_sessions()}
        left = [session_id for session_id in there if not server.is_active_session(session_id)]
        self._left_s = {session_id: self._left_s.get(session_id, now_s) for session_id in left}
        for session_id, since_s in self._left_s.items():
            if now_s - since_s >= self.forget_after_s:
                _close(server, session_id)
                there.remove(session_id)
                closed += 1
        for session_id in known - there:  # also of those that Streamlit has closed by itself
            self._at_end.pop(session_id)()
        return closed

    async def look_after(self) -> None:
        """Close what is left of sessions now and then, as long as the server runs."""
        while True:
            await asyncio.sleep(self.poll_every_s)
            try:
                closed = self.close_left()
            except Exception as error:  # noqa: BLE001 - nobody waits for this task; the next look may succeed
                logger.error("What is left of sessions could not be closed: %s", type(error).__name__)
                continue
            if closed:
                await asyncio.to_thread(give_memory_back)


def _close(server: Runtime, session_id: str) -> None:
    """Close a session, and empty it: Streamlit's loop goes on holding the last one until the next browser comes."""
    info = server._session_mgr.get_session_info(session_id)
    server.close_session(session_id)
    if info is not None:
        info.session._session_state = SessionState()
        info.session._fragment_storage = MemoryFragmentStorage()


def give_memory_back() -> None:
    """Free what nobody refers to any more, and give it back to the system.

    A session that was open when the networks were loaded is among what was frozen then, and would never be freed.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    give_back()


closed_sessions = ClosedSessions()
