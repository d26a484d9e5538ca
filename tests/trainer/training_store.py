"""A data folder ready for tiny trainings: small drawn pages that somebody has read, and a tiny bundle in use."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from annotations import readings
from annotations.activations import record_activation
from annotations.model import LabelledBox, Reading
from annotations.store import Store
from annotations.training_runs import TrainingRun, add_run
from ecgcore.manifest import SeenRow
from ecgcore.papersim import KINDS, PageStyle, draw_page, synthetic_ecg
from ecgcore.types import Box
from tests.tiny import save_tiny_bundle
from trainer.jobs import STAGES
from trainer.registry import bundles_folder, present_version

PATIENTS = 10
HELD_OUT = ("patient 8", "patient 9")
IN_USE = "in-use"


def add_page(store: Store, patient: int, number: int, *, boxed: bool = True) -> int:
    """Draw a page of a patient, normal for even ones, and read it; returns its number."""
    abnormal = [kind for kind in KINDS if kind != "normal"]
    kind = abnormal[number % len(abnormal)] if patient % 2 else "normal"
    signals_mv, fs_hz, beats_s = synthetic_ecg(kind, 100 * patient + number)
    page = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=3.0), number, beats_s=beats_s)
    height, width = page.image_rgb.shape[:2]
    boxes = np.clip(page.boxes_xyxy, 0, [width, height, width, height])
    picture, _ = store.add_picture(page.image_rgb, group=f"patient {patient}", source="rendered")
    reading = Reading(
        label="abnormal" if patient % 2 else "normal",
        boxes=tuple(LabelledBox(f"b{i}", Box(*map(float, box))) for i, box in enumerate(boxes)) if boxed else (),
        boxes_complete=boxed,
    )
    readings.save(store, picture.id, "Ada", reading, base_revision_id=None)
    return picture.id


def make_training_store(folder: Path) -> Store:
    """One page a patient, the last two held out; the bundle ``IN_USE`` has seen none of them."""
    store = Store(folder)
    store.add_person("Ada")
    for patient in range(PATIENTS):
        add_page(store, patient, 0)
    store.hold_out(HELD_OUT)
    use_tiny_bundle(store)
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
