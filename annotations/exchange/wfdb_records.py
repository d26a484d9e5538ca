"""Records in PhysioNet's form (WFDB), read within bounds: a header may ask for anything."""

import struct
from pathlib import Path

import numpy as np
import wfdb

from annotations.exchange.formats.shown import shown
from annotations.model import StoreError
from ecgcore.papersim import LEADS
from ecgcore.types import FloatArray

MAX_HEADER_BYTES, MAX_MARKS_BYTES = 2**20, 2**20
FS_HZ = 50.0, 20_000.0
MAX_SIGNALS, MAX_SAMPLES_PER_FRAME, MAX_SKEW = 64, 100, 10_000
MAX_SEGMENTS = 1000
MAX_BYTES_WITHOUT_LENGTH = 64 * 2**20
"""Of the signals of a header that does not say how long they are."""

_EXPORT = "Export the record again."
DAMAGED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What ``wfdb`` raises on damaged records; there is no common base class."""


def read_record(header: Path, longest_s: float) -> tuple[FloatArray, float]:
    """Millivolts ``[12, n]`` in the order of ``LEADS``, at most so many seconds, and the sampling frequency.

    Args:
        header: the record's .hea file.
        longest_s: seconds to read at most.

    Raises:
        StoreError: it is damaged, a lead is missing, or the header asks for what no record of 12 leads has.
    """
    try:
        return _read(header, longest_s)
    except DAMAGED as error:
        raise _damaged(error) from error


def read_marks(header: Path, ending: str) -> wfdb.Annotation:
    """The marks of a record in its annotation file of this ending.

    Args:
        header: the record's .hea file.
        ending: of the annotation file, as in "atr".

    Raises:
        StoreError: there is no such file, or it is damaged or too large.
    """
    file = header.with_suffix(f".{ending}")
    try:
        if file.stat().st_size > MAX_MARKS_BYTES:
            raise StoreError(f"{shown(file.name)} is too large for the marks of a record.", _EXPORT)
        return wfdb.rdann(str(header.with_suffix("")), ending)
    except DAMAGED as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> StoreError:
    return StoreError(f"It is damaged and cannot be drawn: {shown(str(error))}.", _EXPORT)


def _read(header: Path, longest_s: float) -> tuple[FloatArray, float]:
    record_header = _checked_header(header)
    most = round(longest_s * record_header.fs)
    until = None if record_header.sig_len is None else min(record_header.sig_len, most)
    record = wfdb.rdrecord(str(header.with_suffix("")), sampto=until)
    names = [str(name).lower() for name in record.sig_name]
    missing = [lead for lead in LEADS if lead.lower() not in names]
    if missing:
        raise StoreError(f"It lacks lead {missing[0]}.", "Twelve leads are needed.")
    order = [names.index(lead.lower()) for lead in LEADS]
    return np.nan_to_num(record.p_signal[:most, order].T), float(record.fs)


def _checked_header(header: Path, *, is_segment: bool = False) -> wfdb.Record | wfdb.MultiRecord:
    """A header that asks for nothing but what lies beside it, of a size that a record has.

    Raises:
        StoreError: it asks for more.
    """
    if not header.is_file() or header.stat().st_size > MAX_HEADER_BYTES:
        raise StoreError(f"{shown(header.name)} is missing, or too large for a header.", _EXPORT)
    record_header = wfdb.rdheader(str(header.with_suffix("")))
    if not FS_HZ[0] <= record_header.fs <= FS_HZ[1]:
        raise StoreError(
            f"It states {record_header.fs:g} samples a second; {FS_HZ[0]:g} to {FS_HZ[1]:g} can be read.", _EXPORT
        )
    if not 0 < (record_header.n_sig or 0) <= MAX_SIGNALS or (
        record_header.sig_len is not None and record_header.sig_len < 1
    ):
        raise StoreError(f"It states {record_header.n_sig} signals of {record_header.sig_len} samples.", _EXPORT)
    if isinstance(record_header, wfdb.MultiRecord):
        if is_segment or record_header.sig_len is None or record_header.n_seg > MAX_SEGMENTS:
            raise StoreError("It is made of too many segments, or of segments in segments.", _EXPORT)
        for name in {_plain(name) for name in record_header.seg_name} - {"~"}:
            _checked_header(header.with_name(f"{name}.hea"), is_segment=True)
        return record_header
    signals = [header.with_name(_plain(name)) for name in record_header.file_name or ()]
    spf, skew = (
        [value or 0 for value in values or ()] for values in (record_header.samps_per_frame, record_header.skew)
    )
    if not all(1 <= n <= MAX_SAMPLES_PER_FRAME for n in spf) or not all(0 <= n <= MAX_SKEW for n in skew):
        raise StoreError("Its signals are sampled in a way that cannot be read.", _EXPORT)
    if record_header.sig_len is None and sum(file.stat().st_size for file in set(signals)) > MAX_BYTES_WITHOUT_LENGTH:
        raise StoreError("It does not state how long its signals are, and they are very long.", _EXPORT)
    return record_header


def _plain(name: str) -> str:
    """The name of a file that lies beside the header."""
    if name != Path(name).name or "\\" in name or name in ("", "..", "."):
        raise StoreError(f"It refers to {shown(name)}, which is not beside it.", "Put all files into one folder.")
    return name
