"""A stage's state after each epoch, on disk: whole, checked when read, and with the one before it to fall back on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from trainer.atomic_files import write_bytes_atomic
from trainer.stages.history import History

CHECKPOINT, BEFORE = "checkpoint.safetensors", "checkpoint.before.safetensors"


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
class Found:
    """What a checkpoint holds beside the state of model and optimiser: the best weights so far, and the history."""

    best: dict[str, Tensor]
    history: History


def load_checkpoint(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> tuple[Found | None, list[Path]]:
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
        return Found(_under("best/", tensors), history), damaged
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
