"""The training loop that all stages share: optimiser, schedule, early stopping, atomic checkpoints and resume."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ecgcore.errors import BadData, StageCancelled
from trainer.atomic_files import write_json_atomic
from trainer.progress import Progress, ProgressEvent, silent
from trainer.recipes import Stage
from trainer.stages.checkpoint import CHECKPOINT, load_checkpoint, save_checkpoint


@dataclass(frozen=True)
class StageContext:
    """Where a stage runs and whom it tells.

    Args:
        workdir: checkpoints are kept here, in files that start with ``name``; None keeps none.
        name: the stage's name, for files and progress.
        device: where the network is trained.
        seed: of everything drawn at random.
        progress: told of every step.
        cancelled: asked between steps; true stops the stage at once, its last finished epoch is kept.
        keeps_start: whether the weights that the stage starts from, a bundle's say, stay where no epoch is better on
            the pages that do not train: a few pages can teach less than they make forget.
    """

    workdir: Path | None
    name: str
    device: torch.device
    seed: int = 0
    progress: Progress = silent
    cancelled: Callable[[], bool] = field(default=lambda: False)
    keeps_start: bool = False

    def file(self, kind: str) -> Path | None:
        """Path of this stage's file of one kind, for example ``checkpoint.safetensors``."""
        return None if self.workdir is None else self.workdir / f"{self.name}.{kind}"


@dataclass(frozen=True)
class Task:
    """What distinguishes one stage's training from another's.

    Args:
        batches: epoch number -> the batches of that epoch, already balanced, shuffled and augmented.
        steps_per_epoch: how many batches an epoch holds (for the schedule).
        loss: batch -> scalar loss, with gradients.
        validate: -> loss on pages that are not trained on, or None to train all epochs.
        accumulate: batches whose gradients are added up before the optimiser steps.
    """

    batches: Callable[[int], Iterable[Any]]
    steps_per_epoch: int
    loss: Callable[[Any], Tensor]
    validate: Callable[[], float] | None = None
    accumulate: int = 1


def make_optimiser(parameters: Iterable[Tensor], stage: Stage) -> torch.optim.Optimizer:
    """The stage's optimiser; biases and batch norm scales are not decayed by AdamW."""
    trainable = [p for p in parameters if p.requires_grad]
    if stage.optimiser == "sgd":
        return torch.optim.SGD(trainable, lr=stage.lr, momentum=stage.momentum, weight_decay=stage.weight_decay)
    groups = [
        {"params": [p for p in trainable if p.ndim > 1], "weight_decay": stage.weight_decay},
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=stage.lr)


def learning_rate(stage: Stage, base: float, step: int, steps_per_epoch: int, epochs: int) -> float:
    """Rate of one step: warm-up and cosine to zero (one cycle, Smith 2018), or divided by 10 every ``step_epochs``."""
    if stage.schedule == "step":
        return base * float(10.0 ** -(step // steps_per_epoch // stage.step_epochs))
    total = max(1, steps_per_epoch * epochs)
    warm = max(1, min(200, total // 10))
    if step < warm:
        return base * (step + 1) / warm
    return base * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))


def train(model: nn.Module, task: Task, stage: Stage, context: StageContext) -> dict[str, Any]:
    """Train ``model`` in place and leave it with the weights of its best epoch, or of its start, in eval mode.

    A checkpoint after each epoch makes the call resumable: called again with the same workdir it goes on where it was.

    Returns:
        The history: training loss, validation loss and seconds of each epoch; ``start_loss`` is the validation loss of
        the weights that it started from where these may stay, and ``best_epoch`` is -1 where they do.

    Raises:
        BadData: the loss is not finite.
        StageCancelled: the context asked to stop.
    """
    model.to(context.device)
    optimiser = make_optimiser(model.parameters(), stage)
    bases = [group["lr"] for group in optimiser.param_groups]
    history: dict[str, Any] = {"train_loss": [], "val_loss": [], "seconds": [], "best_epoch": -1}
    best = _resume(model, optimiser, history, context)
    if not best and stage.epochs and context.keeps_start and task.validate is not None:
        model.eval()
        start_loss = task.validate()
        if math.isfinite(start_loss):
            history["start_loss"], best = start_loss, _copy_of_weights(model)
    step = len(history["train_loss"]) * task.steps_per_epoch
    for epoch in range(len(history["train_loss"]), stage.epochs):
        if _has_converged(history, stage.patience):
            break
        torch.manual_seed(context.seed * 1000 + epoch)
        model.train()
        started, losses = time.monotonic(), []
        optimiser.zero_grad(set_to_none=True)
        for batch in task.batches(epoch):
            if context.cancelled():
                raise StageCancelled(f"The stage {context.name} was stopped.", "Start it again to go on.")
            for group, base in zip(optimiser.param_groups, bases, strict=True):
                group["lr"] = learning_rate(stage, base, step, task.steps_per_epoch, stage.epochs)
            loss = task.loss(batch)
            value = float(loss.detach())
            if not math.isfinite(value):
                raise BadData(
                    f"The loss of stage {context.name} became {value} in epoch {epoch + 1}.",
                    "Lower the learning rate or look for a damaged page; the last good epoch is kept.",
                )
            (loss / task.accumulate).backward()  # type: ignore[no-untyped-call]
            losses.append(value)
            step += 1
            if len(losses) % task.accumulate == 0 or len(losses) == task.steps_per_epoch:
                nn.utils.clip_grad_norm_(model.parameters(), 5.0)
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
            context.progress(
                ProgressEvent(stage=context.name, epoch=epoch + 1, epochs=stage.epochs, step=len(losses),
                              steps=task.steps_per_epoch, loss=float(np.mean(losses[-50:])))
            )  # fmt: skip
        history["train_loss"].append(float(np.mean(losses)))
        history["seconds"].append(time.monotonic() - started)
        if task.validate is not None:
            model.eval()
            checked = task.validate()
            # No page of the validation part has a beat, say: then the training loss must do.
            history["val_loss"].append(checked if math.isfinite(checked) else history["train_loss"][-1])
        if _is_best(history):
            history["best_epoch"] = epoch
            best = _copy_of_weights(model)
        _save(model, optimiser, best, history, context)
        context.progress(_end_of_epoch(history, stage, context))
    if best:
        model.load_state_dict(best)
    model.eval()
    return history


def _is_best(history: dict[str, Any]) -> bool:
    losses = history["val_loss"]
    return not losses or losses[-1] <= min([*losses, history.get("start_loss", math.inf)])


def _copy_of_weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def _has_converged(history: dict[str, Any], patience: int) -> bool:
    losses = history["val_loss"]
    return len(losses) > patience and min(losses[-patience:]) > min(losses[:-patience])


def _end_of_epoch(history: dict[str, Any], stage: Stage, context: StageContext) -> ProgressEvent:
    return ProgressEvent(
        stage=context.name,
        epoch=len(history["train_loss"]),
        epochs=stage.epochs,
        train_loss=history["train_loss"][-1],
        val_loss=history["val_loss"][-1] if history["val_loss"] else None,
        seconds=history["seconds"][-1],
    )


def _save(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    best: dict[str, Tensor],
    history: dict[str, Any],
    context: StageContext,
) -> None:
    path, notes = context.file(CHECKPOINT), context.file("history.json")
    if path is None or notes is None:
        return
    history["epochs_done"] = len(history["train_loss"])
    save_checkpoint(path, model, optimiser, best, history)
    write_json_atomic(notes, history)


def _resume(
    model: nn.Module, optimiser: torch.optim.Optimizer, history: dict[str, Any], context: StageContext
) -> dict[str, Tensor]:
    """Load the last sound checkpoint into model, optimiser and history, in place; returns the best weights so far."""
    path = context.file(CHECKPOINT)
    if path is None:
        return {}
    best, damaged = load_checkpoint(path, model, optimiser, history)
    for file in damaged:
        went_on = f"after epoch {len(history['train_loss'])}" if best else "from its beginning"
        unusable = f"{file.name} is damaged, or of another network"
        context.progress(ProgressEvent(stage=context.name, message=f"{unusable}; the stage goes on {went_on}."))
    return {name: tensor.to(context.device) for name, tensor in best.items()}
