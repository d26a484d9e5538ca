"""Saving what people say: revisions that stay, conflicts that lose nothing, reviews."""

import json
import math
import sqlite3
from dataclasses import astuple, dataclass
from typing import Literal

from annotations.database.data_folder import DataFolder, now
from annotations.model import (
    SHARED,
    UNKNOWN_PROVENANCE,
    Provenance,
    Reading,
    Revision,
    RevisionStatus,
    SaveConflictError,
    StoreError,
)
from annotations.readings.drafts import (
    delete_draft,
    refuse_another_picture,
)
from annotations.readings.revisions import revision

ReviewVerdict = Literal["accepted", "returned"]


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer said of one revision."""

    revision_id: int
    reviewer: str
    verdict: ReviewVerdict
    note: str
    created_at: str


def save(
    store: DataFolder,
    image_id: int,
    person: str,
    reading: Reading,
    *,
    base_revision_id: int | None,
    provenance: Provenance = UNKNOWN_PROVENANCE,
    reader: str = SHARED,
    picture_hash: str | None = None,
) -> Revision:
    """Add a revision; the page's head moves to it if it still is ``base_revision_id`` (compare-and-swap).

    The person's draft and lease of the page end with it.

    Args:
        store: where.
        image_id: the page.
        person: who saves.
        reading: what is said.
        base_revision_id: the head that the person saw, None for an unread page.
        provenance: how the reading came about.
        reader: ``SHARED``, or the blind second reader.
        picture_hash: of the picture that the person saw; None where nobody looked.

    Raises:
        SaveConflictError: someone else moved the head; the draft stays.
        StoreError: the page was erased or is another picture, a box leaves its picture, or the store cannot be
            written; the draft stays.
    """
    with store.writing() as connection:
        refuse_another_picture(connection, image_id, picture_hash)
        head_id = line_head(connection, image_id, reader)
        if head_id is not None and head_id != base_revision_id:
            raise SaveConflictError(head_id, _person_of(connection, head_id))
        revision_id = add_revision(
            connection,
            image_id,
            person,
            reading,
            parent_id=base_revision_id,
            provenance=provenance,
            reader=reader,
        )
        _end_work(connection, image_id, person, reader)
    return revision(store, revision_id)


def skip(
    store: DataFolder,
    image_id: int,
    person: str,
    *,
    base_revision_id: int | None,
    provenance: Provenance = UNKNOWN_PROVENANCE,
    reader: str = SHARED,
    picture_hash: str | None = None,
) -> Revision:
    """Add a revision that says nothing; the page's head stays where it is.

    The person's draft and lease of the page end with it.

    Args:
        store: where.
        image_id: the page.
        person: who skips it.
        base_revision_id: the head that the person saw, None for an unread page.
        provenance: how far the person came.
        reader: ``SHARED``, or the blind second reader.
        picture_hash: of the picture that the person saw; None where nobody looked.

    Raises:
        StoreError: the page was erased or is another picture, or the store cannot be written; the draft stays.
    """
    with store.writing() as connection:
        refuse_another_picture(connection, image_id, picture_hash)
        revision_id = add_revision(
            connection,
            image_id,
            person,
            Reading(),
            parent_id=base_revision_id,
            provenance=provenance,
            reader=reader,
            status="skipped",
        )
        _end_work(connection, image_id, person, reader)
    return revision(store, revision_id)


def _end_work(connection: sqlite3.Connection, image_id: int, person: str, reader: str) -> None:
    delete_draft(connection, image_id, person, reader)
    connection.execute("DELETE FROM lease WHERE image_id = ? AND person = ?", (image_id, person))


def restore_revision(store: DataFolder, revision_id: int, person: str, base_revision_id: int | None) -> Revision:
    """Make an old version current again, as a new revision.

    Args:
        store: where.
        revision_id: number of the revision.
        person: who goes back.
        base_revision_id: the head that the person saw.

    Raises:
        SaveConflictError: someone else moved the head.
    """
    old = revision(store, revision_id)
    return save(
        store,
        old.image_id,
        person,
        old.reading,
        base_revision_id=base_revision_id,
        provenance=Provenance(old.provenance.base_prediction_id),
        reader=old.reader,
    )


def add_review(store: DataFolder, revision_id: int, reviewer: str, verdict: ReviewVerdict, note: str = "") -> None:
    """Accept a revision, or return it with a note.

    Args:
        store: where.
        revision_id: number of the revision.
        reviewer: who reviews.
        verdict: accepted or returned.
        note: what should be changed.

    Raises:
        StoreError: it is the reviewer's own, or returned without a note.
    """
    if revision(store, revision_id).person == reviewer:
        raise StoreError("Nobody reviews their own reading.", "Ask a colleague to review it.")
    if verdict == "returned" and not note.strip():
        raise StoreError("A returned page needs a note.", "Say what should be changed.")
    with store.writing() as connection:
        connection.execute(
            "INSERT INTO review (revision_id, reviewer, verdict, note, created_at) VALUES (?, ?, ?, ?, ?)",
            (revision_id, reviewer, verdict, note.strip(), now()),
        )


def reviews_of(store: DataFolder, image_id: int) -> list[Review]:
    """All reviews of a page's revisions, newest first.

    Args:
        store: where.
        image_id: number of the page.
    """
    rows = store.rows(
        """SELECT revision_id, reviewer, verdict, review.note, review.created_at FROM review
           JOIN revision ON revision.id = revision_id JOIN annotation ON annotation.id = annotation_id
           WHERE image_id = ? ORDER BY review.id DESC""",
        (image_id,),
    )
    return [Review(**row) for row in rows]


def review_of_head(store: DataFolder, image_id: int) -> Review | None:
    """The newest review of the version of a page that is current now.

    Args:
        store: where.
        image_id: number of the page.
    """
    row = store.row(
        """SELECT revision_id, reviewer, verdict, note, created_at FROM review WHERE revision_id = (
               SELECT head_revision_id FROM annotation WHERE image_id = ? AND reader = ?) ORDER BY id DESC LIMIT 1""",
        (image_id, SHARED),
    )
    return None if row is None else Review(**row)


def line_head(connection: sqlite3.Connection, image_id: int, reader: str = SHARED) -> int | None:
    """The head of a page's line of revisions, as part of a transaction.

    Args:
        connection: with the transaction.
        image_id: number of the page.
        reader: ``SHARED``, or the blind second reader.
    """
    row = connection.execute(
        "SELECT head_revision_id FROM annotation WHERE image_id = ? AND reader = ?", (image_id, reader)
    ).fetchone()
    return None if row is None else row[0]


def add_revision(
    connection: sqlite3.Connection,
    image_id: int,
    person: str,
    reading: Reading,
    *,
    parent_id: int | None,
    provenance: Provenance = UNKNOWN_PROVENANCE,
    reader: str = SHARED,
    status: RevisionStatus = "submitted",
) -> int:
    """Add a revision and, if it is submitted, make it the head, as part of a transaction; see ``save``.

    Args:
        connection: with the transaction.
        image_id: number of the page.
        person: who saves.
        reading: what is said.
        parent_id: the revision it was made from, None for the first.
        provenance: how the reading came about.
        reader: ``SHARED``, or the blind second reader.
        status: submitted or skipped.
    """
    if not all(math.isfinite(value) for box in reading.boxes for value in box.box_photo_xyxy.as_list()):
        raise StoreError("A box has no finite place.", "Draw it again.")
    connection.execute(
        "INSERT INTO annotation (image_id, reader) VALUES (?, ?) ON CONFLICT DO NOTHING", (image_id, reader)
    )
    annotation_id, number = connection.execute(
        """SELECT annotation.id, coalesce(max(number), 0) + 1 FROM annotation
           LEFT JOIN revision ON revision.annotation_id = annotation.id WHERE image_id = ? AND reader = ?""",
        (image_id, reader),
    ).fetchone()
    (revision_id,) = connection.execute(
        """INSERT INTO revision (annotation_id, number, parent_id, person, status, label, boxes_complete, flags,
               comment, base_prediction_id, seconds, actions, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
        (annotation_id, number, parent_id, person, status, reading.label, reading.boxes_complete,
         json.dumps(sorted(reading.flags)), reading.comment, *astuple(provenance), now()),
    ).fetchone()  # fmt: skip
    connection.executemany(
        "INSERT INTO revision_box VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (revision_id, b.uid, *b.box_photo_xyxy.as_list(), b.label, b.origin, b.prediction_box_id)
            for b in reading.boxes
        ],
    )
    if status == "submitted":
        connection.execute("UPDATE annotation SET head_revision_id = ? WHERE id = ?", (revision_id, annotation_id))
    return int(revision_id)


def _person_of(connection: sqlite3.Connection, revision_id: int) -> str:
    (name,) = connection.execute("SELECT person FROM revision WHERE id = ?", (revision_id,)).fetchone()
    return str(name)
