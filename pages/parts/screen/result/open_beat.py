"""Which beat of a page is looked at."""

from pages.parts.screen.screened import ScreenedPage


def beat_key(item: ScreenedPage) -> str:
    """Where the session keeps the number of the beat that is looked at."""
    return f"beat-{item.key}"
