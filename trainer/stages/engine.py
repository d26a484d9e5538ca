"""The training loop that all stages share: optimiser, schedule, early stopping, atomic checkpoints and resume."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ecgcore.errors import DataError, StageCancelledError
from trainer.atomic_files import write_json_atomic
from trainer.progress import ProgressEvent
from trainer.recipes import Stage
from trainer.stages.checkpoint import CHECKPOINT, History, load_checkpoint, save_checkpoint
from trainer.stages.context import StageContext
from trainer.stages.optimisers import make_optimiser

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Task(Generic[Batch]):
    """What distinguishes one stage's training from another's.

    Args:
        batches: epoch number -> the batches of that epoch, already balanced, shuffled and augmented.
        steps_per_epoch: how many batches an epoch holds (for the schedule).
        loss: batch -> scalar loss, with gradients.
        validate: -> loss on pages that are not trained on, or None to train all epochs.
        accumulate: batches whose gradients are added up before the optimiser steps.
    """

    batches: Callable[[int], Iterable[Batch]]
    steps_per_epoch: int
    loss: Callable[[Batch], Tensor]
    validate: Callable[[], float] | None = None
    accumulate: int = 1


def learning_rate(stage: Stage, base: float, step: int, steps_per_epoch: int, epochs: int) -> float:
    """Rate of one step: warm-up and cosine to zero (one cycle, Smith 2018), or divided by 10 every ``step_epochs``.

    Args:
        stage: says which.
        base: the optimiser's rate.
        step: from 0, in the whole stage; the rate follows from it alone, so that a resumed stage needs no scheduler.
        steps_per_epoch: steps of an epoch.
        epochs: of the stage.
    """
    # By hand: OneCycleLR warms up along a cosine wherever it comes down along one, and StepLR rounds at every division,
    # so that trainings would give other numbers than the published ones.
    if stage.schedule == "step":
        return base * float(10.0 ** -(step // steps_per_epoch // stage.step_epochs))
    total = max(1, steps_per_epoch * epochs)
    warm = max(1, min(200, total // 10))
    if step < warm:
        return base * (step + 1) / warm
    return base * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))


def train(model: nn.Module, task: Task[Batch], stage: Stage, context: StageContext) -> History:
    """Train ``model`` in place and leave it with the weights of its best epoch, or of its start, in eval mode.

    A checkpoint after each epoch makes the call resumable: called again with the same workdir it goes on where it was.

    Args:
        model: the network.
        task: its batches, loss and validation.
        stage: how long and how fast.
        context: where and for whom.

    Raises:
        DataError: the loss is not finite.
        StageCancelledError: the context asked to stop.
    """
    model.to(context.device)
    loop = _Loop(model, task, stage, context, make_optimiser(model.parameters(), stage))
    loop.resume()
    if not loop.best and stage.epochs and context.keeps_start:
        loop.keep_start()
    for epoch in range(len(loop.history.train_loss), stage.epochs):
        if loop.history.has_converged(stage.patience):
            break
        torch.manual_seed(context.seed * 1000 + epoch)
        loop.work_on(epoch)
        loop.save()
        context.progress(loop.end_of_epoch())
    if loop.best:
        model.load_state_dict(loop.best)
    model.eval()
    return loop.history


class _Loop(Generic[Batch]):
    """One network in training: its optimiser, its history and its best weights so far, empty where there are none."""

    def __init__(
        self, model: nn.Module, task: Task[Batch], stage: Stage, context: StageContext, optimiser: torch.optim.Optimizer
    ) -> None:
        self.model, self.task, self.stage, self.context, self.optimiser = model, task, stage, context, optimiser
        self.history = History()
        self.best: dict[str, Tensor] = {}
        self._bases = [group["lr"] for group in optimiser.param_groups]

    def resume(self) -> None:
        """Go on from the last sound checkpoint, if there is one."""
        path = self.context.file(CHECKPOINT)
        if path is None:
            return
        found, damaged = load_checkpoint(path, self.model, self.optimiser)
        if found is not None:
            self.best = {name: tensor.to(self.context.device) for name, tensor in found.best.items()}
            self.history = found.history
        for file in damaged:
            went_on = f"after epoch {len(self.history.train_loss)}" if self.best else "from its beginning"
            unusable = f"{file.name} is damaged, or of another network"
            self.context.progress(
                ProgressEvent(stage=self.context.name, message=f"{unusable}; the stage goes on {went_on}.")
            )

    def keep_start(self) -> None:
        """Let the weights that it starts from be the best so far, where there are pages to check them on."""
        if self.task.validate is None:
            return
        self.model.eval()
        loss = self.task.validate()
        if math.isfinite(loss):
            self.history, self.best = replace(self.history, start_loss=loss), _copy_of_weights(self.model)

    def work_on(self, epoch: int) -> None:
        """Train one epoch, check it, and keep its weights where they are the best."""
        started = time.monotonic()
        self.model.train()
        train_loss, seconds = self._pass(epoch), time.monotonic() - started
        val_loss: float | None = None
        if self.task.validate is not None:
            self.model.eval()
            checked = self.task.validate()
            # No page of the validation part has a beat, say: then the training loss must do.
            val_loss = checked if math.isfinite(checked) else train_loss
        self.history = self.history.after(train_loss, val_loss, seconds)
        if self.history.best_epoch == epoch:
            self.best = _copy_of_weights(self.model)

    def end_of_epoch(self) -> ProgressEvent:
        """What the newest epoch came to."""
        history = self.history
        return ProgressEvent(
            stage=self.context.name,
            epoch=len(history.train_loss),
            epochs=self.stage.epochs,
            train_loss=history.train_loss[-1],
            val_loss=history.val_loss[-1] if history.val_loss else None,
            seconds=history.seconds[-1],
        )

    def _pass(self, epoch: int) -> float:
        """Show the batches of one epoch; returns their mean loss."""
        task, context = self.task, self.context
        losses: list[float] = []
        self.optimiser.zero_grad(set_to_none=True)
        for batch in task.batches(epoch):
            if context.cancelled():
                raise StageCancelledError(f"The stage {context.name} was stopped.", "Start it again to go on.")
            self._set_rate(epoch * task.steps_per_epoch + len(losses))
            losses.append(self._add_gradients(batch, epoch))
            if len(losses) % task.accumulate == 0 or len(losses) == task.steps_per_epoch:
                nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
                self.optimiser.step()
                self.optimiser.zero_grad(set_to_none=True)
            context.progress(
                ProgressEvent(
                    stage=context.name,
                    epoch=epoch + 1,
                    epochs=self.stage.epochs,
                    step=len(losses),
                    steps=task.steps_per_epoch,
                    loss=float(np.mean(losses[-50:])),
                )
            )
        return float(np.mean(losses))

    def _set_rate(self, step: int) -> None:
        for group, base in zip(self.optimiser.param_groups, self._bases, strict=True):
            group["lr"] = learning_rate(self.stage, base, step, self.task.steps_per_epoch, self.stage.epochs)

    def _add_gradients(self, batch: Batch, epoch: int) -> float:
        """Add a batch's gradients to those that wait for the optimiser; returns its loss."""
        loss = self.task.loss(batch)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise DataError(
                f"The loss of stage {self.context.name} became {value} in epoch {epoch + 1}.",
                "Lower the learning rate or look for a damaged page; the last good epoch is kept.",
            )
        torch.autograd.backward(loss / self.task.accumulate)
        return value

    def save(self) -> None:
        """Write the checkpoint, and the history beside it for people."""
        path, notes = self.context.file(CHECKPOINT), self.context.file("history.json")
        if path is None or notes is None:
            return
        save_checkpoint(path, self.model, self.optimiser, self.best, self.history)
        write_json_atomic(notes, self.history.to_json())


def _copy_of_weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
