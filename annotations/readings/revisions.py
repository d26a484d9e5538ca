"""Saved versions of readings, as they are read back; nothing here writes."""

import json
from collections.abc import Sequence

from annotations.database.data_folder import DataFolder, SqlValue
from annotations.database.stored_json import stored
from annotations.model import SHARED, LabelledBox, Provenance, Reading, Revision, StoreError
from ecgcore.types import Box

_REVISION_SELECT = """
    SELECT revision.*, annotation.image_id, annotation.reader, prediction.bundle_version
    FROM revision JOIN annotation ON annotation.id = revision.annotation_id
    LEFT JOIN prediction ON prediction.id = revision.base_prediction_id
"""


def revision(store: DataFolder, revision_id: int) -> Revision:
    """One revision with its boxes.

    Args:
        store: where.
        revision_id: number of the revision.

    Raises:
        StoreError: there is none of that number, or its row is damaged.
    """
    found = revisions_where(store, "revision.id = ?", (revision_id,))
    if not found:
        raise StoreError(f"There is no revision {revision_id}.", "Reload the page.")
    return found[0]


def head(store: DataFolder, image_id: int, reader: str = SHARED) -> Revision | None:
    """What currently holds for a page, None while nobody has read it.

    Args:
        store: where.
        image_id: number of the page.
        reader: ``SHARED``, or the blind second reader.
    """
    found = revisions_where(store, "annotation.image_id = ? AND annotation.reader = ? AND revision.id = "
                            "annotation.head_revision_id", (image_id, reader))  # fmt: skip
    return found[0] if found else None


def history(store: DataFolder, image_id: int, reader: str | None = SHARED) -> list[Revision]:
    """All revisions of a page, newest first; of every reader with ``reader=None``.

    Args:
        store: where.
        image_id: number of the page.
        reader: ``SHARED``, a blind second reader, or None for all.
    """
    if reader is None:
        return revisions_where(store, "annotation.image_id = ?", (image_id,))
    return revisions_where(store, "annotation.image_id = ? AND annotation.reader = ?", (image_id, reader))


def revisions_where(store: DataFolder, condition: str, values: Sequence[SqlValue]) -> list[Revision]:
    """Revisions with their boxes, newest first; ``condition`` is SQL of this package's own, never a user's.

    Args:
        store: where.
        condition: the WHERE.
        values: of the condition's question marks or names.
    """
    rows = store.rows(f"{_REVISION_SELECT} WHERE {condition} ORDER BY revision.id DESC", values)
    # By their numbers: what the condition finds may have changed since, a revision's boxes cannot.
    boxes = _boxes_of(store, [row["id"] for row in rows])
    found = []
    for row in rows:
        with stored(f"Reading {row['number']} of page {row['image_id']}"):
            flags = frozenset(map(str, json.loads(row["flags"])))
        found.append(
            Revision(
                id=row["id"],
                image_id=row["image_id"],
                reader=row["reader"],
                number=row["number"],
                parent_id=row["parent_id"],
                person=row["person"],
                status=row["status"],
                reading=Reading(
                    row["label"], tuple(boxes[row["id"]]), bool(row["boxes_complete"]), flags, row["comment"]
                ),
                provenance=Provenance(row["base_prediction_id"], row["seconds"], row["actions"]),
                bundle_version=row["bundle_version"],
                created_at=row["created_at"],
            )
        )
    return found


def _boxes_of(store: DataFolder, revision_ids: Sequence[int]) -> dict[int, list[LabelledBox]]:
    """The boxes of revisions by their numbers."""
    boxes: dict[int, list[LabelledBox]] = {number: [] for number in revision_ids}
    for row in store.rows(
        "SELECT * FROM revision_box WHERE revision_id IN (SELECT value FROM json_each(?))", [json.dumps(list(boxes))]
    ):
        place = Box(row["x1"], row["y1"], row["x2"], row["y2"])
        box = LabelledBox(row["uid"], place, row["label"], row["origin"], row["prediction_box_id"])
        boxes[row["revision_id"]].append(box)
    return boxes
