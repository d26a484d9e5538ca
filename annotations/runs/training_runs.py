"""Training runs as rows: their states, what happened in them, and that there is one at a time (contract 4)."""

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from annotations.database.data_folder import DataFolder, SqlValue, now
from annotations.erasure.mentions import BEGINS_AGAIN, begins_again
from annotations.model import StoreError
from annotations.runs.run_events import insert_event
from ecgcore.errors import EcgError

RunState = Literal[
    "queued", "snapshotting", "running", "evaluating", "candidate", "active", "rejected", "failed", "cancelled",
    "interrupted",
]  # fmt: skip
RunKind = Literal["retrain", "compare"]

UNFINISHED: tuple[RunState, ...] = ("queued", "snapshotting", "running", "evaluating")
"""States of a run that is being worked on, or that died without a word; there is at most one such run."""
RESUMABLE: tuple[RunState, ...] = ("failed", "cancelled", "interrupted")
COMPARED: tuple[RunState, ...] = ("candidate", "active", "rejected")
"""States of a run whose bundle was compared with the active one."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a run is to do.

    Args:
        recipe: name of a recipe.
        stages: which of "detector", "local", "global", "fusion" are trained; the others stay as the parent has them.
        seed: of everything that is drawn at random.
        folds: of the cross-validation.
        device: auto, cpu or cuda.
        snapshot_id: the frozen data set; None until it is taken.
    """

    recipe: str
    stages: tuple[str, ...] = ()
    seed: int = 0
    folds: int = 5
    device: str = "auto"
    snapshot_id: int | None = None


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One row of ``train_run``.

    Args:
        id: row number; the run's folder bears it too.
        state: see contract 4.
        kind: "retrain" trains and compares, "compare" only measures a bundle that exists beside the active one.
        recipe, stages, seed, folds, device, snapshot_id: see ``RunSettings``.
        parent_version: the bundle in use when the run was started.
        candidate_version: the bundle that came out, once its name is known.
        person: who started it.
        message: why it is in this state, where that needs words.
        created_at, started_at, finished_at: UTC, ISO 8601; None where it has not happened.
        heartbeat_at: when it last told of something, the same.
        stop_requested: whether somebody asked it to stop.
    """

    id: int
    state: RunState
    kind: RunKind
    recipe: str
    stages: tuple[str, ...]
    seed: int
    folds: int
    device: str
    snapshot_id: int | None
    parent_version: str
    candidate_version: str | None
    person: str
    message: str
    created_at: str
    started_at: str | None
    heartbeat_at: str | None
    finished_at: str | None
    stop_requested: bool

    @property
    def is_unfinished(self) -> bool:
        """Whether it is at work, as far as its row knows."""
        return self.state in UNFINISHED


class PagesChangedError(EcgError):
    """A page that a run learns from was erased or redacted while it worked."""

    def __init__(self) -> None:
        cause, _, next_step = BEGINS_AGAIN.partition(". ")
        super().__init__(f"{cause}.", next_step)


class RunBusyError(StoreError):
    """A training is at work, and there is one at a time.

    Args:
        run: the one at work.
    """

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        begun = datetime.fromisoformat(run.created_at).astimezone()
        super().__init__(
            f"{run.person} started run {run.id} ({run.recipe}) at {begun:%H:%M on %-d %b %Y}, and it is {run.state}.",
            "Only one training runs at a time: wait until it ends, or stop it.",
        )


def add_run(
    store: DataFolder,
    settings: RunSettings,
    *,
    kind: RunKind,
    person: str,
    parent_version: str,
    candidate_version: str | None = None,
) -> TrainingRun:
    """Queue a run.

    Args:
        store: where.
        settings: what it is to do.
        kind: train and compare, or only compare.
        person: who starts it.
        parent_version: the bundle in use.
        candidate_version: the bundle that is compared; None where one is trained.

    Raises:
        RunBusyError: another run is unfinished.
    """
    with store.writing() as connection:
        _refuse_a_second(store)
        (run_id,) = connection.execute(
            """INSERT INTO train_run (state, kind, recipe, stages, seed, folds, device, snapshot_id, parent_version,
                   candidate_version, person, created_at)
               VALUES ('queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
            (kind, settings.recipe, " ".join(settings.stages), settings.seed, settings.folds, settings.device,
             settings.snapshot_id, parent_version, candidate_version, person, now()),
        ).fetchone()  # fmt: skip
        _note_state(connection, run_id, "queued", "")
    return run_of(store, run_id)


def run_of(store: DataFolder, run_id: int) -> TrainingRun:
    """One run.

    Args:
        store: where.
        run_id: number of the run.

    Raises:
        StoreError: there is none of that number.
    """
    found = _runs_where(store, "id = ?", (run_id,))
    if not found:
        raise StoreError(f"There is no run {run_id}.", "Look at the list of runs.")
    return found[0]


def runs(store: DataFolder) -> list[TrainingRun]:
    """All runs, newest first."""
    return _runs_where(store, "1", ())


def unfinished_run(store: DataFolder) -> TrainingRun | None:
    """The run that is at work, as far as its row knows."""
    return next((run for run in runs(store) if run.is_unfinished), None)


def runs_of_bundle(store: DataFolder, version: str) -> list[TrainingRun]:
    """The runs that made, or compared, this bundle; newest first.

    Args:
        store: where.
        version: of the bundle.
    """
    return _runs_where(store, "candidate_version = ?", (version,))


def move_run(
    store: DataFolder, run_id: int, state: RunState, *, of: Collection[RunState] = UNFINISHED, message: str = ""
) -> bool:
    """Bring a run from one of the states ``of`` into another; false, and nothing done, where it is in none of them.

    Args:
        store: where.
        run_id: number of the run.
        state: the new one.
        of: the states that it may be in.
        message: why, where that needs words.

    Raises:
        RunBusyError: the run would become unfinished while another is.
        PagesChangedError: it would come to its end with a page that was erased or redacted.
    """
    at = now()
    with store.writing() as connection:
        before = run_of(store, run_id)
        if before.state not in of:
            return False
        if state in COMPARED and before.is_unfinished and begins_again(store, run_id):
            raise PagesChangedError
        if state in UNFINISHED and not before.is_unfinished:
            _refuse_a_second(store)
            connection.execute("UPDATE train_run SET stop_requested = 0, finished_at = NULL WHERE id = ?", (run_id,))
        connection.execute(
            """UPDATE train_run SET state = ?, message = ?, heartbeat_at = ?,
                   started_at = CASE WHEN ? = 'queued' THEN started_at ELSE coalesce(started_at, ?) END,
                   finished_at = CASE WHEN ? THEN coalesce(finished_at, ?) ELSE finished_at END
               WHERE id = ?""",
            (state, message, at, state, at, state not in UNFINISHED, at, run_id),
        )
        _note_state(connection, run_id, state, message)
    return True


def note_snapshot(store: DataFolder, run_id: int, snapshot_id: int) -> None:
    """Remember what the run learns from.

    Args:
        store: where.
        run_id: number of the run.
        snapshot_id: the frozen data set.
    """
    with store.writing() as connection:
        connection.execute("UPDATE train_run SET snapshot_id = ? WHERE id = ?", (snapshot_id, run_id))


def note_candidate(store: DataFolder, run_id: int, version: str) -> None:
    """Remember the name of the bundle that the run makes; before there is such a bundle.

    Args:
        store: where.
        run_id: number of the run.
        version: the bundle's name.
    """
    with store.writing() as connection:
        connection.execute("UPDATE train_run SET candidate_version = ? WHERE id = ?", (version, run_id))


def ask_to_stop(store: DataFolder, run_id: int, person: str) -> bool:
    """Ask a run to stop; false where it is not at work.

    Args:
        store: where.
        run_id: number of the run.
        person: who asks.
    """
    with store.writing() as connection:
        asked = connection.execute(
            f"UPDATE train_run SET stop_requested = 1 WHERE id = ? AND state IN ({_marks(UNFINISHED)})",
            (run_id, *UNFINISHED),
        ).rowcount
        if asked:
            insert_event(connection, run_id, {"kind": "message", "message": f"{person} asked to stop."})
    return bool(asked)


def stop_requested(store: DataFolder, run_id: int) -> bool:
    """Whether somebody asked the run to stop."""
    row = store.row("SELECT stop_requested FROM train_run WHERE id = ?", (run_id,))
    return row is not None and bool(row["stop_requested"])


def must_stop(store: DataFolder, run_id: int) -> bool:
    """Whether somebody asked the run to stop, or a page that it learns from was erased or redacted."""
    return stop_requested(store, run_id) or begins_again(store, run_id)


def _refuse_a_second(store: DataFolder) -> None:
    at_work = unfinished_run(store)
    if at_work is not None:
        raise RunBusyError(at_work)


def _note_state(connection: sqlite3.Connection, run_id: int, state: RunState, message: str) -> None:
    insert_event(connection, run_id, {"kind": "state", "state": state, "message": message})


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))


def _runs_where(store: DataFolder, condition: str, values: Sequence[SqlValue]) -> list[TrainingRun]:
    """Runs, newest first; ``condition`` is SQL of this module's own."""
    rows = store.rows(f"SELECT * FROM train_run WHERE {condition} ORDER BY id DESC", values)
    return [
        TrainingRun(**{**row, "stages": tuple(row["stages"].split()), "stop_requested": bool(row["stop_requested"])})
        for row in rows
    ]
