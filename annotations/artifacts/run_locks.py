"""The locks of trainings: a run's folder is held by the process that works in it, and trainings start one by one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from annotations.artifacts.files import RUNS

LOCK = ".lock"


def run_folder(data_folder: Path, run_id: int) -> Path:
    """The folder of one run.

    Args:
        data_folder: of the store.
        run_id: number of the run.
    """
    return data_folder / RUNS / str(run_id)


def take_lock(folder: Path) -> int | None:
    """Hold a run's folder until the descriptor is closed, by whoever holds it last; None where another holds it.

    The lock belongs to the open file, so it can be handed to a child process, and it ends with the process however
    that ends.

    Args:
        folder: made when missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    os.ftruncate(descriptor, 0)  # the last holder's signature
    return descriptor


@contextmanager
def starting(data_folder: Path) -> Iterator[None]:
    """Queue a run and take its lock as one step, so that nobody takes it for dead in between; waits for others."""
    with one_at_a_time(data_folder / RUNS / LOCK):
        yield


@contextmanager
def one_at_a_time(file: Path) -> Iterator[None]:
    """Hold a file's lock within the block; waits for others."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
