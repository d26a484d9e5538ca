"""Promised against real time of trainings of different recipe, size and stages, on this machine.

    python -m benchmarks.speed.training_time [--only N ...] [--threads N]

Pages are drawn artificial ECGs, all boxed, one a patient; the starter is in use, and no run was measured before in any
data folder. Three promises are compared with the whole time from start to end: the one on the page before the start,
and those of the running process (its time so far and the time that it says is left) after the first stage of the first
fold, and in the middle. A ratio of 1 is right; more is too late a promise. Trainings have the whole machine here.
"""

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from annotations.runs.run_events import events
from annotations.store import Store
from tests.support.read_pages import add_training_page
from trainer import jobs
from trainer.jobs.plan import estimate, make_plan
from trainer.jobs.priority import YIELDS
from trainer.workload import STAGES

_EVERY_S = 0.2


@dataclass(frozen=True)
class Training:
    """What is started, on how many pages."""

    recipe: str
    folds: int
    pages: int
    stages: tuple[str, ...] = STAGES


TRAININGS = (
    Training("tiny", 2, 12),
    Training("tiny", 5, 40),
    Training("quick", 3, 30, ("fusion",)),
    Training("quick", 2, 16, ("global", "fusion")),
    Training("quick", 2, 24, ("local", "global", "fusion")),
)


def fill(store: Store, pages: int) -> None:
    """So many patients of one page, every other one abnormal."""
    store.add_person("Ada")
    for number in range(pages):
        add_training_page(store, number, number, px_per_mm=5.0)


def measure(training: Training, folder: Path) -> dict[str, float]:
    """Seconds: promised before, after the first stage and in the middle (each for the whole), and real."""
    store = Store(folder)
    fill(store, training.pages)
    options = {"recipe": training.recipe, "folds": training.folds, "stages": training.stages}
    found = {"before": estimate(store, make_plan(store, **options)).likely}
    began = time.monotonic()
    run = jobs.start(store, by="Ada", **options)
    promises: list[tuple[float, float]] = []
    while (seen := jobs.status(store, run.id)) is not None and seen.is_alive:
        so_far = time.monotonic() - began
        if seen.progress.seconds_left is not None:
            promises.append((so_far, so_far + seen.progress.seconds_left))
        is_stage_over = any(row.event["kind"] == "stage" for row in events(store, run.id))
        if is_stage_over and "first stage" not in found:
            found |= {"first stage": promises[-1][1], "first stage at": so_far}
        time.sleep(_EVERY_S)
    found["real"] = time.monotonic() - began
    found["middle"] = next(promise for at, promise in promises if at > found["real"] / 2)
    if seen is None or seen.run.state != "candidate":
        raise RuntimeError(jobs.log_tail(store, run.id))
    store.close()
    return found


def main() -> None:
    """Run the trainings one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=int, nargs="*", metavar="N", help="of the list, from 1")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), metavar="N")
    options = parser.parse_args()
    os.environ |= {YIELDS: "0", "OMP_NUM_THREADS": str(options.threads)}
    print(f"{options.threads} threads; promised / real")
    for number, training in enumerate(TRAININGS, 1):
        if options.only and number not in options.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = measure(training, Path(folder) / "data")
        ratios = ", ".join(f"{name} {found[name] / found['real']:.2f}" for name in ("before", "first stage", "middle"))
        print(
            f"{number} {training.recipe} {'+'.join(training.stages)}, {training.pages} pages, {training.folds} folds: "
            f"real {found['real']:.0f} s (first stage over at {found['first stage at']:.0f} s); {ratios}",
            flush=True,
        )


if __name__ == "__main__":
    main()
