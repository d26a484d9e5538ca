"""Contract 1's CSV of labelled pictures -> the items to prepare; strict, and every bad row is named."""

import csv
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecgcore.errors import DataError
from ecgcore.output.csv_cells import from_cell
from ecgcore.types import FloatArray
from trainer.data.page import LABELS, PageItem

NEEDED_COLUMNS = ("file", "label", "group")


@dataclass(frozen=True)
class Table:
    """The rows of a CSV that can train, and how many cannot because of their label."""

    items: list[PageItem]
    skipped_labels: dict[str, int]


def read_table(csv_path: Path, folder: Path) -> Table:
    """Read contract 1's CSV: columns ``file,label,group`` and perhaps ``boxes``; others are ignored.

    Args:
        csv_path: UTF-8, comma separated, with a header.
        folder: where the files lie; a row may not leave it.

    Returns:
        The rows labelled normal or abnormal, in order, and the count of every other label.

    Raises:
        DataError: the file or a row cannot be used; every bad row is listed with its line and reason.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.", "Give the folder that holds the pictures.")
    try:
        with csv_path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in NEEDED_COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise DataError(
                    f"{csv_path.name} has no column {', '.join(missing)}.", "It needs the columns file,label,group."
                )
            rows = [(reader.line_num, _texts(row)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{csv_path} cannot be read as a table: {error}.", "Save it as UTF-8 CSV with commas."
        ) from error

    items: list[PageItem] = []
    skipped: Counter[str] = Counter()
    problems: list[str] = []
    seen: set[str] = set()
    root = folder.resolve()
    for line, row in rows:
        try:
            item = _item_of_row(row, root, seen)
        except ValueError as error:
            problems.append(f"line {line}: {error}")
            continue
        if item is None:
            skipped[row["label"].strip() or "(empty)"] += 1
        else:
            items.append(item)
    if problems:
        shown = "; ".join(problems[:10]) + (f"; and {len(problems) - 10} more" if len(problems) > 10 else "")
        raise DataError(f"{csv_path.name} has {len(problems)} bad row(s): {shown}.", "Correct them and start again.")
    return Table(items, dict(skipped))


def _texts(row: Mapping[str | None, str | list[str] | None]) -> dict[str, str]:
    """A row's cells without the apostrophes that guard them; none where there are too many, or a needed one lacks."""
    if None in row or any(row[name] is None for name in NEEDED_COLUMNS):
        return {}
    return {name: from_cell(cell) for name, cell in row.items() if name is not None and isinstance(cell, str)}


def _item_of_row(row: Mapping[str, str], root: Path, seen: set[str]) -> PageItem | None:
    """The row's page, or None where its label does not train; ``ValueError`` says what is wrong with it."""
    if not row:
        raise ValueError("it has more or fewer cells than the header")
    file = row["file"].strip()
    if not file:
        raise ValueError("the file name is empty")
    if file in seen:
        raise ValueError(f"{file} is listed twice")
    seen.add(file)
    if "\0" in file or Path(file).is_absolute() or not (root / file).resolve().is_relative_to(root):
        raise ValueError(f"{file!r} leaves the data folder")
    boxes = _parse_boxes(row.get("boxes", ""))
    label = LABELS.get(row["label"].strip())
    if label is None:
        return None
    return PageItem(file, root / file, label, row["group"].strip(), boxes, source=root.name)


def _parse_boxes(text: str) -> FloatArray | None:
    if not text.strip():
        return None
    try:
        boxes = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"boxes are not JSON ({error.msg})") from error
    if not isinstance(boxes, list):
        raise ValueError("boxes are not a list")
    for box in boxes:
        if not isinstance(box, list) or len(box) != 4 or not all(_is_number(value) for value in box):
            raise ValueError(f"box {box} is not [x1, y1, x2, y2]")
        if not (0 <= box[0] < box[2] and 0 <= box[1] < box[3]):
            raise ValueError(f"box {box} must satisfy 0 <= x1 < x2 and 0 <= y1 < y2")
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
