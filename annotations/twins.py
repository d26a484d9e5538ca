"""Near-copies among the stored pictures, found and put into one group as part of a transaction."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from annotations.looks import NO_LOOK, distances
from annotations.new_picture import OWN_GROUP

MOST_TWINS = 5
"""Pairs that are kept of one picture, the closest: more would show the same again."""


@dataclass(frozen=True, slots=True)
class Twin:
    """Two stored pictures that look alike.

    Args:
        image_id: the later one.
        twin_id: the earlier one.
        distance: of their looks; 1 is the limit.
        group: that both belong to now; None where a person must decide.
    """

    image_id: int
    twin_id: int
    distance: float
    group: str | None = None


def find_twins(connection: sqlite3.Connection, image_ids: Iterable[int]) -> list[Twin]:
    """Note which other pictures each of these looks like, the closest first."""
    found: dict[tuple[int, int], Twin] = {}
    for image_id in image_ids:
        (look,) = connection.execute("SELECT look_hash FROM image WHERE id = ?", (image_id,)).fetchone()
        others = connection.execute(
            "SELECT id, look_hash FROM image WHERE id <> ? AND look_hash NOT IN ('', ?)", (image_id, NO_LOOK)
        ).fetchall()
        far = distances(look, [other for _, other in others])
        for index in np.argsort(far, kind="stable")[:MOST_TWINS]:
            if far[index] < 1:
                earlier, later = sorted((image_id, int(others[index][0])))
                found[later, earlier] = Twin(later, earlier, float(far[index]))
    connection.executemany(
        "INSERT INTO look_alike (image_id, twin_id, distance) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(twin.image_id, twin.twin_id, twin.distance) for twin in found.values()],
    )
    return list(found.values())


def join_twins(connection: sqlite3.Connection, image_ids: Iterable[int]) -> list[Twin]:
    """Put new pictures, and whatever shares a group with them, into the group of what they look like.

    A person must decide where both groups are held out or have a fold, so that neither can move, and where somebody
    said of two of their pictures that they are not the same.
    """
    return [
        Twin(twin.image_id, twin.twin_id, twin.distance, unite(connection, twin.image_id, twin.twin_id))
        for twin in find_twins(connection, image_ids)
    ]


def unite(connection: sqlite3.Connection, image_id: int, twin_id: int) -> str | None:
    """Make the groups of two pictures one; returns its key, None where it cannot be, see ``join_twins``."""
    groups = [
        connection.execute(
            """SELECT is_holdout = 1 OR fold IS NOT NULL AS stays, key NOT LIKE ? AS named, key
               FROM image JOIN page_group ON key = group_key WHERE image.id = ?""",
            (f"{OWN_GROUP}%", number),
        ).fetchone()
        for number in (twin_id, image_id)
    ]
    # What is kept is a group that cannot move, else one that somebody named, else the twin's.
    (_, _, kept), (gone_stays, _, gone) = sorted(groups, key=lambda group: group[:2], reverse=True)
    if kept != gone and (gone_stays or _said_to_differ(connection, kept, gone)):
        return None
    connection.execute("UPDATE image SET group_key = ? WHERE group_key = ?", (kept, gone))
    return str(kept)


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
