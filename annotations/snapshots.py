"""Frozen data sets: which reading of which picture a training learns from, with a hash, and what changed since."""

import hashlib
import json
from dataclasses import dataclass

from annotations.model import Picture, Revision, StoreError
from annotations.readings import reading_to_json, revisions_where
from annotations.store import PICTURE_SELECT, Store, now, picture_of

# A page's current truth: the shared reading's head, unless a reviewer's last word was to return it.
CURRENT = """
    annotation.reader = '' AND revision.id = annotation.head_revision_id
    AND annotation.image_id IN (SELECT id FROM image WHERE deleted_at IS NULL)
    AND coalesce((SELECT verdict FROM review WHERE revision_id = revision.id ORDER BY id DESC LIMIT 1), '')
        <> 'returned'
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frozen data set.

    Args:
        id: row number.
        name: chosen by a person, unique.
        person: who took it.
        note: free text.
        sha256: of every picture's hash, group and reading.
        pages: how many.
        created_at: UTC, ISO 8601.
    """

    id: int
    name: str
    person: str
    note: str
    sha256: str
    pages: int
    created_at: str


@dataclass(frozen=True)
class ReadPage:
    """A picture with the reading that holds for it."""

    picture: Picture
    revision: Revision

    @property
    def trains_classifier(self) -> bool:
        """Whether its label teaches: normal or abnormal, not held out, not flagged as no ECG."""
        return self._may_train and self.revision.reading.label in ("normal", "abnormal")

    @property
    def trains_detector(self) -> bool:
        """Whether its boxes teach: all beats boxed, so that what is not boxed is none; not held out."""
        return self._may_train and self.revision.reading.boxes_complete

    @property
    def _may_train(self) -> bool:
        return not self.picture.is_holdout and "not an ECG" not in self.revision.reading.flags


@dataclass(frozen=True)
class Difference:
    """What changed from one snapshot to another, as page numbers."""

    added: tuple[int, ...]
    removed: tuple[int, ...]
    changed: tuple[int, ...]


def which_revisions(snapshot_id: int | None) -> tuple[str, tuple[int, ...]]:
    """The condition, and its values, for what holds now (None) or for a snapshot's revisions."""
    if snapshot_id is None:
        return CURRENT, ()
    return "revision.id IN (SELECT revision_id FROM snapshot_item WHERE snapshot_id = ?)", (snapshot_id,)


def current_pages(store: Store) -> list[ReadPage]:
    """All pages that somebody has read, with what holds now, in the order of their numbers."""
    return _with_pictures(store, revisions_where(store, CURRENT, ()))


def take_snapshot(store: Store, name: str, person: str, note: str = "") -> Snapshot:
    """Freeze what holds now.

    Raises:
        StoreError: the name is empty or taken, or nobody has read a page.
    """
    name = name.strip()
    if not name:
        raise StoreError("A snapshot needs a name.", "Name it after what is new in it.")
    pages = current_pages(store)
    if not pages:
        raise StoreError("There is no page with a submitted reading.", "Correct some pages first.")
    if store.row("SELECT 1 FROM snapshot WHERE name = ?", (name,)):
        raise StoreError(f"There is a snapshot named {name} already.", "Choose another name.")
    with store.writing() as connection:
        (snapshot_id,) = connection.execute(
            "INSERT INTO snapshot (name, person, note, sha256, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
            (name, person, note.strip(), _sha256(pages), now()),
        ).fetchone()
        connection.executemany(
            "INSERT INTO snapshot_item VALUES (?, ?, ?)",
            [(snapshot_id, page.picture.id, page.revision.id) for page in pages],
        )
    return next(snapshot for snapshot in snapshots(store) if snapshot.id == snapshot_id)


def snapshots(store: Store) -> list[Snapshot]:
    """All snapshots, newest first."""
    rows = store.rows(
        """SELECT id, name, person, note, sha256, created_at,
               (SELECT count(*) FROM snapshot_item WHERE snapshot_id = snapshot.id) AS pages
           FROM snapshot ORDER BY id DESC"""
    )
    return [Snapshot(**row) for row in rows]


def snapshot_pages(store: Store, snapshot_id: int) -> list[ReadPage]:
    """The pages of a snapshot as they were; a group that was held out since is marked as held out."""
    return _with_pictures(store, revisions_where(store, *which_revisions(snapshot_id)))


def difference(store: Store, older_id: int | None, newer_id: int | None) -> Difference:
    """What changed between two snapshots; None stands for nothing (older) or for what holds now (newer)."""
    older = _revision_of_picture(store, older_id) if older_id is not None else {}
    newer = (
        _revision_of_picture(store, newer_id)
        if newer_id is not None
        else {page.picture.id: page.revision.id for page in current_pages(store)}
    )
    return Difference(
        tuple(sorted(newer.keys() - older.keys())),
        tuple(sorted(older.keys() - newer.keys())),
        tuple(sorted(i for i in older.keys() & newer.keys() if older[i] != newer[i])),
    )


def _revision_of_picture(store: Store, snapshot_id: int) -> dict[int, int]:
    rows = store.rows("SELECT image_id, revision_id FROM snapshot_item WHERE snapshot_id = ?", (snapshot_id,))
    return {row["image_id"]: row["revision_id"] for row in rows}


def _with_pictures(store: Store, revisions: list[Revision]) -> list[ReadPage]:
    pictures = {row["id"]: picture_of(row) for row in store.rows(PICTURE_SELECT)}
    pages = [ReadPage(pictures[revision.image_id], revision) for revision in revisions]
    return sorted(pages, key=lambda page: page.picture.id)


def _sha256(pages: list[ReadPage]) -> str:
    lines = sorted(
        json.dumps([page.picture.picture_hash, page.picture.group_key, reading_to_json(page.revision.reading)])
        for page in pages
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
