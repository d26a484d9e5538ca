"""Whatever ends a training -> its state, and what a person can do about it."""

import errno
from collections.abc import Callable

from annotations.erasure.mentions import BEGINS_AGAIN, begins_again
from annotations.runs.training_runs import RunState, stop_requested
from annotations.store import Store
from ecgcore.errors import EcgError, StageCancelledError

_FULL_DISK = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
_NO_MEMORY = (
    "allocate memory", "out of memory", "insufficient memory", "bad_alloc", "start new thread",
    "could not create a primitive",
)  # fmt: skip
"""In the words of PyTorch, CUDA, OpenCV, C++, Python and oneDNN, none of which raises ``MemoryError``."""


def how_it_ended(store: Store, run_id: int, error: BaseException) -> tuple[RunState, str]:
    """State and message of a run that ``error`` ended.

    Where pages were erased or redacted, that is the reason, whatever it led to.
    """
    if _is(begins_again, store, run_id):
        return "interrupted", BEGINS_AGAIN
    if isinstance(error, StageCancelledError | KeyboardInterrupt):
        return _how_it_was_stopped(store, run_id)
    if isinstance(error, EcgError):
        return "failed", str(error)
    if isinstance(error, OSError) and error.errno in _FULL_DISK:
        return "failed", "The disk is full; what is finished is kept. Free some space, then let the run go on."
    if isinstance(error, MemoryError) or any(words in str(error).lower() for words in _NO_MEMORY):
        return (
            "failed",
            "There is not enough memory; what is finished is kept. Close programs, then let it go on.",
        )
    return "failed", f"The program failed ({type(error).__name__}: {error}). The run's log tells more."


def _how_it_was_stopped(store: Store, run_id: int) -> tuple[RunState, str]:
    if _is(stop_requested, store, run_id):
        return "cancelled", "Stopped on request; what is finished is kept."
    return "interrupted", "Ended by a signal, as when the machine shuts down; what is finished is kept."


def _is(asked: Callable[[Store, int], bool], store: Store, run_id: int) -> bool:
    """What the store says of a run; false while it cannot be asked."""
    try:
        return asked(store, run_id)
    except EcgError:
        return False
