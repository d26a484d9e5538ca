"""A command's pieces of work on the Ray cluster that ``--ray`` names."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ecgcore.cluster.environment import check_installed, ray_environment
from trainer.progress import Progress, show_progress


def do_there(
    options: argparse.Namespace, job: Callable[[argparse.Namespace, int, Progress], Any], numbers: Sequence[int]
) -> dict[int, Any]:
    """Do pieces of work as tasks of the cluster, and show how far they are.

    Args:
        options: of the command.
        job: does the piece of a number, on a machine that has the program and sees the folders of the options.
        numbers: of the pieces.

    Returns:
        What each piece gave.

    Raises:
        EcgError: Ray is not installed, there is no cluster, or it was lost; or what a piece raised.
    """
    check_installed("ray")
    # absolute, since a task may run in another folder; without the function that the command was chosen by
    told = {name: _absolute(value) for name, value in vars(options).items() if name != "run"}
    with ray_environment(options.ray, None) as how:
        from trainer.crossval.on_cluster import do_on_cluster  # only now: Ray reads the environment when it is imported

        return do_on_cluster(partial(job, argparse.Namespace(**told)), numbers, how, show_progress)


def _absolute(value: object) -> object:
    if isinstance(value, list):
        return [_absolute(one) for one in value]
    return value.absolute() if isinstance(value, Path) else value
