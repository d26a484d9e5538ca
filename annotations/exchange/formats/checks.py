"""Values of foreign files, checked: numbers, boxes and words, and how many there are."""

import math
from collections.abc import Collection, Sequence

from annotations.exchange.formats.bounds import MAX_ALL_BOXES, MAX_PAGES, MAX_TEXT, SPLIT
from annotations.exchange.formats.shown import shown
from annotations.model import BEAT_LABELS, MAX_BOXES, BeatLabel, StoreError
from ecgcore.types import Box

BOX_TOLERANCE_PX = 1.0
DECIMALS = 6
"""Where coordinates are computed from others, they are rounded to a millionth of a pixel, so that they return equal."""


def number(value: object, what: str) -> float:
    """A finite JSON number.

    Args:
        value: of a JSON file.
        what: how messages call it.

    Raises:
        StoreError: it is none.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:
        pass  # an integer beyond every float
    raise StoreError(f"{what}: {shown(value)} is no number.", "Correct it.")


def number_in_text(value: str | None, what: str) -> float:
    """A finite number written as text.

    Args:
        value: of a text file; None counts as nothing.
        what: how messages call it.

    Raises:
        StoreError: it is none.
    """
    try:
        return number(float(value or ""), what)
    except ValueError as error:
        raise StoreError(f"{what}: {shown(value or 'nothing')} is no number.", "Correct it.") from error


def checked_box(values: Sequence[object], width: int, height: int, what: str) -> Box:
    """A box ``[x1, y1, x2, y2]`` on pixel edges; up to ``BOX_TOLERANCE_PX`` outside is brought back to the border.

    Args:
        values: of a JSON file.
        width: of the picture in pixels.
        height: the same.
        what: how messages call it.

    Raises:
        StoreError: not four finite numbers, outside the picture, inverted or empty.
    """
    if len(values) != 4:
        raise StoreError(f"{what}: {shown(values)} is not [x1, y1, x2, y2].", "Correct the box.")
    x1, y1, x2, y2 = (number(value, what) for value in values)
    corners_text = f"[{x1:g}, {y1:g}, {x2:g}, {y2:g}]"
    if min(x1, y1) < -BOX_TOLERANCE_PX or x2 > width + BOX_TOLERANCE_PX or y2 > height + BOX_TOLERANCE_PX:
        cause = f"{what}: the box {corners_text} leaves the picture of {width} x {height} pixels."
        raise StoreError(cause, "Correct the box.")
    x1, y1, x2, y2 = max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))
    if not (x1 < x2 and y1 < y2):
        raise StoreError(f"{what}: the box {corners_text} is inverted or empty.", "Correct the box.")
    return Box(x1, y1, x2, y2)


def word(value: object, allowed: Collection[str], what: str) -> str:
    """One of a few known words.

    Args:
        value: of a JSON file.
        allowed: the known words.
        what: how messages call it.

    Raises:
        StoreError: it is another; the known ones are named.
    """
    if not isinstance(value, str) or value not in allowed:
        raise StoreError(f"The {what} {shown(value)} is not known.", f"Use {', '.join(allowed)}.")
    return value


def plain_text(value: object, what: str, most: int = MAX_TEXT) -> str:
    """Free text that every encoding can carry, of so many characters at most.

    Args:
        value: of a JSON file.
        what: how messages call it.
        most: characters.

    Raises:
        StoreError: no text, too long, or halves of characters in it.
    """
    if not isinstance(value, str):
        raise StoreError(f"The {what} {shown(value)} is no text.", "Correct it.")
    if len(value) > most:
        raise StoreError(f"The {what} is longer than {most:,} characters.", "Shorten it.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise StoreError(f"The {what} {shown(value)} holds broken characters.", "Type it again.") from error
    return value


def beat_class(name: object, is_only: bool = False) -> BeatLabel | None:
    """The beat label that a class of boxes stands for; None for a plain beat.

    Args:
        name: ``beat``, ``normal`` or ``abnormal``, in any case.
        is_only: whether the file knows no other class; that one is then the beats, whatever its name.

    Raises:
        StoreError: another class.
    """
    folded = name.strip().casefold() if isinstance(name, str) else ""
    for label in BEAT_LABELS:
        if folded == label:
            return label
    if folded == "beat" or is_only:
        return None
    raise StoreError(f"The class {shown(name)} is not known.", "Rename it to beat, normal or abnormal.")


def check_pages(count: int) -> None:
    """Refuse an import of too many pages before the first is looked at.

    Raises:
        StoreError: there are more than ``MAX_PAGES``.
    """
    if count > MAX_PAGES:
        raise StoreError(f"{count:,} pages are too many for one import; {MAX_PAGES:,} are the most.", SPLIT)


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
        raise StoreError(f"The import holds more than {MAX_ALL_BOXES:,} boxes.", SPLIT)
