"""CSV as the trainer reads it: ``table.csv`` with columns ``file,label,group,boxes`` and more, and ``pictures/``.

``boxes`` is a JSON list of ``[x1, y1, x2, y2]``: empty where the page was not boxed, ``[]`` where it was and has no
beat. The trainer takes every place outside these boxes for background, so boxes of a page that was boxed in part
stand in a column of their own, ``partial_boxes``, which it does not read.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from annotations.exchange.formats.assemble import FILE_NAMES, PROPOSAL_LINK, Collector, RawBox, build_page
from annotations.exchange.formats.checks import check_boxes, check_pages
from annotations.exchange.formats.files import check_values, main_file, parse_json, read_text
from annotations.exchange.formats.foreign_json import PageExtras, sequence
from annotations.exchange.formats.page import ExchangePage, Loaded, Progress, quiet
from annotations.exchange.formats.shown import shown
from annotations.exchange.formats.staging import PICTURES, staged
from annotations.model import StoreError
from ecgcore.output.csv_cells import from_cell, to_cell

FILE = "table.csv"
NEEDED_COLUMNS = ("file", "label", "group")
COLUMNS = (*NEEDED_COLUMNS, "boxes", "partial_boxes", "flags", "comment", "source_record")
LOSSES: tuple[str, ...] = (
    "labels of single beats; origin and identity of each box",
    "rejected proposals",
    "pages without their picture",
    "spaces around a group's name",
    FILE_NAMES,
    PROPOSAL_LINK,
)

_FLAG_SEPARATOR = ";"


def load(path: Path, progress: Progress = quiet) -> Loaded:
    """Read a CSV, or the folder that holds it; only ``file,label,group`` are needed, unknown columns are ignored.

    Args:
        path: the folder, or its main file.
        progress: called with pages done and of how many.

    Raises:
        StoreError: the whole file cannot be used.
    """
    file = main_file(path, FILE)
    root = file.parent.resolve()
    collector = Collector(LOSSES, progress)
    columns, rows = _read(file)
    collector.expect(len(rows))
    for line, row in rows:
        cells = dict(zip(columns, row, strict=False))
        is_whole = len(row) <= len(columns) and cells.keys() >= set(NEEDED_COLUMNS)
        collector.add(cells.get("file", file.name), line, _page, root, cells, is_whole)
    return collector.result()


def _read(file: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, and every row with the line where it begins."""
    name = shown(file.name)
    # Line ends are left as they are, so that those in a comment survive.
    text = read_text(file)
    check_values(text, name)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        columns = next(reader, [])
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                rows.append((line, list(map(from_cell, cells))))
                check_pages(len(rows))
            line = reader.line_num + 1
    except csv.Error as error:
        cause = f"{name} is a broken table in line {reader.line_num}: {error}."
        raise StoreError(cause, "Save it as CSV with commas.") from error
    wrong = [column for column in COLUMNS if columns.count(column) > 1 or column in set(NEEDED_COLUMNS) - {*columns}]
    if wrong:
        cause = f"{name} must have one column {', '.join(wrong)}."
        raise StoreError(cause, "It needs the columns file,label,group.")
    return columns, rows


def _page(root: Path, cells: Mapping[str, str], is_whole: bool) -> ExchangePage:
    if not is_whole:
        raise StoreError("The row has more or fewer cells than the header.", "Put quotes around cells with commas.")
    boxed, partly = cells.get("boxes", "").strip(), cells.get("partial_boxes", "").strip()
    if boxed and partly:
        raise StoreError("The row has boxes and partial_boxes.", "Keep one of the two.")
    flags = [flag.strip() for flag in cells.get("flags", "").split(_FLAG_SEPARATOR) if flag.strip()]
    extras = PageExtras(
        group=cells["group"].strip(),
        source_record=cells.get("source_record", ""),
        label=cells["label"].strip() or None,
        flags=flags,
        comment=cells.get("comment", ""),
        boxes_complete=bool(boxed),
    )
    values = sequence(parse_json(boxed or partly or "[]", "The cell of boxes"), "The cell of boxes")
    check_boxes(len(values))
    boxes = [RawBox(sequence(box, f"Box {n}"), f"Box {n}") for n, box in enumerate(values, start=1)]
    return build_page(root, cells["file"].strip(), extras, boxes)


def save(folder: Path, pages: Iterable[ExchangePage]) -> None:
    """Write ``table.csv`` and the pictures into a new or empty folder; pages without their picture are left out.

    Cells that a spreadsheet would take for a formula begin with an apostrophe, which ``load`` takes away.

    Args:
        folder: new or empty.
        pages: what to write.

    Raises:
        StoreError: it cannot be written; nothing remains then.
    """
    with staged(folder) as stage, stage.text(FILE) as stream:
        writer = csv.DictWriter(stream, COLUMNS, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        for page in pages:
            if page.picture is not None:
                row = _row(page, stage.place(page))
                writer.writerow({column: to_cell(text) for column, text in row.items()})


def _row(page: ExchangePage, name: str) -> dict[str, str]:
    reading = page.reading
    boxes = json.dumps([box.box_photo_xyxy.as_list() for box in reading.beats], allow_nan=False)
    return {
        "file": f"{PICTURES}/{name}",
        "label": reading.label or "",
        "group": page.group,
        "boxes": boxes if reading.boxes_complete else "",
        "partial_boxes": boxes if reading.beats and not reading.boxes_complete else "",
        "flags": _FLAG_SEPARATOR.join(sorted(reading.flags)),
        "comment": reading.comment,
        "source_record": page.source_record,
    }
