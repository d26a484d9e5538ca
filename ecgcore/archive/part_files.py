"""Parts of an archive's results: JSON lines of contract 1, and the same as a Parquet table. Whole, or not there."""

import json
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
from pydantic import JsonValue

from ecgcore.output.files import write_bytes_atomic

_JSON = pa.string()
"""Of keys whose values are lists or objects: their shape may differ from page to page, a table's columns may not."""
COLUMNS = {
    "file": pa.string(),
    "page": pa.int32(),
    "status": pa.string(),
    "reason": pa.string(),
    "p_abnormal": pa.float64(),
    "decision": pa.string(),
    "beats": _JSON,
    "panel": _JSON,
    "px_per_mm": pa.float64(),
    "heart_rate_bpm": pa.float64(),
    "rr_cv": pa.float64(),
    "bundle": pa.string(),
    "seconds": _JSON,
    "p_normal_below": pa.float64(),
    "p_abnormal_from": pa.float64(),
    "leads_found": pa.int32(),
    "measurements": _JSON,
    "strategy": pa.string(),
    "recording": _JSON,
    "leads": _JSON,
    "printed": _JSON,
    "part": _JSON,
}
"""The keys of contract 1 in their order."""
ERRORS = "errors.jsonl"


def write_part(folder: Path, number: int, lines: Sequence[str]) -> None:
    """Write a part: first its table, then its JSON lines, with which it counts as finished.

    Args:
        folder: of the parts.
        number: of the part, from 0.
        lines: an object of contract 1 each, without its line break.

    Raises:
        OSError: it cannot be written.
    """
    table = BytesIO()
    pa.parquet.write_table(_table(lines), table, compression="zstd")
    write_bytes_atomic(_path(folder, number, "parquet"), table.getvalue())
    write_bytes_atomic(_path(folder, number, "jsonl"), "".join(f"{line}\n" for line in lines).encode())


def finished_parts(folder: Path) -> frozenset[int]:
    """Numbers of the parts that are there, both files of them."""
    tables = {path.stem for path in folder.glob("part-*.parquet")}
    return frozenset(
        int(path.stem.removeprefix("part-")) for path in folder.glob("part-*.jsonl") if path.stem in tables
    )


def write_errors(parts: Path, target: Path) -> int:
    """List the pages of finished parts that are an error, as ``{"file", "page", "reason"}`` a line; returns how many.

    Args:
        parts: folder of the parts.
        target: the file to write.
    """
    tables = [str(_path(parts, number, "parquet")) for number in sorted(finished_parts(parts))]
    keys = ["file", "page", "reason"]
    rows: list[dict[str, JsonValue]] = []
    if tables:
        is_error = pa.dataset.field("status") == "error"
        rows = pa.dataset.dataset(tables).to_table(columns=keys, filter=is_error).to_pylist()
    write_bytes_atomic(target, "".join(json.dumps(row) + "\n" for row in rows).encode())
    return len(rows)


def _path(folder: Path, number: int, ending: str) -> Path:
    return folder / f"part-{number:06d}.{ending}"


def _table(lines: Iterable[str]) -> pa.Table:
    pages = [json.loads(line) for line in lines]
    return pa.table(
        {
            key: pa.array([_value(page[key], kind_is_text=kind is _JSON) for page in pages], type=kind)
            for key, kind in COLUMNS.items()
        }
    )


def _value(value: object, *, kind_is_text: bool) -> object:
    return json.dumps(value) if kind_is_text and not isinstance(value, str | None) else value
