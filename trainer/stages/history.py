"""The course of one stage's training, epoch by epoch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import JsonValue, TypeAdapter


@dataclass(frozen=True)
class History:
    """What happened in a stage so far.

    Args:
        train_loss, seconds: of each epoch.
        val_loss: of each epoch, on pages that do not train; empty where there are none.
        best_epoch: from 0; -1 where no epoch was better than the weights that the stage started from.
        start_loss: the validation loss of these, where they may stay.
    """

    train_loss: tuple[float, ...] = ()
    val_loss: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()
    best_epoch: int = -1
    start_loss: float | None = None

    def after(self, train_loss: float, val_loss: float | None, seconds: float) -> "History":
        """With one more epoch.

        Args:
            train_loss: its mean.
            val_loss: None where no pages validate: then the newest epoch is the best.
            seconds: that it took.
        """
        checked = self.val_loss if val_loss is None else (*self.val_loss, val_loss)
        start = math.inf if self.start_loss is None else self.start_loss
        is_best = not checked or checked[-1] <= min(*checked, start)
        return replace(
            self,
            train_loss=(*self.train_loss, train_loss),
            val_loss=checked,
            seconds=(*self.seconds, seconds),
            best_epoch=len(self.train_loss) if is_best else self.best_epoch,
        )

    def has_converged(self, patience: int) -> bool:
        """Whether none of the last ``patience`` epochs came near the best one before."""
        losses = self.val_loss
        return len(losses) > patience and min(losses[-patience:]) > min(losses[:-patience])

    def to_json(self) -> dict[str, JsonValue]:
        """The content of ``history.json``, which travels in the checkpoint too."""
        start: dict[str, JsonValue] = {} if self.start_loss is None else {"start_loss": self.start_loss}
        return {
            "train_loss": list(self.train_loss),
            "val_loss": list(self.val_loss),
            "seconds": list(self.seconds),
            "best_epoch": self.best_epoch,
            **start,
            "epochs_done": len(self.train_loss),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, JsonValue]) -> "History":
        """What ``to_json`` wrote.

        Raises:
            ValueError: it is something else.
        """
        return _HISTORY.validate_python(content)


_HISTORY = TypeAdapter(History)
