"""Trainings as detached processes: start, follow, stop, go on; loads no network."""

from trainer.jobs.control import (
    Status,
    compare,
    follow,
    log_tail,
    reconcile,
    resume,
    start,
    status,
    stop,
)
from trainer.workload import (
    STAGES,
)

__all__ = [
    "STAGES",
    "Status",
    "compare",
    "follow",
    "log_tail",
    "reconcile",
    "resume",
    "start",
    "status",
    "stop",
]
