"""Unfinished work on a page, kept until it is submitted, and readings as JSON."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import JsonValue

from annotations.database.data_folder import DataFolder, now
from annotations.database.stored_json import stored
from annotations.model import SHARED, UNKNOWN_PROVENANCE, LabelledBox, Provenance, Reading, StoreError
from ecgcore.types import Box


@dataclass(frozen=True)
class Draft:
    """Work that was not submitted yet.

    Args:
        reading: as far as it went.
        base_revision_id: the head when the work began, None where nobody had read the page.
        provenance: how it came about so far.
        updated_at: when it was last kept.
    """

    reading: Reading
    base_revision_id: int | None
    provenance: Provenance
    updated_at: str


def save_draft(
    store: DataFolder,
    image_id: int,
    person: str,
    reading: Reading,
    *,
    base_revision_id: int | None,
    provenance: Provenance = UNKNOWN_PROVENANCE,
    reader: str = SHARED,
    picture_hash: str | None = None,
) -> str:
    """Keep unfinished work; it replaces the person's earlier draft of the page.

    Args:
        store: where.
        image_id: number of the page.
        person: whose draft it is.
        reading: as far as it went.
        base_revision_id: the head when the work began, None where nobody had read the page.
        provenance: how it came about so far.
        reader: ``SHARED``, or the blind second reader.
        picture_hash: of the picture that the person saw; None where nobody looked.

    Returns:
        When it was kept.

    Raises:
        StoreError: the page was erased, or is not the picture of ``picture_hash``, which the person saw.
    """
    at = now()
    content = {"reading": reading_to_json(reading), **asdict(provenance)}
    with store.writing() as connection:
        refuse_another_picture(connection, image_id, picture_hash)
        connection.execute(
            """INSERT INTO draft VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
                   base_revision_id = excluded.base_revision_id, content = excluded.content,
                   updated_at = excluded.updated_at""",
            (image_id, reader, person, base_revision_id, json.dumps(content), at),
        )
    return at


def draft_of(store: DataFolder, image_id: int, person: str, reader: str = SHARED) -> Draft | None:
    """The person's unfinished work on a page.

    Args:
        store: where.
        image_id: number of the page.
        person: whose draft it is.
        reader: ``SHARED``, or the blind second reader.

    Raises:
        DamagedRowError: it cannot be read back.
    """
    row = store.row("SELECT * FROM draft WHERE image_id = ? AND person = ? AND reader = ?", (image_id, person, reader))
    if row is None:
        return None
    with stored(f"Your draft of page {image_id}"):
        content = json.loads(row["content"])
        reading, provenance = reading_from_json(content.pop("reading")), Provenance(**content)
    return Draft(reading, row["base_revision_id"], provenance, row["updated_at"])


def drop_draft(store: DataFolder, image_id: int, person: str, reader: str = SHARED) -> None:
    """Forget unfinished work.

    Args:
        store: where.
        image_id: number of the page.
        person: whose draft it is.
        reader: ``SHARED``, or the blind second reader.
    """
    with store.writing() as connection:
        delete_draft(connection, image_id, person, reader)


def reading_to_json(reading: Reading) -> dict[str, JsonValue]:
    """A reading as plain values, for drafts."""
    return {
        "label": reading.label,
        "boxes": [
            [box.uid, *box.box_photo_xyxy.as_list(), box.label, box.origin, box.prediction_box_id]
            for box in reading.boxes
        ],
        "boxes_complete": reading.boxes_complete,
        "flags": [*sorted(reading.flags)],
        "comment": reading.comment,
    }


def reading_from_json(values: Mapping[str, Any]) -> Reading:
    """The reading of ``reading_to_json``."""
    boxes = tuple(
        LabelledBox(uid, Box(x1, y1, x2, y2), label, origin, prediction_box_id)
        for uid, x1, y1, x2, y2, label, origin, prediction_box_id in values["boxes"]
    )
    return Reading(values["label"], boxes, values["boxes_complete"], frozenset(values["flags"]), values["comment"])


def delete_draft(connection: sqlite3.Connection, image_id: int, person: str, reader: str) -> None:
    """Forget unfinished work, as part of a transaction.

    Args:
        connection: with the transaction.
        image_id: number of the page.
        person: whose draft it is.
        reader: ``SHARED``, or the blind second reader.
    """
    connection.execute("DELETE FROM draft WHERE image_id = ? AND person = ? AND reader = ?", (image_id, person, reader))


def refuse_another_picture(connection: sqlite3.Connection, image_id: int, picture_hash: str | None) -> None:
    """See that a page still is the picture that a person saw, as part of a transaction; None is any picture.

    Args:
        connection: with the transaction.
        image_id: number of the page.
        picture_hash: of the picture that the person saw; None where nobody looked.

    Raises:
        StoreError: the page was erased, or is another picture; one that was redacted meanwhile is the same.
    """
    row = connection.execute(
        """SELECT picture_hash = :seen OR EXISTS (
               SELECT 1 FROM former_hash WHERE image_id = image.id AND former_hash.picture_hash = :seen)
           FROM image WHERE id = :id""",
        {"seen": picture_hash, "id": image_id},
    ).fetchone()
    if row is None:
        raise StoreError(f"Page {image_id} was erased while you had it open; nothing was saved.", "Open the next page.")
    if picture_hash is not None and not row[0]:
        raise StoreError(f"Page {image_id} is not the picture that you see; nothing was saved.", "Open the page again.")
