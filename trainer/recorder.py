"""What a training tells while it works: the newest step in a file, what matters in the store, and whether to stop."""

import math
import resource
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from annotations.model import StoreError
from annotations.store import Store
from annotations.training_runs import RunState, add_events, move_run, stop_requested
from ecgcore.errors import StageCancelled
from trainer.files import write_json_atomic
from trainer.progress import show_progress
from trainer.run_files import PROGRESS, read_json
from trainer.workload import JOINT, LOOKING

_EVERY_S = 1.0
"""How often the newest step is written, and the store asked whether to stop."""
_EVENTS_KEPT = 2000
_FINAL_TRIES = 20
"""Each waits as long as the store is patient with other writers, half a minute."""
_ORDER = ("detector", LOOKING, "local", "global", "fusion", JOINT)
_COMPARISON_SHARE = 0.2
"""Of one fold's time."""


class Recorder:
    """Keeps a run's progress, events and state, and hears when it shall stop.

    Args:
        store: the data folder.
        run_id: the run.
        folder: its folder.
        n_folds: of its cross-validation, 0 where there is none.
        stage_seconds: the likely seconds of each stage in one fold, for the time left.
    """

    def __init__(
        self, store: Store, run_id: int, folder: Path, *, n_folds: int, stage_seconds: Mapping[str, float]
    ) -> None:
        self._store, self._run_id, self._path = store, run_id, folder / PROGRESS
        self._n_folds, self._stage_seconds = n_folds, stage_seconds
        self._pending: list[dict[str, Any]] = []
        self._started = self._written = self._asked = time.monotonic()
        before = read_json(self._path)
        self._seconds_before = float(before.get("seconds", 0.0)) if isinstance(before, dict) else 0.0
        self._share_done = 0.0
        self._first_share: float | None = None
        self._is_asked_to_stop = False

    def cancelled(self) -> bool:
        """Whether somebody asked to stop; the store is asked once a second."""
        if not self._is_asked_to_stop and time.monotonic() - self._asked >= _EVERY_S:
            self._asked = time.monotonic()
            try:
                self._is_asked_to_stop = stop_requested(self._store, self._run_id)
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
            StageCancelled: somebody asked to stop.
        """
        plain = {"part": part} | {key: _finite(value) for key, value in event.items()}
        kind = _kind(plain)
        if kind is not None:
            show_progress(plain)
            self._note({"kind": kind, **plain})
        if kind is not None or time.monotonic() - self._written >= _EVERY_S:
            self._write(plain)
        if self.cancelled():
            raise StageCancelled("The training was stopped.", "Let it go on when you like; what is finished is kept.")

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
        for attempt in range(_FINAL_TRIES):
            try:
                self.move(state, message)
                return
            except StoreError:
                if attempt == _FINAL_TRIES - 1:
                    raise

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

    def _write(self, event: Mapping[str, Any]) -> None:
        self._written = time.monotonic()
        worked = self._written - self._started
        self._share_done = share = max(self._share_done, self._share(event))
        if self._first_share is None:
            self._first_share = share
        gained = share - self._first_share
        left = worked / gained * (1 - share) if gained > 0.02 else None
        write_json_atomic(
            self._path,
            {
                **event,
                "share": round(share, 4),
                "seconds": round(self._seconds_before + worked, 1),
                "seconds_left": None if left is None else round(left),
                "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            },
        )

    def _share(self, event: Mapping[str, Any]) -> float:
        """How much of the whole is done, in units of one fold's time."""
        whole = self._n_folds + 1 + _COMPARISON_SHARE
        within = self._share_of_stages(event)
        match event["part"]:
            case "folds":
                return (int(event.get("fold", 0)) + within) / whole
            case "final":
                return (self._n_folds + within) / whole
            case "comparison":
                return (self._n_folds + 1) / whole
        return 0.0

    def _share_of_stages(self, event: Mapping[str, Any]) -> float:
        seconds = {stage: self._stage_seconds.get(stage, 0.0) or 1e-3 for stage in _ORDER}
        stage = event["stage"]
        if stage not in seconds:
            return 1.0 if event.get("finished") else 0.0
        step_share: float = (
            event["step"] / event["steps"] if event.get("steps") else 1.0 if "train_loss" in event else 0.0
        )
        epoch_share: float = (event["epoch"] - 1 + step_share) / event["epochs"] if event.get("epochs") else step_share
        done = sum(seconds[earlier] for earlier in _ORDER[: _ORDER.index(stage)])
        return (done + seconds[stage] * (1.0 if event.get("finished") else epoch_share)) / sum(seconds.values())


def _kind(event: Mapping[str, Any]) -> str | None:
    """What an event is for the store; None for a step, which only the newest is kept of."""
    if "train_loss" in event:
        return "epoch"
    if event.get("finished"):
        return "fold" if event["stage"] == "fold" else "stage"
    return "message" if "message" in event else None


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
