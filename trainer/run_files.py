"""Where the files of a run lie in the data folder, its lock, and how they are read when they may be broken."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from annotations.kept_files import RUNS
from ecgcore.errors import BadData

LOCK, OPENING = ".lock", ".opening"
PROGRESS, LOG, ENVIRONMENT, LEFT_OUT = "progress.json", "log.txt", "environment.json", "left_out.csv"
REHEARSAL = "rehearsal.json"
PREDICTIONS, SUMMARY, COMPARISON = "predictions.csv", "summary.json", "comparison.json"


def run_folder(data_folder: Path, run_id: int) -> Path:
    """The folder of one run."""
    return data_folder / RUNS / str(run_id)


def read_json(path: Path) -> Any:
    """The content of a JSON file; None where it is missing or broken, as after a power cut."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def take_lock(folder: Path, *, shared: bool = False) -> int | None:
    """Hold a run's folder until the descriptor is closed, by whoever holds it last; None where another holds it.

    The lock belongs to the open file, so it can be handed to a child process, and it ends with the process however
    that ends.

    Args:
        folder: made when missing.
        shared: hold it together with others that share it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    os.ftruncate(descriptor, 0)  # the last holder's signature
    return descriptor


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
def starting(data_folder: Path) -> Iterator[None]:
    """Queue a run and take its lock as one step, so that nobody takes it for dead in between; waits for others."""
    with _one_at_a_time(data_folder / RUNS / LOCK):
        yield


@contextmanager
def opening(folder: Path) -> Iterator[None]:
    """Look whether a folder holds a run, and begin one, as one step; waits for peers that do the same."""
    with _one_at_a_time(folder / OPENING):
        yield


@contextmanager
def _one_at_a_time(file: Path) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def locked(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a run's folder for this process, or with peers; the lock ends with it, however it ends.

    Raises:
        BadData: another process holds it.
    """
    descriptor = take_lock(folder, shared=shared)
    if descriptor is None:
        raise BadData(f"Another training works in {folder}.", "Wait for it or choose another folder.")
    try:
        yield
    finally:
        os.close(descriptor)
