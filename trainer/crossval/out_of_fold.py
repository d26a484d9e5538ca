"""Honest cross-validation: every page is judged by networks whose every part saw only other groups' pages."""

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ecgcore.bundle.folder import Provenance, save_bundle
from ecgcore.errors import BadData, StageCancelled
from trainer.atomic_files import write_json_atomic
from trainer.crossval.lineage import StartOf, untrained_stages
from trainer.crossval.summary import summarise
from trainer.crossval.train_networks import Trained, train_stack
from trainer.data.folds import assign_folds, split_holdout
from trainer.data.page import PreparedPage
from trainer.progress import Progress, ProgressEvent
from trainer.recipes import Recipe
from trainer.runs.files import PREDICTIONS, take_lock
from trainer.runs.folder import PageAnswer, RunFolder, read_answers, seen_rows, write_answers
from trainer.stages.answers import Answers
from trainer.stages.checkpoint import has_checkpoints, remove_checkpoints
from trainer.stages.engine import StageContext
from trainer.workload import LOOKING, STAGES, StageClock, pages_shown

_PEERS_ASKED_EVERY_S = 1.0


def cross_validate(
    pages: Sequence[PreparedPage],
    recipe: Recipe,
    start_of: StartOf,
    run: RunFolder,
    *,
    n_folds: int,
    seed: int,
    device: torch.device,
    progress: Progress,
    folds: Sequence[int] | None = None,
    cache: Path | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train and judge fold by fold; finished folds are kept and skipped, and peers share the others.

    Inside a fold's training pages a further grouped split serves early stopping, temperatures and thresholds. Each
    fold decides by its own thresholds; the pooled figures are those of all folds' answers put together.

    Args:
        pages: labelled pages, and pages without a label that are boxed.
        recipe: how to train.
        start_of: what a fold starts from, given its test pages.
        run: where everything is kept.
        n_folds: number of folds.
        seed: of folds, splits and training.
        device: where to train.
        progress: told of every step.
        folds: the fold of each page; they are dealt anew by default.
        cache: where to keep what networks see that are not trained.
        cancelled: asked between steps; true stops the training.

    Returns:
        ``{"folds": [Block, ...], "pooled": Block, "auroc_differences": {...}, "fold_facts": [...]}``.

    Raises:
        BadData: a class has too few groups, or a stage cannot learn from its pages.
        StageCancelled: training was stopped.
    """
    if folds is None:
        folds = assign_folds([page.label for page in pages], [page.group_key for page in pages], n_folds, seed).tolist()

    def work_on(fold: int) -> None:
        try:
            _run_fold(
                fold,
                [page for page, of in zip(pages, folds, strict=True) if of != fold],
                [page for page, of in zip(pages, folds, strict=True) if of == fold],
                recipe,
                start_of,
                run=run,
                seed=seed,
                device=device,
                told=partial(_tell_fold, progress, fold, n_folds),
                cache=cache,
                cancelled=cancelled,
            )
        except BadData as error:
            raise BadData(f"Fold {fold + 1} of {n_folds}: {error.cause}", error.next_step) from error

    for fold in filter(run.finished, range(n_folds)):
        progress(ProgressEvent(stage="fold", fold=fold, folds=n_folds, message="finished before"))
    _share_folds(run, n_folds, work_on, cancelled)
    place = {page.key: index for index, page in enumerate(pages)}
    answers = [answer for fold in range(n_folds) for answer in read_answers(run.fold(fold) / PREDICTIONS)]
    answers.sort(key=lambda answer: place[answer.file])
    write_answers(run.path / PREDICTIONS, answers)
    return summarise(answers, pages, run, n_folds)


def _share_folds(run: RunFolder, n_folds: int, work_on: Callable[[int], None], cancelled: Callable[[], bool]) -> None:
    """Work on one unfinished fold after the other, leave those alone that a peer works on, and wait until all are done.

    Raises:
        StageCancelled: training was stopped while waiting.
    """
    while left := [fold for fold in range(n_folds) if not run.finished(fold)]:
        for fold in left:
            lock = take_lock(run.fold(fold))
            if lock is None:
                continue
            try:
                if not run.finished(fold):
                    work_on(fold)
            finally:
                os.close(lock)
            break
        else:
            if cancelled():
                raise StageCancelled("The training was stopped.", "Start it again to go on.")
            time.sleep(_PEERS_ASKED_EVERY_S)


def _tell_fold(progress: Progress, fold: int, n_folds: int, event: ProgressEvent) -> None:
    progress(replace(event, fold=fold, folds=n_folds))


def split_inner(
    pages: Sequence[PreparedPage], share: float, seed: int
) -> tuple[list[PreparedPage], list[PreparedPage]]:
    """Training pages, and about ``share`` of the groups for early stopping and calibration.

    Raises:
        BadData: a class has fewer than two groups.
    """
    aside = split_holdout([page.label for page in pages], [page.group_key for page in pages], share, seed)
    return (
        [page for page, is_aside in zip(pages, aside, strict=True) if not is_aside],
        [page for page, is_aside in zip(pages, aside, strict=True) if is_aside],
    )


def _run_fold(
    fold: int,
    rest: Sequence[PreparedPage],
    test: Sequence[PreparedPage],
    recipe: Recipe,
    start_of: StartOf,
    *,
    run: RunFolder,
    seed: int,
    device: torch.device,
    told: Progress,
    cache: Path | None,
    cancelled: Callable[[], bool],
) -> None:
    started = time.monotonic()
    folder = run.fold(fold)
    was_resumed = has_checkpoints(folder)
    train, val = split_inner(rest, recipe.inner_share, seed + fold)
    chosen = start_of(test)
    kept = [stage for stage in untrained_stages(recipe) if stage != "waveform" or chosen.start.draws_waveform]
    if kept and not chosen.start.from_bundle:
        raise BadData(
            f"Stage {', '.join(kept)} cannot stay as it is: every bundle here has seen some of its test pages.",
            "Train all stages.",
        )
    clock = StageClock(told)

    def context_of(stage: str) -> StageContext:
        return StageContext(folder, stage, device, seed + fold, clock, cancelled)

    trained = train_stack(train, val, recipe, chosen.start, context_of, cache)
    clock(ProgressEvent(stage=LOOKING, message="judging the test pages"))
    answers = trained.answer(test)
    rows = page_answers(fold, test, trained, answers)
    write_answers(folder / PREDICTIONS, rows)
    # A bundle's detector that has seen the test pages finds their beats, but is not judged by them.
    is_judged = trained.has_own_detector or chosen.facts["detector"] not in chosen.facts["passed_over"]
    write_json_atomic(folder / "detections.json", _detections(test, answers) if is_judged else {})
    save_bundle(
        folder / "bundle",
        trained.nets,
        trained.operating,
        Provenance(
            version=f"{run.inputs_sha256[:8]}-fold-{fold}",
            recipe=recipe.to_json(),
            seen=seen_rows(rest),
            parent=trained.parent,
            snapshot_hash=run.inputs_sha256,
        ),
        replace=True,
    )
    thresholds = {name: [c.p_normal_below, c.p_abnormal_from] for name, c in trained.calibrations.items()}
    write_json_atomic(  # last: it says that the fold is complete
        folder / "fold.json",
        {
            "pages": {"train": len(train), "val": len(val), "test": len(test)},
            "answers": len(rows),
            "start": chosen.facts,
            "min_score": trained.operating.min_score,
            "thresholds": thresholds,
            "seconds": round(time.monotonic() - started, 1),
            "seconds_of_stages": clock.stop(),
            "pages_shown": shown_in_training(recipe, train) | {LOOKING: float(len(rest) + len(test))},
            "was_resumed": was_resumed,
        },
    )
    remove_checkpoints(folder)  # the fold's bundle holds the weights now
    told(ProgressEvent(stage="fold", is_finished=True, seconds=round(time.monotonic() - started, 1)))


def shown_in_training(recipe: Recipe, train: Sequence[PreparedPage]) -> dict[str, float]:
    """How often a training shows a page to each stage, at most."""
    boxes = [page.boxes_panel_xyxy for page in train if page.boxes_panel_xyxy is not None]
    labels = [page.label for page in train]
    return pages_shown(
        recipe,
        STAGES,
        boxed=len(boxes),
        normal=labels.count(0),
        abnormal=labels.count(1),
        beats=sum(len(of_page) for of_page in boxes),
    )


def page_answers(fold: int, pages: Sequence[PreparedPage], trained: Trained, answers: Answers) -> list[PageAnswer]:
    """What a fold's networks say of its test pages: calibrated probabilities, and decisions."""
    p = {name: trained.calibrations[name].probabilities(logits) for name, logits in answers.logits.items()}
    decisions = trained.calibrations["fused"].decisions(p["fused"])
    return [
        PageAnswer(
            file=page.key,
            label=page.label,
            group=page.group,
            fold=fold,
            p_global=float(p["global"][row]),
            p_local=float(p["local"][row]),
            p_abnormal=float(p["fused"][row]),
            decision=decisions[row],
            p_waveform=float(p["waveform"][row]) if "waveform" in p else math.nan,
        )
        for row, page in enumerate(pages)
        if page.label is not None
    ]


def _detections(pages: Sequence[PreparedPage], answers: Answers) -> dict[str, list[list[list[float]]]]:
    """Found boxes, scores and true boxes of every boxed page, by its key."""
    return {
        page.key: [boxes.tolist(), scores.tolist(), page.boxes_panel_xyxy.tolist()]
        for page, (boxes, scores) in zip(pages, answers.found, strict=True)
        if page.boxes_panel_xyxy is not None
    }
