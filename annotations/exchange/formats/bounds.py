"""How much one import may hold: enough for any collection that people read, and a few seconds' work to refuse more."""

from annotations.model import MAX_BOXES, StoreError

MAX_LABEL_BYTES = 64 * 10**6
"""Of a file of labels for many pages."""
MAX_PAGE_LABEL_BYTES = 2 * 10**6
"""Of a file of labels for one page."""
MAX_PAGES = 20_000
MAX_ALL_BOXES = 250_000
"""Of all pages together."""
MAX_FILES = 100_000
"""Below the folder that is looked through."""
MAX_NESTED, MAX_VALUES = 3_000_000, 10_000_000
"""Objects and lists, and values, of a JSON text or a table: small ones take a hundred times their text in memory."""
MAX_TEXT, MAX_COMMENT = 2000, 50_000
"""Characters of a name or key, and of a comment."""
MAX_REFUSALS = 1000
"""That are told one by one; others are counted."""

_SPLIT = "Split it into smaller parts."


def check_pages(count: int) -> None:
    """Refuse an import of too many pages before the first is looked at.

    Raises:
        StoreError: there are more than ``MAX_PAGES``.
    """
    if count > MAX_PAGES:
        raise StoreError(f"{count:,} pages are too many for one import; {MAX_PAGES:,} are the most.", _SPLIT)


def check_boxes(count: int) -> None:
    """Refuse a page of too many boxes before the first is looked at.

    Raises:
        StoreError: there are more than ``MAX_BOXES``.
    """
    if count > MAX_BOXES:
        raise StoreError(
            f"{count:,} boxes are too many for one page; {MAX_BOXES:,} are the most.", "Delete what are no beats."
        )


def check_all_boxes(count: int) -> None:
    """Refuse an import of too many boxes.

    Raises:
        StoreError: there are more than ``MAX_ALL_BOXES``.
    """
    if count > MAX_ALL_BOXES:
        raise StoreError(f"The import holds more than {MAX_ALL_BOXES:,} boxes.", _SPLIT)


def check_values(text: str, name: str) -> None:
    """Refuse a text that would fill the memory once it is taken apart; signs within words count too.

    Raises:
        StoreError: it holds more than ``MAX_NESTED`` objects and lists, or more than ``MAX_VALUES`` values.
    """
    if text.count("{") + text.count("[") > MAX_NESTED or text.count(",") > MAX_VALUES:
        raise StoreError(f"{name} holds more than {MAX_VALUES // 10**6} million values.", _SPLIT)
