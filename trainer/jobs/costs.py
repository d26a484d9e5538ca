"""What a page costs each stage of a training on this machine: measured in earlier runs, else typical; no network."""

import os
import platform
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from annotations.runs.training_runs import runs
from annotations.store import Store
from trainer.jobs.priority import threads_to_use
from trainer.runs.files import DRY_RUN, ENVIRONMENT, FOLD, read_json, run_folder
from trainer.runs.results import FoldFacts, read_fold
from trainer.workload import INFERENCE, JOINT

_TYPICAL_S = {"detector": 0.35, "local": 0.12, "global": 0.25, "waveform": 0.01, "fusion": 0.01}
_TYPICAL_S |= {JOINT: 1.2, INFERENCE: 1.0}
"""Seconds a page on 2 threads, each time it is shown to a stage; "looking" once a page: find beats, judge."""
_TYPICAL_THREADS = 2
_GAIN_OF_THREADS = 0.7
"""So many times the threads are that power of it faster."""
_GRAPHICS_CARD = Path("/dev/nvidiactl")
_RUNS_ASKED = 5
_FOLDS_ASKED = 10


@dataclass(frozen=True)
class MachineSpeed:
    """Seconds a page.

    Args:
        stages: each time that it is shown to a stage; "looking" once in a training.
        preparing: of decoding it and cutting its panel.
        inference: of judging it once more, in the comparison.
        beside: of one training, whatever its pages: saving networks, working figures out.
        source: whether ``stages`` were measured on this machine.
    """

    stages: dict[str, float]
    preparing: float
    inference: float
    beside: float
    source: Literal["measured", "typical"]


def machine_speed(store: Store, recipe: str, device: str = "auto") -> MachineSpeed:
    """As the newest runs of the recipe measured on this machine with the same device; else as such machines are.

    A run measures itself when it starts, where none has before, and in every fold. Another recipe's figures tell how
    fast the machine is.
    """
    slower = (_TYPICAL_THREADS / threads_to_use()) ** _GAIN_OF_THREADS
    typical = {stage: seconds * slower for stage, seconds in _TYPICAL_S.items()}
    same = [run for run in runs(store) if run.kind == "retrain" and _chosen(run.device) == _chosen(device)]
    folders = {run.id: run_folder(store.folder, run.id) for run in same}
    here = [run for run in same if _was_here(folders[run.id])]
    measured = _measured([folders[run.id] for run in here if run.recipe == recipe])
    if not measured:
        others = _measured([folders[run.id] for run in here])
        ratios = sorted(others[stage] / typical[stage] for stage in others.keys() & typical.keys())
        speed = ratios[len(ratios) // 2] if ratios else 1.0
        typical = {stage: seconds * speed for stage, seconds in typical.items()}
    stages = typical | measured
    inference = stages[INFERENCE]
    return MachineSpeed(stages, 1.0 * slower, inference, 2.0 * slower, "measured" if measured else "typical")


def machine() -> dict[str, str | int | None]:
    """What a machine must have in common with another to be as fast."""
    return {"machine": platform.machine(), "processors": os.cpu_count(), "threads": threads_to_use()}


def _chosen(device: str) -> str:
    """What "auto" comes to here, told without PyTorch, which takes seconds to load."""
    return device if device != "auto" else "cuda" if _GRAPHICS_CARD.exists() else "cpu"


def _was_here(folder: Path) -> bool:
    starts = read_json(folder / ENVIRONMENT)
    if not isinstance(starts, list) or not starts or not isinstance(starts[-1], dict):
        return False
    return all(starts[-1].get(name) == value for name, value in machine().items())


def _measured(folders: list[Path]) -> dict[str, float]:
    """Seconds a shown page by stage: of finished folds; else of a rehearsal."""
    facts: list[FoldFacts] = []
    for folder in folders[:_RUNS_ASKED]:
        found = [read_fold(path) for path in folder.glob(f"fold-*/{FOLD}")]
        facts += [fact for fact in found if fact is not None and fact.seconds_of_stages and not fact.was_resumed]
    spent: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    for fact in facts[:_FOLDS_ASKED]:
        spent.update(fact.seconds_of_stages)
        shown.update(fact.pages_shown)
    of_folds = {stage: spent[stage] / shown[stage] for stage in spent if shown[stage]}
    rehearsals = (read_json(folder / DRY_RUN) for folder in folders)
    of_rehearsal: dict[str, float] = next((found for found in rehearsals if isinstance(found, dict)), {})
    return of_rehearsal | of_folds
