"""Pieces of a training, folds say, as tasks of a Ray cluster whose machines all see the run's folder.

Folds are independent, so tasks need not talk. A task whose machine dies is begun again on another one, where it goes on
from its last finished epoch.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import ray

from ecgcore.cluster.connection import Cluster, connected, on_this_machine, told_errors
from ecgcore.cluster.environment import RayOptions
from ecgcore.output.files import keep_private
from trainer.progress import Progress, ProgressEvent

Job = Callable[[int, Progress], Any]
"""Does the piece of this number and tells how far it is; gives what Ray can carry. All it needs goes with it."""
MOST_TRIES = 4
"""Of a piece whose machine or process dies."""
TOLD_EVERY_S = 0.5
GO_ON = "What is finished is kept: the same command with --resume goes on."


class _Events:
    """What tasks tell of their work, until it is shown where the command runs."""

    def __init__(self) -> None:
        self._events: list[ProgressEvent] = []

    def put(self, event: ProgressEvent) -> None:
        """Keep one."""
        self._events.append(event)

    def take(self) -> list[ProgressEvent]:
        """All since the last time."""
        taken, self._events = self._events, []
        return taken


def do_on_cluster(job: Job, numbers: Sequence[int], options: RayOptions, progress: Progress) -> dict[int, Any]:
    """Do pieces of work at the same time, each on the processors or the GPU of one machine.

    Args:
        job: what is done with each number.
        numbers: of the pieces.
        options: of ``ray.init``, as ``ray_environment`` gives them.
        progress: told of every event.

    Returns:
        What each piece gave.

    Raises:
        EcgError: there is no cluster, or it was lost; or what a piece raised.
    """
    logging.getLogger("ray").setLevel(logging.CRITICAL)  # what matters of it is raised
    with connected(options) as cluster, told_errors(GO_ON):
        events: Any = ray.remote(_Events).options(num_cpus=0, scheduling_strategy=on_this_machine()).remote()
        task = ray.remote(_do).options(max_retries=MOST_TRIES - 1, **_share_of(cluster, len(numbers)))
        left = {task.remote(job, number, events): number for number in numbers}
        results = {}
        while left:
            ready, _ = ray.wait(list(left), timeout=TOLD_EVERY_S)
            for event in ray.get(events.take.remote()):
                progress(event)
            for reference in ready:
                results[left.pop(reference)] = ray.get(reference)
        for event in ray.get(events.take.remote()):
            progress(event)
        return results


def _do(job: Job, number: int, events: Any) -> Any:
    """One piece, in a process of Ray's."""
    keep_private()
    return job(number, events.put.remote)


def _share_of(cluster: Cluster, pieces: int) -> dict[str, float]:
    """What a piece asks for: a GPU where there is one, and its part of the processors, for as many threads."""
    share = min(cluster.most_of_a_machine, max(1, cluster.processors // pieces))
    return {"num_cpus": float(share)} | ({"num_gpus": 1.0} if cluster.gpus else {})
