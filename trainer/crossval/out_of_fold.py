"""Honest cross-validation: every page is judged by networks whose every part saw only other groups' pages."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ecgcore.bundle.folder import Provenance, save_bundle
from ecgcore.errors import DataError
from trainer.atomic_files import write_json_atomic
from trainer.crossval.lineage import ChosenStart, StartOf, untrained_stages
from trainer.crossval.summary import summarise
from trainer.crossval.train_networks import shown_in_training, train_networks
from trainer.crossval.trained import Trained, page_predictions
from trainer.data.folds import assign_folds, split_train_validation
from trainer.data.page import PreparedPage
from trainer.progress import Progress, ProgressEvent
from trainer.recipes import Recipe
from trainer.runs.files import FOLD, PREDICTIONS
from trainer.runs.folder import RunFolder, read_predictions, trained_on_rows, write_predictions
from trainer.runs.results import FoldFacts, RunSummary
from trainer.stages.checkpoint import has_checkpoints, remove_checkpoints
from trainer.stages.context import RunContext
from trainer.stages.predictions import NetworkOutputs
from trainer.workload import INFERENCE, StageClock


@dataclass(frozen=True)
class _Fold:
    """One fold's pages: those that judge it, and all others."""

    number: int
    rest: list[PreparedPage]
    test: list[PreparedPage]


@dataclass(frozen=True)
class CrossValidation:
    """What is judged in which folds, and how the networks that judge it are trained.

    Args:
        pages: labelled pages, and pages without a label that are boxed.
        recipe: how to train.
        start_of: what a fold starts from, given its test pages.
        run: where everything is kept, checkpoints too.
        n_folds: number of folds.
        folds: the fold of each page; None for dealing them anew.
    """

    pages: Sequence[PreparedPage]
    recipe: Recipe
    start_of: StartOf
    run: RunFolder
    n_folds: int
    folds: Sequence[int] | None = None

    def fold(self, number: int, seed: int) -> _Fold:
        """A fold's pages; they are dealt by this seed where they are dealt anew."""
        folds = self.folds
        if folds is None:
            labels, groups = [page.label for page in self.pages], [page.group_key for page in self.pages]
            folds = assign_folds(labels, groups, self.n_folds, seed).tolist()
        rest = [page for page, of in zip(self.pages, folds, strict=True) if of != number]
        test = [page for page, of in zip(self.pages, folds, strict=True) if of == number]
        return _Fold(number, rest, test)


def cross_validate(
    job: CrossValidation, context: RunContext, elsewhere: Callable[[Sequence[int]], object] | None = None
) -> RunSummary:
    """Train and judge fold by fold; finished folds are kept and skipped.

    Inside a fold's training pages a further grouped split serves early stopping, temperatures and thresholds. Each
    fold decides by its own thresholds; the pooled figures are those of all folds' answers put together.

    Args:
        job: what is judged and how.
        context: where to train and for whom; its seed is that of folds and splits too.
        elsewhere: trains the unfinished folds in this process's place, each as ``train_fold`` does; what it writes
            must be seen here.

    Returns:
        The figures of each fold and of all answers put together.

    Raises:
        DataError: a class has too few groups, or a stage cannot learn from its pages.
        StageCancelledError: training was stopped.
    """
    run, n_folds = job.run, job.n_folds
    for fold in filter(run.finished, range(n_folds)):
        context.progress(ProgressEvent(stage="fold", fold=fold, folds=n_folds, message="finished before"))
    left = [fold for fold in range(n_folds) if not run.finished(fold)]
    if elsewhere is not None and left:
        elsewhere(left)
    else:
        for fold in left:
            train_fold(fold, job, context)
    place = {page.key: index for index, page in enumerate(job.pages)}
    answers = [answer for fold in range(n_folds) for answer in read_predictions(run.fold(fold) / PREDICTIONS)]
    answers.sort(key=lambda answer: place[answer.file])
    write_predictions(run.path / PREDICTIONS, answers)
    return summarise(answers, job.pages, run, n_folds)


def train_fold(number: int, job: CrossValidation, context: RunContext) -> None:
    """Train one fold and judge its test pages, or go on with it.

    Args:
        number: the fold's, from 0.
        job: as of ``cross_validate``.
        context: where to train and for whom.

    Raises:
        DataError: a class has too few groups, or a stage cannot learn from its pages.
        StageCancelledError: training was stopped.
    """
    progress = partial(_report_fold, context.progress, number, job.n_folds)
    own = replace(context, progress=progress)
    fold = job.fold(number, context.seed)
    try:
        _run_fold(fold, job.recipe, job.start_of, job.run, own)
    except DataError as error:
        raise DataError(f"Fold {number + 1} of {job.n_folds}: {error.cause}", error.next_step) from error


def _report_fold(progress: Progress, fold: int, n_folds: int, event: ProgressEvent) -> None:
    progress(replace(event, fold=fold, folds=n_folds))


def _run_fold(fold: _Fold, recipe: Recipe, start_of: StartOf, run: RunFolder, context: RunContext) -> None:
    started = time.monotonic()
    folder, seed = run.fold(fold.number), context.seed + fold.number
    was_resumed = has_checkpoints(folder)
    train, val = split_train_validation(fold.rest, recipe.inner_share, seed)
    chosen = start_of(fold.test)
    _check_kept(recipe, chosen)
    clock = StageClock(context.progress)
    own = replace(context, seed=seed, progress=clock, workdir=folder)
    trained = train_networks(train, val, recipe, chosen.start, own)
    clock(ProgressEvent(stage=INFERENCE, message="judging the test pages"))
    answers = trained.predict(fold.test)
    rows = page_predictions(fold.number, fold.test, trained, answers)
    write_predictions(folder / PREDICTIONS, rows)
    # A bundle's detector that has seen the test pages finds their beats, but is not judged by them.
    is_judged = trained.has_own_detector or chosen.facts.detector not in chosen.facts.passed_over
    write_json_atomic(folder / "detections.json", _detections(fold.test, answers) if is_judged else {})
    _save_bundle(fold, trained, recipe, run)
    seconds_of_stages = clock.stop()
    looked_at = float(len(fold.rest) + len(fold.test))
    facts = FoldFacts(
        pages={"train": len(train), "val": len(val), "test": len(fold.test)},
        answers=len(rows),
        start=chosen.facts,
        min_score=trained.operating_point.min_score,
        thresholds={name: (c.p_normal_below, c.p_abnormal_from) for name, c in trained.calibrations.items()},
        seconds=round(time.monotonic() - started, 1),
        seconds_of_stages=seconds_of_stages,
        pages_shown=shown_in_training(recipe, train) | {INFERENCE: looked_at},
        was_resumed=was_resumed,
    )
    write_json_atomic(folder / FOLD, facts.to_json())  # last: it says that the fold is complete
    remove_checkpoints(folder)  # the fold's bundle holds the weights now
    context.progress(ProgressEvent(stage="fold", is_finished=True, seconds=round(time.monotonic() - started, 1)))


def _check_kept(recipe: Recipe, chosen: ChosenStart) -> None:
    """Raise DataError where a stage is to stay as a bundle has it, and there is no bundle to take it from."""
    kept = [stage for stage in untrained_stages(recipe) if stage != "waveform" or chosen.start.draws_waveform]
    if kept and not chosen.start.from_bundle:
        raise DataError(
            f"Stage {', '.join(kept)} cannot stay as it is: every bundle here has seen some of its test pages.",
            "Train all stages.",
        )


def _save_bundle(fold: _Fold, trained: Trained, recipe: Recipe, run: RunFolder) -> None:
    save_bundle(
        run.fold(fold.number) / "bundle",
        trained.nets,
        trained.operating_point,
        Provenance(
            version=f"{run.inputs_sha256[:8]}-fold-{fold.number}",
            recipe=recipe.to_json(),
            trained_on=trained_on_rows(fold.rest),
            parent=trained.parent,
            snapshot_hash=run.inputs_sha256,
        ),
        replace=True,
    )


def _detections(pages: Sequence[PreparedPage], answers: NetworkOutputs) -> dict[str, list[list[list[float]]]]:
    """Found boxes, scores and true boxes of every boxed page, by its key."""
    return {
        page.key: [boxes.tolist(), scores.tolist(), page.boxes_panel_xyxy.tolist()]
        for page, (boxes, scores) in zip(pages, answers.detections, strict=True)
        if page.boxes_panel_xyxy is not None
    }
