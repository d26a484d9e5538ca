"""Corners of the panel that a person set where the program had straightened a photo wrongly."""

import numpy as np

from annotations.database.data_folder import DataFolder, now
from ecgcore.types import FloatArray


def remember_corners(store: DataFolder, image_id: int, corners_photo_xy: FloatArray, person: str | None) -> None:
    """Add what a person set; the newest holds.

    Args:
        store: where.
        image_id: the picture, kept whole.
        corners_photo_xy: ``[4, 2]`` in its pixels, clockwise from the panel's top left.
        person: who set them, None where nobody had given a name yet.
    """
    with store.writing() as connection:
        connection.execute(
            """INSERT INTO panel_corners (image_id, person, x1, y1, x2, y2, x3, y3, x4, y4, at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (image_id, person, *np.asarray(corners_photo_xy, dtype=float).reshape(8).tolist(), now()),
        )


def every_corners(store: DataFolder) -> dict[int, FloatArray]:
    """The corners that hold, ``[4, 2]`` each, by picture."""
    rows = store.rows("SELECT image_id, x1, y1, x2, y2, x3, y3, x4, y4 FROM panel_corners ORDER BY id")
    return {
        image_id: np.array(corners, dtype=np.float64).reshape(4, 2) for image_id, *corners in map(dict.values, rows)
    }


def corners_of(store: DataFolder, image_id: int) -> FloatArray | None:
    """The corners that were set last for a picture, ``[4, 2]``; None where nobody set any.

    Args:
        store: where.
        image_id: number of the page.
    """
    row = store.row(
        "SELECT x1, y1, x2, y2, x3, y3, x4, y4 FROM panel_corners WHERE image_id = ? ORDER BY id DESC LIMIT 1",
        (image_id,),
    )
    return None if row is None else np.array(list(row.values()), dtype=np.float64).reshape(4, 2)
