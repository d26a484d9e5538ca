"""Painting a place of a stored picture black for ever, with all that people said of the picture kept."""

import sqlite3
from collections.abc import Sequence
from math import ceil, floor

import numpy as np

from annotations.database.data_folder import DataFolder, now
from annotations.erasure.mentions import forget_mentions, note_redacted
from annotations.model import Picture, StoreError
from annotations.pictures.file_intents import delete_unnamed, incoming, note, settle
from annotations.pictures.files import encoded_picture
from annotations.pictures.perceptual_hash import perceptual_hash
from annotations.pictures.stored import picture, picture_by_hash, picture_path
from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode.read import picture_hash, read_picture
from ecgcore.types import Box, ByteArray


def redact(store: DataFolder, image_id: int, boxes: Sequence[Box], person: str) -> Picture:
    """Overwrite places of a picture with black; there is no way back.

    The new file is written first; one transaction then moves the picture's row to it, and the old file is deleted.
    The row keeps its number, so that readings, boxes, predictions, snapshots and group stay with it; the hash of the
    old pixels is remembered, so that the same file is recognised when it comes again. Panels that were cut from
    pictures for training go, and a training that has read the page stops, as when a patient is erased. Backups made
    before keep what they hold.

    Args:
        store: where.
        image_id: the picture.
        boxes: places in its pixels; every pixel that one touches becomes black.
        person: who does it.

    Returns:
        The picture with its new hash and file.

    Raises:
        StoreError: no place lies in the picture, somebody changed the picture meanwhile, or the disk is full.
        UnreadablePictureError: the picture's file is damaged.
    """
    old = picture(store, image_id)
    try:
        (photo_rgb,) = read_picture(picture_path(store, old), old.name)
    except UnreadablePictureError:
        if store.row("SELECT 1 FROM image WHERE id = ? AND file = ?", (image_id, old.file)) is None:
            raise _changed() from None
        raise
    inside = [box for box in boxes if box.x1 < old.width and box.y1 < old.height and box.x2 > 0 and box.y2 > 0]
    if not inside:
        raise StoreError("No box lies in the picture.", "Drag a box over what must go.")
    redacted_rgb = redacted(photo_rgb, inside)
    digest = picture_hash(redacted_rgb)
    if digest == old.picture_hash:
        raise StoreError("These places are black already.", "Drag a box over what must go.")
    if picture_by_hash(store, digest) is not None:
        raise StoreError("The picture would become another one that is stored.", "Erase one of the two instead.")
    file, content = encoded_picture(digest, redacted_rgb)
    with incoming(store) as pictures:
        pictures.write(file, content)
        with store.writing() as connection:
            settle(connection, store.folder, file)
            note(connection, [old.file])
            note_redacted(connection, image_id)
            _move(connection, old, digest, perceptual_hash(redacted_rgb), file)
            connection.executemany(
                "INSERT INTO blackening (image_id, person, x1, y1, x2, y2, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(image_id, person, max(0.0, b.x1), max(0.0, b.y1), b.x2, b.y2, now()) for b in inside],
            )
        delete_unnamed(store, [old.file])
    forget_mentions(store)
    return picture(store, image_id)


def redacted(photo_rgb: ByteArray, boxes: Sequence[Box]) -> ByteArray:
    """A copy of a picture in which every pixel that a box touches is black.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        boxes: places in its pixels; what leaves the picture is left out.
    """
    redacted_rgb = np.array(photo_rgb, dtype=np.uint8)
    for box in boxes:
        redacted_rgb[max(0, floor(box.y1)) : ceil(box.y2), max(0, floor(box.x1)) : ceil(box.x2)] = 0
    return redacted_rgb


def _move(connection: sqlite3.Connection, old: Picture, digest: str, phash: str, file: str) -> None:
    moved = connection.execute(
        "UPDATE image SET picture_hash = ?, look_hash = ?, file = ? WHERE id = ? AND picture_hash = ?",
        (digest, phash, file, old.id, old.picture_hash),
    )
    if moved.rowcount != 1:
        raise _changed()
    connection.execute("INSERT INTO former_hash VALUES (?, ?) ON CONFLICT DO NOTHING", (old.picture_hash, old.id))


def _changed() -> StoreError:
    return StoreError("Somebody changed this picture meanwhile.", "Reload the page and look at it again.")
