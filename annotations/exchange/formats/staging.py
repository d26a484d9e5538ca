"""Writing an export: into a hidden folder first, every file on the disk, then renamed into place as a whole."""

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TextIO

from annotations.exchange.formats.checks import checked_box
from annotations.exchange.formats.page import ExchangePage
from annotations.exchange.formats.shown import shown
from annotations.model import StoreError
from ecgcore.output.files import flush_folder
from ecgcore.page.decode.read import PICTURE_ENDINGS

PICTURES = "pictures"

_UNSAFE = re.compile('[\x00-\x1f\x7f-\x9f<>:"/\\\\|?*\u2028\u2029\ud800-\udfff]')
_MAX_NAME_BYTES = 150
_COPY_BYTES = 2**20


def safe_name(text: str) -> str:
    """``text`` as every common file system takes it; "_" where nothing is left."""
    clean = _UNSAFE.sub("_", text).strip(" .").encode()[:_MAX_NAME_BYTES].decode(errors="ignore")
    return clean.strip(" .") or "_"


_FORMAT_OF = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG"}
"""Of the files that a store holds."""


class Stage:
    """A folder under construction.

    Args:
        root: an empty folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._uses: Counter[str] = Counter()

    @contextmanager
    def text(self, relative: str) -> Iterator[TextIO]:
        """A new UTF-8 file to write, on the disk once closed; lines end as written."""
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="") as stream:
            yield stream
            _to_disk(stream)

    def place(self, page: ExchangePage, folder: str = PICTURES) -> str:
        """Check the page's boxes and copy its picture, if it has one, into ``folder``.

        A copy, not a hard link: who paints into an exported picture must not paint into the store's.

        Args:
            page: whose picture it is.
            folder: within the export.

        Returns:
            The file name, unique in the export also without its ending and in small letters.

        Raises:
            StoreError: a box leaves the picture.
            OSError: the picture cannot be copied.
        """
        for box in page.reading.boxes:
            checked_box(box.box_photo_xyxy.as_list(), page.width, page.height, shown(page.name))
        name = self._unique_name(page)
        if page.picture is not None:
            target = self.root / folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with page.picture.open("rb") as source, target.open("xb") as stream:
                shutil.copyfileobj(source, stream, _COPY_BYTES)
                _to_disk(stream)
        return name

    def _unique_name(self, page: ExchangePage) -> str:
        ending = PurePosixPath(page.name).suffix
        stem = page.name.removesuffix(ending)
        stored = (page.picture.suffix if page.picture else "") or ".png"
        if ending.lower() not in PICTURE_ENDINGS:
            stem, ending = page.name, stored
        elif _FORMAT_OF.get(ending.lower()) != _FORMAT_OF.get(stored):  # a turned JPEG is stored upright, as PNG
            ending = stored
        base = stem = safe_name(stem)
        while self._uses[stem.casefold()]:
            self._uses[base.casefold()] += 1
            stem = f"{base}-{self._uses[base.casefold()]}"
        self._uses[stem.casefold()] += 1
        return stem + ending


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Build an export; it appears in ``folder`` when the block ends well, and leaves nothing when it does not.

    Args:
        folder: new or empty; hidden files in it do not count.

    Raises:
        StoreError: the folder holds files, or something cannot be read or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(not child.name.startswith(".") for child in folder.iterdir()):
            raise StoreError(f"The folder {shown(str(folder))} already holds files.", "Choose a new or empty folder.")
        root = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder))
        try:
            yield Stage(root)
            # Files after folders: once the main file is there, so is all that it speaks of.
            for child in sorted(root.iterdir(), key=Path.is_file):
                child.rename(folder / child.name)
            flush_folder(folder)
        finally:
            shutil.rmtree(root, ignore_errors=True)
    except OSError as error:
        cause = f"The export to {shown(str(folder))} failed: {shown(str(error))}."
        raise StoreError(cause, "Free some space, or choose another folder.") from error
    except UnicodeEncodeError as error:
        raise StoreError(f"A text cannot be written: {shown(error.object)}.", "Type it again.") from error


def _to_disk(stream: TextIO | BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())
