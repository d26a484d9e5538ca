"""A stage's course, and its state on disk after each epoch: whole, checked when read, one more to fall back on."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from pydantic import JsonValue, TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from trainer.atomic_files import write_bytes_atomic

CHECKPOINT, BEFORE = "checkpoint.safetensors", "checkpoint.before.safetensors"


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


def save_checkpoint(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    best: Mapping[str, Tensor],
    history: History,
) -> None:
    """Write everything that the next epoch needs; the checkpoint that was there becomes the one before.

    Args:
        path: its name ends in ``CHECKPOINT``.
        model: its weights.
        optimiser: its state.
        best: weights of the best epoch so far.
        history: it travels in the same file, so that one rename makes all of it current.
    """
    tensors = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"best/{name}": tensor for name, tensor in best.items()}
    for index, state in optimiser.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"optimiser/{index}/{name}"] = torch.as_tensor(value)
    # Cloned: batch norm and best weights may share storage with the model, which safetensors refuses.
    copies = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    text = json.dumps(history.to_json())
    content = save(copies, metadata={"history": text, "sha256": _digest(copies, text)})
    if path.exists():
        path.replace(_before(path))
    write_bytes_atomic(path, content)


@dataclass(frozen=True)
class CheckpointState:
    """What a checkpoint holds beside the state of model and optimiser: the best weights so far, and the history."""

    best: dict[str, Tensor]
    history: History


def load_checkpoint(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer
) -> tuple[CheckpointState | None, list[Path]]:
    """Load the newest sound checkpoint into model and optimiser, in place.

    Args:
        path: its name ends in ``CHECKPOINT``.
        model: gets its weights.
        optimiser: gets its state.

    Returns:
        What else it holds, None where there is no sound checkpoint and nothing was changed; and the files that turned
        out to be damaged, or of another network.
    """
    damaged: list[Path] = []
    for file in (path, _before(path)):
        if not file.exists():
            continue
        try:
            tensors, history = _read(file)
            _check_fits(_under("model/", tensors), model)
        except (OSError, ValueError, KeyError, SafetensorError):
            damaged.append(file)
            continue
        model.load_state_dict(_under("model/", tensors))
        state: dict[int, dict[str, Tensor]] = {}
        for key, tensor in _under("optimiser/", tensors).items():
            index, name = key.split("/")
            state.setdefault(int(index), {})[name] = tensor
        optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
        return CheckpointState(_under("best/", tensors), history), damaged
    return None, damaged


def has_checkpoints(folder: Path) -> bool:
    """Whether a stage has left a checkpoint in a folder."""
    return any(folder.glob(f"*.{CHECKPOINT}"))


def remove_checkpoints(folder: Path) -> None:
    """Delete all stages' checkpoints in a folder, once its bundle holds the weights."""
    for name in (CHECKPOINT, BEFORE):
        for path in folder.glob(f"*.{name}"):
            path.unlink()


def _read(file: Path) -> tuple[dict[str, Tensor], History]:
    with safe_open(str(file), framework="pt") as handle:
        metadata = handle.metadata()
    tensors = load_file(file)
    if metadata["sha256"] != _digest(tensors, metadata["history"]):
        raise ValueError("the content does not fit its sha256")
    return tensors, History.from_json(json.loads(metadata["history"]))


def _check_fits(stored: Mapping[str, Tensor], model: nn.Module) -> None:
    """Raise ValueError for the weights of another network, as an earlier version built it."""
    expected = model.state_dict()
    if {name: value.shape for name, value in stored.items()} != {name: v.shape for name, v in expected.items()}:
        raise ValueError("the weights are those of another network")


def _digest(tensors: Mapping[str, Tensor], history: str) -> str:
    digest = hashlib.sha256(history.encode("utf-8"))
    for name in sorted(tensors):
        digest.update(name.encode("utf-8"))
        digest.update(tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _before(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(CHECKPOINT) + BEFORE)


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
