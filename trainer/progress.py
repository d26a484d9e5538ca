"""What a training tells while it works, where a run stands, and how both are shown in a terminal; loads no network."""

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from ecgcore.output.printable import printable

PREPARING = "prepare pages"
"""The stage in which pages are prepared, before any network is trained."""


@dataclass(frozen=True, kw_only=True)
class ProgressEvent:
    """One step of a training, the end of an epoch, a stage or a fold, or a message; None where it does not tell.

    Args:
        stage: what is worked on; empty where nothing was told yet.
        part: of a run: "prepare", "folds", "final" or "comparison".
        fold, folds: from 0, of how many; None in the final training.
        epoch, epochs: from 1, of how many.
        step, steps: from 1 within the epoch or stage, of how many.
        loss: mean of the newest steps.
        train_loss, val_loss: of the epoch that has ended; only such an event has the first, and the second only where
            pages validate.
        is_finished: whether stage or fold has ended.
        seconds: of the epoch, stage or fold that has ended.
        message: for a person.
        stage_seconds: of the stage so far, all its turns together (``trainer.workload.StageClock``); never written.
    """

    stage: str = ""
    part: str | None = None
    fold: int | None = None
    folds: int | None = None
    epoch: int | None = None
    epochs: int | None = None
    step: int | None = None
    steps: int | None = None
    loss: float | None = None
    train_loss: float | None = None
    val_loss: float | None = None
    is_finished: bool = False
    seconds: float | None = None
    message: str | None = None
    stage_seconds: float | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """What it tells, in the order of reading; a number that is not finite as null."""
        told: dict[str, JsonValue] = {
            "part": self.part,
            "fold": self.fold,
            "folds": self.folds,
            "stage": self.stage or None,
            "epoch": self.epoch,
            "epochs": self.epochs,
            "step": self.step,
            "steps": self.steps,
            "loss": self.loss,
            "train_loss": self.train_loss,
            "val_loss": self.val_loss,
            "finished": self.is_finished or None,
            "seconds": self.seconds,
            "message": self.message,
        }
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in told.items()
            if value is not None
        }

    @classmethod
    def from_json(cls, content: object) -> "ProgressEvent":
        """What is written of an event; whatever is missing, or no such value, is not told."""
        values = content if isinstance(content, Mapping) else {}
        return cls(
            stage=_text(values.get("stage")) or "",
            part=_text(values.get("part")),
            fold=_whole(values.get("fold")),
            folds=_whole(values.get("folds")),
            epoch=_whole(values.get("epoch")),
            epochs=_whole(values.get("epochs")),
            step=_whole(values.get("step")),
            steps=_whole(values.get("steps")),
            loss=_number(values.get("loss")),
            train_loss=_number(values.get("train_loss")),
            val_loss=_number(values.get("val_loss")),
            is_finished=values.get("finished") is True,
            seconds=_number(values.get("seconds")),
            message=_text(values.get("message")),
        )


Progress = Callable[[ProgressEvent], None]
"""Who listens to a training."""


def counted(listener: Progress, stage: str) -> Callable[[int, int], None]:
    """Pass on how much of a stage is done, and of how much, to a listener."""
    return lambda done, of: listener(ProgressEvent(stage=stage, step=done, steps=of))


def silent(_: ProgressEvent) -> None:
    """A listener that ignores everything."""


@dataclass(frozen=True)
class RunProgress:
    """Where a run stands: ``progress.json``.

    Args:
        newest: what it told last; its seconds are not kept.
        share: of its work that is done, 0 to 1.
        seconds: worked so far, resumed parts included; None before the first step.
        seconds_left: None while unknown.
        memory_mb: the most that its process held.
    """

    newest: ProgressEvent = ProgressEvent()
    share: float = 0.0
    seconds: float | None = None
    seconds_left: float | None = None
    memory_mb: int | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """The content of the file."""
        return {
            **self.newest.to_json(),
            "share": self.share,
            "seconds": self.seconds,
            "seconds_left": self.seconds_left,
            "memory_mb": self.memory_mb,
        }

    @classmethod
    def from_json(cls, content: object) -> "RunProgress":
        """What the file holds; as before the first step where it is missing or broken."""
        values = content if isinstance(content, Mapping) else {}
        return cls(
            ProgressEvent.from_json({name: value for name, value in values.items() if name != "seconds"}),
            _number(values.get("share")) or 0.0,
            _number(values.get("seconds")),
            _number(values.get("seconds_left")),
            _whole(values.get("memory_mb")),
        )


def show_progress(event: ProgressEvent) -> None:
    """One line an epoch on standard error, and each step in place where that is a terminal."""
    is_step = event.step is not None and event.message is None
    if is_step and not sys.stderr.isatty():
        return
    words = [f"fold {event.fold}"] if event.fold is not None else []
    words += ["final"] if event.part == "final" else []
    words += [event.stage] if event.stage != "fold" else []
    words += ["finished"] if event.is_finished else []
    words += [_counted("epoch", event.epoch, event.epochs)] if event.epoch is not None else []
    words += [_counted("step", event.step, event.steps)] if event.step is not None else []
    figures = {
        "loss": event.loss,
        "train_loss": event.train_loss,
        "val_loss": event.val_loss,
        "seconds": event.seconds,
        "stage_seconds": event.stage_seconds,
    }
    words += [f"{name} {value:.4f}" for name, value in figures.items() if value is not None and math.isfinite(value)]
    words += [event.message] if event.message is not None else []
    if is_step:
        sys.stderr.write(f"\r{printable(' '.join(words))}\x1b[K")
        sys.stderr.flush()
    else:
        print_message(" ".join(words))


def _counted(word: str, number: int | None, of: int | None) -> str:
    return f"{word} {number}" if of is None else f"{word} {number}/{of}"


def print_message(text: str) -> None:
    """One line on standard error, in the place of an unfinished one."""
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{start}{printable(text)}\n")
    sys.stderr.flush()


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
