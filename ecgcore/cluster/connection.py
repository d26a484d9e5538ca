"""Connected to a Ray cluster, and away from it at the end."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ecgcore.cluster.environment import RayOptions
from ecgcore.errors import EcgError

HOW = "Start one by `ray start --head` and run this command on one of its machines, or give --ray auto."


@dataclass(frozen=True)
class Cluster:
    """What a cluster has.

    Args:
        processors: of all its machines.
        most_of_a_machine: processors of the largest one.
        gpus: of all its machines.
    """

    processors: int
    most_of_a_machine: int
    gpus: int


@contextmanager
def connected(options: RayOptions) -> Iterator[Cluster]:
    """Connect to a cluster, and leave it at the end.

    Args:
        options: of ``ray.init``, as ``ray_environment`` gives them.

    Raises:
        EcgError: there is none, or it would answer to other machines.
    """
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise EcgError(f"No Ray cluster could be used: {error}.", HOW) from error
    try:
        here = options.get("_node_ip_address")
        if here is not None and ray.util.get_node_ip_address() != here:  # type: ignore[no-untyped-call]
            raise EcgError("Ray would open ports to other machines.", "Report it with the version of Ray.")
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        machines = [machine["Resources"] for machine in ray.nodes() if machine["Alive"]]  # type: ignore[no-untyped-call]
        largest = max((int(machine.get("CPU", 0)) for machine in machines), default=0)
        yield Cluster(max(1, int(resources.get("CPU", 0))), max(1, largest), int(resources.get("GPU", 0)))
    finally:
        ray.shutdown()


def on_this_machine() -> NodeAffinitySchedulingStrategy:
    """Where an actor belongs that has to outlive all other machines."""
    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)


@contextmanager
def told_errors(next_step: str) -> Iterator[None]:
    """What a task raised for a user's eyes is raised here, and what else Ray raises becomes such an error.

    Args:
        next_step: what the user can do.

    Raises:
        EcgError: a task failed, or the cluster was lost.
    """
    try:
        yield
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, EcgError):
            raise error.cause from error
        raise EcgError(f"A task on the cluster failed: {error.cause!r}.", next_step) from error
    except ray.exceptions.RayError as error:
        raise EcgError(f"The cluster was lost: {type(error).__name__}.", next_step) from error
