"""Paths that are typed into the app: inside folders that whoever started it allows, since a browser is no shell."""

import os
from pathlib import Path

from annotations.model import StoreError
from annotations.store import Store
from pages.parts.common.words import plain

FOLDERS = "ECG_FOLDERS"
"""The environment variable that allows further folders, separated as in ``PATH``."""
EXCHANGE = "exchange"
"""The folder in the data folder that is always allowed, and where a path begins that is not absolute."""


def allowed_folders(store: Store) -> list[Path]:
    """The folders that typed paths may lead into, without links; the first is the one in the data folder."""
    named = [Path(name).expanduser() for name in os.environ.get(FOLDERS, "").split(os.pathsep) if name.strip()]
    return [folder.resolve() for folder in (store.folder / EXCHANGE, *named)]


def typed_path(store: Store, typed: str) -> Path:
    """The place that somebody typed, without links and "..".

    Args:
        store: where.
        typed: as it stands in the field.

    Raises:
        StoreError: it lies outside the folders that are allowed, or is no path.
    """
    folders = allowed_folders(store)
    try:
        folders[0].mkdir(exist_ok=True, mode=0o700)
        path = (folders[0] / Path(typed.strip()).expanduser()).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise StoreError(f"{typed.strip()} is no usable path.", "Type another.") from error
    if not any(path.is_relative_to(folder) for folder in folders):
        raise StoreError(
            f"{typed.strip()} is not inside a folder that this app may use.",
            f"Type a path inside {' or '.join(map(str, folders))}, or start the app with {FOLDERS} set to the folders "
            "that it may use besides.",
        )
    return path


def where_to(store: Store) -> str:
    """What a field for a path says of the folders that are allowed, as Markdown."""
    first, *others = map(plain, allowed_folders(store))
    also = f" Allowed too: {', '.join(others)}." if others else ""
    return f"A name, or a path inside {first}.{also} Others are allowed by starting the app with {plain(FOLDERS)} set."
