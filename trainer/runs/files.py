"""Where the files of a run lie in the data folder, its lock, and how they are read when they may be broken."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from annotations.artifacts.run_locks import LOCK, one_at_a_time, run_folder, starting, take_lock
from ecgcore.errors import DataError

__all__ = ["LOCK", "run_folder", "starting", "take_lock"]

OPENING = ".opening"
PROGRESS, LOG, ENVIRONMENT, LEFT_OUT = "progress.json", "log.txt", "environment.json", "left_out.csv"
DRY_RUN = "rehearsal.json"
PREDICTIONS, SUMMARY, COMPARISON = "predictions.csv", "summary.json", "comparison.json"
FOLD = "fold.json"
PREDICTION_COLUMNS = ("file", "label", "group", "fold", "p_global", "p_local", "p_abnormal", "decision")
LATER_COLUMNS = ("p_waveform",)
"""Of the predictions too; runs of earlier versions do not have them."""
PROBABILITY_OF = {"fused": "p_abnormal", "global": "p_global", "local": "p_local", "waveform": "p_waveform"}
"""The column, and field, that holds the answer of each network and the fused one."""


def read_json(path: Path) -> Any:
    """The content of a JSON file; None where it is missing or broken, as after a power cut."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def sign_lock(descriptor: int) -> None:
    """Write this process's number into a lock that it holds."""
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)


def lock_holder(folder: Path) -> int | None:
    """The process that signed the lock; meaningful only while the lock is held."""
    try:
        return int((folder / LOCK).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


@contextmanager
def opening(folder: Path) -> Iterator[None]:
    """Look whether a folder holds a run, and begin one, as one step; waits for workers that do the same."""
    with one_at_a_time(folder / OPENING):
        yield


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a run's folder for this process; the lock ends with it, however it ends.

    Args:
        folder: the run's.

    Raises:
        DataError: another process holds it.
    """
    descriptor = take_lock(folder)
    if descriptor is None:
        raise DataError(f"Another training works in {folder}.", "Wait for it or choose another folder.")
    try:
        yield
    finally:
        os.close(descriptor)
