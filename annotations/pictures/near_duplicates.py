"""Near-copies among the stored pictures, found and put into one group as part of a transaction."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from annotations.patients.groups import merge_groups
from annotations.pictures.perceptual_hash import NO_HASH, distances

MAX_NEAR_DUPLICATES = 5
"""Pairs that are kept of one picture, the closest: more would show the same again."""


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two stored pictures that look alike.

    Args:
        image_id: the later one.
        duplicate_of_id: the earlier one.
        distance: of their perceptual hashes; 1 is the limit.
        group: that both belong to now; None where a person must decide.
    """

    image_id: int
    duplicate_of_id: int
    distance: float
    group: str | None = None


def _quiet(_done: int, _of: int) -> None:
    pass


def find_near_duplicates(
    connection: sqlite3.Connection, image_ids: Sequence[int], progress: Callable[[int, int], None] = _quiet
) -> list[NearDuplicate]:
    """Note which other pictures each of these looks like, the closest first; ``progress`` is called before each.

    Args:
        connection: with the transaction.
        image_ids: the pictures.
        progress: called with pictures done and of how many.
    """
    found: dict[tuple[int, int], NearDuplicate] = {}
    for number, image_id in enumerate(image_ids, 1):
        progress(number, len(image_ids))
        (phash,) = connection.execute("SELECT look_hash FROM image WHERE id = ?", (image_id,)).fetchone()
        others = connection.execute(
            "SELECT id, look_hash FROM image WHERE id <> ? AND look_hash NOT IN ('', ?)", (image_id, NO_HASH)
        ).fetchall()
        far = distances(phash, [other for _, other in others])
        for index in np.argsort(far, kind="stable")[:MAX_NEAR_DUPLICATES]:
            if far[index] < 1:
                earlier, later = sorted((image_id, int(others[index][0])))
                found[later, earlier] = NearDuplicate(later, earlier, float(far[index]))
    connection.executemany(
        "INSERT INTO look_alike (image_id, twin_id, distance) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (near_duplicate.image_id, near_duplicate.duplicate_of_id, near_duplicate.distance)
            for near_duplicate in found.values()
        ],
    )
    return list(found.values())


def merge_near_duplicates(
    connection: sqlite3.Connection, image_ids: Sequence[int], progress: Callable[[int, int], None] = _quiet
) -> list[NearDuplicate]:
    """Put new pictures, and whatever shares a group with them, into the group of what they look like.

    A person must decide where both groups are held out or have a fold, so that neither can move, where they are two
    patients by their keys, and where somebody said of two of their pictures that they are not the same.

    Args:
        connection: with the transaction.
        image_ids: the new pictures.
        progress: called with pictures done and of how many.
    """
    return [
        NearDuplicate(
            near_duplicate.image_id,
            near_duplicate.duplicate_of_id,
            near_duplicate.distance,
            merge_groups_of_pictures(connection, near_duplicate.image_id, near_duplicate.duplicate_of_id),
        )
        for near_duplicate in find_near_duplicates(connection, image_ids, progress)
    ]


def merge_groups_of_pictures(
    connection: sqlite3.Connection, image_id: int, duplicate_of_id: int, *, said_by_person: bool = False
) -> str | None:
    """Make the groups of two pictures one; returns its key, None where it cannot be, see ``merge_groups``.

    Args:
        connection: with the transaction.
        image_id: one picture.
        duplicate_of_id: the other.
        said_by_person: somebody said that both are one patient.
    """
    group, other = (
        connection.execute("SELECT group_key FROM image WHERE id = ?", (number,)).fetchone()[0]
        for number in (duplicate_of_id, image_id)
    )
    return merge_groups(connection, group, other, said_by_person=said_by_person)
