"""Packs samples as Philips' XLI does: second differences, high bytes before low ones, LZW of 10 bits."""

import struct

import numpy as np
import numpy.typing as npt

_BITS, _LAST_CODE = 10, 1022


def xli_packed(samples: npt.ArrayLike) -> bytes:
    """One channel's chunk with its header."""
    values = [int(value) for value in np.asarray(samples)]
    seconds = [2 * b - a - c for a, b, c in zip(values, values[1:], values[2:], strict=False)]
    differences = np.array([*values[:2], *(second + 64 for second in seconds[1:]), 64], dtype=np.int16)
    pairs = differences.view(np.uint16)
    packed = _lzw(bytes((pairs >> 8).astype(np.uint8)) + bytes((pairs & 255).astype(np.uint8)))
    return struct.pack("<ihh", len(packed), 1, seconds[0]) + packed


def _lzw(data: bytes) -> bytes:
    codes: dict[bytes, int] = {bytes([value]): value for value in range(256)}
    found, bits, string = 256, "", b""
    for value in data:
        longer = string + bytes([value])
        if longer in codes:
            string = longer
            continue
        bits += f"{codes[string]:0{_BITS}b}"
        if found <= _LAST_CODE:
            codes[longer] = found
            found += 1
        string = bytes([value])
    bits += f"{codes[string]:0{_BITS}b}"
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
