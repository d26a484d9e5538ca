"""A picture on its way into the store: its file is written first, its row as part of a transaction."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from annotations.patients.groups import own_group, stored_group
from annotations.pictures.file_intents import Incoming, settle
from annotations.pictures.files import encoded_picture
from annotations.pictures.perceptual_hash import look_hash
from ecgcore.types import ByteArray


@dataclass(frozen=True, slots=True)
class NewPicture:
    """A picture whose file is written and whose row is not, so that many can be added in one transaction."""

    digest: str
    look: str
    file: str
    name: str
    wh: tuple[int, int]
    group: str
    source: str
    source_record: str
    former_hash: str = ""

    @classmethod
    def of(
        cls,
        incoming: Incoming,
        photo_rgb: ByteArray,
        digest: str,
        original: bytes | None,
        *,
        name: str,
        group: str,
        source: str,
        source_record: str,
        former_hash: str = "",
    ) -> "NewPicture":
        """Write the file into the data folder and take the picture's look.

        Args:
            incoming: which takes the file in.
            photo_rgb, original, name, group, source, source_record, former_hash: as ``Store.add_picture`` takes them.
            digest: the picture's hash.

        Raises:
            StoreError: the file cannot be written.
        """
        file, content = encoded_picture(digest, photo_rgb, original)
        incoming.write(file, content)
        return cls(
            digest,
            look_hash(photo_rgb),
            file,
            name or neutral_name(digest),
            (photo_rgb.shape[1], photo_rgb.shape[0]),
            group or own_group(digest),
            source,
            source_record,
            former_hash,
        )

    def insert(self, connection: sqlite3.Connection, folder: Path, created_at: str) -> int | None:
        """Add the row; returns its number, None where another process was first.

        Raises:
            StoreError: somebody erased the same picture meanwhile, and its file with it.
        """
        known = """SELECT 1 FROM image WHERE picture_hash = :hash
                   UNION SELECT 1 FROM former_hash WHERE picture_hash = :hash"""  # also one that was redacted meanwhile
        if connection.execute(known, {"hash": self.digest}).fetchone() is not None:
            return None
        settle(connection, folder, self.file)
        group = stored_group(connection, self.group, created_at)
        row = connection.execute(
            """INSERT INTO image (picture_hash, look_hash, file, name, width, height, group_key, source,
                   source_record, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
            (self.digest, self.look, self.file, self.name, *self.wh, group, self.source, self.source_record,
             created_at),
        ).fetchone()  # fmt: skip
        if self.former_hash:
            connection.execute(
                "INSERT INTO former_hash VALUES (?, ?) ON CONFLICT DO NOTHING", (self.former_hash, row[0])
            )
        return int(row[0])


def neutral_name(digest: str) -> str:
    """A name that tells nothing of a person: the day and the first letters of the picture's hash."""
    return f"{datetime.now(UTC).date().isoformat()} {digest[:8]}"
