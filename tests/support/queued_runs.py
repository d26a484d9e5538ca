"""Runs of training without a process. Loads no network, so that processes which only queue one are there at once."""

from pathlib import Path

from annotations.runs.training_runs import RunBusyError, RunKind, RunSettings, TrainingRun, add_run
from annotations.store import Store
from trainer.jobs import STAGES

IN_USE = "in-use"


def queue(
    store: Store,
    *,
    kind: RunKind = "retrain",
    stages: tuple[str, ...] = STAGES,
    person: str = "Ada",
    parent_version: str = IN_USE,
    candidate_version: str | None = None,
) -> TrainingRun:
    """A queued run without a process."""
    return add_run(
        store,
        RunSettings("tiny", stages, folds=2, device="cpu"),
        kind=kind,
        person=person,
        parent_version=parent_version,
        candidate_version=candidate_version,
    )


def queue_in(folder: Path) -> str:
    """Queue a run in a data folder; returns its number, or why there cannot be one now."""
    try:
        return str(queue(Store(folder)).id)
    except RunBusyError as error:
        return error.cause
