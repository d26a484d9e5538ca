"""What a training tells while it works: the newest step in a file, what matters in the store, and whether to stop."""

import math
import resource
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from annotations.model import StoreError
from annotations.runs.run_events import add_events
from annotations.runs.training_runs import RunState, TrainingRun, move_run, must_stop
from annotations.store import Store
from ecgcore.errors import StageCancelledError
from trainer.atomic_files import write_json_atomic
from trainer.jobs.plan import Estimate, estimate, make_plan
from trainer.progress import Progress, ProgressEvent, RunProgress, show_progress
from trainer.runs.files import PROGRESS, read_json, run_folder
from trainer.worker.forecast import Forecast

_EVERY_S = 1.0
"""How often the newest step is written, and the store asked whether to stop."""
_EVENTS_KEPT = 2000
_COMPARISON_S = 20.0
"""Expected of a run that only compares."""
_FINAL_TRIES = 20
"""Each waits as long as the store is patient with other writers, half a minute."""


def recorder_of(store: Store, run: TrainingRun) -> "Recorder":
    """The recorder of a run that begins or goes on."""
    folder = run_folder(store.folder, run.id)
    if run.kind == "compare":
        return Recorder(store, run.id, folder, Forecast([], after_s=_COMPARISON_S))
    takes = estimate_of(store, run)
    forecast = Forecast(takes.trainings, before_s=takes.before, beside_s=takes.beside, after_s=takes.after)
    return Recorder(store, run.id, folder, forecast)


def estimate_of(store: Store, run: TrainingRun) -> Estimate:
    """How long a run is expected to take, by what is known now."""
    plan = make_plan(store, snapshot_id=run.snapshot_id, recipe=run.recipe, stages=run.stages, folds=run.folds)
    return estimate(store, plan, run.device)


class Recorder:
    """Keeps a run's progress, events and state, and hears when it shall stop.

    Args:
        store: the data folder.
        run_id: the run.
        folder: its folder.
        forecast: of its time; it hears of every step.
    """

    def __init__(self, store: Store, run_id: int, folder: Path, forecast: Forecast) -> None:
        self._store, self._run_id, self._path = store, run_id, folder / PROGRESS
        self.forecast = forecast
        self._pending: list[dict[str, JsonValue]] = []
        self._newest = ProgressEvent()
        self._started = self._written = self._asked = time.monotonic()
        self._seconds_before = RunProgress.from_json(read_json(self._path)).seconds or 0.0
        self._share_done = 0.0
        self._is_asked_to_stop = False

    def cancelled(self) -> bool:
        """Whether it shall stop; the store is asked once a second."""
        if not self._is_asked_to_stop and time.monotonic() - self._asked >= _EVERY_S:
            self._asked = time.monotonic()
            try:
                self._is_asked_to_stop = must_stop(self._store, self._run_id)
            except StoreError:  # busy: the next second will do
                return False
        return self._is_asked_to_stop

    def part(self, name: str) -> Progress:
        """A listener for one part of the run: "prepare", "folds", "final" or "comparison".

        It raises ``StageCancelledError`` when the run shall stop.
        """
        return partial(self.report, name)

    def report(self, part: str, event: ProgressEvent) -> None:
        """Take note of one step.

        Raises:
            StageCancelledError: somebody asked to stop, or a page was erased.
        """
        self.forecast.note(replace(event, part=part))
        self._newest = replace(event, part=part, stage_seconds=None)
        kind = _kind(event)
        if kind is not None:
            show_progress(self._newest)
            self._note({"kind": kind, **self._newest.to_json()})
        if kind is not None or time.monotonic() - self._written >= _EVERY_S:
            self._write(self.forecast.left_s())
        self._stop_where_asked()

    def say(self, part: str, stage: str, message: str) -> None:
        """Take note of words for a person.

        Raises:
            StageCancelledError: as ``report``.
        """
        self.report(part, ProgressEvent(stage=stage, message=message))

    def check(self) -> None:
        """Ask the store at once, before pages are written.

        Raises:
            StageCancelledError: as ``report``.
        """
        self._asked = -math.inf
        self._stop_where_asked()

    def move(self, state: RunState, message: str = "") -> None:
        """Bring the run into another state on its way.

        Raises:
            StoreError: the store cannot be written.
        """
        self._flush()
        move_run(self._store, self._run_id, state, message=message)

    def finish(self, state: RunState, message: str = "") -> None:
        """Bring the run into its last state, however long other programs keep the store busy.

        Raises:
            StoreError: they never let go; the run is then found interrupted, and goes on from its end.
        """
        if state == "candidate":
            self._write(left_s=0.0)
        for attempt in range(_FINAL_TRIES):
            try:
                self.move(state, message)
                return
            except StoreError:
                if attempt == _FINAL_TRIES - 1:
                    raise

    def _stop_where_asked(self) -> None:
        if self.cancelled():
            raise StageCancelledError(
                "The training was stopped.", "Let it go on when you like; what is finished is kept."
            )

    def _note(self, event: dict[str, JsonValue]) -> None:
        self._pending = [*self._pending, event][-_EVENTS_KEPT:]
        try:
            self._flush()
        except StoreError:
            return  # they are written with the next ones

    def _flush(self) -> None:
        if self._pending:
            add_events(self._store, self._run_id, self._pending)
            self._pending = []

    def _write(self, left_s: float) -> None:
        self._written = time.monotonic()
        worked = self._seconds_before + self._written - self._started
        self._share_done = max(self._share_done, worked / (worked + left_s) if left_s else 1.0)
        stands = RunProgress(
            self._newest,
            share=round(self._share_done, 4),
            seconds=round(worked, 1),
            seconds_left=round(left_s, 1),
            memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        )
        write_json_atomic(self._path, stands.to_json())


def _kind(event: ProgressEvent) -> str | None:
    """What an event is for the store; None for a step, which only the newest is kept of."""
    if event.train_loss is not None:
        return "epoch"
    if event.is_finished:
        return "fold" if event.stage == "fold" else "stage"
    return None if event.message is None else "message"
