"""How far a command is, on standard error: what is done, how many a second and the time left."""

import sys
import time
from collections.abc import Callable

BAR = 24
LINE_EVERY_S = 60.0
"""Where standard error is no terminal: a log wants a line now and then, and no bar."""


class Progress:
    """A bar on a terminal, a line a minute in a log.

    Args:
        total: what is to be done in all.
        done: what earlier runs have done.
        unit: what is counted, in the plural, as in ``files``; empty where it varies.
        clock: seconds; another one in tests.
    """

    def __init__(
        self, total: int = 0, done: int = 0, unit: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.total, self.done, self.unit = total, done, unit
        self._clock = clock
        self._first: tuple[int, float] | None = None  # the rate counts from the first one on, without the start
        self._shown_at = clock()
        self._is_open = False

    def advance(self, more: int) -> None:
        """Count what was done, and show it."""
        self.at(self.done + more)

    def at(self, done: int, total: int | None = None) -> None:
        """Show how much is done now.

        Args:
            done: of all, earlier runs included.
            total: None for as many as before.
        """
        if done < self.done or (total is not None and total != self.total):  # the next piece of work
            self._first = None
        self.done, self.total = done, self.total if total is None else total
        now = self._clock()
        if self._first is None and done:
            self._first = (done, now)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{self.text()}")
            self._is_open = True
            if done >= self.total:
                self.close()
        elif now - self._shown_at >= LINE_EVERY_S:
            self._shown_at = now
            sys.stderr.write(self.text() + "\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Wipe the bar, so that a result printed to the same terminal starts on a clean line."""
        if self._is_open and sys.stdout.isatty():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def close(self) -> None:
        """Leave the line of the bar."""
        if self._is_open:
            sys.stderr.write("\n")
            self._is_open = False

    def text(self) -> str:
        """One line: a bar, the count, and from the second one on how many a second and the time left."""
        filled = BAR * self.done // max(self.total, 1)
        shown = f"[{'#' * filled}{'.' * (BAR - filled)}] {self.done:,}/{self.total:,} {self.unit}".rstrip()
        seconds = 0.0 if self._first is None else self._clock() - self._first[1]
        if self._first is None or seconds <= 0 or self.done == self._first[0]:
            return shown
        rate = (self.done - self._first[0]) / seconds
        a_second = f"{rate:.3g} {self.unit}".rstrip()
        return f"{shown}, {a_second}/s, {duration((self.total - self.done) / rate)} left"


def duration(seconds: float) -> str:
    """Seconds in the two largest units that are not zero: ``2 d 3 h``, ``12 min``."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under 1 min"
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "d"), (hours, "h"), (minutes % 60, "min")]
    first = next(place for place, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)
