"""YOLO: ``data.yaml``, ``images/``, ``labels/*.txt`` with lines ``class cx cy width height``, and ``complete.txt``.

Always the three classes 0 beat, 1 normal, 2 abnormal: pages with and without labelled beats then go into one export,
and a class number means the same in every export.

YOLO takes whatever a picture's label file leaves out for background. So ``data.yaml`` names for training not the
folder but ``complete.txt``, the list of the pages where every beat is boxed; in folders from elsewhere, which have no
such list, a label file makes a page complete, an empty one a page without beats.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from pathlib import Path, PurePosixPath

from annotations.exchange.formats.assemble import FILE_NAMES, MICRO_PIXELS, PROPOSAL_LINK, Collector, RawBox, build_page
from annotations.exchange.formats.bounds import MAX_PAGE_LABEL_BYTES
from annotations.exchange.formats.checks import beat_class, check_boxes, number_in_text
from annotations.exchange.formats.files import locate, main_file, read_text, walk
from annotations.exchange.formats.foreign_json import BoxExtras, PageExtras
from annotations.exchange.formats.page import ExchangePage, Loaded, Progress, quiet
from annotations.exchange.formats.shown import shown
from annotations.exchange.formats.staging import staged
from annotations.model import StoreError

CLASSES = ("beat", "normal", "abnormal")
LOSSES: tuple[str, ...] = (
    "the page's label, group, flags, comment and source record",
    "rejected proposals; origin and identity of each box",
    "pages without their picture",
    FILE_NAMES,
    PROPOSAL_LINK,
    MICRO_PIXELS,
)

_DATA, _COMPLETE, _IMAGES, _LABELS = "data.yaml", "complete.txt", "images", "labels"
_DATA_YAML = f"""\
# In the pages of {_COMPLETE} every beat is boxed. Split them by patient before you train.
train: {_COMPLETE}
val: {_COMPLETE}
names:
  0: {CLASSES[0]}
  1: {CLASSES[1]}
  2: {CLASSES[2]}
"""
_ENTRY = re.compile(r"\s*(?:-|['\"]?(?P<id>[0-9]{1,6})['\"]?\s*:)\s*(?P<name>.+)")


def load(path: Path, progress: Progress = quiet) -> Loaded:
    """Read a YOLO folder, or its ``data.yaml``: every ``images`` folder in it with the ``labels`` beside.

    Args:
        path: the folder, or its main file.
        progress: called with pages done and of how many.

    Raises:
        StoreError: there is no ``data.yaml`` with class names, or no picture.
    """
    data = main_file(path, _DATA)
    names = read_names(read_text(data, MAX_PAGE_LABEL_BYTES))
    root = data.parent.resolve()
    files = list(walk(root))
    complete = _complete_list(root)
    collector = Collector(LOSSES, progress)
    labels_of_pictures = set()
    pictures = [file for file in files if _IMAGES in file.parts[:-1]]
    collector.expect(len(pictures))
    for picture in pictures:
        labels = _label_file(picture)
        labels_of_pictures.add(labels)
        collector.add(str(picture), None, _page, root, picture, labels, names, complete)
    if not labels_of_pictures:
        raise StoreError(f"There is no picture in an {_IMAGES} folder.", "Give the folder of data.yaml.")
    for file in files:
        is_label_file = _LABELS in file.parts[:-1] and file.suffix == ".txt" and file.name != "classes.txt"
        if is_label_file and file not in labels_of_pictures:
            collector.refuse(str(file), None, StoreError("Its picture is missing.", f"Put it into {_IMAGES}."))
    return collector.result()


def _label_file(picture: PurePosixPath) -> PurePosixPath:
    """The same path with the last ``images`` as ``labels``."""
    parts = list(picture.parts)
    last = max(index for index, part in enumerate(parts[:-1]) if part == _IMAGES)
    parts[last] = _LABELS
    return PurePosixPath(*parts).with_suffix(".txt")


def _complete_list(root: Path) -> set[PurePosixPath] | None:
    file = locate(root, _COMPLETE)
    if file is None:
        return None
    return {PurePosixPath(line.strip()) for line in read_text(file).split("\n") if line.strip()}


def _page(
    root: Path,
    picture: PurePosixPath,
    labels: PurePosixPath,
    names: Mapping[int, str],
    complete: set[PurePosixPath] | None,
) -> ExchangePage:
    file = locate(root, str(labels))
    lines = [] if file is None else read_text(file, MAX_PAGE_LABEL_BYTES).split("\n")
    numbered_lines = [(number, line.split()) for number, line in enumerate(lines, start=1) if line.strip()]
    check_boxes(len(numbered_lines))
    boxes = [_raw_box(cells, number, names) for number, cells in numbered_lines]
    is_complete = file is not None and (complete is None or picture in complete)
    return build_page(root, str(picture), PageExtras(boxes_complete=is_complete), boxes)


def _raw_box(cells: list[str], line: int, names: Mapping[int, str]) -> RawBox:
    where = f"Line {line} of the label file"
    if len(cells) != 5:
        raise StoreError(f"{where} has {len(cells)} values.", "A box is: class cx cy width height.")
    name = names.get(int(cells[0])) if cells[0].isascii() and cells[0].isdigit() and len(cells[0]) < 9 else None
    if name is None:
        raise StoreError(f"{where} has the unknown class {shown(cells[0])}.", "Name it in data.yaml or correct it.")
    cx, cy, width, height = (number_in_text(cell, where) for cell in cells[1:])
    xyxy = [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2]
    return RawBox(xyxy, where, BoxExtras(label=beat_class(name, is_only=len(names) == 1)), is_relative=True)


def read_names(text: str) -> dict[int, str]:
    """Class names by number from a ``data.yaml``: the key ``names`` with a list or a mapping, inline or in lines.

    Raises:
        StoreError: no names can be found.
    """
    lines = [re.sub(r"(^|\s)#.*", "", line).rstrip() for line in text.split("\n")]
    start = next((index for index, line in enumerate(lines) if re.match(r"names\s*:", line)), None)
    if start is None:
        raise StoreError("data.yaml names no classes.", "Add them under the key names.")
    names: dict[int, str] = {}
    for entry in _name_entries(lines[start].split(":", maxsplit=1)[1].strip(), lines[start + 1 :]):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise StoreError(f"The class name {shown(entry.strip())} cannot be read.", "Write `number: name`.")
        names[int(match["id"] or len(names))] = match["name"].strip().strip("'\"")
    if not names:
        raise StoreError("data.yaml names no classes.", "Add them under the key names.")
    return names


def _name_entries(inline: str, following: list[str]) -> Iterator[str]:
    """One text a class, ``- name`` or ``number: name``."""
    if inline.startswith("["):
        inside = " ".join([inline, *following])[1:].split("]")[0]
        yield from (f"- {name}" for name in inside.split(",") if name.strip())
    elif inline.startswith("{"):
        inside = " ".join([inline, *following])[1:].split("}")[0]
        yield from (entry for entry in inside.split(",") if entry.strip())
    elif not inline:
        block = takewhile(lambda line: not line or line.startswith((" ", "\t", "-")), following)
        yield from filter(None, block)


def save(folder: Path, pages: Iterable[ExchangePage]) -> None:
    """Write ``data.yaml``, ``images/``, ``labels/`` and ``complete.txt`` into a new or empty folder.

    Pages that nobody boxed come without a label file, pages without their picture not at all.

    Args:
        folder: new or empty.
        pages: what to write.

    Raises:
        StoreError: it cannot be written; nothing remains then.
    """
    with staged(folder) as stage, stage.text(_COMPLETE) as complete:
        with stage.text(_DATA) as stream:
            stream.write(_DATA_YAML)
        for page in pages:
            if page.picture is None:
                continue
            name = stage.place(page, _IMAGES)
            if page.reading.boxes_complete:
                complete.write(f"./{_IMAGES}/{name}\n")
            if page.reading.boxes_complete or page.reading.beats:
                with stage.text(f"{_LABELS}/{Path(name).stem}.txt") as stream:
                    stream.writelines(_lines(page))


def _lines(page: ExchangePage) -> Iterable[str]:
    for box in page.reading.beats:
        x1, y1, x2, y2 = box.box_photo_xyxy.as_list()
        values = (
            (x1 + x2) / 2 / page.width,
            (y1 + y2) / 2 / page.height,
            (x2 - x1) / page.width,
            (y2 - y1) / page.height,
        )
        yield f"{CLASSES.index(box.label or 'beat')} {' '.join(map(repr, values))}\n"
