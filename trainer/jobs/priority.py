"""A training gives way: whoever uses the app beside it must not wait for it; loads no network."""

import contextlib
import os
from pathlib import Path

YIELDS = "ECG_TRAINING_YIELDS"
"""Environment variable; "0" lets a training have the whole machine, as one that only trains should."""

_NICENESS = 19
_AUTOGROUP = Path("/proc/self/autogroup")


def threads_to_use() -> int:
    """How many threads a training computes with: what OMP_NUM_THREADS says, else all cores but one for the app."""
    omp_threads = os.environ.get("OMP_NUM_THREADS", "")
    if omp_threads.isdecimal() and int(omp_threads):
        return int(omp_threads)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1) if _yields() else cores


def lower_priority() -> None:
    """Run this process, and what it starts, only when nobody else wants the processor or the disk.

    To be called before PyTorch is loaded, which reads the number of threads then. What a system does not offer or does
    not allow is left out.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(threads_to_use()))
    if not _yields():
        return
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)  # ends at 19, whatever it starts from
    if hasattr(os, "SCHED_IDLE"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))  # Linux then reads and writes idly too
    with contextlib.suppress(OSError):
        # Where Linux shares the processor between sessions first, niceness counts within the training's own alone.
        _AUTOGROUP.write_text(str(_NICENESS), encoding="ascii")


def _yields() -> bool:
    return os.environ.get(YIELDS) != "0"
