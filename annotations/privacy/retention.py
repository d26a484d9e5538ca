"""What may be kept of a page: the choice that was made once, and results that are kept without a picture."""

import json
from typing import Literal, cast

from pydantic import JsonValue

from annotations.database.data_folder import DataFolder, now
from annotations.database.stored_json import stored_object
from ecgcore.types import Prediction

Retention = Literal["photo", "panel", "result"]
RETENTIONS: dict[Retention, str] = {
    "photo": "The whole photo",
    "panel": "Only the panel with the traces",
    "result": "Only the result",
}

_SETTING = "keep"


def retention_setting(store: DataFolder) -> Retention | None:
    """What was chosen, None while nobody has chosen yet."""
    row = store.row("SELECT value FROM setting WHERE name = ?", (_SETTING,))
    return None if row is None or row["value"] not in RETENTIONS else cast(Retention, row["value"])


def set_retention(store: DataFolder, retention: Retention) -> None:
    """Remember the choice for all pages to come; what is stored already stays as it is.

    Args:
        store: where.
        retention: a key of ``RETENTIONS``.
    """
    with store.writing() as connection:
        connection.execute(
            """INSERT INTO setting VALUES (?, ?, ?)
               ON CONFLICT DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at""",
            (_SETTING, retention, now()),
        )


def save_result(store: DataFolder, prediction: Prediction) -> int:
    """Keep what was said of a page and no picture of it; the file's name, which may be a person's, is left out.

    Args:
        store: where.
        prediction: what was said of the page.
    """
    result = json.dumps({**prediction.to_json(), "file": ""})
    with store.writing() as connection:
        (number,) = connection.execute(
            "INSERT INTO kept_result (result, created_at) VALUES (?, ?) RETURNING id", (result, now())
        ).fetchone()
    return int(number)


def saved_results(store: DataFolder) -> list[dict[str, JsonValue]]:
    """All kept results, oldest first, each as the object of contract 1 with its number and time."""
    rows = store.rows("SELECT id, result, created_at FROM kept_result ORDER BY id")
    results = [stored_object(row["result"], f"Kept result {row['id']}") for row in rows]
    return [{"id": row["id"], "at": row["created_at"], **result} for row, result in zip(rows, results, strict=True)]
