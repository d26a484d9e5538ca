"""SCP-ECG (EN 1064:2005+A1, ISO 11073-91064): binary sections, samples Huffman-coded, as differences, or less beats.

Read are leads (section 3), places of beats (4), the reference beat (5) and the rhythm (6); header and texts, which name
the patient, are not.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import FloatArray
from ecgcore.recordings.assemble import Stretch, assemble
from ecgcore.recordings.formats.scp_huffman import Code, decode, read_tables
from ecgcore.recordings.recording import EXPORT, Recording

FORMAT = "an SCP-ECG file"
MAX_LEADS, MAX_SECTIONS, MAX_BEATS = 64, 64, 10_000
MAX_SAMPLES = 2_000_000
_NUMBERS = {1: "I", 2: "II", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF", **{n + 2: f"V{n}" for n in range(1, 7)}}
_RECORD_HEAD, _SECTION_HEAD = 6, 16
_POINTER, _LEAD = struct.Struct("<HII"), struct.Struct("<IIB")
_BEAT, _ZONE = struct.Struct("<HIII"), struct.Struct("<II")
_USUAL_DECIMATION = 4
"""Outside protected zones every fourth sample is kept (5.9.3), where no reference beat tells another factor."""


@dataclass(frozen=True)
class _Lead:
    """A lead's number, and its first and last sample, counted from 1."""

    number: int
    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class _Beats:
    """Where the reference beat was taken away ``(first, fiducial, last)``, and the zones that are protected."""

    fiducial: int
    length_ms: int
    taken: list[tuple[int, int, int]]
    zones: list[tuple[int, int]]


@dataclass(frozen=True)
class _Coded:
    """Leads as section 5 or 6 holds them."""

    mv_per_step: float
    interval_us: int
    differences: int
    is_bimodal: bool
    leads: list[bytes]


def is_scp(data: bytes) -> bool:
    """Whether the bytes are an SCP-ECG record: marked in its first section, or as long as it says."""
    if data[16:22] == b"SCPECG":
        return True
    # a BMP picture states its length in the same place
    is_as_long = len(data) > 32 and struct.unpack_from("<I", data, 2)[0] == len(data)
    return is_as_long and data[8:10] == b"\0\0" and not data.startswith(b"BM")


def scp_recordings(data: bytes, name: str) -> list[Recording]:
    """The rhythm of an SCP-ECG record.

    Args:
        data: the file's bytes.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: without a rhythm.
        ValueError: damaged, as ``struct.error`` and ``IndexError``.
    """
    sections = _sections(data)
    if not sections.get(3) or not sections.get(6):
        raise UnreadablePictureError(f"{name} is {FORMAT} without a rhythm.", EXPORT)
    leads, is_subtracted = _leads(sections[3])
    tables = read_tables(sections[2]) if sections.get(2) else []
    beats = _beats(sections.get(4, b""))
    rhythm = _coded(sections[6], len(leads))
    reference = _coded(sections[5], len(leads)) if sections.get(5) else None
    step = 1
    if rhythm.is_bimodal:
        step = _USUAL_DECIMATION if reference is None else max(1, rhythm.interval_us // reference.interval_us)
    fs_hz = 1e6 * step / rhythm.interval_us
    stretches = []
    for number, lead in enumerate(leads):
        values_mv = _rhythm_mv(rhythm, number, lead, beats.zones if step > 1 else None, step, tables)
        if is_subtracted and reference is not None:
            count = beats.length_ms * 1000 // reference.interval_us
            beat_mv = _samples(reference, number, count, tables) * reference.mv_per_step
            values_mv = _with_beats(values_mv, beat_mv, lead, beats)
        lead_name = _NUMBERS.get(lead.number, f"SCP lead {lead.number}")
        stretches.append(Stretch(lead_name, values_mv, (lead.first - 1) / fs_hz))
    return [assemble(stretches, fs_hz, FORMAT, name)]


def _sections(data: bytes) -> dict[int, bytes]:
    """The sections without their headers, as the pointers of section 0 tell them."""
    (length,) = struct.unpack_from("<I", data, _RECORD_HEAD + 4)
    found = {}
    pointers = data[_RECORD_HEAD + _SECTION_HEAD : _RECORD_HEAD + length]
    for k in range(min(len(pointers) // _POINTER.size, MAX_SECTIONS)):
        number, size, index = _POINTER.unpack_from(pointers, k * _POINTER.size)
        if size > _SECTION_HEAD and index:
            if index - 1 + size > len(data):
                raise ValueError("a section lies outside the file")
            found[number] = data[index - 1 + _SECTION_HEAD : index - 1 + size]
    return found


def _leads(section: bytes) -> tuple[list[_Lead], bool]:
    """The leads, and whether the reference beat was taken away from them."""
    count, flags = section[0], section[1]
    if not 1 <= count <= MAX_LEADS:
        raise ValueError("no leads, or too many")
    rows = [_LEAD.unpack_from(section, 2 + k * _LEAD.size) for k in range(count)]
    leads = [_Lead(number, first, last) for first, last, number in rows]
    if not all(1 <= lead.count <= MAX_SAMPLES for lead in leads):
        raise ValueError("a lead without samples, or with too many")
    return leads, bool(flags & 1)


def _beats(section: bytes) -> _Beats:
    if len(section) < 6:
        return _Beats(0, 0, [], [])
    length_ms, fiducial, count = struct.unpack_from("<HHH", section)
    rest = section[6:]
    count = min(count, MAX_BEATS)
    is_with_zones = len(rest) >= count * (_BEAT.size + _ZONE.size)
    has_beats = len(rest) >= count * _BEAT.size
    rows = [_BEAT.unpack_from(rest, k * _BEAT.size) for k in range(count)] if has_beats else []
    taken = [(first, middle, last) for kind, first, middle, last in rows if kind == 0 and last > first]
    at = count * _BEAT.size
    zones = [_ZONE.unpack_from(rest, at + k * _ZONE.size) for k in range(count)] if is_with_zones else []
    return _Beats(fiducial, length_ms, taken, sorted((first, last) for first, last in zones if last >= first > 0))


def _coded(section: bytes, leads: int) -> _Coded:
    nanovolts, interval_us, differences, is_bimodal = struct.unpack_from("<HHBB", section)
    sizes = struct.unpack_from(f"<{leads}H", section, 6)
    ends = np.cumsum([6 + 2 * leads, *sizes]).tolist()
    if interval_us == 0 or nanovolts == 0 or differences > 2 or ends[-1] > len(section) + 1:
        raise ValueError("a section of samples that contradicts itself")
    return _Coded(nanovolts / 1e6, interval_us, differences, is_bimodal == 1, [section[a:b] for a, b in pairwise(ends)])


def _samples(coded: _Coded, number: int, count: int, tables: list[list[Code]]) -> FloatArray:
    """A lead's stored samples in steps."""
    data = coded.leads[number]
    if tables:
        stored = decode(data, count, tables)
    else:
        stored = np.frombuffer(data[: len(data) // 2 * 2], "<i2")[:count].astype(np.int64)
        if len(stored) < count:
            raise ValueError("fewer samples than stated")
    if coded.differences == 1:
        stored = np.cumsum(stored)
    elif coded.differences == 2 and len(stored) > 1:
        first = np.concatenate([stored[1:2] - stored[:1], stored[2:]])
        stored = np.concatenate([stored[:1], stored[0] + np.cumsum(np.cumsum(first))])
    return np.asarray(stored, dtype=np.float64)


def _rhythm_mv(
    rhythm: _Coded, number: int, lead: _Lead, zones: list[tuple[int, int]] | None, step: int,
    tables: list[list[Code]],
) -> FloatArray:  # fmt: skip
    """A lead's rhythm or what is left of it, ``[lead.count]``; outside protected zones the mean of each block is kept.

    Args:
        rhythm: section 6.
        number: of the lead in it.
        lead: its definition.
        zones: that are stored sample by sample; None where everything is.
        step: samples of a block outside them.
        tables: of the file.
    """
    if zones is None:
        return _samples(rhythm, number, lead.count, tables) * rhythm.mv_per_step
    kept = _kept_places(lead, zones, step)
    return np.interp(np.arange(lead.count), kept, _samples(rhythm, number, len(kept), tables) * rhythm.mv_per_step)


def _kept_places(lead: _Lead, zones: list[tuple[int, int]], step: int) -> FloatArray:
    """Where in the lead each stored sample belongs: one by one in a zone, else the middle of its block."""
    places: list[float] = []
    at = lead.first
    for zone_first, zone_last in [*zones, (lead.last + 1, lead.last)]:
        first, end = min(max(zone_first, at), lead.last + 1), min(zone_last, lead.last) + 1
        places += [(block + min(block + step, first) - 1) / 2 - lead.first for block in range(at, first, step)]
        places += [float(sample - lead.first) for sample in range(first, end)]
        at = max(first, end)
    return np.array(places)


def _with_beats(residual_mv: FloatArray, beat_mv: FloatArray, lead: _Lead, beats: _Beats) -> FloatArray:
    """The rhythm with the reference beat put back wherever it was taken away.

    The standard counts samples from 1, but some programs count the fiducial point from 0: the smoother of both holds.
    """
    tried = [_put_back(residual_mv, beat_mv, lead, beats, from_one) for from_one in (1, 0)]
    return min(tried, key=lambda values_mv: float(np.square(np.diff(values_mv, 2)).sum()))


def _put_back(residual_mv: FloatArray, beat_mv: FloatArray, lead: _Lead, beats: _Beats, from_one: int) -> FloatArray:
    whole = residual_mv.copy()
    for first, fiducial, last in beats.taken:
        samples = np.arange(max(first, lead.first), min(last, lead.last) + 1)
        within = samples - fiducial + beats.fiducial - from_one
        is_there = (within >= 0) & (within < len(beat_mv))
        whole[samples[is_there] - lead.first] += beat_mv[within[is_there]]
    return whole
