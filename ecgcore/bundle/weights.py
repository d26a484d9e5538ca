"""What a network's file holds, read without the network: the safetensors format, kinds of numbers, finite values.

A safetensors file is the length of its header as 8 bytes, the header as JSON, and the tensors' bytes one after the
other (https://huggingface.co/docs/safetensors).
"""

from math import prod
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

KINDS = {"F16": 2, "BF16": 2, "F32": 4}
"""Kinds of numbers that weights may be, and their bytes."""
MAX_WEIGHT_BYTES = 2 * 1024**3
"""Of one network's file."""
MAX_HEADER_BYTES = 4 * 2**20

_EXPONENT = {"F16": 0x7C00, "BF16": 0x7F80, "F32": 0x7F800000}
"""The bits that are all set in what is not finite."""
_AT_ONCE = 2**20


class _Tensor(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    dtype: Literal["F16", "BF16", "F32"]
    shape: Annotated[list[Annotated[int, Field(ge=0, le=2**31)]], Field(max_length=8)]
    data_offsets: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]


_HEADER = TypeAdapter(dict[str, _Tensor | dict[str, str]])  # texts are the free "__metadata__"


def check_weights(path: Path) -> None:
    """Check that a file holds finite weights and nothing else.

    Raises:
        ValueError: it does not; the message says what is wrong in one sentence without its full stop.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if size > MAX_WEIGHT_BYTES:
        raise ValueError(f"it is larger than {MAX_WEIGHT_BYTES // 2**30} GB")
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
            raise ValueError("it is no safetensors file")
        try:
            header = _HEADER.validate_json(stream.read(length))
        except ValidationError as error:
            raise ValueError("it holds something else than weights as 16 or 32 bit floating point numbers") from error
        end = 0
        tensors = {name: entry for name, entry in header.items() if isinstance(entry, _Tensor)}
        for name, tensor in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
            start, stop = tensor.data_offsets
            if start != end or stop - start != prod(tensor.shape) * KINDS[tensor.dtype]:
                raise ValueError(f"the place of {name[:80]} in it is wrong")
            _check_finite(stream, stop - start, tensor.dtype, name)
            end = stop
        if 8 + length + end != size:
            raise ValueError("its length is not what its header says")


def _check_finite(stream: BinaryIO, left: int, dtype: str, name: str) -> None:
    exponent = _EXPONENT[dtype]
    while left > 0:
        part = stream.read(min(left, _AT_ONCE))
        if not part:
            raise ValueError("it is cut short")
        bits = np.frombuffer(part, dtype=f"<u{KINDS[dtype]}")
        if ((bits & exponent) == exponent).any():
            raise ValueError(f"{name[:80]} holds a value that is not finite")
        left -= len(part)
