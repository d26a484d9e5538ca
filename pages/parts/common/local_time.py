"""Stored times, which are UTC, as the clock of this machine shows them; the only place where a page formats a time."""

from datetime import UTC, datetime

UNKNOWN = "–"
"""What stands for a time that was never recorded, or is damaged."""


def local_time(at: str | None) -> str:
    """A stored time as "25 Nov 2026, 17:53".

    Args:
        at: ISO 8601, UTC where it names no zone; None where nothing was recorded. What is no time is unknown.
    """
    return _shown(at, "%-d %b %Y, %H:%M")


def local_day(at: str | None) -> str:
    """A stored time as "25 Nov 2026"; the arguments are those of ``local_time``."""
    return _shown(at, "%-d %b %Y")


def local_clock(at: str | None) -> str:
    """A stored time as "17:53:02", of something that has just happened; the arguments are those of ``local_time``."""
    return _shown(at, "%H:%M:%S")


def is_today(at: str | None) -> bool:
    """Whether a stored time is later than the last midnight of this machine."""
    here = _here(at)
    return here is not None and here.date() == datetime.now().astimezone().date()


def _shown(at: str | None, form: str) -> str:
    here = _here(at)
    return UNKNOWN if here is None else here.strftime(form)


def _here(at: str | None) -> datetime | None:
    try:
        stored = datetime.fromisoformat(at or "")
    except ValueError:  # a damaged row
        return None
    return (stored if stored.tzinfo else stored.replace(tzinfo=UTC)).astimezone()
