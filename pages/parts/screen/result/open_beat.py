"""Which beat of a page is looked at."""

from pages.parts.screen.screened import Screened


def beat_key(item: Screened) -> str:
    """Where the session keeps the number of the beat that is looked at."""
    return f"beat-{item.key}"
