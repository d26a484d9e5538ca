"""Defensive reading: bounded files, paths that stay inside, pictures as they are, numbers, boxes and words."""

import json
import math
import os
import reprlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from annotations.exchange.formats.bounds import MAX_FILES, MAX_LABEL_BYTES, MAX_TEXT, check_values
from annotations.model import BEAT_LABELS, BeatLabel, StoreError
from ecgcore.page.decode.isolated import read_untrusted
from ecgcore.page.decode.read import picture_hash
from ecgcore.types import Box

BOX_TOLERANCE_PX = 1.0
DECIMALS = 6
"""Where coordinates are computed from others, they are rounded to a millionth of a pixel, so that they return equal."""

_PICTURE_HOMES = ("", "pictures", "images", "JPEGImages")


def shown(value: object) -> str:
    """A foreign value for a message: printable, on one line, and short."""
    text = value if isinstance(value, str) else reprlib.repr(value)  # of a large value its first parts
    text = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[:101])
    return text if len(text) <= 100 else f"{text[:99]}…"


def read_text(path: Path, max_bytes: int = MAX_LABEL_BYTES) -> str:
    """A whole UTF-8 file, with or without byte order mark.

    Raises:
        StoreError: no regular file, over ``max_bytes`` (nothing is read then), unreadable, or not UTF-8.
    """
    name = shown(path.name)
    try:
        if not path.is_file():
            raise StoreError(f"There is no file {name}.", "Check the path.")
        if path.stat().st_size > max_bytes:
            raise _too_large(name, max_bytes)
        with path.open("rb") as stream:
            content = stream.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise _too_large(name, max_bytes)
        return content.decode("utf-8-sig")
    except OSError as error:
        raise StoreError(f"{name} cannot be opened: {error.strerror}.", "Check its permissions.") from error
    except ValueError as error:
        raise StoreError(f"{name} is not UTF-8 text.", "Save it as UTF-8.") from error


def _too_large(name: str, max_bytes: int) -> StoreError:
    return StoreError(f"{name} is larger than {max_bytes // 10**6} MB.", "Split it into smaller parts.")


def parse_json(text: str, name: str) -> object:
    """The value of a JSON text.

    Raises:
        StoreError: broken, nested beyond reason, or of more values than ``bounds`` allow.
    """
    check_values(text, shown(name))
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as error:
        cause = f"{shown(name)} is broken JSON: {error.msg} in line {error.lineno}."
        raise StoreError(cause, "Export it again.") from error
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{shown(name)} is no usable JSON: {error}.", "Export it again.") from error
    return value


def existing_folder(path: Path) -> Path:
    """``path`` without links.

    Raises:
        StoreError: it is no folder.
    """
    try:
        if path.is_dir():
            return path.resolve()
    except OSError as error:
        raise StoreError(f"{shown(str(path))} cannot be opened: {error.strerror}.", "Check its permissions.") from error
    raise StoreError(f"There is no folder {shown(str(path))}.", "Give the folder that holds the pictures.")


def main_file(path: Path, default: str) -> Path:
    """``path`` itself; of a folder the file ``default``, else the only file with its ending.

    Raises:
        StoreError: there is none, there are several, or it is a link that leaves the folder.
    """
    try:
        if not path.is_dir():
            return path
        found = [file for file in path.glob(f"*{Path(default).suffix}") if not file.name.startswith(".")]
    except OSError as error:
        raise StoreError(f"{shown(path.name)} cannot be opened: {error.strerror}.", "Check its permissions.") from error
    if len(found) > 1:
        found = [file for file in found if file.name == default]
    file = locate(path.resolve(), found[0].name) if found else None
    if file is None:
        raise StoreError(f"The folder {shown(path.name)} has no {default}.", "Name the file to import.")
    return file


def walk(root: Path) -> Iterator[PurePosixPath]:
    """Every visible file below ``root``, relative and sorted; a linked folder is named, never entered.

    Raises:
        StoreError: a folder cannot be opened, or there are more than ``MAX_FILES`` files.
    """

    def fail(error: OSError) -> None:
        raise StoreError(f"{shown(str(error.filename))} cannot be opened.", "Check its permissions.") from error

    count = 0
    for folder, subfolders, files in os.walk(root, onerror=fail):
        count += len(files) + len(subfolders)
        if count > MAX_FILES:
            cause = f"More than {MAX_FILES:,} files lie in {shown(root.name)}."
            raise StoreError(cause, "Choose the folder of the data set alone.")
        here = Path(folder)
        links = [name for name in subfolders if (here / name).is_symlink()]
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted([*files, *links]):
            if not name.startswith("."):
                yield PurePosixPath((here / name).relative_to(root).as_posix())


def locate(root: Path, reference: str, base: Path | None = None) -> Path | None:
    """The regular file that a foreign file refers to, without links; None where it is missing.

    Args:
        root: the folder of the import, without links; nothing outside it is ever touched.
        reference: path relative to ``base``, or to one of the usual picture folders in it.
        base: a folder in ``root``, by default ``root`` itself.

    Raises:
        StoreError: the reference is empty, absolute, climbs, or a link on its way leaves ``root``.
    """
    leaves = StoreError(f"{shown(reference) or 'An empty path'} leaves the import folder.", "Give a path inside it.")
    relative = PurePosixPath(reference.replace("\\", "/"))
    if not relative.parts or relative.is_absolute() or ".." in relative.parts or PureWindowsPath(reference).drive:
        raise leaves
    try:
        for home in _PICTURE_HOMES:
            target = ((base or root) / home / relative).resolve()
            if not target.is_relative_to(root):
                raise leaves
            if target.is_file():
                return target
    except (OSError, ValueError, RuntimeError) as error:
        raise StoreError(f"{shown(reference)} is no usable file name.", "Rename the file.") from error
    return None


def measure(picture: Path, name: str) -> tuple[int, int, str]:
    """Width, height and hash of the decoded upright picture.

    Raises:
        EcgError: no picture, or a document of several pages.
    """
    pages = read_untrusted(picture, shown(name))
    if len(pages) != 1:
        raise StoreError(f"{shown(name)} has {len(pages)} pages.", "Export each page as a picture of its own.")
    height, width = pages[0].shape[:2]
    return width, height, picture_hash(pages[0])


def number(value: object, what: str) -> float:
    """A finite JSON number.

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

    Raises:
        StoreError: it is none.
    """
    try:
        return number(float(value or ""), what)
    except ValueError as error:
        raise StoreError(f"{what}: {shown(value or 'nothing')} is no number.", "Correct it.") from error


def checked_box(values: Sequence[object], width: int, height: int, what: str) -> Box:
    """A box ``[x1, y1, x2, y2]`` on pixel edges; up to ``BOX_TOLERANCE_PX`` outside is brought back to the border.

    Raises:
        StoreError: not four finite numbers, outside the picture, inverted or empty.
    """
    if len(values) != 4:
        raise StoreError(f"{what}: {shown(values)} is not [x1, y1, x2, y2].", "Correct the box.")
    x1, y1, x2, y2 = (number(value, what) for value in values)
    told = f"[{x1:g}, {y1:g}, {x2:g}, {y2:g}]"
    if min(x1, y1) < -BOX_TOLERANCE_PX or x2 > width + BOX_TOLERANCE_PX or y2 > height + BOX_TOLERANCE_PX:
        cause = f"{what}: the box {told} leaves the picture of {width} x {height} pixels."
        raise StoreError(cause, "Correct the box.")
    x1, y1, x2, y2 = max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))
    if not (x1 < x2 and y1 < y2):
        raise StoreError(f"{what}: the box {told} is inverted or empty.", "Correct the box.")
    return Box(x1, y1, x2, y2)


def word(value: object, allowed: Collection[str], what: str) -> str:
    """One of a few known words.

    Raises:
        StoreError: it is another; the known ones are named.
    """
    if not isinstance(value, str) or value not in allowed:
        raise StoreError(f"The {what} {shown(value)} is not known.", f"Use {', '.join(allowed)}.")
    return value


def plain_text(value: object, what: str, most: int = MAX_TEXT) -> str:
    """Free text that every encoding can carry, of so many characters at most.

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
