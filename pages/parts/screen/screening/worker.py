"""One thread of the server that screens for all sessions in turn, one page at a time, and forgets closed sessions."""

import threading
import time
from weakref import WeakKeyDictionary

from pages.parts.common.browser.closed_sessions import FORGET_AFTER_S, LOOK_EVERY_S
from pages.parts.screen.screening.waiting_files import ScreeningQueue


class ScreeningWorker:
    """Takes turns between the sessions' queues, so that a large batch in one never holds up a page in another.

    Args:
        forget_after_s: how long a session without a browser keeps its pictures, its results and what waits.
    """

    def __init__(self, forget_after_s: float = FORGET_AFTER_S) -> None:
        self._forget_after_s = forget_after_s
        self._changed = threading.Condition()
        self._turns = 0
        # A queue that nobody else holds is gone from here too.
        self._last_turn: WeakKeyDictionary[ScreeningQueue, int] = WeakKeyDictionary()
        self._seen_s: WeakKeyDictionary[ScreeningQueue, float] = WeakKeyDictionary()
        self._thread: threading.Thread | None = None

    def enlist(self, queue: ScreeningQueue) -> None:
        """Screen what is in this queue, and look after it until its session ends."""
        with self._changed:
            self._last_turn.setdefault(queue, 0)
            self._seen_s[queue] = time.monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="screening", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def forget_closed(self) -> None:
        """Empty the queues whose sessions have been without a browser for too long."""
        with self._changed:
            now_s = time.monotonic()
            for queue in list(self._seen_s):
                if queue.is_connected():
                    self._seen_s[queue] = now_s
                elif now_s - self._seen_s[queue] >= self._forget_after_s:
                    del self._seen_s[queue], self._last_turn[queue]
                    queue.clear()

    def next_queue(self) -> ScreeningQueue | None:
        """Whose turn it is: of the queues with work those that somebody looks at, and of these the longest unserved."""
        with self._changed:
            ready = [queue for queue in list(self._last_turn) if queue.is_busy]
            if not ready:
                return None
            chosen = min(ready, key=lambda queue: (not queue.is_connected(), self._last_turn[queue]))
            self._turns += 1
            self._last_turn[chosen] = self._turns
            return chosen

    def _run(self) -> None:
        while True:
            self.forget_closed()
            with self._changed:
                queue = self.next_queue()
                if queue is None:
                    if not self._last_turn:
                        self._thread = None
                        return
                    self._changed.wait(LOOK_EVERY_S)
                    continue
            queue.screen_next()
            del queue  # a thread that sleeps holds nobody's pictures


worker = ScreeningWorker()
