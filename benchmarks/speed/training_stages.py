"""Time and memory of each training stage against the number of pages, from a few steps of each.

python -m benchmarks.speed.training_stages [--pages 50 200 630] [--recipe quick] [--steps 5] [--device auto]

Pages are drawn artificial ECGs, all boxed; training starts from the starter. Steps and validation of a stage are timed
apart and multiplied to the recipe's epochs, none of them stopped early.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ecgcore.bundle.folder import load_bundle
from ecgcore.bundle.manifest import starter_folder
from ecgcore.networks.device import pick_device
from ecgcore.page.decode.read import picture_hash
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import KINDS, PageStyle, draw_page, synthetic_ecg
from trainer.crossval.train_networks import train_networks
from trainer.data.folds import split_train_validation
from trainer.data.page import PreparedPage
from trainer.data.prepare import boxes_in_panel
from trainer.named_recipes import RECIPES
from trainer.progress import ProgressEvent
from trainer.recipes import Recipe, Stage
from trainer.stages.context import RunContext
from trainer.stages.start import choose_start
from trainer.workload import INFERENCE, JOINT, STAGES, StageClock, pages_shown


def draw_pages(n: int) -> list[PreparedPage]:
    """So many pages, every other one abnormal, each of a patient of its own."""
    abnormal = [kind for kind in KINDS if kind != "normal"]
    pages = []
    for number in range(n):
        kind = abnormal[number % len(abnormal)] if number % 2 else "normal"
        signals_mv, fs_hz, beats_s = synthetic_ecg(kind, number)
        drawn = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=5.0), number, beats_s=beats_s)
        page = prepare_page(drawn.image_rgb)
        boxes = boxes_in_panel(np.asarray(drawn.boxes_xyxy, dtype=np.float64), page.frame)
        digest = picture_hash(drawn.image_rgb)
        pages.append(PreparedPage(str(number), "drawn", f"p{number}", number % 2, page.ink, boxes, digest))
    return pages


def shortened(recipe: Recipe, steps: int) -> Recipe:
    """The recipe with one epoch of a few steps a stage."""

    def short(stage: Any) -> Any:
        return replace(stage, epochs=1, steps_per_epoch=steps)

    return replace(
        recipe,
        detector=short(recipe.detector),
        local=short(recipe.local),
        global_=short(recipe.global_),
        fusion=replace(short(recipe.fusion), joint_epochs=min(1, recipe.fusion.joint_epochs)),
    )


def measure(n: int, recipe: Recipe, steps: int, device: str) -> dict[str, Any]:
    """Seconds of one training on ``n`` pages by stage, and the process's peak memory after each, MB."""
    pages = draw_pages(n)
    train, val = split_train_validation(pages, recipe.inner_share, 0)
    peak_mb: dict[str, int] = {}

    def listen(event: ProgressEvent) -> None:
        if event.is_finished:
            peak_mb[event.stage] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

    clock = StageClock(listen)
    place = pick_device(device)
    start = choose_start("bundle", load_bundle(starter_folder(), device), recipe)
    with tempfile.TemporaryDirectory() as folder:
        train_networks(
            train,
            val,
            shortened(recipe, steps),
            start,
            RunContext(place, 0, clock, workdir=Path(folder)),
        )
        spent = clock.stop()
        trained = {path.name.split(".")[0]: path for path in Path(folder).glob("*.history.json")}
        step_s = {stage: json.loads(path.read_text())["seconds"][0] for stage, path in trained.items()}
    full = pages_shown(recipe, STAGES, **_counts(train))
    short = pages_shown(shortened(recipe, steps), STAGES, **_counts(train))
    # What a stage does beside its steps is its validation, once an epoch; the head's is the features, once.
    beside = {stage: 1 if stage == "fusion" else _epochs(recipe, stage) for stage in step_s}
    whole_s = {
        stage: full[stage] / short[stage] * step_s[stage] + beside[stage] * (spent[stage] - step_s[stage])
        for stage in (*STAGES, JOINT)
        if stage in step_s
    }
    return {"seconds": whole_s | {INFERENCE: spent[INFERENCE]}, "peak_mb": peak_mb}


def _counts(pages: list[PreparedPage]) -> dict[str, int]:
    labels = [page.label for page in pages]
    beats = sum(len(page.boxes_panel_xyxy) for page in pages if page.boxes_panel_xyxy is not None)
    return {"boxed": len(pages), "normal": labels.count(0), "abnormal": labels.count(1), "beats": beats}


def _epochs(recipe: Recipe, stage: str) -> int:
    stages: dict[str, Stage] = {
        "detector": recipe.detector,
        "local": recipe.local,
        "global": recipe.global_,
        "fusion": recipe.fusion,
    }
    return recipe.fusion.joint_epochs if stage == JOINT else stages[stage].epochs


def main() -> int:
    """Run the benchmark; each number of pages in a process of its own, so that memory is its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, nargs="+", default=[50, 200, 630], metavar="N")
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="quick")
    parser.add_argument("--steps", type=int, default=5, metavar="N", help="of each stage")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--measure", type=int, metavar="N", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(options.measure, RECIPES[options.recipe], options.steps, options.device)))
        return 0
    shared = ["--recipe", options.recipe, "--steps", str(options.steps), "--device", options.device]
    print(f"recipe {options.recipe}, one training (a fold of five has four fifths of the pages)")
    for n in options.pages:
        command = [sys.executable, "-m", "benchmarks.speed.training_stages", "--measure", str(n), *shared]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        print(f"{n} pages")
        for stage, seconds in found["seconds"].items():
            print(f"  {stage:13} {seconds / 60:7.1f} min   peak so far {found['peak_mb'].get(stage, 0):6} MB")
        print(f"  {'all':13} {sum(found['seconds'].values()) / 60:7.1f} min", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
