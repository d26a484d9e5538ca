"""One thread of the server that screens for all sessions in turn, one page at a time."""

import threading
from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary


class Queue(Protocol):
    """What waits in one session."""

    @property
    def is_busy(self) -> bool:
        """Whether there is something to screen."""

    @property
    def is_connected(self) -> Callable[[], bool]:
        """Tells whether a browser shows the session."""

    def screen_next(self) -> None:
        """Screen one page."""

    def clear(self) -> None:
        """Forget all."""


class ScreeningWorker:
    """Takes turns between the sessions' queues, so that a large batch in one never holds up a page in another."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._turns = 0
        # A queue that nobody else holds is gone from here too.
        self._last_turn: WeakKeyDictionary[Queue, int] = WeakKeyDictionary()
        self._thread: threading.Thread | None = None

    def enlist(self, queue: Queue) -> None:
        """Screen what is in this queue, and look after it until it is dismissed."""
        with self._changed:
            self._last_turn.setdefault(queue, 0)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="screening", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def dismiss(self, queue: Queue) -> None:
        """Empty a queue whose session is closed, and screen no more of it."""
        with self._changed:
            self._last_turn.pop(queue, None)
            queue.clear()
            self._changed.notify_all()

    def next_queue(self) -> Queue | None:
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
            with self._changed:
                queue = self.next_queue()
                if queue is None:
                    if not self._last_turn:
                        self._thread = None
                        return
                    self._changed.wait()
                    continue
            queue.screen_next()
            del queue  # a thread that sleeps holds nobody's pictures


worker = ScreeningWorker()
