"""A data folder ready for tiny trainings: small drawn pages that somebody has read, and a tiny bundle in use."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from annotations.patients.keys import hmac_key_of
from annotations.runs.activations import record_activation
from annotations.runs.training_runs import TrainingRun, add_run
from annotations.store import Store
from benchmarks.store.read_pages import add_training_page
from ecgcore.bundle.manifest import SeenRow
from tests.support.tiny import save_tiny_bundle
from trainer.jobs import STAGES
from trainer.registry import bundles_folder, present_version

PATIENTS = 10
HELD_OUT = ("patient 8", "patient 9")
IN_USE = "in-use"


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


def queue(store: Store, **changes: Any) -> TrainingRun:
    """A queued run without a process."""
    options: dict[str, Any] = {
        "kind": "retrain", "recipe": "tiny", "stages": STAGES, "seed": 0, "folds": 2, "device": "cpu",
        "snapshot_id": None, "parent_version": IN_USE, "candidate_version": None, "person": "Ada",
    }  # fmt: skip
    return add_run(store, **(options | changes))


def use_tiny_bundle(store: Store, version: str = IN_USE, *, seen: Sequence[SeenRow] = ()) -> None:
    """Put a tiny bundle, which has seen so much, in use without asking for a comparison."""
    save_tiny_bundle(bundles_folder(store.folder) / version, version=version, seen=seen)
    record_activation(
        store, version, present_version(store), is_starter=False, is_rollback=False, person="Ada", reason="for tests"
    )
