"""Foreign files, read defensively: bounded, with paths that stay inside, pictures as they are."""

import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from annotations.exchange.formats.bounds import MAX_FILES, MAX_LABEL_BYTES, MAX_NESTED, MAX_VALUES, SPLIT
from annotations.exchange.formats.shown import shown
from annotations.model import StoreError
from ecgcore.page.decode.isolated import read_untrusted
from ecgcore.page.decode.read import picture_hash

_PICTURE_HOMES = ("", "pictures", "images", "JPEGImages")


def read_text(path: Path, max_bytes: int = MAX_LABEL_BYTES) -> str:
    """A whole UTF-8 file, with or without byte order mark.

    Args:
        path: the file.
        max_bytes: how long it may be.

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


def check_values(text: str, name: str) -> None:
    """Refuse a text that would fill the memory once it is taken apart; signs within words count too.

    Args:
        text: JSON, or a table.
        name: how messages call it.

    Raises:
        StoreError: it holds more than ``MAX_NESTED`` objects and lists, or more than ``MAX_VALUES`` values.
    """
    if text.count("{") + text.count("[") > MAX_NESTED or text.count(",") > MAX_VALUES:
        raise StoreError(f"{name} holds more than {MAX_VALUES // 10**6} million values.", SPLIT)


def parse_json(text: str, name: str) -> object:
    """The value of a JSON text.

    Args:
        text: the JSON.
        name: how messages call it.

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

    Args:
        path: a file, or the folder that holds it.
        default: the file's usual name.

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

    Args:
        picture: its file.
        name: how messages call it.

    Raises:
        EcgError: no picture, or a document of several pages.
    """
    pages = read_untrusted(picture, shown(name))
    if len(pages) != 1:
        raise StoreError(f"{shown(name)} has {len(pages)} pages.", "Export each page as a picture of its own.")
    height, width = pages[0].shape[:2]
    return width, height, picture_hash(pages[0])
