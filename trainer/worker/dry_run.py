"""How fast this machine trains: a few steps of every stage on a few pages, before a run whose like it has not seen."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import torch

from ecgcore.errors import DataError
from trainer.crossval.lineage import StartOf
from trainer.crossval.train_networks import labelled, shown_in_training, train_networks
from trainer.data.folds import split_train_validation
from trainer.data.page import PreparedPage
from trainer.progress import ProgressEvent
from trainer.recipes import Recipe, Stage
from trainer.stages.context import RunContext
from trainer.stages.detector import VALIDATION_PAGES
from trainer.workload import INFERENCE, JOINT, PAGES_A_LOCAL_STEP

_Stage = TypeVar("_Stage", bound=Stage)
_STEPS = 3
"""The first of them also warms up, so that the median is of the others."""
_LEARNING, _CHECKING = 4, 2
"""Pages of each label."""


def dry_run(
    rest: Sequence[PreparedPage],
    test: Sequence[PreparedPage],
    recipe: Recipe,
    start_of: StartOf,
    *,
    seed: int,
    device: torch.device,
    cancelled: Callable[[], bool],
) -> dict[str, float]:
    """Seconds a page, each time that it is shown to a stage ("looking": once in a training), checks included.

    Args:
        rest: the pages that the run's first fold learns from.
        test: those that judge it.
        recipe: the run's.
        start_of: what a fold starts from, given its test pages.
        seed: the run's.
        device: where it trains.
        cancelled: asked between steps.

    Returns:
        By stage; empty where so few pages cannot be trained on.

    Raises:
        StageCancelledError: training was stopped.
    """
    stopwatch = _Stopwatch()
    try:
        train, val = split_train_validation(rest, recipe.inner_share, seed)
        learning, checking = _few(train, _LEARNING), _few(val, _CHECKING)
        trained = train_networks(
            learning,
            checking,
            _shortened(recipe),
            start_of(test).start,
            RunContext(device, seed, stopwatch, cancelled),
        )
    except DataError:
        return {}
    began = time.monotonic()
    trained.predict(checking)
    prediction_s = (time.monotonic() - began) / len(checking)
    shown = shown_in_training(recipe, train)
    costs = {
        stage: stopwatch.step_s(stage) / pages
        + stopwatch.check_s.get(stage, 0.0) * _checks(recipe, stage, val, checking) / n
        for stage, pages in _pages_a_step(recipe).items()
        if (n := shown.get(stage)) and stage in stopwatch.steps_s
    }
    # Each of these once a page and training, whatever the epochs.
    inferred = len(train) + len(val) + len(test)
    features_s = stopwatch.features_s / (len(learning) + len(checking)) * (len(train) + len(val))
    inference_s = stopwatch.finding_s / (len(learning) + len(checking)) * (len(train) + len(val))
    inference_s += prediction_s * (len(val) + len(test))
    if shown.get("local") or shown.get("global"):
        costs |= {"fusion": costs["fusion"] + features_s / shown["fusion"]} if "fusion" in costs else {}
    else:
        inference_s += features_s  # looked at once, and kept
    return costs | {INFERENCE: inference_s / inferred}


def _pages_a_step(recipe: Recipe) -> dict[str, int]:
    whole = recipe.global_
    return {
        "detector": recipe.detector.batch,
        "local": PAGES_A_LOCAL_STEP,
        "global": min(whole.at_once or whole.batch, whole.batch),
        "waveform": 0 if recipe.waveform is None else recipe.waveform.batch,
        "fusion": recipe.fusion.batch,
        JOINT: 1,
    }


def _checks(recipe: Recipe, stage: str, val: Sequence[PreparedPage], checking: Sequence[PreparedPage]) -> float:
    """How many times the rehearsal's check a whole training checks a stage: after every epoch, and once at first."""
    epochs = {
        "detector": recipe.detector.epochs,
        "local": recipe.local.epochs,
        "global": recipe.global_.epochs,
        "waveform": 0 if recipe.waveform is None else recipe.waveform.epochs,
        JOINT: recipe.fusion.joint_epochs,
    }
    if stage not in epochs:
        return 0.0  # the head's features are looked at once
    sizes = [len(labelled(pages)) for pages in (val, checking)]
    if stage == "detector":
        sizes = [sum(page.boxes_panel_xyxy is not None for page in pages) for pages in (val, checking)]
        sizes[0] = min(sizes[0], VALIDATION_PAGES)
    return (epochs[stage] + 1) * sizes[0] / max(1, sizes[1])


def _few(pages: Sequence[PreparedPage], of_each: int) -> list[PreparedPage]:
    """Pages of both labels, boxed ones first."""
    chosen: list[PreparedPage] = []
    for label in (0, 1):
        same = [page for page in pages if page.label == label]
        chosen += sorted(same, key=lambda page: page.boxes_panel_xyxy is None)[:of_each]
    return chosen


def _shortened(recipe: Recipe) -> Recipe:
    fusion = replace(_short(recipe.fusion), joint_epochs=min(1, recipe.fusion.joint_epochs), joint_batch=1)
    return replace(
        recipe,
        detector=_short(recipe.detector),
        local=_short(recipe.local),
        global_=_short(recipe.global_),
        fusion=fusion,
        waveform=None if recipe.waveform is None else _short(recipe.waveform),
    )


def _short(stage: _Stage) -> _Stage:
    return replace(stage, epochs=min(1, stage.epochs), steps_per_epoch=_STEPS)


@dataclass
class _Stopwatch:
    """A progress listener: seconds of every step, of the check after an epoch, of finding beats and of features."""

    steps_s: dict[str, list[float]] = field(default_factory=dict)
    check_s: dict[str, float] = field(default_factory=dict)
    finding_s: float = 0.0
    features_s: float = 0.0
    _before: float = field(default_factory=time.monotonic)
    _last_message: str = ""

    def step_s(self, stage: str) -> float:
        """Of the median step, the first left out."""
        steps_s = self.steps_s[stage]
        return statistics.median(steps_s[1:] or steps_s)

    def __call__(self, event: ProgressEvent) -> None:
        now, stage = time.monotonic(), event.stage
        spent, self._before = now - self._before, now
        if event.message is None:
            if stage == INFERENCE:
                self.finding_s += spent
            elif event.train_loss is not None:
                self.check_s[stage] = spent
            elif self._last_message == "computing features":
                self.features_s = spent
            else:
                self.steps_s.setdefault(stage, []).append(spent)
        self._last_message = event.message or ""
