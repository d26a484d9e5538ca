"""What happened in training runs, as rows that are only ever added."""

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from annotations.database.data_folder import DataFolder, now
from annotations.database.stored_json import stored_object


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something that happened in a run: a state, the end of an epoch, a stage or a fold, or a message."""

    id: int
    at: str
    event: dict[str, JsonValue]


def add_events(store: DataFolder, run_id: int, happened: Collection[Mapping[str, JsonValue]]) -> None:
    """Add what happened, in order, and show that the run is alive.

    Args:
        store: where.
        run_id: number of the run.
        happened: each as a JSON object; "kind" says what it is.
    """
    with store.writing() as connection:
        for event in happened:
            insert_event(connection, run_id, event)
        connection.execute("UPDATE train_run SET heartbeat_at = ? WHERE id = ?", (now(), run_id))


def events(store: DataFolder, run_id: int, after: int = 0) -> list[RunEvent]:
    """What happened in a run, oldest first, from the event after number ``after`` on.

    Args:
        store: where.
        run_id: number of the run.
        after: number of an event, 0 for all.
    """
    rows = store.rows("SELECT id, at, event FROM run_event WHERE run_id = ? AND id > ? ORDER BY id", (run_id, after))
    named = f"An event of run {run_id}"
    return [RunEvent(row["id"], row["at"], stored_object(row["event"], named)) for row in rows]


def insert_event(connection: sqlite3.Connection, run_id: int, event: Mapping[str, JsonValue]) -> None:
    """Add what happened, as part of a transaction.

    Args:
        connection: with the transaction.
        run_id: number of the run.
        event: as a JSON object; "kind" says what it is.
    """
    connection.execute("INSERT INTO run_event (run_id, at, event) VALUES (?, ?, ?)", (run_id, now(), json.dumps(event)))
