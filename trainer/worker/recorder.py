"""What a training tells while it works: the newest step in a file, what matters in the store, and whether to stop."""

import math
import resource
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from annotations.model import StoreError
from annotations.runs.training_runs import RunState, TrainingRun, add_events, move_run, must_stop
from annotations.store import Store
from ecgcore.errors import StageCancelled
from trainer.atomic_files import write_json_atomic
from trainer.jobs.plan import Estimate, estimate, make_plan
from trainer.progress import show_progress
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
        self._pending: list[dict[str, Any]] = []
        self._newest: dict[str, Any] = {}
        self._started = self._written = self._asked = time.monotonic()
        before = read_json(self._path)
        self._seconds_before = float(before.get("seconds", 0.0)) if isinstance(before, dict) else 0.0
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

    def part(self, name: str) -> Callable[[dict[str, Any]], None]:
        """A listener for one part of the run: "prepare", "folds", "final" or "comparison".

        It raises ``StageCancelled`` when the run shall stop.
        """
        return partial(self.tell, name)

    def tell(self, part: str, event: Mapping[str, Any]) -> None:
        """Take note of one step.

        Raises:
            StageCancelled: somebody asked to stop, or a page was erased.
        """
        plain = {"part": part} | {key: _finite(value) for key, value in event.items()}
        self.forecast.note(plain)
        plain.pop("stage_seconds", None)
        self._newest = plain
        kind = _kind(plain)
        if kind is not None:
            show_progress(plain)
            self._note({"kind": kind, **plain})
        if kind is not None or time.monotonic() - self._written >= _EVERY_S:
            self._write(plain)
        self._stop_where_asked()

    def check(self) -> None:
        """Ask the store at once, before pages are written.

        Raises:
            StageCancelled: as ``tell``.
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
            self._write(self._newest, left_s=0.0)
        for attempt in range(_FINAL_TRIES):
            try:
                self.move(state, message)
                return
            except StoreError:
                if attempt == _FINAL_TRIES - 1:
                    raise

    def _stop_where_asked(self) -> None:
        if self.cancelled():
            raise StageCancelled("The training was stopped.", "Let it go on when you like; what is finished is kept.")

    def _note(self, event: dict[str, Any]) -> None:
        self._pending = [*self._pending, event][-_EVENTS_KEPT:]
        try:
            self._flush()
        except StoreError:
            return  # they are written with the next ones

    def _flush(self) -> None:
        if self._pending:
            add_events(self._store, self._run_id, self._pending)
            self._pending = []

    def _write(self, event: Mapping[str, Any], left_s: float | None = None) -> None:
        self._written = time.monotonic()
        worked = self._seconds_before + self._written - self._started
        left = self.forecast.left_s() if left_s is None else left_s
        self._share_done = max(self._share_done, worked / (worked + left) if left else 1.0)
        write_json_atomic(
            self._path,
            {
                **event,
                "share": round(self._share_done, 4),
                "seconds": round(worked, 1),
                "seconds_left": round(left, 1),
                "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            },
        )


def _kind(event: Mapping[str, Any]) -> str | None:
    """What an event is for the store; None for a step, which only the newest is kept of."""
    if "train_loss" in event:
        return "epoch"
    if event.get("finished"):
        return "fold" if event["stage"] == "fold" else "stage"
    return "message" if "message" in event else None


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
