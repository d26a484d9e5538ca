"""The final bundle: all stages on all pages but an inner split that fits the decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ecgcore.bundle.folder import Provenance, save_bundle
from ecgcore.errors import DataError
from trainer.crossval.train_networks import labelled, train_networks
from trainer.crossval.trained import Trained
from trainer.data.folds import split_train_validation
from trainer.data.page import PreparedPage
from trainer.metrics.classification import classification_metrics
from trainer.metrics.figures import Block, Figures, plain_block
from trainer.progress import ProgressEvent
from trainer.recipes import Recipe
from trainer.runs.folder import RunFolder, trained_on_rows
from trainer.stages.checkpoint import remove_checkpoints
from trainer.stages.context import RunContext
from trainer.stages.start import Start
from trainer.workload import INFERENCE, StageClock


@dataclass(frozen=True)
class NewBundle:
    """The bundle that a training shall make.

    Args:
        folder: must not exist yet.
        version: its name.
        metrics: further figures for it to carry.
    """

    folder: Path
    version: str
    metrics: Mapping[str, Block] = field(default_factory=dict)


def fit_bundle(
    pages: Sequence[PreparedPage],
    recipe: Recipe,
    start: Start,
    run: RunFolder,
    target: NewBundle,
    context: RunContext,
    *,
    aside: Sequence[bool] | None = None,
) -> dict[str, Block]:
    """Train on all pages and save the bundle.

    Its figures come from the inner split that also stopped the training and set the thresholds, so they flatter; the
    honest ones are those of ``cross_validate`` or of pages put aside before.

    Args:
        pages: labelled pages, and pages without a label that are boxed.
        recipe: how to train.
        start: what to start from; its bundle becomes the parent.
        run: where the stages' checkpoints are kept.
        target: the new bundle.
        context: where to train and for whom; its seed is that of the split too.
        aside: for each page whether it belongs to the inner split; drawn by group by default.

    Returns:
        The figures of "inner_split", of the fused answer alone.

    Raises:
        BundleError: its folder exists, or training left the finite numbers.
        DataError: a class has too few groups, or a stage cannot learn from its pages.
        StageCancelledError: training was stopped.
    """
    if aside is None:
        train, val = split_train_validation(pages, recipe.inner_share, context.seed)
    else:
        train = [page for page, is_aside in zip(pages, aside, strict=True) if not is_aside]
        val = [page for page, is_aside in zip(pages, aside, strict=True) if is_aside]
    clock = StageClock(context.progress)
    try:
        trained = train_networks(train, val, recipe, start, replace(context, progress=clock, workdir=run.path))
    except DataError as error:
        raise DataError(f"Final training: {error.cause}", error.next_step) from error
    clock(ProgressEvent(stage=INFERENCE, message="judging the inner split"))
    figures = {"inner_split": {"fused": _figures(trained, labelled(val))}}
    save_bundle(
        target.folder,
        trained.nets,
        trained.operating_point,
        Provenance(
            version=target.version,
            recipe={**recipe.to_json(), "seed": context.seed},
            trained_on=trained_on_rows(pages),
            parent=trained.parent,
            snapshot_hash=run.inputs_sha256,
            metrics={name: plain_block(block) for name, block in {**target.metrics, **figures}.items()},
        ),
    )
    clock.stop()
    remove_checkpoints(run.path)  # the bundle holds the weights now
    return figures


def _figures(trained: Trained, pages: Sequence[PreparedPage]) -> Figures:
    """Of the fused answer on labelled pages."""
    p = trained.calibrations["fused"].probabilities(trained.predict(pages).logits["fused"])
    labels, groups = np.array([page.label for page in pages]), [page.group_key for page in pages]
    return classification_metrics(labels, p, trained.calibrations["fused"].decisions(p), groups)
