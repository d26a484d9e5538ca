"""How much work a training is: pages shown to each stage, and the time that each stage took."""

import time
from collections.abc import Collection
from dataclasses import replace

from trainer.progress import Progress, ProgressEvent
from trainer.recipes import Recipe

STAGES = ("detector", "local", "global", "waveform", "fusion")
INFERENCE = "looking"
"""Finding beats and judging pages, between the stages and after them."""
JOINT = "fusion-joint"

PAGES_A_LOCAL_STEP = 8
_BEATS_A_PAGE = 40


def pages_shown(
    recipe: Recipe, stages: Collection[str], *, boxed: int, normal: int, abnormal: int, beats: int
) -> dict[str, float]:
    """How often a training shows a page to each stage, at most: its epochs times the (balanced) pages of an epoch.

    Args:
        recipe: of the training.
        stages: of ``STAGES``, those that are trained.
        boxed: pages with all beats boxed.
        normal: pages with that label.
        abnormal: pages with that label.
        beats: on the boxed pages.
    """
    balanced = 2 * max(normal, abnormal)
    local, head = recipe.local, recipe.fusion
    beats_of_page = local.beats_per_page or (beats / boxed if boxed else _BEATS_A_PAGE)
    visits = max(1, round(beats_of_page / max(1, local.batch // PAGES_A_LOCAL_STEP)))

    def an_epoch(steps: int | None, batch: int, pages: int) -> int:
        if not pages:
            return 0
        return batch * (max(1, pages // batch) if steps is None else steps)  # a batch is filled, however few there are

    least_boxed = recipe.detector.least_steps * recipe.detector.batch if boxed else 0
    shown = {
        "detector": recipe.detector.epochs
        * an_epoch(recipe.detector.steps_per_epoch, recipe.detector.batch, max(boxed, least_boxed)),
        "local": local.epochs * an_epoch(local.steps_per_epoch, PAGES_A_LOCAL_STEP, visits * balanced),
        "global": recipe.global_.epochs * an_epoch(recipe.global_.steps_per_epoch, recipe.global_.batch, balanced),
        "waveform": 0
        if recipe.waveform is None
        else recipe.waveform.epochs * an_epoch(recipe.waveform.steps_per_epoch, recipe.waveform.batch, balanced),
        "fusion": head.epochs * an_epoch(head.steps_per_epoch, head.batch, balanced),
    }
    shown = {stage: n for stage, n in shown.items() if stage in stages}
    if {"local", "global", "fusion"} <= set(stages):
        shown[JOINT] = head.joint_epochs * an_epoch(head.steps_per_epoch, head.joint_batch, balanced)
    return {stage: float(n) for stage, n in shown.items()}


class StageClock:
    """Passes progress on, tells when a stage is finished, and adds up the seconds of each.

    Every event bears the seconds of its stage so far, ``stage_seconds``.

    Args:
        listener: told of everything.
    """

    def __init__(self, listener: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._listener = listener
        self._stage = ""
        self._is_announced = False
        self._since = time.monotonic()

    def __call__(self, event: ProgressEvent) -> None:
        """One step, or the announcement of what comes next."""
        # A step is told of when it is done, a message before its work begins.
        self._spend_on(self._stage if self._is_announced else event.stage)
        if event.stage != self._stage:
            self._finish()
            self._stage = event.stage
        self._is_announced = event.message is not None
        self._listener(replace(event, stage_seconds=self.seconds.get(event.stage, 0.0)))

    def stop(self) -> dict[str, float]:
        """Finish the last stage; returns the seconds of each."""
        self._spend_on(self._stage)
        self._finish()
        self._stage = ""
        return {stage: round(seconds, 3) for stage, seconds in self.seconds.items()}

    def _spend_on(self, stage: str) -> None:
        now = time.monotonic()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now

    def _finish(self) -> None:
        if self._stage:
            seconds = self.seconds[self._stage]
            self._listener(
                ProgressEvent(stage=self._stage, is_finished=True, seconds=round(seconds, 1), stage_seconds=seconds)
            )
