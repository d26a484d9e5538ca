"""A picture on its way into the store: its file is written first, its row as part of a transaction."""

import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from annotations.database.data_folder import DataFolder, now
from annotations.model import Picture
from annotations.patients.groups import own_group, stored_group
from annotations.pictures.file_intents import Incoming, incoming, settle
from annotations.pictures.files import encoded_picture
from annotations.pictures.near_duplicates import merge_near_duplicates
from annotations.pictures.perceptual_hash import perceptual_hash
from annotations.pictures.stored import picture_by_hash
from ecgcore.page.decode.read import picture_hash
from ecgcore.types import ByteArray


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What is known of a picture beside its pixels.

    Args:
        name: how people call it; empty for the day and the first letters of its hash.
        group: of ``patients.keys.patient_group``, or of a drawn record; empty for a group of its own.
        source: where it came from ("upload", "import", "rendered").
        source_record: of a rendered signal, its record.
        former_hash: of the picture that this one was cut from, so that it is recognised when it comes again.
    """

    name: str = ""
    group: str = ""
    source: str = "upload"
    source_record: str = ""
    former_hash: str = ""


@dataclass(frozen=True, slots=True)
class NewPicture:
    """A picture whose file is written and whose row is not, so that many can be added in one transaction.

    Args:
        digest: the picture's hash.
        phash: its ``perceptual_hash``.
        file: path relative to the data folder.
        wh: width and height in pixels.
        facts: with a name and a group.
    """

    digest: str
    phash: str
    file: str
    wh: tuple[int, int]
    facts: PictureFacts

    @classmethod
    def of(
        cls, pictures: Incoming, photo_rgb: ByteArray, digest: str, original: bytes | None, facts: PictureFacts
    ) -> "NewPicture":
        """Write the file into the data folder and take the picture's perceptual hash.

        Args:
            pictures: which takes the file in.
            photo_rgb: upright, ``uint8 [H, W, 3]``.
            digest: the picture's hash.
            original: the file it was decoded from; a JPEG is kept as it is but for its metadata.
            facts: what else is known of it.

        Raises:
            StoreError: the file cannot be written.
        """
        file, content = encoded_picture(digest, photo_rgb, original)
        pictures.write(file, content)
        facts = replace(facts, name=facts.name or neutral_name(digest), group=facts.group or own_group(digest))
        return cls(digest, perceptual_hash(photo_rgb), file, (photo_rgb.shape[1], photo_rgb.shape[0]), facts)

    def insert(self, connection: sqlite3.Connection, folder: Path, created_at: str) -> int | None:
        """Add the row; returns its number, None where another process was first.

        Args:
            connection: with the transaction.
            folder: the data folder.
            created_at: the time, UTC, ISO 8601.

        Raises:
            StoreError: somebody erased the same picture meanwhile, and its file with it.
        """
        known = """SELECT 1 FROM image WHERE picture_hash = :hash
                   UNION SELECT 1 FROM former_hash WHERE picture_hash = :hash"""  # also one that was redacted meanwhile
        if connection.execute(known, {"hash": self.digest}).fetchone() is not None:
            return None
        settle(connection, folder, self.file)
        facts = self.facts
        group = stored_group(connection, facts.group, created_at)
        row = connection.execute(
            """INSERT INTO image (picture_hash, look_hash, file, name, width, height, group_key, source,
                   source_record, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
            (self.digest, self.phash, self.file, facts.name, *self.wh, group, facts.source, facts.source_record,
             created_at),
        ).fetchone()  # fmt: skip
        if facts.former_hash:
            connection.execute(
                "INSERT INTO former_hash VALUES (?, ?) ON CONFLICT DO NOTHING", (facts.former_hash, row[0])
            )
        return int(row[0])


def add_picture(
    store: DataFolder, photo_rgb: ByteArray, facts: PictureFacts, original: bytes | None = None
) -> tuple[Picture, bool]:
    """Keep a picture, once: it is recognised by its pixels, and joins the group of one that it looks like.

    Args:
        store: where.
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        facts: what else is known of it.
        original: the file it was decoded from; a JPEG is kept as it is but for its metadata.

    Returns:
        The picture, and whether it is new.

    Raises:
        StoreError: the file or the row cannot be written.
    """
    digest = picture_hash(photo_rgb)
    known = picture_by_hash(store, digest)
    if known is not None:
        return known, False
    with incoming(store) as pictures:
        new = NewPicture.of(pictures, photo_rgb, digest, original, facts)
        with store.writing() as connection:
            image_id = new.insert(connection, store.folder, now())
            merge_near_duplicates(connection, [] if image_id is None else [image_id])
            picture = picture_by_hash(store, digest)
    assert picture is not None, "it was stored, by whomever, and is erased by nobody within the transaction"
    return picture, image_id is not None


def neutral_name(digest: str) -> str:
    """A name that tells nothing of a person: the day and the first letters of the picture's hash."""
    return f"{datetime.now(UTC).date().isoformat()} {digest[:8]}"
