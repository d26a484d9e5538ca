"""Signal files of WFDB (PhysioNet's signal(5)): numbers packed as 8 to 32 bits, to samples."""

from collections.abc import Callable

import numpy as np

from ecgcore.geometry.arrays import FloatArray, IntArray


def read_signals(data: bytes, form: int) -> FloatArray:
    """The samples of a signal file in their order, NaN where one was not recorded.

    Args:
        data: the file, from its first sample.
        form: the number of its format.

    Raises:
        KeyError: a format that is not read.
    """
    unpack, missing = _FORMS[form]
    steps = unpack(data)
    return np.where(steps == missing, np.nan, steps.astype(np.float64))


def is_read(form: int) -> bool:
    """Whether a format is read; 8 is for one signal's differences, 508 and above for FLAC."""
    return form in _FORMS


def _fixed(kind: str, offset: int = 0) -> Callable[[bytes], IntArray]:
    size = np.dtype(kind).itemsize

    def unpack(data: bytes) -> IntArray:
        return np.frombuffer(data[: len(data) // size * size], kind).astype(np.int64) - offset

    return unpack


def _unpack_24(data: bytes) -> IntArray:
    low, middle, high = _bytes(data, 3).T
    return _signed(low | middle << 8 | high << 16, 24)


def _unpack_212(data: bytes) -> IntArray:
    """Two samples of 12 bits in three bytes: low byte, both high nibbles, low byte."""
    first, nibbles, second = _bytes(data, 3).T
    return _signed(np.column_stack([first | (nibbles & 15) << 8, second | (nibbles >> 4) << 8]).ravel(), 12)


def _unpack_310(data: bytes) -> IntArray:
    """Three samples of 10 bits in two words: bits 1 to 10 of each, the third in the 5 highest of both."""
    one, two = _words(data).T
    three = one >> 11 & 31 | (two >> 11 & 31) << 5
    return _signed(np.column_stack([one >> 1 & 1023, two >> 1 & 1023, three]).ravel(), 10)


def _unpack_311(data: bytes) -> IntArray:
    """Three samples of 10 bits in 32, the first in the lowest."""
    (word,) = _bytes_as(data, "<u4", 1).T
    return _signed(np.column_stack([word & 1023, word >> 10 & 1023, word >> 20 & 1023]).ravel(), 10)


def _bytes(data: bytes, columns: int) -> IntArray:
    return _bytes_as(data, "u1", columns)


def _words(data: bytes) -> IntArray:
    return _bytes_as(data, "<u2", 2)


def _bytes_as(data: bytes, kind: str, columns: int) -> IntArray:
    """Whole rows of numbers; what is left of a row at the end is filled with zeros."""
    size = np.dtype(kind).itemsize * columns
    return np.frombuffer(data + b"\0" * (-len(data) % size), kind).astype(np.int64).reshape(-1, columns)


def _signed(values: IntArray, bits: int) -> IntArray:
    return np.where(values >= 1 << (bits - 1), values - (1 << bits), values)


_FORMS: dict[int, tuple[Callable[[bytes], IntArray], int]] = {
    16: (_fixed("<i2"), -(1 << 15)),
    24: (_unpack_24, -(1 << 23)),
    32: (_fixed("<i4"), -(1 << 31)),
    61: (_fixed(">i2"), -(1 << 15)),
    80: (_fixed("u1", 128), -(1 << 7)),
    160: (_fixed("<u2", 1 << 15), -(1 << 15)),
    212: (_unpack_212, -(1 << 11)),
    310: (_unpack_310, -(1 << 9)),
    311: (_unpack_311, -(1 << 9)),
}
"""How a format is unpacked, and the value that means no sample."""
