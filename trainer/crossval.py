"""Honest cross-validation: every page is judged by networks whose every part saw only other groups' pages."""

import json
import time
from collections.abc import Sequence
from typing import Any

import torch

from ecgcore.bundle import save_bundle
from trainer.calibrate import decide
from trainer.config import Recipe
from trainer.data import PreparedPage
from trainer.detection_metrics import PageBoxes, detection_metrics
from trainer.engine import Progress, StageContext
from trainer.files import write_json_atomic
from trainer.folds import assign_folds, split_holdout
from trainer.metrics import Interval, classification_metrics, paired_auroc_difference
from trainer.runs import PageAnswer, RunFolder, read_answers, seen_rows, write_answers
from trainer.stack import Answers, Start, Trained, train_stack

Block = dict[str, dict[str, Interval]]
"""``{"detector" | "local" | "global" | "fused": {metric: interval}}``."""

N_BOOT = 1000


def cross_validate(
    pages: Sequence[PreparedPage],
    recipe: Recipe,
    start: Start,
    run: RunFolder,
    *,
    n_folds: int,
    seed: int,
    device: torch.device,
    progress: Progress,
) -> dict[str, Any]:
    """Train and judge fold by fold; finished folds are kept and skipped.

    Inside a fold's training pages a further grouped split serves early stopping, temperatures and thresholds. Each
    fold decides by its own thresholds; the pooled figures are those of all folds' answers put together.

    Args:
        pages: labelled pages.
        recipe: how to train.
        start: what to start from; its classifiers must have seen none of the pages.
        run: where everything is kept.
        n_folds: number of folds.
        seed: of folds, splits and training.
        device: where to train.
        progress: told of every step.

    Returns:
        ``{"folds": [Block, ...], "pooled": Block, "auroc_differences": {...}}``.

    Raises:
        BadData: a class has too few groups, or a stage cannot learn from its pages.
        StageCancelled: training was stopped.
    """
    folds = assign_folds([page.label for page in pages], [page.group_key for page in pages], n_folds, seed)
    for fold in range(n_folds):
        if run.finished(fold):
            progress({"fold": fold, "stage": "finished before"})
            continue
        test = [page for page, of in zip(pages, folds, strict=True) if of == fold]
        rest = [page for page, of in zip(pages, folds, strict=True) if of != fold]
        _run_fold(fold, rest, test, recipe, start, run=run, seed=seed, device=device, progress=progress)
    place = {page.key: index for index, page in enumerate(pages)}
    answers = [answer for fold in range(n_folds) for answer in read_answers(run.fold(fold) / "predictions.csv")]
    answers.sort(key=lambda answer: place[answer.file])
    write_answers(run.path / "predictions.csv", answers)
    return _summary(answers, pages, run, n_folds)


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
    start: Start,
    *,
    run: RunFolder,
    seed: int,
    device: torch.device,
    progress: Progress,
) -> None:
    started = time.monotonic()
    folder = run.fold(fold)
    train, val = split_inner(rest, recipe.inner_share, seed + fold)

    def context_of(stage: str) -> StageContext:
        return StageContext(folder, stage, device, seed + fold, lambda event: progress({"fold": fold, **event}))

    trained = train_stack(train, val, recipe, start, context_of)
    answers = trained.answer(test)
    write_answers(folder / "predictions.csv", _page_answers(fold, test, trained, answers))
    write_json_atomic(folder / "detections.json", _detections(test, answers) if trained.has_own_detector else {})
    save_bundle(
        folder / "bundle",
        trained.nets,
        trained.operating,
        version=f"{run.inputs_sha256[:8]}-fold-{fold}",
        recipe=recipe.to_json(),
        seen=seen_rows(rest),
        parent=trained.parent,
        snapshot_hash=run.inputs_sha256,
        replace=True,
    )
    thresholds = {name: [c.p_normal_below, c.p_abnormal_from] for name, c in trained.calibrations.items()}
    pages_of = {"train": len(train), "val": len(val), "test": len(test)}
    write_json_atomic(  # last: it says that the fold is complete
        folder / "fold.json",
        {
            "pages": pages_of,
            "min_score": trained.operating.min_score,
            "thresholds": thresholds,
            "seconds": round(time.monotonic() - started, 1),
        },
    )
    for checkpoint in folder.glob("*.checkpoint.safetensors"):  # the fold's bundle holds the weights now
        checkpoint.unlink()


def _page_answers(fold: int, pages: Sequence[PreparedPage], trained: Trained, answers: Answers) -> list[PageAnswer]:
    p = {name: trained.calibrations[name].probabilities(logits) for name, logits in answers.logits.items()}
    decisions = trained.calibrations["fused"].decisions(p["fused"])
    return [
        PageAnswer(
            file=page.key,
            label=int(page.label == 1),
            group=page.group,
            fold=fold,
            p_global=float(p["global"][row]),
            p_local=float(p["local"][row]),
            p_abnormal=float(p["fused"][row]),
            decision=decisions[row],
        )
        for row, page in enumerate(pages)
    ]


def _detections(pages: Sequence[PreparedPage], answers: Answers) -> dict[str, list[list[list[float]]]]:
    """Found boxes, scores and true boxes of every boxed page, by its key."""
    return {
        page.key: [boxes.tolist(), scores.tolist(), page.boxes_panel_xyxy.tolist()]
        for page, (boxes, scores) in zip(pages, answers.found, strict=True)
        if page.boxes_panel_xyxy is not None
    }


def _summary(
    answers: Sequence[PageAnswer], pages: Sequence[PreparedPage], run: RunFolder, n_folds: int
) -> dict[str, Any]:
    group_of = {page.key: page.group_key for page in pages}
    facts = [json.loads((run.fold(fold) / "fold.json").read_text(encoding="utf-8")) for fold in range(n_folds)]
    found = [json.loads((run.fold(fold) / "detections.json").read_text(encoding="utf-8")) for fold in range(n_folds)]
    blocks = [
        _block([a for a in answers if a.fold == fold], facts, {k: tuple(v) for k, v in found[fold].items()}, group_of)
        for fold in range(n_folds)
    ]
    everything = {key: tuple(value) for of_fold in found for key, value in of_fold.items()}
    labels, groups = [a.label for a in answers], [group_of[a.file] for a in answers]
    p = {"local": [a.p_local for a in answers], "global": [a.p_global for a in answers]}
    fused = [a.p_abnormal for a in answers]
    return {
        "folds": blocks,
        "pooled": _block(answers, facts, everything, group_of),
        "auroc_differences": {
            f"fused minus {name}": paired_auroc_difference(labels, fused, p[name], groups, n_boot=N_BOOT) for name in p
        },
        "fold_facts": facts,
    }


def _block(
    answers: Sequence[PageAnswer],
    facts: Sequence[dict[str, Any]],
    found: dict[str, PageBoxes],
    group_of: dict[str, str],
) -> Block:
    labels, groups = [a.label for a in answers], [group_of[a.file] for a in answers]

    def figures(p: Sequence[float], name: str) -> dict[str, Interval]:
        decisions = [decide(value, facts[a.fold]["thresholds"][name])[0] for a, value in zip(answers, p, strict=True)]
        return classification_metrics(labels, p, decisions, groups, n_boot=N_BOOT)

    return {
        "detector": detection_metrics(
            list(found.values()), [group_of[key] for key in found], facts[0]["min_score"], n_boot=N_BOOT
        ),
        "local": figures([a.p_local for a in answers], "local"),
        "global": figures([a.p_global for a in answers], "global"),
        "fused": classification_metrics(
            labels, [a.p_abnormal for a in answers], [a.decision for a in answers], groups, n_boot=N_BOOT
        ),
    }
