"""Huffman decoding of SCP-ECG (EN 1064:2005+A1, annex C), the standard's own table and those that a file brings along.

Bits are read from the highest of each byte. A code's first bit is the lowest of its stored base code. Codes of which
more bits follow carry a sample in these, as a signed number.
"""

import struct
from dataclasses import dataclass

import numpy as np

STANDARD_TABLE = 19_999
"""Number of tables that means: none in the file, the standard's own is used."""
MAX_TABLES, MAX_CODES = 32, 256
_CODE = struct.Struct("<BBBhI")


@dataclass(frozen=True)
class Code:
    """One code: its bits, the bits of a sample behind it, and its value, or the number of the table to go on with."""

    prefix_bits: int
    total_bits: int
    is_value: bool
    value: int
    base_code: int


def _standard_codes() -> list[Code]:
    """Values -8 to 8 by how many ones come first, then 8 or 16 bits as they are."""
    codes = [Code(1, 1, True, 0, 0)]
    for size in range(1, 9):
        ones = (1 << size) - 1
        codes += [Code(size + 2, size + 2, True, size, ones), Code(size + 2, size + 2, True, -size, ones | 2 << size)]
    return [*codes, Code(10, 18, True, 0, 511), Code(10, 26, True, 0, 1023)]


def read_tables(section: bytes) -> list[list[Code]]:
    """The tables of a section 2 without its header.

    Args:
        section: its content.

    Raises:
        ValueError: more tables or codes than there can be.
        struct.error: it breaks off.
    """
    (count,) = struct.unpack_from("<H", section)
    if count == STANDARD_TABLE:
        return [_standard_codes()]
    if not 1 <= count <= MAX_TABLES:
        raise ValueError("too many Huffman tables")
    tables, at = [], 2
    for _ in range(count):
        (codes,) = struct.unpack_from("<H", section, at)
        if not 1 <= codes <= MAX_CODES:
            raise ValueError("too many Huffman codes")
        rows = [_CODE.unpack_from(section, at + 2 + k * _CODE.size) for k in range(codes)]
        tables.append([Code(prefix, total, bool(mode), value, base) for prefix, total, mode, value, base in rows])
        at += 2 + codes * _CODE.size
    return tables


def decode(data: bytes, count: int, tables: list[list[Code]]) -> np.ndarray:
    """So many samples of one lead, ``int64 [count]``.

    Args:
        data: the lead's bytes.
        count: of samples.
        tables: of the file; the first is used first.

    Raises:
        ValueError: the bytes end before, or hold what is no code.
    """
    bits = np.unpackbits(np.frombuffer(data, np.uint8)).tolist()
    if count > len(bits):
        raise ValueError("fewer bits than samples")
    trees = [_tree(codes) for codes in tables]
    tree, at = trees[0], 0
    values: list[int] = []
    while len(values) < count:
        node: _Tree | Code = tree
        while not isinstance(node, Code):
            if at >= len(bits):
                raise ValueError("the samples break off")
            found = node.get(bits[at])
            at += 1
            if found is None:
                raise ValueError("no such code")
            node = found
        if not node.is_value:
            tree = trees[node.value - 1]
            continue
        more = node.total_bits - node.prefix_bits
        values.append(node.value + _signed(bits[at : at + more]))
        at += more
    return np.array(values, dtype=np.int64)


_Tree = dict[int, "_Tree | Code"]


def _tree(codes: list[Code]) -> _Tree:
    root: _Tree = {}
    for code in codes:
        if not 1 <= code.prefix_bits <= code.total_bits <= code.prefix_bits + 32:
            raise ValueError("a code without bits")
        node = root
        for k in range(code.prefix_bits - 1):
            below = node.setdefault(code.base_code >> k & 1, {})
            if isinstance(below, Code):
                raise ValueError("a code begins with another")
            node = below
        node[code.base_code >> code.prefix_bits - 1 & 1] = code
    return root


def _signed(bits: list[int]) -> int:
    value = 0
    for bit in bits:
        value = value << 1 | bit
    return value - (1 << len(bits)) if bits and bits[0] else value
