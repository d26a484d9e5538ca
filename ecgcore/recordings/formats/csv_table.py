"""CSV tables of leads: those that ``--signal`` writes, plain ones with leads in their header, and a watch's export.

A table says its times in a column, or its sampling rate in a line above the header or in a comment. Heights are in
millivolts unless the table says otherwise.
"""

import re
from dataclasses import dataclass

import numpy as np

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import FloatArray
from ecgcore.recordings.assemble import Stretch, assemble
from ecgcore.recordings.lead_names import standard_lead
from ecgcore.recordings.recording import Recording
from ecgcore.recordings.units import mv_per

FORMAT = "a CSV table"
MAX_ROWS = 300_000
"""Ten minutes at 500 Hz; of a longer table the rest is left out."""
MAX_PREAMBLE, MAX_COLUMNS, _HEAD_BYTES = 60, 100, 16_384
EVEN = 0.02
"""Times may differ from even ones by so much of a step, as they do when they are rounded."""
_DELIMITERS = (",", ";", "\t", "|")
_RATE = re.compile(
    r"(?:sampl\w*[\s_-]*(?:rate|freq\w*)|\bfs(?:_hz)?\b|frequency)\W{0,12}(?:\(?hz\)?)?\W{0,6}([\d.]+)", re.I
)
_UNIT = re.compile(r"\bunits?\b\W{1,8}([nuµμm]?v|micro\w+|milli\w+)", re.I)
_LEAD = re.compile(r"^\W*lead\W+(.+?)\W*$", re.I)
_TIME = re.compile(r"^(?:time|t|seconds?|elapsed)(?:[\s_]*[\[(]?(s|sec|seconds?|ms|msec|milliseconds?)?[\])]?)$", re.I)
_CELL_UNIT = re.compile(r"^(.*?)[\s_]*[\[(]?([nuµμm]?v)[\])]?$", re.I)
_SAY_RATE = "Add a column time_s, or a line such as '# sampling rate: 500 Hz' above the header."


@dataclass(frozen=True)
class _Table:
    """What a table's first lines say.

    Args:
        delimiter: between cells; "" where a line is one number.
        first_row: number of the first line of samples, from 0.
        columns: names of the columns.
        rate_hz: told above the header; None where it is not.
        unit: told above the header, "mV" where it is not.
    """

    delimiter: str
    first_row: int
    columns: list[str]
    rate_hz: float | None
    unit: str


def is_lead_table(data: bytes) -> bool:
    """Whether the bytes begin as a table with at least one lead, and samples below."""
    return _table(_text(data[:_HEAD_BYTES]).splitlines()) is not None


def csv_recordings(data: bytes, name: str) -> list[Recording]:
    """The recording of a table.

    Args:
        data: the file's bytes.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: without a sampling rate, with uneven times, or with words where samples should be.
    """
    lines = _text(data).splitlines()
    table = _table(lines)
    if table is None:
        raise UnreadablePictureError(f"{name} is {FORMAT} without leads.", "Name the leads in its first line.")
    rows = [line for line in lines[table.first_row :] if line.strip() and not line.startswith("#")]
    values = _numbers(rows[:MAX_ROWS], table, name)
    fs_hz = _rate_hz(values, table, name)
    stretches = []
    for column, samples in zip(table.columns, values.T, strict=True):
        lead, unit = _lead_and_unit(column, table.unit)
        mv = mv_per(unit)
        if lead is not None and mv is not None:
            stretches.append(Stretch(lead, samples * mv))
    return [assemble(stretches, fs_hz, FORMAT, name)]


def _table(lines: list[str]) -> _Table | None:
    """Find the header: the last line before the first one of numbers, and what is told above it."""
    for number, line in enumerate(lines[:MAX_PREAMBLE]):
        for delimiter in _DELIMITERS:
            columns = [cell.strip().strip('"') for cell in line.lstrip("# ").split(delimiter)]
            leads = [cell for cell in columns if _lead_and_unit(cell, "mV")[0] is not None]
            has_time = any(_TIME.match(cell) for cell in columns)
            told = _told(lines[:number])
            enough = len(leads) >= 2 or (len(leads) == 1 and (has_time or told[0] is not None))
            if leads and enough and len(columns) <= MAX_COLUMNS and _are_numbers(lines[number + 1 :], delimiter):
                return _Table(delimiter, number + 1, columns, *told)
    return _one_lead(lines)


def _one_lead(lines: list[str]) -> _Table | None:
    """A watch's export: a word and its value a line, then a number a line."""
    leads = [found[1] for line in lines[:MAX_PREAMBLE] if (found := _LEAD.match(line.replace('"', "")))]
    rate_hz, unit = _told(lines[:MAX_PREAMBLE])
    if not leads or rate_hz is None:
        return None
    for number, line in enumerate(lines[:MAX_PREAMBLE]):
        if _number(line) is not None and all(_number(one) is not None for one in lines[number : number + 3]):
            return _Table("", number, [leads[0].strip(" ,;")], rate_hz, unit)
    return None


def _told(lines: list[str]) -> tuple[float | None, str]:
    """Sampling rate and unit as they are told in lines of words."""
    text = "\n".join(lines)
    rate, unit = _RATE.search(text), _UNIT.search(text)
    return float(rate[1].rstrip(".")) if rate else None, unit[1] if unit else "mV"


def _are_numbers(lines: list[str], delimiter: str) -> bool:
    rows = [line for line in lines[:5] if line.strip() and not line.startswith("#")]
    cells = [cell for line in rows[:1] for cell in line.split(delimiter) if cell.strip()]
    return bool(cells) and all(_number(cell) is not None for cell in cells)


def _number(cell: str) -> float | None:
    """A number with a point or a comma in it; None for words."""
    try:
        return float(cell.strip().strip('"').replace(",", "."))
    except ValueError:
        return None


def _numbers(rows: list[str], table: _Table, name: str) -> FloatArray:
    """All cells, ``[rows, columns]``, NaN where one is empty."""
    width = len(table.columns)
    values = np.full((len(rows), width), np.nan)
    for number, row in enumerate(rows):
        cells = row.split(table.delimiter) if table.delimiter else [row]
        for column, cell in enumerate(cells[:width]):
            if cell.strip():
                value = _number(cell)
                if value is None:
                    cause = f"{name} has {cell.strip()[:20]!r} where a sample should be, in row {number + 1}."
                    raise UnreadablePictureError(cause, "Correct the table, or leave the cell empty.")
                values[number, column] = value
    return values


def _rate_hz(values: FloatArray, table: _Table, name: str) -> float:
    """Samples a second: by the times, else as told."""
    for column, samples in zip(table.columns, values.T, strict=True):
        found = _TIME.match(column)
        if found and len(samples) > 1:
            steps = np.diff(samples)
            step = float(samples[-1] - samples[0]) / len(steps)
            if not step > 0 or not np.all(np.abs(steps - step) <= max(EVEN * step, _rounding(samples))):
                raise UnreadablePictureError(f"{name} has times that are not evenly spaced.", _SAY_RATE)
            return 1 / (step * (1e-3 if (found[1] or "s").lower().startswith("m") else 1.0))
    if table.rate_hz is None:
        raise UnreadablePictureError(f"{name} is {FORMAT} that does not say its sampling rate.", _SAY_RATE)
    return table.rate_hz


def _rounding(times: FloatArray) -> float:
    """How far rounding moves a time: one of the last decimal place that the first hundred have."""
    for places in range(7):
        if np.allclose(times[:100], np.round(times[:100], places), atol=1e-9):
            return float(10.0**-places) * 1.001
    return 0.0


def _lead_and_unit(column: str, usual: str) -> tuple[str | None, str]:
    """The lead and the unit that a column's name says: ``aVR``, ``V1 (uV)``, ``II_mV``."""
    if (lead := standard_lead(column)) is not None:
        found = _CELL_UNIT.match(column)
        return lead, found[2] if found and found[1] and ("(" in column or "[" in column) else usual
    found = _CELL_UNIT.match(column)
    return (standard_lead(found[1]), found[2]) if found else (None, usual)


def _text(data: bytes) -> str:
    """The table as text; "" where the bytes are none."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:_HEAD_BYTES]:
        return ""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
