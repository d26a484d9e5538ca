"""A data folder ready for tiny trainings: small drawn pages that somebody has read, and a tiny bundle in use."""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from annotations.patients.keys import hmac_key_of
from annotations.runs.activations import record_activation
from annotations.runs.run_events import events
from annotations.runs.training_runs import TrainingRun, run_of
from annotations.store import Store
from ecgcore.bundle.manifest import TrainedOnRow
from tests.support.queued_runs import IN_USE, queue
from tests.support.read_pages import add_training_page
from tests.support.tiny import save_tiny_bundle
from trainer import jobs
from trainer.registry import bundles_folder, present_version
from trainer.runs.files import lock_holder, run_folder, take_lock
from trainer.worker.retrain import run_training

PATIENTS = 10
HELD_OUT = ("patient 8", "patient 9")
PATIENCE_S = 300
"""Of a test that waits for another process."""


def add_page(store: Store, patient: int, number: int, *, boxed: bool = True) -> int:
    """A small page of a patient, normal for even ones; returns its number."""
    return add_training_page(store, patient, number, px_per_mm=3.0, boxed=boxed)


def make_training_store(folder: Path) -> Store:
    """One page a patient, the last two held out; the bundle ``IN_USE`` has seen none of them."""
    store = Store(folder)
    store.add_person("Ada")
    for patient in range(PATIENTS):
        add_page(store, patient, 0)
    store.hold_out(HELD_OUT)
    use_tiny_bundle(store)
    hmac_key_of(store)  # copies of this folder share it, and so name groups alike
    return store


def use_tiny_bundle(store: Store, version: str = IN_USE, *, trained_on: Sequence[TrainedOnRow] = ()) -> None:
    """Put a tiny bundle, which has seen so much, in use without asking for a comparison."""
    save_tiny_bundle(bundles_folder(store.folder) / version, version=version, trained_on=trained_on)
    record_activation(
        store, version, present_version(store), is_starter=False, is_rollback=False, person="Ada", reason="for tests"
    )


def work(store: Store, **changes: Any) -> TrainingRun:
    """Queue a run and do its work here; returns how it ended."""
    run = queue(store, **changes)
    run_training(store, run.id)
    return run_of(store, run.id)


def wait_for_folds(store: Store, run_id: int) -> int:
    """Wait until the run has begun to train; returns its process."""
    deadline = time.monotonic() + PATIENCE_S
    before = events(store, run_id)[-1].id
    while time.monotonic() < deadline:
        run_status = jobs.status(store, run_id)
        assert run_status is not None
        assert run_status.is_alive, run_status.log
        pid = lock_holder(run_folder(store.folder, run_id))
        if pid is not None and any(event.event.get("part") == "folds" for event in events(store, run_id, before)):
            return pid
        time.sleep(0.05)
    raise AssertionError("the training never began")


@contextlib.contextmanager
def held_lock(folder: Path) -> Iterator[None]:
    """What a living process does for its run."""
    lock = take_lock(folder)
    assert lock is not None
    try:
        yield
    finally:
        os.close(lock)
