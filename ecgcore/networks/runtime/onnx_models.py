"""A network's convolutions as an ONNX model, kept in a cache folder of the account under what it was made of."""

import hashlib
import logging
import os
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from onnxruntime import InferenceSession
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidProtobuf
from platformdirs import user_cache_path
from torch import Tensor, nn

from ecgcore.onnx_sessions import start_session
from ecgcore.output.files import for_owner_alone, write_bytes_atomic

CACHE_VARIABLE = "ECG_CACHE"
"""Names another folder for the cache."""
MOST_KEPT = 12
"""Models of four bundles, some 80 MB each; those used longest ago go first."""
INPUT = "input"
"""The name of a model's one input."""
_OPSET = 17
_FORMAT = 1
"""To be raised when the models are made in another way."""

_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where this account's ONNX models lie; nothing in them is of a patient."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache_path("ecg-photo-screener", appauthor=False) / "onnx"


def cached_session(
    convolutions: nn.Module, example: Tensor, dynamic_axes: Mapping[int, str], made_of: str
) -> InferenceSession:
    """The network's convolutions ready to run; made once for an account, some seconds, then read from its cache.

    Args:
        convolutions: in eval mode on the processor, from one tensor to one.
        example: an input.
        dynamic_axes: the axes of the input that may have any length, and their names.
        made_of: names weights and shape: the same network, the same text.
    """
    text = "\n".join([made_of, torch.__version__, str(_OPSET), str(_FORMAT)])
    key = hashlib.sha256(text.encode()).hexdigest()[:32]
    session = _kept(key)
    if session is not None:
        return session
    content = to_onnx(convolutions, example, dynamic_axes)
    _keep(key, content)
    return start_session(content, torch.get_num_threads())


def to_onnx(convolutions: nn.Module, example: Tensor, dynamic_axes: Mapping[int, str]) -> bytes:
    """The network as an ONNX model, batch norm folded into the convolutions before it.

    By PyTorch's exporter of traces: that by ``torch.export`` loads the compiler and takes four times as long (D-239).

    Args:
        convolutions: as in :func:`cached_session`, as are the others.
        example: an input.
        dynamic_axes: axes of any length.
    """
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this exporter is the older one
        file = Path(folder) / "model.onnx"
        torch.onnx.export(
            convolutions.eval(),
            (example,),
            file,
            input_names=[INPUT],
            dynamic_axes={INPUT: dict(dynamic_axes)},
            opset_version=_OPSET,
            dynamo=False,
        )
        return file.read_bytes()


def _kept(key: str) -> InferenceSession | None:
    """The model of this key, if it lies in the cache as it was written: its name holds the sha256 of its content."""
    try:
        for path in cache_folder().glob(f"{key}-*.onnx"):
            content = path.read_bytes()
            if path.name == _name(key, content):
                session = start_session(content, torch.get_num_threads())
                os.utime(path)
                return session
            path.unlink(missing_ok=True)
    except (OSError, Fail, InvalidProtobuf) as error:
        _log.warning("A converted network is made again: %s", error)
    return None


def _keep(key: str, content: bytes) -> None:
    """Put a model into the cache; without room or permission it is made again in the next process."""
    folder = cache_folder()
    try:
        write_bytes_atomic(folder / _name(key, content), content)
        for_owner_alone(folder, 0o700)
    except OSError as error:
        _log.warning("Converted networks cannot be kept in %s: %s", folder, error)
        return
    with suppress(OSError):  # another process clears up as well
        newest_first = sorted(folder.glob("*.onnx"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in newest_first[MOST_KEPT:]:
            path.unlink(missing_ok=True)


def _name(key: str, content: bytes) -> str:
    return f"{key}-{hashlib.sha256(content).hexdigest()}.onnx"
