"""Which page comes next for a person: an order, a lease so that two people get different pages, and the counts."""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from annotations.database.data_folder import DataFolder, SqlValue, now
from annotations.model import SHARED

Order = Literal["uncertain", "newest", "random", "second", "flagged", "unlabelled"]
ORDERS: dict[Order, str] = {
    "uncertain": "Most uncertain first",
    "newest": "Newest first",
    "random": "Random",
    "second": "Second reading (blind)",
    "flagged": "Flagged or returned",
    "unlabelled": "Saved by you without a label",
}
LEASE_MINUTES = 15
"""A lease that ends later than so from now was made while the clock was wrong, and holds nothing."""

# One statement an order: pages that wait, with what they are sorted by. Skipped pages come back for other people only.
_WAITING = """
    FROM image
    LEFT JOIN annotation ON annotation.image_id = image.id AND annotation.reader = ''
    LEFT JOIN revision head ON head.id = annotation.head_revision_id
    LEFT JOIN lease ON lease.image_id = image.id AND lease.person <> :person
        AND lease.expires_at > :now AND lease.expires_at <= :latest
    WHERE image.deleted_at IS NULL AND lease.image_id IS NULL AND image.id <> :after
      AND image.id NOT IN (SELECT value FROM json_each(:without))
      AND NOT EXISTS (
          SELECT 1 FROM revision JOIN annotation mine ON mine.id = revision.annotation_id
          WHERE mine.image_id = image.id AND revision.person = :person AND revision.status = 'skipped')
"""
_UNREAD = "AND annotation.head_revision_id IS NULL"
_CONDITIONS: dict[Order, str] = {
    "uncertain": _UNREAD,
    "newest": _UNREAD,
    "random": _UNREAD,
    "second": """AND head.person <> :person AND NOT EXISTS (
        SELECT 1 FROM annotation second WHERE second.image_id = image.id AND second.reader = :person
        AND second.head_revision_id IS NOT NULL)""",
    "flagged": """AND (head.flags <> '[]' OR (
        SELECT verdict FROM review WHERE revision_id = head.id ORDER BY id DESC LIMIT 1) = 'returned')""",
    # Of what is no ECG no label is expected.
    "unlabelled": """AND head.person = :person AND head.label IS NULL AND instr(head.flags, '"not an ECG"') = 0""",
}
_SORTED: dict[Order, str] = {
    "uncertain": """(SELECT uncertainty FROM prediction WHERE prediction.image_id = image.id
        ORDER BY prediction.id DESC LIMIT 1) DESC, image.id""",
    "newest": "image.id DESC",
    # Mixed so that neighbours differ, and the same for a person on every day, so that the place in it means something.
    "random": "(image.id * 2654435761 + :salt) % 4294967296",
    "second": "instr(head.flags, 'second reader') = 0, image.id",
    # Saved pages may stay in these, so they are gone through in a circle.
    "flagged": "image.id <= :after, image.id",
    "unlabelled": "image.id <= :after, image.id",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a queue is.

    Args:
        waiting: pages that this person could still be given.
        done: pages that this person has read in all.
        done_today: of these, since this machine's last midnight.
    """

    waiting: int
    done: int
    done_today: int


def next_page(
    store: DataFolder, person: str, order: Order, *, after: int = 0, without: Collection[int] = ()
) -> int | None:
    """Lease the next page of a queue to a person; None where the queue is empty.

    Args:
        store: where.
        person: gets the lease, and loses it on the pages left behind.
        order: which queue.
        after: the page that was just left; it is not given again at once.
        without: pages that are not given, as those that cannot be opened.
    """
    sql = f"SELECT image.id {_WAITING} {_CONDITIONS[order]} ORDER BY {_SORTED[order]} LIMIT 1"
    with store.writing() as connection:
        connection.execute("DELETE FROM lease WHERE person = ?", (person,))
        row = connection.execute(sql, _values(person, after, without)).fetchone()
        if row is not None:
            _lease(connection, row[0], person)
    return None if row is None else int(row[0])


def lease(store: DataFolder, image_id: int, person: str) -> str | None:
    """Keep a page that is being worked on; returns the name of someone else who holds it, if so.

    Args:
        store: where.
        image_id: number of the page.
        person: who works on it.
    """
    with store.writing() as connection:
        holder = connection.execute(
            "SELECT person FROM lease WHERE image_id = ? AND person <> ? AND expires_at > ? AND expires_at <= ?",
            (image_id, person, now(), _lease_end()),
        ).fetchone()
        if holder is None:
            _lease(connection, image_id, person)
    return None if holder is None else str(holder[0])


def progress(store: DataFolder, person: str, order: Order) -> Progress:
    """Counts for one person and queue.

    Args:
        store: where.
        person: who reads.
        order: which queue.
    """
    waiting = store.row(f"SELECT count(*) AS n {_WAITING} {_CONDITIONS[order]}", _values(person, 0))
    done = store.row(
        """SELECT count(DISTINCT annotation_id) AS n,
               count(DISTINCT CASE WHEN created_at >= :today THEN annotation_id END) AS today
           FROM revision WHERE person = :person AND status = 'submitted'""",
        {"person": person, "today": _last_midnight()},
    )
    assert waiting is not None and done is not None
    return Progress(waiting["n"], done["n"], done["today"])


def skipped_unread(store: DataFolder, person: str) -> int:
    """How many pages a person has skipped that nobody has read yet; other people are given them.

    Args:
        store: where.
        person: who skipped.
    """
    row = store.row(
        """SELECT count(DISTINCT image.id) AS n FROM image JOIN annotation ON annotation.image_id = image.id
           JOIN revision ON revision.annotation_id = annotation.id
           WHERE image.deleted_at IS NULL AND annotation.reader = '' AND annotation.head_revision_id IS NULL
             AND revision.status = 'skipped' AND revision.person = ?""",
        (person,),
    )
    assert row is not None
    return int(row["n"])


def reader_of(order: Order, person: str) -> str:
    """Whose line of revisions a queue's readings belong to.

    Args:
        order: which queue.
        person: who reads.
    """
    return person if order == "second" else SHARED


def _last_midnight() -> str:
    """The last midnight of this machine's clock, as times are stored: UTC."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.astimezone(UTC).isoformat(timespec="milliseconds")


def _values(person: str, after: int, without: Collection[int] = ()) -> dict[str, SqlValue]:
    salt, excluded = sum(person.encode()) * 7919, json.dumps(list(without))
    return {
        "person": person, "now": now(), "latest": _lease_end(), "after": after, "salt": salt, "without": excluded,
    }  # fmt: skip


def _lease(connection: sqlite3.Connection, image_id: int, person: str) -> None:
    connection.execute("INSERT OR REPLACE INTO lease VALUES (?, ?, ?)", (image_id, person, _lease_end()))


def _lease_end() -> str:
    """When a lease that is made now ends."""
    return (datetime.now(UTC) + timedelta(minutes=LEASE_MINUTES)).isoformat(timespec="milliseconds")
