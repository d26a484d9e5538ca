"""The final bundle: all stages on all pages but an inner split that fits the decisions."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ecgcore.bundle.folder import Provenance, save_bundle
from ecgcore.errors import BadData
from trainer.crossval.out_of_fold import split_inner
from trainer.crossval.train_networks import labelled, train_stack
from trainer.data.page import PreparedPage
from trainer.metrics.classification import classification_metrics
from trainer.progress import Progress, ProgressEvent
from trainer.recipes import Recipe
from trainer.runs.folder import RunFolder, seen_rows
from trainer.stages.checkpoint import remove_checkpoints
from trainer.stages.engine import StageContext
from trainer.stages.start import Start
from trainer.workload import LOOKING, StageClock


def fit_bundle(
    pages: Sequence[PreparedPage],
    recipe: Recipe,
    start: Start,
    run: RunFolder,
    bundle_folder: Path,
    *,
    version: str,
    seed: int,
    device: torch.device,
    progress: Progress,
    aside: Sequence[bool] | None = None,
    metrics: Mapping[str, Any] | None = None,
    cache: Path | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train on all pages and save the bundle.

    Its figures come from the inner split that also stopped the training and set the thresholds, so they flatter; the
    honest ones are those of ``cross_validate`` or of pages put aside before.

    Args:
        pages: labelled pages, and pages without a label that are boxed.
        recipe: how to train.
        start: what to start from; its bundle becomes the parent.
        run: where the stages' checkpoints are kept.
        bundle_folder: the new bundle; must not exist yet.
        version: the new bundle's name.
        seed: of split and training.
        device: where to train.
        progress: told of every step.
        aside: for each page whether it belongs to the inner split; drawn by group by default.
        metrics: further figures for the bundle to carry.
        cache: where to keep what networks see that are not trained.
        cancelled: asked between steps; true stops the training.

    Returns:
        ``{"inner_split": {"fused": {metric: interval}}}``.

    Raises:
        BadBundle: ``bundle_folder`` exists, or training left the finite numbers.
        BadData: a class has too few groups, or a stage cannot learn from its pages.
        StageCancelled: training was stopped.
    """
    if aside is None:
        train, val = split_inner(pages, recipe.inner_share, seed)
    else:
        train = [page for page, is_aside in zip(pages, aside, strict=True) if not is_aside]
        val = [page for page, is_aside in zip(pages, aside, strict=True) if is_aside]
    clock = StageClock(progress)
    try:
        trained = train_stack(
            train,
            val,
            recipe,
            start,
            lambda stage: StageContext(run.path, stage, device, seed, clock, cancelled),
            cache,
        )
    except BadData as error:
        raise BadData(f"Final training: {error.cause}", error.next_step) from error
    clock(ProgressEvent(stage=LOOKING, message="judging the inner split"))
    val = labelled(val)
    p = trained.calibrations["fused"].probabilities(trained.answer(val).logits["fused"])
    labels = np.array([page.label for page in val])
    decisions = trained.calibrations["fused"].decisions(p)
    figures = {"inner_split": {"fused": classification_metrics(labels, p, decisions, [page.group_key for page in val])}}
    save_bundle(
        bundle_folder,
        trained.nets,
        trained.operating,
        Provenance(
            version=version,
            recipe={**recipe.to_json(), "seed": seed},
            seen=seen_rows(pages),
            parent=trained.parent,
            snapshot_hash=run.inputs_sha256,
            metrics={**(metrics or {}), **figures},
        ),
    )
    clock.stop()
    remove_checkpoints(run.path)  # the bundle holds the weights now
    return figures
