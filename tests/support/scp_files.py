"""Writes SCP-ECG records: plain numbers, Huffman-coded second differences, or residuals of a reference beat."""

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ecgcore.lead_layout import LEADS

NUMBERS = dict(zip(LEADS, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True))
STEP = 4
"""Samples of a block outside protected zones."""
_NANOVOLTS = 2500


def scp_file(
    signals_mv: npt.NDArray[np.floating], fs_hz: float, leads: Sequence[str] = LEADS, *, huffman: bool = True
) -> bytes:
    """A record of all samples: Huffman-coded second differences, or as they are."""
    steps = np.round(np.asarray(signals_mv) * 1e6 / _NANOVOLTS).astype(np.int64)
    coded = [_huffman(_second_differences(lead)) if huffman else lead.astype("<i2").tobytes() for lead in steps]
    return _record(
        {
            2: struct.pack("<H", 19_999) if huffman else b"",
            3: _lead_section(steps.shape[1], leads, subtracted=False),
            6: _coded_section(coded, fs_hz, 2 if huffman else 0, bimodal=False),
        }
    )


def scp_file_with_beats(
    signals_mv: npt.NDArray[np.floating], fs_hz: float, r_s: Sequence[float], *, counted_from: int = 1
) -> bytes:
    """A record from which a reference beat is taken away at each R peak, thinned outside protected zones.

    Args:
        signals_mv: twelve leads.
        fs_hz: their rate.
        r_s: R peaks, far enough apart.
        counted_from: how the fiducial point in the reference beat is counted: from 1, as the standard has it, or 0.
    """
    steps = np.round(np.asarray(signals_mv) * 1e6 / _NANOVOLTS).astype(np.int64)
    before, after, near = round(0.25 * fs_hz), round(0.40 * fs_hz), round(0.10 * fs_hz)
    peaks = [round(r * fs_hz) for r in r_s if before <= r * fs_hz < steps.shape[1] - after]
    beat = np.round(np.mean([steps[:, p - before : p + after] for p in peaks], axis=0)).astype(np.int64)
    residual = steps.copy()
    for peak in peaks:
        residual[:, peak - before : peak + after] -= beat
    zones = [(peak - near + 1, peak + near + 1) for peak in peaks]
    beats = [(peak - before + 1, peak + 1, peak + after) for peak in peaks]
    left = [_huffman(_differences(_thinned(lead, zones))) for lead in residual]
    length_ms = round((before + after) / fs_hz * 1000)
    return _record(
        {
            2: struct.pack("<H", 19_999),
            3: _lead_section(steps.shape[1], LEADS, subtracted=True),
            4: struct.pack("<HHH", length_ms, before + counted_from, len(peaks))
            + b"".join(struct.pack("<HIII", 0, *beat_at) for beat_at in beats)
            + b"".join(struct.pack("<II", *zone) for zone in zones),
            5: _coded_section([_huffman(_second_differences(b)) for b in beat], fs_hz, 2, bimodal=False),
            6: _coded_section(left, fs_hz / STEP, 1, bimodal=True),
        }
    )


def _thinned(samples: npt.NDArray[np.int64], zones: list[tuple[int, int]]) -> npt.NDArray[np.int64]:
    kept: list[int] = []
    at = 1
    for first, last in [*zones, (len(samples) + 1, len(samples))]:
        for block in range(at, first, STEP):
            kept.append(round(float(samples[block - 1 : min(block + STEP, first) - 1].mean())))
        kept += samples[first - 1 : last].tolist()
        at = last + 1
    return np.array(kept)


def _differences(values: npt.NDArray[np.int64]) -> list[int]:
    return [int(values[0]), *np.diff(values).tolist()]


def _second_differences(values: npt.NDArray[np.int64]) -> list[int]:
    return [int(values[0]), int(values[1]), *np.diff(values, 2).tolist()]


def _huffman(values: Sequence[int]) -> bytes:
    """By the standard's own table: ones, a zero and a sign up to 8, then 8 or 16 bits as they are."""
    bits = ""
    for value in values:
        if value == 0:
            bits += "0"
        elif abs(value) <= 8:
            bits += "1" * abs(value) + "0" + ("1" if value < 0 else "0")
        elif -128 <= value < 128:
            bits += "1" * 9 + "0" + f"{value & 255:08b}"
        else:
            bits += "1" * 10 + f"{value & 65535:016b}"
    bits += "0" * (-len(bits) % 16)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def _lead_section(samples: int, leads: Sequence[str], *, subtracted: bool) -> bytes:
    rows = b"".join(struct.pack("<IIB", 1, samples, NUMBERS[lead]) for lead in leads)
    return bytes([len(leads), len(leads) << 3 | 4 | int(subtracted)]) + rows


def _coded_section(coded: Sequence[bytes], fs_hz: float, differences: int, *, bimodal: bool) -> bytes:
    head = struct.pack("<HHBB", _NANOVOLTS, round(1e6 / fs_hz), differences, int(bimodal))
    return head + struct.pack(f"<{len(coded)}H", *map(len, coded)) + b"".join(coded)


def _record(sections: dict[int, bytes]) -> bytes:
    sections = {1: b"\0\x0b\0Mustermann\0", **sections}
    head = struct.Struct("<HHIBB6s")
    contents = {number: content for number, content in sorted(sections.items()) if content}
    pointers_size = head.size + 10 * (len(contents) + 1)
    at, pointers, body = 6 + pointers_size, struct.pack("<HII", 0, pointers_size, 7), b""
    for number, content in contents.items():
        pointers += struct.pack("<HII", number, head.size + len(content), at + len(body) + 1)
        body += head.pack(0, number, head.size + len(content), 20, 20, b"") + content
    first = head.pack(0, 0, pointers_size, 20, 20, b"SCPECG") + pointers
    return struct.pack("<HI", 0, 6 + len(first) + len(body)) + first + body
