"""The folder that holds the database and its pictures: connections, transactions, people and pictures."""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from annotations.database.connections import connect, upgrade
from annotations.erasure.freed_bytes import forget_bytes_left
from annotations.erasure.mentions import forget_mentions_left
from annotations.model import DatabaseUnusable, Picture, StoreError
from annotations.patients.groups import stored_group
from annotations.pictures.file_intents import finish_left, incoming
from annotations.pictures.files import PICTURES
from annotations.pictures.insert import NewPicture, PictureFacts
from annotations.pictures.near_duplicates import join_twins
from annotations.temporary_folders import delete_left
from ecgcore.atomic_files import for_owner_alone
from ecgcore.page.decode.read import picture_hash
from ecgcore.types import ByteArray

DATABASE = "ecg.db"

_PICTURE_COLUMNS = """
    image.id, image.picture_hash, image.file, image.name, image.width, image.height, image.group_key,
    page_group.is_holdout, image.source, image.source_record, image.created_at, image.deleted_at
"""
PICTURE_SELECT = f"SELECT {_PICTURE_COLUMNS} FROM image JOIN page_group ON page_group.key = image.group_key"


def data_dir() -> Path:
    """The folder of all that the app keeps: ``ECG_DATA_DIR``, or ``data`` in the working directory."""
    return Path(os.environ.get("ECG_DATA_DIR", "data"))


def now() -> str:
    """The time as the database keeps it: UTC, ISO 8601 to the millisecond, so that text sorts as time does."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Store:
    """A data folder; may be shared by threads and opened by many processes.

    Args:
        folder: made when missing, readable by its owner alone.

    Attributes:
        finished: files that were deleted at this start, since a program was killed while it took them in or out.

    Raises:
        StoreError: the folder cannot be made or written, or its database is lost, damaged or newer than this program.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (folder / PICTURES).mkdir(exist_ok=True, mode=0o700)
            for_owner_alone(folder, 0o700)
        except OSError as error:
            raise StoreError(f"{folder} cannot be made: {error.strerror}.", "Choose another data folder.") from error
        self._threads = threading.local()
        _refuse_lost_database(folder)
        upgrade(self.database_path)
        for_owner_alone(self.database_path, 0o600)
        delete_left(folder)
        self.finished = finish_left(self)
        forget_mentions_left(self)
        forget_bytes_left(self)

    @property
    def database_path(self) -> Path:
        """The SQLite file."""
        return self.folder / DATABASE

    @property
    def db(self) -> Database:
        """This thread's connection."""
        if not hasattr(self._threads, "db"):
            self._threads.db = connect(self.database_path)
        db: Database = self._threads.db
        return db

    def close(self) -> None:
        """Close this thread's connection; the next use opens another."""
        if hasattr(self._threads, "db"):
            self._threads.db.close()
            del self._threads.db

    def rows(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[dict[str, Any]]:
        """All rows of a query."""
        with _plain_errors():
            return list(self.db.query(sql, values))

    def row(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> dict[str, Any] | None:
        """The first row of a query."""
        with _plain_errors():
            return next(iter(self.db.query(sql, values)), None)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from its start, so that what was read stays true until the end.

        Raises:
            StoreError: the disk is full, the database is read-only, or others keep it busy; nothing was written.
        """
        connection = self.db.conn
        with _plain_errors():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def add_person(self, name: str) -> str:
        """Remember a person's name; returns it trimmed.

        Raises:
            StoreError: the name is empty or longer than 80 characters.
        """
        name = " ".join(name.split())
        if not 1 <= len(name) <= 80:
            raise StoreError("A name has 1 to 80 characters.", "Enter your name or initials.")
        with self.writing() as connection:
            connection.execute("INSERT INTO person VALUES (?, ?) ON CONFLICT DO NOTHING", (name, now()))
        return name

    def people(self) -> list[str]:
        """All names, in alphabetical order."""
        return [row["name"] for row in self.rows("SELECT name FROM person ORDER BY name COLLATE NOCASE")]

    def add_picture(
        self,
        photo_rgb: ByteArray,
        *,
        original: bytes | None = None,
        name: str = "",
        group: str = "",
        source: str = "upload",
        source_record: str = "",
        former_hash: str = "",
    ) -> tuple[Picture, bool]:
        """Keep a picture, once: it is recognised by its pixels, and joins the group of one that it looks like.

        Args:
            photo_rgb: upright, ``uint8 [H, W, 3]``.
            original: the file it was decoded from; a JPEG is kept as it is but for its metadata.
            name: how people call it; the day and the first letters of its hash by default.
            group: of ``patients.keys.patient_group``, or of a drawn record; the picture is its own group by default.
            source: where it came from.
            source_record: of a rendered signal, its record.
            former_hash: of the picture that this one was cut from, so that it is recognised when it comes again.

        Returns:
            The picture, and whether it is new.
        """
        digest = picture_hash(photo_rgb)
        known = self.picture_by_hash(digest)
        if known is not None:
            return known, False
        with incoming(self) as pictures:
            facts = PictureFacts(name, group, source, source_record, former_hash)
            new = NewPicture.of(pictures, photo_rgb, digest, original, facts)
            with self.writing() as connection:
                image_id = new.insert(connection, self.folder, now())
                join_twins(connection, [] if image_id is None else [image_id])
                picture = self.picture_by_hash(digest)
        assert picture is not None, "it was stored, by whomever, and is erased by nobody within the transaction"
        return picture, image_id is not None

    def picture(self, image_id: int) -> Picture:
        """One picture.

        Raises:
            StoreError: there is none of that number.
        """
        row = self.row(f"{PICTURE_SELECT} WHERE image.id = ?", (image_id,))
        if row is None:
            raise StoreError(f"There is no page {image_id}.", "It may have been erased; choose another.")
        return picture_of(row)

    def picture_by_hash(self, digest: str) -> Picture | None:
        """The picture with these pixels, or that had them before something was cut off or painted over."""
        row = self.row(
            f"""{PICTURE_SELECT} WHERE image.picture_hash = :hash
                OR image.id = (SELECT image_id FROM former_hash WHERE picture_hash = :hash)""",
            {"hash": digest},
        )
        return None if row is None else picture_of(row)

    def picture_path(self, picture: Picture) -> Path:
        """Where a picture's file lies."""
        return self.folder / picture.file

    def bin(self, image_ids: Iterable[int], *, restore: bool = False) -> None:
        """Put pictures into the bin, from where nothing is trained or shown, or take them out again."""
        at = None if restore else now()
        with self.writing() as connection:
            connection.executemany("UPDATE image SET deleted_at = ? WHERE id = ?", [(at, i) for i in image_ids])

    def hold_out(self, groups: Iterable[str]) -> None:
        """Keep groups out of training for ever; there is no way back."""
        with self.writing() as connection:
            connection.executemany("UPDATE page_group SET is_holdout = 1 WHERE key = ?", [(g,) for g in groups])

    def join_group(self, image_ids: Iterable[int], group: str) -> None:
        """Say that pictures show the same patient. A held-out group makes them held out too.

        Raises:
            StoreError: a picture would leave a held-out group, or a group whose fold is fixed.
        """
        with self.writing() as connection:
            group = stored_group(connection, group, now())
            for image_id in image_ids:
                left = connection.execute(
                    """SELECT page_group.key, is_holdout, fold FROM image JOIN page_group ON key = group_key
                       WHERE image.id = ?""",
                    (image_id,),
                ).fetchone()
                if left is not None and left[0] != group and (left[1] or left[2] is not None):
                    raise StoreError(
                        f"Page {image_id} belongs to a patient of the permanent test set or of an earlier training.",
                        "Move the other pages to that patient instead.",
                    )
                connection.execute("UPDATE image SET group_key = ? WHERE id = ?", (group, image_id))


def _refuse_lost_database(folder: Path) -> None:
    """Begin no new database where there are pictures: it would know nothing of them, and be in a restore's way."""
    path = folder / DATABASE
    is_lost = not path.exists() or (path.is_file() and path.stat().st_size == 0)
    if is_lost and any(file.is_file() for file in (folder / PICTURES).rglob("*")):
        raise StoreError(
            f"{folder} holds pictures, but its database {DATABASE} is missing or empty.",
            "Put it back, or restore a backup into this folder: python -m annotations restore BACKUP.",
        )


def picture_of(row: dict[str, Any]) -> Picture:
    """A row of ``PICTURE_SELECT`` as a value."""
    return Picture(**{**row, "is_holdout": bool(row["is_holdout"])})


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What SQLite says about the disk, as a person can use it."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "full" in text:
            raise DatabaseUnusable(
                "The disk is full; nothing was saved.", "Free some space, then save again."
            ) from error
        if "readonly" in text:
            raise DatabaseUnusable("The database is read-only; nothing was saved.", "Ask for write access.") from error
        if "locked" in text or "busy" in text:
            raise DatabaseUnusable("Other programs keep the database busy.", "Save again in a moment.") from error
        raise DatabaseUnusable(f"The database cannot be used: {text}.", "Run: python -m annotations check") from error
    except sqlite3.IntegrityError as error:
        raise DatabaseUnusable(f"The database refused this: {error}.", "Reload the page and try again.") from error
    except sqlite3.DatabaseError as error:
        raise DatabaseUnusable(f"The database is damaged: {error}.", "Run: python -m annotations check") from error
