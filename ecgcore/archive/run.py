"""A whole archive: unfinished parts stream through the cluster, and each is written when all its files are there."""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

import ray
import ray.data
from ray.data import DataContext, TaskPoolStrategy

from ecgcore.archive.results import Part, Results
from ecgcore.archive.screener import ArchiveSettings, Tally, screened
from ecgcore.cluster.connection import connected, on_this_machine, told_errors
from ecgcore.cluster.environment import RayOptions
from ecgcore.output.progress import Progress

FILES_A_WORKER = 2_000
"""Files that the cluster is given at once, for each worker: some hours of work, so that waiting for the last ones of
them costs under 1 %, and a list of millions is never whole in memory."""
MOST_A_TASK = 8
"""Files that a worker is handed at once: Ray's part of a page, some milliseconds, is paid for all of them together."""
TASKS_A_WORKER = 8
"""So small are tasks where files are few: the workers end together."""
BLOCK_BYTES = 4 * 2**20
GO_ON = "What is finished is kept: the same command goes on."


def screen_archive(
    results: Results, settings: ArchiveSettings, options: RayOptions, workers: int | None = None
) -> None:
    """Screen the unfinished parts of an archive.

    Args:
        results: where they are written.
        settings: how files are screened.
        options: of ``ray.init``, as ``ray_environment`` gives them.
        workers: pages at once; None for as many as the cluster has processors.

    Raises:
        EcgError: there is no cluster, or it was lost.
        OSError: results cannot be written.
    """
    left = results.files_left()
    if not left:
        return
    progress = Progress(results.file_count, results.file_count - left, "files")
    try:
        with connected(options) as cluster:
            at_once = workers or cluster.processors
            for parts in _windows(results.unfinished(), FILES_A_WORKER * at_once):
                _write_parts(parts, screened_texts(parts, settings, at_once), results, progress)
    finally:
        progress.close()


def _windows(parts: Iterable[Part], files: int) -> Iterator[list[Part]]:
    """Parts that have so many files together, or a few more."""
    window: list[Part] = []
    for part in parts:
        window.append(part)
        if sum(len(part.files) for part in window) >= files:
            yield window
            window = []
    if window:
        yield window


def _write_parts(
    parts: Iterable[Part], texts: Iterable[tuple[int, int, str]], results: Results, progress: Progress
) -> None:
    """Write each part when the last of its files is there, whatever order they come in."""
    by_number = {part.number: part for part in parts}
    waiting: dict[int, dict[int, str]] = {number: {} for number in by_number}
    for number, place, text in texts:
        of_part = waiting[number]
        of_part[place] = text
        progress.advance(1)
        if len(of_part) == len(by_number[number].files):
            results.write(by_number[number], waiting.pop(number))


def screened_texts(parts: Iterable[Part], settings: ArchiveSettings, at_once: int) -> Iterator[tuple[int, int, str]]:
    """The number of the part, the place in it and the JSON lines of each file, as the workers are done with them.

    Ray does a task again, as often as it takes, when its process or its machine dies. The workers are Ray's processes
    for tasks, each of which keeps the bundle: a task of an actor that died waits for a new one, for ever where its
    machine is gone, while a task goes to any other process.
    """
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.target_max_block_size = BLOCK_BYTES
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what matters of it is raised
    rows = [
        {"part": part.number, "place": place, "file": file} for part in parts for place, file in enumerate(part.files)
    ]
    a_task = min(max(len(rows) // (TASKS_A_WORKER * at_once), 1), MOST_A_TASK)
    data = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // a_task)).map_batches(
        screened,  # type: ignore[arg-type]
        batch_size=None,
        batch_format="numpy",
        fn_kwargs={"settings": settings, "tally": _tally()},
        num_cpus=1,
        compute=TaskPoolStrategy(size=at_once),
    )
    with told_errors(GO_ON):
        for block in data.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=0):
            yield from zip(map(int, block["part"]), map(int, block["place"]), map(str, block["text"]), strict=True)


def _tally() -> Any:
    """A ``Tally`` that outlives all other machines."""
    return ray.remote(Tally).options(num_cpus=0, scheduling_strategy=on_this_machine()).remote()
