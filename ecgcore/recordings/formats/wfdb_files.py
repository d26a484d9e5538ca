"""WFDB records (PhysioNet's header(5) and signal(5)): a header and its signal files, together in a ZIP in memory.

The ``wfdb`` package reads paths and hosts, not bytes, and a header may name any of them; what the app is given is never
written to a disk. So the files travel as one ZIP, in which a header can name nothing but its neighbours.
"""

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import FloatArray
from ecgcore.recordings.assemble import Stretch, assemble_rates
from ecgcore.recordings.formats.wfdb_signals import is_read, read_signals
from ecgcore.recordings.recording import EXPORT, Recording
from ecgcore.recordings.units import mv_per

FORMAT = "a WFDB record"
HEADER, SIGNALS = ".hea", ".dat"
MAX_ENTRIES, MAX_RECORDS, MAX_UNPACKED = 1000, 50, 128 * 2**20
MAX_HEADER_BYTES, MAX_SIGNALS, MAX_PER_FRAME, MAX_SKEW = 2**16, 64, 100, 10_000
_USUAL_FS_HZ, _USUAL_GAIN = 250.0, 200.0
_RECORD = re.compile(r"^[\w./-]+\s+\d+(\s|$)")
_FORM = re.compile(r"^(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d+))?$")
_GAIN = re.compile(r"^([\d.eE+-]+)(?:\((-?\d+)\))?(?:/(\S+))?$")
BOTH = "Give the header (.hea) and its signal file (.dat) together: both at once, in one folder, or in one ZIP."


@dataclass(frozen=True)
class _Signal:
    """One line of a header: where a signal lies, and what its steps mean."""

    file: str
    form: int
    per_frame: int
    skew: int
    offset: int
    mv_per_step: float | None
    baseline: float
    lead: str


def is_wfdb_header(data: bytes) -> bool:
    """Whether the bytes are a WFDB header: a record's line, and one that names a signal file's format."""
    if len(data) > MAX_HEADER_BYTES or b"\0" in data:
        return False
    lines = _lines(data)
    return len(lines) > 1 and bool(_RECORD.match(lines[0])) and bool(_FORM.match("".join(lines[1].split()[1:2])))


def is_wfdb_zip(data: bytes) -> bool:
    """Whether the bytes are a ZIP in which a WFDB header lies."""
    return data[:4] == b"PK\x03\x04" and any(name.lower().endswith(HEADER) for name in _names(data))


def wfdb_zip(header: bytes, name: str, signals: dict[str, bytes]) -> bytes:
    """A record's files as one ZIP, in memory.

    Args:
        header: the header's content.
        name: its file's name.
        signals: the signal files by their names.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file, content in {name: header, **signals}.items():
            archive.writestr(file, content)
    return packed.getvalue()


def signal_files(header: bytes) -> list[str]:
    """The names of a header's signal files, as far as they can lie beside it.

    Args:
        header: its content.
    """
    named = [line.split()[0] for line in _lines(header[:MAX_HEADER_BYTES])[1 : MAX_SIGNALS + 1]]
    return list(dict.fromkeys(file for file in named if file == PurePosixPath(file).name and "\\" not in file))


def packed_record(path: Path) -> bytes:
    """The files of a record on the disk as one ZIP: of a header, or of the header that belongs to a ``.dat`` file.

    Args:
        path: of either.

    Raises:
        OSError: one of the files cannot be read.
    """
    header = path.with_suffix(HEADER)
    content = header.read_bytes()
    beside = {file: header.with_name(file) for file in signal_files(content)}
    return wfdb_zip(content, header.name, {file: at.read_bytes() for file, at in beside.items() if at.is_file()})


def wfdb_recordings(data: bytes, name: str) -> list[Recording]:
    """The records in a ZIP, each header's one.

    Args:
        data: the ZIP.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: too large, encrypted, or a record that cannot be read.
        zipfile.BadZipFile: damaged.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries.values()) > MAX_UNPACKED:
            raise UnreadablePictureError(f"{name} holds too much for ECG records.", "Split the archive.")
        if any(entry.flag_bits & 1 for entry in entries.values()):
            raise UnreadablePictureError(f"{name} is a ZIP archive with a password.", "Unpack it and add its files.")
        headers = sorted(file for file in entries if file.lower().endswith(HEADER))[:MAX_RECORDS]
        files = {file: archive.read(entry) for file, entry in entries.items() if not entry.is_dir()}
    return [_recording(files, header, name) for header in headers]


def _recording(files: dict[str, bytes], header: str, name: str) -> Recording:
    fs_hz, signals = _parsed(files[header], name)
    folder = PurePosixPath(header).parent
    by_rate: dict[float, list[Stretch]] = {}
    for file in dict.fromkeys(signal.file for signal in signals):
        content = files.get(str(folder / file))
        if content is None:
            raise UnreadablePictureError(f"{name} is {FORMAT} whose signal file {file} is missing.", BOTH)
        together = [signal for signal in signals if signal.file == file]
        for signal, steps in zip(together, _channels(content, together), strict=True):
            if signal.mv_per_step is not None:
                values_mv = (steps - signal.baseline) * signal.mv_per_step
                by_rate.setdefault(fs_hz * signal.per_frame, []).append(Stretch(signal.lead, values_mv))
    return assemble_rates(by_rate, FORMAT, name)


def _channels(content: bytes, signals: list[_Signal]) -> list[FloatArray]:
    """The signals that share a file: samples come frame by frame, of each signal one or more."""
    steps = read_signals(content[signals[0].offset :], signals[0].form)
    frame = sum(signal.per_frame for signal in signals)
    frames = steps[: len(steps) // frame * frame].reshape(-1, frame)
    starts = np.cumsum([0, *(signal.per_frame for signal in signals)])
    return [
        frames[:, start : start + signal.per_frame].ravel()[signal.skew * signal.per_frame :]
        for signal, start in zip(signals, starts[:-1], strict=True)
    ]


def _parsed(header: bytes, name: str) -> tuple[float, list[_Signal]]:
    """Frames a second, and the signals."""
    if not is_wfdb_header(header):
        raise UnreadablePictureError(f"{name} has a damaged WFDB header, or one of a record in segments.", EXPORT)
    lines = _lines(header)
    record = lines[0].split()
    count = int(record[1])
    fs_hz = float(re.split(r"[/(]", record[2])[0]) if len(record) > 2 else _USUAL_FS_HZ
    if not 1 <= count <= MAX_SIGNALS or len(lines) < count + 1:
        raise UnreadablePictureError(f"{name} has a WFDB header with {count} signals.", EXPORT)
    return fs_hz, [_signal(line, name) for line in lines[1 : count + 1]]


def _signal(line: str, name: str) -> _Signal:
    words = line.split(None, 8)
    form = _FORM.match(words[1])
    if form is None or not is_read(int(form[1])):
        raise UnreadablePictureError(f"{name} is {FORMAT} in signal format {words[1]}, which is not read.", EXPORT)
    per_frame, skew, offset = (
        int(value or default) for value, default in zip(form.groups()[1:], (1, 0, 0), strict=True)
    )
    if not 1 <= per_frame <= MAX_PER_FRAME or skew > MAX_SKEW:
        raise UnreadablePictureError(f"{name} has signals that are sampled in a way that cannot be read.", EXPORT)
    gain_word = words[2] if len(words) > 2 else "0"
    gain = _GAIN.match(gain_word)
    if gain is None:
        raise UnreadablePictureError(f"{name} has a WFDB header with the gain {gain_word}.", EXPORT)
    per_mv, mv = float(gain[1]) or _USUAL_GAIN, mv_per(gain[3] or "mV")
    zero = float(words[4]) if len(words) > 4 else 0.0
    lead = words[8] if len(words) > 8 else ""
    return _Signal(
        words[0], int(form[1]), per_frame, skew, offset, None if mv is None else mv / per_mv,
        float(gain[2]) if gain[2] is not None else zero, lead,
    )  # fmt: skip


def _lines(header: bytes) -> list[str]:
    text = header.decode("utf-8", "replace")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _names(data: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.namelist()[:MAX_ENTRIES]
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return []
