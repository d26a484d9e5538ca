"""How far an archive is: files done, files a second and the time left."""

import sys
import time
from collections.abc import Callable

BAR = 24
LINE_EVERY_S = 60.0
"""Where standard error is no terminal: a log wants a line now and then, and no bar."""


class Progress:
    """Counts files and shows them on standard error.

    Args:
        done: files that earlier runs have done.
        total: files of the archive.
        clock: seconds; another one in tests.
    """

    def __init__(self, done: int, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.done, self.total = done, total
        self._clock = clock
        self._first: tuple[int, float] | None = None  # the rate counts from the first file on, without the start
        self._shown_at = -LINE_EVERY_S

    def advance(self, files: int) -> None:
        """Count files that were done, and show it."""
        self.done += files
        now = self._clock()
        self._first = self._first or (self.done, now)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{self.text()}")
        elif now - self._shown_at >= LINE_EVERY_S:
            self._shown_at = now
            sys.stderr.write(self.text() + "\n")
        sys.stderr.flush()

    def close(self) -> None:
        """Leave the line of the bar."""
        if sys.stderr.isatty() and self._first is not None:
            sys.stderr.write("\n")

    def text(self) -> str:
        """One line: a bar, the files, and from the second one on files a second and the time left."""
        filled = BAR * self.done // max(self.total, 1)
        shown = f"[{'#' * filled}{'.' * (BAR - filled)}] {self.done:,}/{self.total:,} files"
        seconds = 0.0 if self._first is None else self._clock() - self._first[1]
        if self._first is None or seconds <= 0 or self.done == self._first[0]:
            return shown
        rate = (self.done - self._first[0]) / seconds
        return f"{shown}, {rate:.3g} files/s, {duration((self.total - self.done) / rate)} left"


def duration(seconds: float) -> str:
    """Seconds in the two largest units that are not zero: ``2 d 3 h``, ``12 min``."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under 1 min"
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "d"), (hours, "h"), (minutes % 60, "min")]
    first = next(place for place, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)
