"""COCO JSON: ``annotations.json`` with the one category ``beat``, and ``pictures/``.

What COCO has no keys for lies under ``ecg`` in an image and ``attributes`` in an annotation, where other readers leave
it alone. In files from elsewhere, categories may be ``beat``, ``normal`` and ``abnormal``, or a single one of any
name; a picture with boxes counts as completely boxed, one without as not boxed.
"""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TextIO

from annotations.exchange.formats.assemble import (
    MICRO_PIXELS,
    PROPOSAL_LINK,
    Collector,
    RawBox,
    box_extras,
    build_page,
    page_extras,
    size,
)
from annotations.exchange.formats.checks import DECIMALS, beat_class, check_boxes, number, plain_text
from annotations.exchange.formats.files import main_file, parse_json, read_text
from annotations.exchange.formats.foreign_json import BoxExtras, JsonObject, PageExtras
from annotations.exchange.formats.page import ExchangePage, Loaded, Progress, quiet
from annotations.exchange.formats.shown import shown
from annotations.exchange.formats.staging import PICTURES, staged
from annotations.model import LabelledBox, StoreError

FILE = "annotations.json"
LOSSES: tuple[str, ...] = (PROPOSAL_LINK, MICRO_PIXELS)

_CATEGORY_ID = 1
_Annotations = dict[int | str | None, list[tuple[int, JsonObject]]]


def load(path: Path, progress: Progress = quiet) -> Loaded:
    """Read a COCO file, or the folder that holds it; pictures lie beside it or in ``pictures/`` or ``images/``.

    Args:
        path: the folder, or its main file.
        progress: called with pages done and of how many.

    Raises:
        StoreError: the whole file cannot be used.
    """
    file = main_file(path, FILE)
    value = parse_json(read_text(file), file.name)
    if not isinstance(value, dict) or "images" not in value:
        raise StoreError(f"{shown(file.name)} is no COCO file.", "It needs the keys images, annotations, categories.")
    content = JsonObject(value, "The file")
    collector = Collector(LOSSES, progress)
    images = content.listed("images", "images")
    collector.expect(len(images))
    names = _category_names(content)
    by_image = _annotations_by_image(content, images, collector)
    root = file.parent.resolve()
    for index, image in enumerate(images):
        label = image.get("file_name") if isinstance(image, dict) else None
        collector.add(label if isinstance(label, str) else file.name, index, _page, root, image, by_image, names)
    return collector.result()


def _category_names(content: JsonObject) -> dict[object, object]:
    categories = [JsonObject(item, "A category") for item in content.listed("categories", "categories")]
    return {_key(category.get("id")): category.get("name") for category in categories}


def _key(identity: object) -> int | str | None:
    """An ID that can be looked up; None where it is none."""
    return identity if isinstance(identity, int | str) else None


def _annotations_by_image(content: JsonObject, images: Sequence[object], found: Collector) -> _Annotations:
    """Of every image ID that is used once its annotations, each with its place in the file."""
    uses = Counter(_key(image.get("id")) for image in images if isinstance(image, dict))
    by_image: _Annotations = {key: [] for key, count in uses.items() if count == 1 and key is not None}
    for index, item in enumerate(content.listed("annotations", "annotations")):
        annotation = JsonObject(item if isinstance(item, dict) else None, f"Annotation {index}")
        image_id = _key(annotation.get("image_id"))
        if image_id in by_image:
            by_image[image_id].append((index, annotation))
        elif image_id not in uses or image_id is None:
            error = StoreError(f"Annotation {index} belongs to no image.", "Correct its image_id.")
            found.refuse(f"annotations[{index}]", index, error)
    return by_image


def _page(root: Path, value: object, by_image: _Annotations, names: Mapping[object, object]) -> ExchangePage:
    image = JsonObject(value, "An image")
    image_id = _key(image.get("id"))
    if image_id not in by_image:
        raise StoreError(f"The image's id {shown(image.get('id'))} is none, or used twice.", "Correct it.")
    check_boxes(len(by_image[image_id]))
    boxes = [_raw_box(index, item, names) for index, item in by_image[image_id]]
    return build_page(
        root,
        plain_text(image.get("file_name"), "file_name"),
        PageExtras.from_json(image.part("ecg", "ecg")),
        boxes,
        size(image.get("width"), image.get("height")),
    )


def _raw_box(index: int, annotation: JsonObject, names: Mapping[object, object]) -> RawBox:
    where = f"Annotation {index}"
    category = _key(annotation.get("category_id"))
    if category is None or category not in names:
        raise StoreError(f"{where} has an unknown category_id.", "Add its category, or correct it.")
    label = beat_class(names[category], is_only=len(names) == 1)
    values = [number(side, where) for side in annotation.listed("bbox", where)]
    if len(values) != 4 or annotation.get("iscrowd"):
        raise StoreError(f"{where} is not one bbox [x, y, width, height].", "Draw every beat as a box of its own.")
    x, y, width, height = values
    extras = BoxExtras.from_json(annotation.part("attributes", f"{where}, attributes"))
    if label is not None:
        extras = replace(extras, label=label)
    return RawBox([x, y, round(x + width, DECIMALS), round(y + height, DECIMALS)], where, extras)


def save(folder: Path, pages: Iterable[ExchangePage]) -> None:
    """Write ``annotations.json`` and the pictures into a new or empty folder.

    Args:
        folder: new or empty.
        pages: what to write.

    Raises:
        StoreError: it cannot be written; nothing remains then.
    """
    with (
        staged(folder) as stage,
        stage.text(FILE) as stream,
        tempfile.TemporaryFile("w+", encoding="utf-8", dir=stage.root) as annotations,
    ):
        category = {"id": _CATEGORY_ID, "name": "beat", "supercategory": "ecg"}
        stream.write(f'{{"info": {{"description": "ECG beats"}},\n"categories": [{json.dumps(category)}],\n"images": [')
        annotation_id = 0
        for image_id, page in enumerate(pages, start=1):
            name = stage.place(page)
            image = {
                "id": image_id,
                "file_name": f"{PICTURES}/{name}",
                "width": page.width,
                "height": page.height,
                "ecg": asdict(page_extras(page)),
            }
            _append(stream, json.dumps(image, allow_nan=False), is_first=image_id == 1)
            for box in page.reading.beats:
                annotation_id += 1
                _append(annotations, _annotation(annotation_id, image_id, box), is_first=annotation_id == 1)
        stream.write('],\n"annotations": [')
        annotations.seek(0)
        shutil.copyfileobj(annotations, stream)
        stream.write("]}\n")


def _append(stream: TextIO, item: str, is_first: bool) -> None:
    stream.write("\n" if is_first else ",\n")
    stream.write(item)


def _annotation(annotation_id: int, image_id: int, box: LabelledBox) -> str:
    edges = box.box_photo_xyxy
    width, height = edges.x2 - edges.x1, edges.y2 - edges.y1
    annotation = {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": _CATEGORY_ID,
        "bbox": [edges.x1, edges.y1, width, height],
        "area": width * height,
        "iscrowd": 0,
        "attributes": asdict(box_extras(box)),
    }
    return json.dumps(annotation, allow_nan=False)
