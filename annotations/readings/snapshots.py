"""Frozen data sets: which reading of which picture a training learns from, with a hash, and what changed since."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from annotations.database.data_folder import DataFolder, now
from annotations.model import Picture, Revision, StoreError
from annotations.pictures.stored import pictures_where
from annotations.readings.drafts import reading_to_json
from annotations.readings.revisions import revisions_where

_PAGES_AT_ONCE = 200

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
        sha256: over the sorted sha256s of its pages, each of the picture's hash, group and reading.
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


def which_pages(store: DataFolder, snapshot_id: int | None = None) -> dict[int, int]:
    """The picture and the revision of every page that somebody has read, by number, in the order of the pictures.

    Args:
        store: where.
        snapshot_id: None for what holds now.
    """
    condition, values = which_revisions(snapshot_id)
    rows = store.rows(
        f"""SELECT annotation.image_id, revision.id FROM revision JOIN annotation ON annotation.id = annotation_id
            WHERE {condition} ORDER BY annotation.image_id""",
        values,
    )
    return {row["image_id"]: row["id"] for row in rows}


def read_pages(
    store: DataFolder, snapshot_id: int | None = None, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> Iterator[ReadPage]:
    """Those pages themselves, a few hundred in memory at a time; a group held out since is marked as held out.

    Args:
        store: where.
        snapshot_id: None for what holds now.
        progress: called with pages done and of how many.
    """
    chosen = list(which_pages(store, snapshot_id).items())
    for start in range(0, len(chosen), _PAGES_AT_ONCE):
        part = chosen[start : start + _PAGES_AT_ONCE]
        marks = ", ".join("?" * len(part))
        images, numbers = [image for image, _ in part], [number for _, number in part]
        revisions = {r.id: r for r in revisions_where(store, f"revision.id IN ({marks})", numbers)}
        pictures = {found.id: found for found in pictures_where(store, f"image.id IN ({marks})", images)}
        # A page that was erased meanwhile is no page any more.
        yield from (ReadPage(pictures[image], revisions[number]) for image, number in part if image in pictures)
        progress(start + len(part), len(chosen))


def take_snapshot(store: DataFolder, name: str, person: str, note: str = "") -> Snapshot:
    """Freeze the current labels.

    Args:
        store: where.
        name: a new one.
        person: who takes it.
        note: free text.

    Raises:
        StoreError: the name is empty or taken, or nobody has read a page.
    """
    name = name.strip()
    if not name:
        raise StoreError("A snapshot needs a name.", "Name it after what is new in it.")
    if store.row("SELECT 1 FROM snapshot WHERE name = ?", (name,)):
        raise StoreError(f"There is a snapshot named {name} already.", "Choose another name.")
    items, digests = [], []
    for page in read_pages(store):
        items.append((page.picture.id, page.revision.id))
        digests.append(_sha256(page))
    if not items:
        raise StoreError("There is no page with a submitted reading.", "Correct some pages first.")
    with store.writing() as connection:
        (snapshot_id,) = connection.execute(
            "INSERT INTO snapshot (name, person, note, sha256, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
            (name, person, note.strip(), hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest(), now()),
        ).fetchone()
        connection.executemany("INSERT INTO snapshot_item VALUES (?, ?, ?)", [(snapshot_id, *item) for item in items])
    return next(snapshot for snapshot in snapshots(store) if snapshot.id == snapshot_id)


def snapshots(store: DataFolder) -> list[Snapshot]:
    """All snapshots, newest first."""
    rows = store.rows(
        """SELECT id, name, person, note, sha256, created_at,
               (SELECT count(*) FROM snapshot_item WHERE snapshot_id = snapshot.id) AS pages
           FROM snapshot ORDER BY id DESC"""
    )
    return [Snapshot(**row) for row in rows]


def difference(store: DataFolder, older_id: int | None, newer_id: int | None) -> Difference:
    """What changed between two snapshots; None stands for nothing (older) or for what holds now (newer).

    Args:
        store: where.
        older_id: the snapshot before.
        newer_id: the snapshot after.
    """
    older = {} if older_id is None else which_pages(store, older_id)
    newer = which_pages(store, newer_id)
    return Difference(
        tuple(sorted(newer.keys() - older.keys())),
        tuple(sorted(older.keys() - newer.keys())),
        tuple(sorted(i for i in older.keys() & newer.keys() if older[i] != newer[i])),
    )


def _sha256(page: ReadPage) -> str:
    content = [page.picture.picture_hash, page.picture.group_key, reading_to_json(page.revision.reading)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
