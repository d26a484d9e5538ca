"""Groups of pictures that stay on one side of a split, as part of a transaction: patients, machines, lone pictures."""

import sqlite3
from collections.abc import Iterable

from annotations.model import StoreError

OWN_GROUP = "picture:"
"""How the group of a picture begins whose patient nobody named."""
PATIENT = "patient:"
"""How the group of a patient begins; the keyed hash of the patient's key follows."""
RECORD = "wfdb:"
"""How the group of a drawn record begins."""


def own_group(digest: str) -> str:
    """The group of a picture that belongs to no other, as far as is known."""
    return f"{OWN_GROUP}{digest[:16]}"


def stored_group(connection: sqlite3.Connection, group: str, at: str) -> str:
    """The group of the store that a group's name leads to, made where it is new.

    A patient's pages may have come into a group of another name, whose fold was fixed before the patient was named.

    Args:
        connection: with the transaction.
        group: of ``patients.keys.patient_group``, or any other group's key.
        at: the time, UTC, ISO 8601.
    """
    key_hash = group.removeprefix(PATIENT)
    if key_hash != group:
        known = connection.execute("SELECT group_key FROM patient_key WHERE key_hash = ?", (key_hash,)).fetchone()
        if known is not None:
            return str(known[0])
    connection.execute("INSERT INTO page_group (key) VALUES (?) ON CONFLICT DO NOTHING", (group,))
    if key_hash != group:
        connection.execute("INSERT INTO patient_key VALUES (?, ?, ?)", (key_hash, group, at))
    return group


def merge_groups(connection: sqlite3.Connection, group: str, other: str, *, said_by_person: bool = False) -> str | None:
    """Make two groups one, with their pictures and patients' keys; returns its key.

    What remains is a group that is in the permanent test set or has a fold, else one that somebody named, else the
    first.

    Args:
        connection: with the transaction.
        group: key of one.
        other: key of the other.
        said_by_person: somebody said that both are one patient; else two patients with a key each stay two.

    Returns:
        None where nothing was done: both groups stay what they are, or somebody said of two of their pictures that
        they are not the same, or see ``said_by_person``.
    """
    if group == other:
        return group
    ranks = [(*_rank(connection, key), key) for key in (group, other)]
    (_, kept_named, kept), (gone_fixed, gone_named, gone) = sorted(ranks, key=lambda rank: rank[:2], reverse=True)
    two_patients = kept_named and gone_named and _keyed(connection, kept) and _keyed(connection, gone)
    if gone_fixed or _said_to_differ(connection, kept, gone) or (two_patients and not said_by_person):
        return None
    connection.execute("UPDATE image SET group_key = ? WHERE group_key = ?", (kept, gone))
    connection.execute("UPDATE patient_key SET group_key = ? WHERE group_key = ?", (kept, gone))
    return kept


def move_to_group(connection: sqlite3.Connection, image_ids: Iterable[int], group: str, at: str) -> None:
    """Move pictures into a group, made where it is new.

    Args:
        connection: with the transaction.
        image_ids: the pictures.
        group: as ``stored_group`` takes it.
        at: the time, UTC, ISO 8601.

    Raises:
        StoreError: a picture would leave a held-out group, or a group whose fold is fixed.
    """
    group = stored_group(connection, group, at)
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


def is_named(connection: sqlite3.Connection, group: str) -> bool:
    """Whether somebody said which patient or machine a group is of.

    Args:
        connection: with the transaction.
        group: its key.
    """
    return not group.startswith(OWN_GROUP) or _keyed(connection, group)


def _rank(connection: sqlite3.Connection, group: str) -> tuple[bool, bool]:
    (is_fixed,) = connection.execute(
        "SELECT is_holdout = 1 OR fold IS NOT NULL FROM page_group WHERE key = ?", (group,)
    ).fetchone()
    return bool(is_fixed), is_named(connection, group)


def _keyed(connection: sqlite3.Connection, group: str) -> bool:
    row = connection.execute("SELECT 1 FROM patient_key WHERE group_key = ? LIMIT 1", (group,)).fetchone()
    return row is not None


def _said_to_differ(connection: sqlite3.Connection, group: str, other: str) -> bool:
    return (
        connection.execute(
            """SELECT 1 FROM look_alike JOIN image ON image.id = look_alike.image_id
               JOIN image twin ON twin.id = twin_id
               WHERE not_the_same_by IS NOT NULL AND image.group_key IN (:a, :b) AND twin.group_key IN (:a, :b)
               AND image.group_key <> twin.group_key LIMIT 1""",
            {"a": group, "b": other},
        ).fetchone()
        is not None
    )
