"""The stored pictures, as they are read back; nothing here writes."""

from pathlib import Path

from annotations.database.data_folder import DataFolder, Values
from annotations.model import Picture, StoreError

_SELECT = """
    SELECT image.id, image.picture_hash, image.file, image.name, image.width, image.height, image.group_key,
        page_group.is_holdout, image.source, image.source_record, image.created_at, image.deleted_at
    FROM image JOIN page_group ON page_group.key = image.group_key
"""


def pictures_where(store: DataFolder, condition: str, values: Values) -> list[Picture]:
    """Pictures in no order; ``condition`` is SQL of this package's own, never a user's.

    Args:
        store: where.
        condition: the WHERE.
        values: of the condition's question marks or names.
    """
    rows = store.rows(f"{_SELECT} WHERE {condition}", values)
    return [Picture(**{**row, "is_holdout": bool(row["is_holdout"])}) for row in rows]


def picture(store: DataFolder, image_id: int) -> Picture:
    """One picture.

    Args:
        store: where.
        image_id: number of the page.

    Raises:
        StoreError: there is none of that number.
    """
    found = pictures_where(store, "image.id = ?", (image_id,))
    if not found:
        raise StoreError(f"There is no page {image_id}.", "It may have been erased; choose another.")
    return found[0]


def picture_by_hash(store: DataFolder, digest: str) -> Picture | None:
    """The picture with these pixels, or that had them before something was cut off or painted over.

    Args:
        store: where.
        digest: sha256 of its pixels and size (contract 2).
    """
    condition = """image.picture_hash = :hash
        OR image.id = (SELECT image_id FROM former_hash WHERE picture_hash = :hash)"""
    return next(iter(pictures_where(store, condition, {"hash": digest})), None)


def picture_path(store: DataFolder, of: Picture) -> Path:
    """Where a picture's file lies.

    Args:
        store: where.
        of: the picture.
    """
    return store.folder / of.file
