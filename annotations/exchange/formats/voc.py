"""Pascal VOC: one XML a picture in ``annotations/``, and ``pictures/``.

Coordinates are pixel edges, not the pixel numbers from 1 of the 2007 challenge: whole files in that convention load
one pixel off at the left and the top. What VOC has no element for lies as JSON in ``<ecg>``. In files from elsewhere,
a picture with boxes counts as completely boxed, one without as not boxed.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from annotations.exchange.formats.assemble import (
    PROPOSAL_LINK,
    Collector,
    RawBox,
    build_page,
    page_extras,
    size,
)
from annotations.exchange.formats.bounds import MAX_PAGE_LABEL_BYTES
from annotations.exchange.formats.checks import beat_class, check_boxes, number_in_text, plain_text
from annotations.exchange.formats.files import existing_folder, locate, parse_json, read_text, walk
from annotations.exchange.formats.foreign_json import BoxExtras, JsonObject, PageExtras
from annotations.exchange.formats.page import ExchangePage, Loaded, Progress, quiet
from annotations.exchange.formats.shown import shown
from annotations.exchange.formats.staging import PICTURES, staged
from annotations.model import LabelledBox, StoreError
from ecgcore.errors import EcgError

FOLDER = "annotations"
LOSSES: tuple[str, ...] = (PROPOSAL_LINK,)

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def load(path: Path, progress: Progress = quiet) -> Loaded:
    """Read every XML below a folder, or one; pictures lie beside it, or in a picture folder here or one level up.

    Args:
        path: the folder, or its main file.
        progress: called with pages done and of how many.

    Raises:
        StoreError: there is no XML, or the only one that was named is broken.
    """
    collector = Collector(LOSSES, progress)
    if path.suffix.lower() == ".xml":
        tree = _parse(path)
        root = existing_folder(path.parent.parent if path.parent.name.lower() == FOLDER else path.parent)
        collector.add(path.name, None, _page, root, path.resolve(), tree)
        return collector.result()
    root = existing_folder(path)
    files = [relative for relative in walk(root) if relative.suffix.lower() == ".xml"]
    if not files:
        raise StoreError(f"There is no XML file in {shown(path.name)}.", "Give the folder that holds them.")
    collector.expect(len(files))
    for relative in files:
        try:
            file = locate(root, str(relative))
            if file is None:
                raise StoreError(f"{shown(relative.name)} is no regular file.", "Copy the file itself.")
            tree = _parse(file)
        except EcgError as error:
            collector.refuse(str(relative), None, error)
            continue
        collector.add(str(relative), None, _page, root, file, tree)
    return collector.result()


def _parse(file: Path) -> Element:
    text = read_text(file, MAX_PAGE_LABEL_BYTES)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise StoreError(f"{shown(file.name)} defines entities.", "Remove its DOCTYPE.")
    try:
        tree = ElementTree.fromstring(text)  # noqa: S314 - without a DOCTYPE nothing can expand, and the size is bounded
    except (ElementTree.ParseError, ValueError) as error:
        raise StoreError(f"{shown(file.name)} is broken XML: {error}.", "Export it again.") from error
    if tree.tag != "annotation":
        raise StoreError(f"{shown(file.name)} is no Pascal VOC file.", "Its root must be <annotation>.")
    return tree


def _page(root: Path, file: Path, tree: Element) -> ExchangePage:
    reference = plain_text(tree.findtext("filename", "").strip(), "filename")
    homes = [home for home in (file.parent, file.parent.parent, root) if home.is_relative_to(root)]
    base = next((home for home in homes if locate(root, reference, home) is not None), root)
    sides = [tree.findtext(f"size/{side}") for side in ("width", "height")]
    stated = [None if side is None else number_in_text(side, f"<{side}>") for side in sides]
    items = tree.findall("object")
    check_boxes(len(items))
    boxes = [_raw_box(index, item) for index, item in enumerate(items, start=1)]
    # Some tools write a size of zero where they do not know it.
    stated_wh = size(*stated) if any(stated) else None
    return build_page(root, reference, PageExtras.from_json(JsonObject(_extras(tree), "<ecg>")), boxes, stated_wh, base)


def _raw_box(index: int, item: Element) -> RawBox:
    where = f"Object {index}"
    label = beat_class(item.findtext("name"))
    corners = [number_in_text(item.findtext(f"bndbox/{corner}"), where) for corner in _CORNERS]
    extras = BoxExtras.from_json(JsonObject(_extras(item), f"{where}, <ecg>"))
    return RawBox(corners, where, replace(extras, label=label))


def _extras(element: Element) -> object:
    text = element.findtext("ecg")
    return None if text is None else parse_json(text, "<ecg>")


def save(folder: Path, pages: Iterable[ExchangePage]) -> None:
    """Write ``annotations/*.xml`` and the pictures into a new or empty folder.

    Args:
        folder: new or empty.
        pages: what to write.

    Raises:
        StoreError: it cannot be written; nothing remains then.
    """
    with staged(folder) as stage:
        for page in pages:
            name = stage.place(page)
            with stage.text(f"{FOLDER}/{Path(name).stem}.xml") as stream:
                stream.write(ElementTree.tostring(_tree(page, name), encoding="unicode"))


def _tree(page: ExchangePage, name: str) -> Element:
    tree = Element("annotation")
    _add(tree, "folder", PICTURES)
    _add(tree, "filename", name)
    size_element = SubElement(tree, "size")
    for tag, value in (("width", page.width), ("height", page.height), ("depth", 3)):
        _add(size_element, tag, value)
    _add(tree, "segmented", 0)
    for box in page.reading.beats:
        _add_object(tree, box)
    # JSON, because XML cannot hold every sign of a comment.
    _add(tree, "ecg", json.dumps(asdict(page_extras(page)), allow_nan=False))
    ElementTree.indent(tree)
    return tree


def _add_object(tree: Element, box: LabelledBox) -> None:
    item = SubElement(tree, "object")
    _add(item, "name", box.label or "beat")
    for tag, value in (("pose", "Unspecified"), ("truncated", 0), ("difficult", 0)):
        _add(item, tag, value)
    corners = SubElement(item, "bndbox")
    for tag, edge in zip(_CORNERS, box.box_photo_xyxy.as_list(), strict=True):
        _add(corners, tag, edge)
    _add(item, "ecg", json.dumps({"uid": box.uid, "origin": box.origin}))


def _add(parent: Element, tag: str, value: object) -> None:
    SubElement(parent, tag).text = str(value)
