"""Files that are whole or absent: written beside their place, flushed to disk, then renamed over it."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def write_bytes_atomic(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash, never meets half of it.

    Args:
        path: where; its folder is made when missing.
        content: all of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text_atomic(path: Path, text: str) -> None:
    """As ``write_bytes_atomic``, UTF-8."""
    write_bytes_atomic(path, text.encode("utf-8"))


def write_json_atomic(path: Path, value: Any) -> None:
    """As ``write_bytes_atomic``, indented JSON; NaN is refused because it is no JSON."""
    write_text_atomic(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def save_safetensors_atomic(
    path: Path, tensors: Mapping[str, "torch.Tensor"], metadata: Mapping[str, str] | None = None
) -> None:
    """As ``write_bytes_atomic``, tensors by name; nothing is pickled.

    Args:
        path: where.
        tensors: on any device; copied to the processor.
        metadata: strings kept in the file's header.
    """
    from safetensors.torch import save

    on_processor = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_bytes_atomic(path, save(on_processor, metadata=None if metadata is None else dict(metadata)))
