"""Trainings as detached processes: start, follow, stop, go on; loads no network.

A run is a row of the store and a folder. Its process holds the folder's lock for its life, so an unfinished row whose
lock is free belongs to a process that died.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from annotations.erasure.mentions import forget_mentions_left
from annotations.model import StoreError
from annotations.runs.training_runs import (
    RESUMABLE,
    RunKind,
    RunSettings,
    TrainingRun,
    add_run,
    ask_to_stop,
    move_run,
    run_of,
    runs,
    unfinished_run,
)
from annotations.store import Store
from ecgcore.errors import DataError
from trainer import registry
from trainer.jobs.plan import make_plan
from trainer.progress import RunProgress
from trainer.runs.files import LOG, PROGRESS, lock_holder, read_json, run_folder, starting, take_lock
from trainer.workload import STAGES

STOP_GRACE_S = 20.0
"""How long a run may go on after it was asked to stop, before a signal ends it at once."""

_FOLLOW_EVERY_S = 0.5

_asked_at: dict[tuple[Path, int], float] = {}
_LOG_HEAD = "--- "
_PROGRAM = Path(__file__).parents[2]


@dataclass(frozen=True)
class Status:
    """Where a run stands.

    Args:
        run: its row.
        is_alive: whether its process works now, judged by the lock.
        progress: its newest step, how much is done, and the time left.
        log: the last lines of what it printed.
    """

    run: TrainingRun
    is_alive: bool
    progress: RunProgress
    log: str


def start(
    store: Store,
    *,
    by: str,
    recipe: str = "quick",
    stages: Collection[str] = STAGES,
    folds: int = 5,
    seed: int = 0,
    device: str = "auto",
    snapshot_id: int | None = None,
) -> TrainingRun:
    """Start a retraining as a process of its own, which outlives this one.

    Args:
        store: where.
        by: who starts it.
        recipe: name of a recipe.
        stages: of ``STAGES``, those to train; the others stay as the bundle in use has them.
        folds: of the cross-validation, 2 to 5; fewer than 5 put folds of the store together.
        seed: of everything that is drawn at random.
        device: auto, cpu or cuda.
        snapshot_id: what to learn from; None freezes what holds now.

    Raises:
        RunBusyError: another run is at work; it says whose.
        StoreError: the name is empty, or there is no such snapshot.
        DataError: there are too few pages; the message says of what.
    """
    plan = make_plan(store, snapshot_id=snapshot_id, recipe=recipe, stages=stages, folds=folds)
    if plan.problems:
        raise DataError(plan.problems[0].cause, plan.problems[0].next_step)
    ordered = tuple(stage for stage in STAGES if stage in stages)
    return _launch_new(store, RunSettings(recipe, ordered, seed, folds, device, snapshot_id), "retrain", by)


def compare(store: Store, version: str, *, by: str, device: str = "auto") -> TrainingRun:
    """Measure a bundle that is here already, an imported one say, beside the active one; as a process of its own.

    Raises:
        RunBusyError: another run is at work.
        StoreError: there is no such bundle, or it is the active one.
    """
    facts = registry.bundle(store, version)
    if facts.is_active:
        raise StoreError(f"{version} is the model in use.", "Compare another one with it.")
    return _launch_new(store, RunSettings(facts.recipe, device=device), "compare", by, version)


def resume(store: Store, run_id: int, *, by: str) -> TrainingRun:
    """Go on with a run that was interrupted, stopped or failed; what is finished is kept.

    Raises:
        RunBusyError: another run is at work.
        StoreError: there is no such run, it is at work, or it is finished.
    """
    by = store.add_person(by)
    with starting(store.folder):
        _reconcile(store)
        if not move_run(store, run_id, "queued", of=RESUMABLE, message=f"{by} resumed it."):
            raise StoreError(
                f"Run {run_id} is {run_of(store, run_id).state}.", "Only an interrupted run can be resumed."
            )
        _launch(store, run_id)
    return run_of(store, run_id)


def stop(store: Store, run_id: int, *, by: str) -> bool:
    """Ask a run to stop between two steps; ``status`` ends it by a signal if it has not stopped after a while.

    Returns:
        Whether it was at work.
    """
    return ask_to_stop(store, run_id, store.add_person(by))


def status(store: Store, run_id: int | None = None) -> Status | None:
    """Where a run stands; cheap enough to be asked every second.

    Args:
        store: where.
        run_id: which; None takes the one at work, else the newest. Without any run the answer is None.
    """
    reconcile(store)
    if run_id is None:
        known = runs(store)
        if not known:
            return None
        run_id = next((run.id for run in known if run.is_unfinished), known[0].id)
    run = run_of(store, run_id)
    folder = run_folder(store.folder, run_id)
    return Status(run, run.is_unfinished, RunProgress.from_json(read_json(folder / PROGRESS)), log_tail(store, run_id))


def log_tail(store: Store, run_id: int, most_bytes: int = 8000) -> str:
    """The last lines that a run printed."""
    path = run_folder(store.folder, run_id) / LOG
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - most_bytes))
            return stream.read().decode("utf-8", "replace")
    except OSError:
        return ""


def reconcile(store: Store) -> None:
    """Notice a run whose process died, and end one that did not stop when asked."""
    if unfinished_run(store) is not None:
        with starting(store.folder):
            _reconcile(store)
    forget_mentions_left(store)  # what the process of a run that died was to forget


def _reconcile(store: Store) -> None:
    run = unfinished_run(store)
    if run is None:
        return
    folder = run_folder(store.folder, run.id)
    lock = take_lock(folder)
    if lock is not None:
        try:
            if run.stop_requested:  # ended by the signal before it could say so, while it still loaded PyTorch say
                move_run(store, run.id, "cancelled", message="Stopped on request; what is finished is kept.")
            else:
                move_run(store, run.id, "interrupted", message=_how_it_ended(store, run))
        finally:
            os.close(lock)
    elif run.stop_requested:
        _signal_if_overdue(store, run)


def follow(store: Store, run_id: int) -> TrainingRun:
    """Wait until a run is at work no more."""
    while (run_status := status(store, run_id)) is not None and run_status.is_alive:
        time.sleep(_FOLLOW_EVERY_S)
    return run_of(store, run_id)


def _launch_new(store: Store, settings: RunSettings, kind: RunKind, by: str, version: str | None = None) -> TrainingRun:
    by = store.add_person(by)
    with starting(store.folder):
        _reconcile(store)
        run = add_run(
            store,
            settings,
            kind=kind,
            person=by,
            parent_version=registry.present_version(store),
            candidate_version=version,
        )
        _launch(store, run.id)
    return run_of(store, run.id)


def _launch(store: Store, run_id: int) -> None:
    """Start the process and hand it the lock that this one took, so that no moment passes unheld."""
    folder = run_folder(store.folder, run_id)
    lock = take_lock(folder)
    if lock is None:
        return  # its process is at work already
    command = [sys.executable, "-m", "trainer", "run", str(run_id), "--data-dir", str(store.folder.resolve())]
    try:
        with (folder / LOG).open("ab") as log:
            log.write(f"{_LOG_HEAD}{datetime.now():%Y-%m-%d %H:%M:%S}\n".encode())
            log.flush()
            subprocess.Popen(
                [*command, "--lock", str(lock)],
                cwd=_PROGRAM,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock,),
            )
    except OSError as error:
        move_run(store, run_id, "failed", message=f"The process could not be started: {error.strerror}.")
        raise DataError(f"The training could not be started: {error.strerror}.", "Free memory or space.") from error
    finally:
        os.close(lock)


def _how_it_ended(store: Store, run: TrainingRun) -> str:
    lines = [line for line in log_tail(store, run.id, 2000).splitlines() if line.strip()]
    last = f" Its last words: {lines[-1][:200]}" if lines and not lines[-1].startswith(_LOG_HEAD) else ""
    return (
        f"Its process ended without a word after {_last_heard(run):%H:%M on %-d %b %Y}: killed, out of memory, or the "
        f"machine went down.{last}"
    )


def _last_heard(run: TrainingRun) -> datetime:
    """When it last wrote down what it had done, the end of an epoch say, in this machine's time."""
    return datetime.fromisoformat(run.heartbeat_at or run.created_at).astimezone()


def _signal_if_overdue(store: Store, run: TrainingRun) -> None:
    """End a run that was asked to stop but is busy within a step; measured by this process's own clock."""
    first_seen = _asked_at.setdefault((store.folder, run.id), time.monotonic())
    if time.monotonic() - first_seen < STOP_GRACE_S:
        return
    pid = lock_holder(run_folder(store.folder, run.id))
    if pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)
