"""Mentions of pages in files of trainings and models: they go when a patient is erased.

What must go is noted in the transaction that erases, so that a killed program leaves it to the next start. A training
that is at work may still write what it read before; the note stays until it has ended, and it forgets last. A run that
is not over and learns from a page that was erased or redacted stops, loses all that it has made, and begins again
without the page when somebody resumes it; of a run that is over, the figures stay and say so.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress

from annotations.artifacts.files import BUNDLES
from annotations.artifacts.run_locks import run_folder, starting, take_lock
from annotations.database.data_folder import DataFolder
from annotations.erasure.derived_files import forget_derived
from annotations.erasure.freed_bytes import forget_bytes_left, note_bytes_left
from annotations.erasure.mention_files import Mentions, clear_run, pictures_named
from annotations.model import StoreError

BEGINS_AGAIN = (
    "Pages that it learns from were erased or redacted, so all that it had made is deleted. Resume: it begins again "
    "without what was erased."
)
"""Why a run stopped."""

_PATIENCE_S, _ASKED_EVERY_S = 60.0, 0.2
_OVER = "('candidate', 'active', 'rejected')"
_AT_WORK = "('queued', 'snapshotting', 'running', 'evaluating')"


def note_erased(connection: sqlite3.Connection, groups: Iterable[str]) -> None:
    """Note, in the transaction that erases pages, that runs and models must forget them; what rows mention goes now.

    Args:
        connection: whose table ``erasing`` holds the numbers of the pages, all of whose rows are still there.
        groups: all names of the patient's group, as files may bear them.
    """
    connection.execute(
        """INSERT INTO mention SELECT 'picture', picture_hash FROM image WHERE id IN erasing
           UNION SELECT 'picture', picture_hash FROM former_hash WHERE image_id IN erasing ON CONFLICT DO NOTHING"""
    )
    connection.executemany("INSERT INTO mention VALUES ('group', ?) ON CONFLICT DO NOTHING", [(g,) for g in groups])
    _note_runs(connection, "image_id IN erasing", (), is_erased=True)
    mentioned = "EXISTS (SELECT 1 FROM mention WHERE kind = 'picture' AND instr({}, value))"
    connection.execute(f"DELETE FROM run_event WHERE {mentioned.format('event')}")
    connection.execute(
        f"UPDATE train_run SET message = 'It told of a page that was erased.' WHERE {mentioned.format('message')}"
    )


def note_redacted(connection: sqlite3.Connection, image_id: int) -> None:
    """Note, in the transaction that redacts a page, that what was cut from it must go, and trainings must stop.

    Args:
        connection: with the transaction.
        image_id: number of the page.
    """
    _note_runs(connection, "image_id = ?", (image_id,), is_erased=False)


def _note_runs(connection: sqlite3.Connection, is_changed: str, values: tuple[int, ...], *, is_erased: bool) -> None:
    # a note of its own for each, so that who is at an earlier one does not cross off this one too
    connection.execute("INSERT INTO mention VALUES ('derived', hex(randomblob(8)))")
    connection.execute(
        f"""INSERT INTO changed_run
            SELECT train_run.id, {int(is_erased)} * count(image_id), state NOT IN {_OVER} FROM train_run
            LEFT JOIN snapshot_item ON snapshot_item.snapshot_id = train_run.snapshot_id AND {is_changed}
            WHERE image_id IS NOT NULL OR (train_run.snapshot_id IS NULL AND state NOT IN {_OVER})
            GROUP BY train_run.id
            ON CONFLICT DO UPDATE SET erased_pages = erased_pages + excluded.erased_pages,
                begins_again = max(begins_again, excluded.begins_again)""",
        values,
    )


def forget_mentions(store: DataFolder, own_run: int | None = None) -> bool:
    """Make files of trainings and models forget what was noted, as far as nobody is writing them.

    Args:
        store: where.
        own_run: the run of this process, which writes no more.

    Returns:
        Whether no training is at work that holds a page that must go; one stops by itself and forgets then.

    Raises:
        StoreError: a file cannot be changed; the next start tries again.
    """
    if store.row("SELECT 1 FROM mention UNION ALL SELECT 1 FROM changed_run WHERE begins_again") is None:
        return True
    try:
        with starting(store.folder):
            return _forget(store, own_run)
    except OSError as error:
        raise StoreError(
            f"A file that still names an erased page cannot be changed: {error}.",
            "Free some space and allow this program to write in the data folder, then start it again: it continues.",
        ) from error


def forget_mentions_left(store: DataFolder, own_run: int | None = None) -> None:
    """Finish what an earlier erasure could not; left for the next start where it still cannot be done.

    Args:
        store: where.
        own_run: the run of this process, which writes no more.
    """
    with suppress(StoreError):
        forget_mentions(store, own_run)
    forget_bytes_left(store)


def wait_until_forgotten(store: DataFolder) -> None:
    """Let what was erased go before anything is copied; a training that holds a page of it needs a moment to stop.

    Raises:
        StoreError: it did not stop in time, or a file cannot be changed.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while not forget_mentions(store):
        if time.monotonic() > deadline:
            raise StoreError("A training still holds pages that were erased or redacted.", "Try again in a minute.")
        time.sleep(_ASKED_EVERY_S)
    forget_bytes_left(store)


def runs_to_begin_again(store: DataFolder, group: str) -> list[int]:
    """The runs that are not over and learn from a patient's pages, so that erasing these makes them begin again.

    Args:
        store: where.
        group: the patient's.
    """
    rows = store.rows(
        f"""SELECT DISTINCT train_run.id FROM train_run JOIN snapshot_item USING (snapshot_id)
            JOIN image ON image.id = image_id WHERE group_key = ? AND state NOT IN {_OVER} ORDER BY train_run.id""",
        (group,),
    )
    return [row["id"] for row in rows]


def begins_again(store: DataFolder, run_id: int) -> bool:
    """Whether a run must stop, since a page that it learns from was erased or redacted.

    Args:
        store: where.
        run_id: number of the run.
    """
    return store.row("SELECT 1 FROM changed_run WHERE run_id = ? AND begins_again", (run_id,)) is not None


def erased_pages(store: DataFolder, run_id: int) -> int:
    """How many of the pages behind a run's figures were erased since.

    Args:
        store: where.
        run_id: number of the run.
    """
    row = store.row("SELECT erased_pages FROM changed_run WHERE run_id = ?", (run_id,))
    return 0 if row is None else int(row["erased_pages"])


def _forget(store: DataFolder, own_run: int | None) -> bool:
    at_work = {run_id for run_id in _runs_at_work(store) if run_id != own_run}
    noted = [(row["kind"], row["value"]) for row in store.rows("SELECT kind, value FROM mention")]
    stored = store.rows("SELECT picture_hash FROM image UNION SELECT picture_hash FROM former_hash")
    known = frozenset(row["picture_hash"] for row in stored)
    pictures = {value for kind, value in noted if kind == "picture"}
    if any(kind == "earlier" for kind, _ in noted):
        pictures |= pictures_named(store.folder) - known
    groups = frozenset(value for kind, value in noted if kind == "group")
    mentions = Mentions(frozenset(pictures), groups, known)
    mentions.forget_in(store.folder, {run_folder(store.folder, run_id) for run_id in at_work})
    changed = {row["run_id"] for row in store.rows("SELECT run_id FROM changed_run WHERE begins_again")}
    for run_id in changed - at_work:
        _begin_again(store, run_id)
    if any(kind == "derived" for kind, _ in noted):
        forget_derived(store.folder)
    with store.writing() as connection:
        # only what was noted when this began: others may have erased since
        if not at_work:
            note_bytes_left(connection)  # a row that is gone leaves its bytes too
            _cross_off(connection, [note for note in noted if note[0] != "derived"])
        if not changed & at_work:
            _cross_off(connection, [note for note in noted if note[0] == "derived"])
    return not changed & at_work


def _cross_off(connection: sqlite3.Connection, notes: Iterable[tuple[str, str]]) -> None:
    """Forget notes, each its kind and its value."""
    connection.executemany("DELETE FROM mention WHERE kind = ? AND value = ?", notes)


def _runs_at_work(store: DataFolder) -> set[int]:
    """The runs whose process lives; there is one at most."""
    found = set()
    for row in store.rows(f"SELECT id FROM train_run WHERE state IN {_AT_WORK}"):
        lock = take_lock(run_folder(store.folder, row["id"]))
        if lock is None:
            found.add(row["id"])
        else:
            os.close(lock)
    return found


def _begin_again(store: DataFolder, run_id: int) -> None:
    """Delete all that a run has made, its model too, so that it begins anew."""
    clear_run(run_folder(store.folder, run_id))
    row = store.row(
        """SELECT candidate_version FROM train_run WHERE id = ? AND kind = 'retrain'
           AND candidate_version NOT IN (SELECT version FROM activation)""",
        (run_id,),
    )
    if row is not None:
        shutil.rmtree(store.folder / BUNDLES / row["candidate_version"], ignore_errors=True)
    with store.writing() as connection:
        connection.execute(
            f"UPDATE train_run SET message = ? WHERE id = ? AND state NOT IN {_OVER} AND state NOT IN {_AT_WORK}",
            (BEGINS_AGAIN, run_id),
        )
        connection.execute("UPDATE changed_run SET erased_pages = 0, begins_again = 0 WHERE run_id = ?", (run_id,))
