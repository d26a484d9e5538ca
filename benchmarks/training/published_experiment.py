"""The published experiment at its own size: 100 boxed pages, 630 labelled ones (148 normal, 482 abnormal), 5 folds.

python -m benchmarks.training.published_experiment --ludb DIR --khan DIR --cache DIR --bundle DIR --out DIR
    [--minutes 100]
python -m benchmarks.training.published_experiment ... --recipe patent --epochs 1 --stop-after 1  # one fold, cut short
python -m benchmarks.training.published_experiment ... --estimate 3               # the time, from 3 steps of each stage

The boxed pages are drawn from LUDB records that no starter has trained on, the labelled ones are Khan pages drawn by
group. Every stage of every fold goes on from the bundle, which must have seen none of the pages (a fold whose test
pages it knows starts from random weights, and says so). It computes for so many minutes in all; finished
folds and epochs are kept in ``--out``, and the same command with more minutes goes on. ``--epochs`` cuts every stage
off after so many, as if the published 100 had been stopped early; the rates are those that these epochs have in the
whole schedule.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.speed.training_stages import shortened
from benchmarks.training.khan_features import all_khan_pages, published_sample
from ecgcore.bundle.folder import load_bundle
from ecgcore.errors import StageCancelledError
from trainer.atomic_files import write_json_atomic
from trainer.crossval.lineage import Ancestor, start_chooser
from trainer.crossval.out_of_fold import CrossValidation, cross_validate
from trainer.crossval.train_networks import train_networks
from trainer.data.folds import assign_folds, split_train_validation
from trainer.data.page import PreparedPage
from trainer.evaluation.evaluate import figures_table
from trainer.metrics.classification import classification_metrics
from trainer.named_recipes import RECIPES
from trainer.progress import ProgressEvent, show_progress
from trainer.recipes import Recipe
from trainer.runs.files import PREDICTIONS, SUMMARY, read_json
from trainer.runs.folder import RunFolder, open_run, read_predictions
from trainer.stages.context import RunContext
from trainer.stages.start import choose_start
from trainer.starter.pages import cached_pages, split_records
from trainer.starter.public_datasets import load_ludb
from trainer.starter.synthetic_pages import boxed_pages, drawing_version
from trainer.workload import INFERENCE, JOINT, STAGES, StageClock, pages_shown

BOXED, FOLDS, SEED = 100, 5, 0
NETWORKS = {"local": "p_local", "global": "p_global", "fused": "p_abnormal"}

CHOICES = {name: RECIPES[name] for name in ("quick", "patent")}


def experiment_pages(ludb: Path, khan: Path, cache: Path) -> list[PreparedPage]:
    """The 730 pages, drawn and prepared once."""
    records = split_records(load_ludb(ludb))[2]
    per_record = -(-BOXED // len(records)) + 1  # some records have too little marked for some layouts
    kept = cache / "pages" / "published-boxed.pages"
    boxed = cached_pages(kept, lambda: boxed_pages(records, per_record, SEED, 1), drawing_version())
    return [*boxed[:BOXED], *published_sample(all_khan_pages(khan, cache))]


def folds_of(pages: Sequence[PreparedPage]) -> list[int]:
    """Stratified, grouped, boxed pages among them."""
    folds: list[int] = assign_folds([p.label for p in pages], [p.group_key for p in pages], FOLDS, SEED).tolist()
    return folds


def cut_short(recipe: Recipe, epochs: int) -> Recipe:
    """The recipe with at most so many epochs in each stage."""

    def cut(stage: Any) -> Any:
        return replace(stage, epochs=min(epochs, stage.epochs))

    return replace(
        recipe,
        detector=cut(recipe.detector),
        local=cut(recipe.local),
        global_=cut(recipe.global_),
        fusion=replace(cut(recipe.fusion), joint_epochs=min(epochs, recipe.fusion.joint_epochs)),
    )


class Budget:
    """Minutes of this process's computing, those of earlier calls with the same folder included."""

    def __init__(self, minutes: float, file: Path) -> None:
        self._file = file
        spent = read_json(file)
        self._before_s = float(spent) if isinstance(spent, int | float) else 0.0
        self._limit_s = 60 * minutes

    @property
    def spent_s(self) -> float:
        """Seconds so far."""
        return self._before_s + time.process_time()

    def is_over(self) -> bool:
        """Whether to stop."""
        return self.spent_s > self._limit_s

    def keep(self) -> None:
        """Write down what was spent."""
        write_json_atomic(self._file, self.spent_s)


def estimate(pages: Sequence[PreparedPage], recipe: Recipe, bundle: Path, steps: int) -> dict[str, float]:
    """Seconds of one fold by stage, none of them stopped early, from a few steps on a few pages."""
    folds = folds_of(pages)
    rest = [page for page, of in zip(pages, folds, strict=True) if of]
    train, val = split_train_validation(rest, recipe.inner_share, SEED)
    few_train, few_val = _few(train, 8), _few(val, 3)
    step_s: dict[str, float] = {}

    def listen(event: ProgressEvent) -> None:
        if event.train_loss is not None:
            step_s[event.stage] = event.seconds or 0.0

    clock = StageClock(listen)
    short = shortened(recipe, steps)
    start = choose_start("bundle", load_bundle(bundle, "cpu"), recipe)
    train_networks(few_train, few_val, short, start, RunContext(torch.device("cpu"), SEED, clock))
    spent = clock.stop()
    shown, seen = pages_shown(recipe, STAGES, **_counts(train)), pages_shown(short, STAGES, **_counts(few_train))
    epochs = _epochs_of(recipe)
    whole_s = {}
    for stage, seconds in step_s.items():
        beside_s = max(0.0, spent[stage] - seconds)  # validation; the head computes the features of all pages once
        if stage == "fusion":
            whole_s[stage] = beside_s * (len(train) + len(val)) / (len(few_train) + len(few_val))
        else:
            whole_s[stage] = beside_s * epochs[stage] * len(val) / len(few_val)
        whole_s[stage] += shown[stage] / seen[stage] * seconds
    # Beats of all pages are found once; those put aside and those of the test are looked at by all networks too.
    whole_s[INFERENCE] = spent[INFERENCE] * len(pages) / (len(few_train) + 2 * len(few_val))
    return whole_s


def _epochs_of(recipe: Recipe) -> dict[str, int]:
    """The epochs of each stage that the pages pass through; the head's are those of features that are computed once."""
    return {
        "detector": recipe.detector.epochs,
        "local": recipe.local.epochs,
        "global": recipe.global_.epochs,
        JOINT: recipe.fusion.joint_epochs,
    }


def _few(pages: Sequence[PreparedPage], n: int) -> list[PreparedPage]:
    """So many pages of each kind."""
    return [page for label in (0, 1, None) for page in [p for p in pages if p.label == label][:n]]


def _counts(pages: Sequence[PreparedPage]) -> dict[str, int]:
    boxes = [page.boxes_panel_xyxy for page in pages if page.boxes_panel_xyxy is not None]
    labels = [page.label for page in pages]
    return {
        "boxed": len(boxes),
        "normal": labels.count(0),
        "abnormal": labels.count(1),
        "beats": sum(len(of_page) for of_page in boxes),
    }


def table_of_finished(run: RunFolder, pages: Sequence[PreparedPage]) -> str:
    """Local, global and fused on the test pages of the folds that are finished."""
    done = [fold for fold in range(FOLDS) if run.finished(fold)]
    answers = [answer for fold in done for answer in read_predictions(run.fold(fold) / PREDICTIONS)]
    group_of = {page.key: page.group_key for page in pages}
    figures = {
        name: classification_metrics(
            [answer.label for answer in answers],
            [getattr(answer, column) for answer in answers],
            [answer.decision for answer in answers] if name == "fused" else None,
            [group_of[answer.file] for answer in answers],
        )
        for name, column in NETWORKS.items()
    }
    table = figures_table(figures) if answers else ""
    return f"{len(done)} of {FOLDS} folds are finished: {len(answers)} pages\n{table}"


def main() -> None:
    """Run, go on, or estimate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("ludb", "khan", "cache", "bundle", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--recipe", choices=sorted(CHOICES), default="quick")
    parser.add_argument("--minutes", type=float, default=100.0, help="of computing of this process, in all calls")
    parser.add_argument("--epochs", type=int, metavar="N", help="of every stage at most")
    parser.add_argument("--stop-after", type=int, default=FOLDS, metavar="N", help="finished folds")
    parser.add_argument("--estimate", type=int, metavar="STEPS")
    options = parser.parse_args()
    recipe = CHOICES[options.recipe]
    if options.epochs is not None:
        recipe = cut_short(recipe, options.epochs)
    pages = experiment_pages(options.ludb, options.khan, options.cache)
    if options.estimate is not None:
        seconds = estimate(pages, recipe, options.bundle, options.estimate)
        epochs = _epochs_of(recipe)
        for stage, value in seconds.items():
            of_epoch = f", {value / 60 / epochs[stage]:.1f} an epoch" if stage in epochs else ""
            print(f"{stage:13} {value / 60:6.1f} min a fold{of_epoch}")
        fold_min = sum(seconds.values()) / 60
        print(
            f"{'all':13} {fold_min:6.1f} min a fold, {FOLDS * fold_min:.0f} in one process, {3 * fold_min:.0f} in two"
        )
        return
    run = open_run(
        options.out,
        {"recipe": recipe.to_json(), "pages": [page.picture_hash for page in pages]},
        "file\n" + "".join(f"{page.key}\n" for page in pages),
        resume=True,
    )
    budget = Budget(options.minutes, options.out / "spent-0.json")
    try:
        start_of = start_chooser([Ancestor.of(options.bundle)], "bundle", recipe, "cpu", needs_bundle=False)
        summary = cross_validate(
            CrossValidation(pages, recipe, start_of, run, FOLDS, folds_of(pages)),
            RunContext(
                torch.device("cpu"),
                SEED,
                show_progress,
                lambda: budget.is_over() or sum(map(run.finished, range(FOLDS))) >= options.stop_after,
            ),
        )
        write_json_atomic(options.out / SUMMARY, summary.to_json())
        print(json.dumps([fold.start and fold.start.to_json() for fold in summary.fold_facts]))
        print(figures_table(summary.pooled))
    except StageCancelledError:
        print("The minutes are over, or enough folds are finished; more of either go on.")
        print(table_of_finished(run, pages))
    finally:
        budget.keep()
    print(f"computed for {budget.spent_s / 60:.1f} min in all")


if __name__ == "__main__":
    main()
