"""What bundles said of pages, as rows that are only ever added."""

import math

from annotations.database.data_folder import DataFolder, now
from annotations.pictures.stored import picture
from ecgcore.types import Beat, Box, Prediction

MOST_UNCERTAIN = 2.0


def record_prediction(store: DataFolder, image_id: int, prediction: Prediction) -> int:
    """Add what a bundle said of a page; returns the row's number.

    A page that was screened by the same bundle before keeps its first row, since a bundle says the same again.

    Args:
        store: where.
        image_id: the page.
        prediction: with its bundle's version.
    """
    assert prediction.bundle is not None
    known = store.row(
        "SELECT id FROM prediction WHERE image_id = ? AND bundle_version = ?", (image_id, prediction.bundle)
    )
    if known is not None:
        return int(known["id"])
    size = picture(store, image_id)
    with store.writing() as connection:
        connection.execute(
            "INSERT INTO bundle (version, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING", (prediction.bundle, now())
        )
        (prediction_id,) = connection.execute(
            """INSERT INTO prediction (image_id, bundle_version, decision, p_abnormal, p_local, p_global,
                   heart_rate_bpm, uncertainty, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
            (image_id, prediction.bundle, prediction.decision, prediction.p_abnormal, prediction.p_local,
             prediction.p_global, prediction.heart_rate_bpm, uncertainty(prediction), now()),
        ).fetchone()  # fmt: skip
        connection.executemany(
            """INSERT INTO prediction_box (prediction_id, x1, y1, x2, y2, score, p_abnormal, share)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            [
                (prediction_id, *clamped.as_list(), beat.score, beat.p_abnormal, beat.share)
                for beat in prediction.beats
                if (clamped := _inside(beat.box_photo_xyxy, size.width, size.height)) is not None
            ],
        )
    return int(prediction_id)


def uncertainty(prediction: Prediction) -> float:
    """How much a person's reading would teach: entropy of p_abnormal in bits, plus how far the three answers disagree.

    0 is certain and agreed; a page without an answer is as uncertain as any.
    """
    p = prediction.p_abnormal
    if p is None:
        return MOST_UNCERTAIN
    entropy = -sum(q * math.log2(q) for q in (p, 1 - p) if q > 0)
    answers = [q for q in (p, prediction.p_local, prediction.p_global) if q is not None]
    return entropy + max(answers) - min(answers)


def latest_prediction_id(store: DataFolder, image_id: int) -> int | None:
    """The number of a page's newest prediction, None where it has none.

    Args:
        store: where.
        image_id: number of the page.
    """
    row = store.row("SELECT id FROM prediction WHERE image_id = ? ORDER BY id DESC LIMIT 1", (image_id,))
    return None if row is None else int(row["id"])


def proposals(store: DataFolder, prediction_id: int) -> dict[int, Beat]:
    """The boxes of a prediction by their row numbers, best first.

    Args:
        store: where.
        prediction_id: number of the prediction.
    """
    rows = store.rows("SELECT * FROM prediction_box WHERE prediction_id = ? ORDER BY id", (prediction_id,))
    return {
        row["id"]: Beat(Box(row["x1"], row["y1"], row["x2"], row["y2"]), row["score"], row["p_abnormal"], row["share"])
        for row in rows
    }


def _inside(box: Box, width: int, height: int) -> Box | None:
    """The part of a box that lies in the picture; None where there is none."""
    x1, y1, x2, y2 = max(0.0, box.x1), max(0.0, box.y1), min(float(width), box.x2), min(float(height), box.y2)
    return Box(x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None
