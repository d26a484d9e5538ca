"""Label Studio JSON: ``tasks.json``, ``labels.xml`` (the labelling setup to paste there) and ``pictures/``.

Pictures are named for Label Studio's local storage with the export as its root. Boxes are ``rectanglelabels`` in
percent; label, flags and "all beats boxed" are choices, recognised by their words whatever the question is called;
the comment is a text area. Only "all beats boxed" makes a page complete. What Label Studio has no place for, and
nobody changes there, lies under ``data.ecg``.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, quote, unquote, urlsplit

from annotations.exchange.formats.assemble import (
    MICRO_PIXELS,
    PROPOSAL_LINK,
    Collector,
    RawBox,
    build_page,
    mapping,
    page_extras,
    sequence,
    size,
)
from annotations.exchange.formats.bounds import MAX_COMMENT, check_boxes
from annotations.exchange.formats.checks import (
    beat_class,
    locate,
    main_file,
    number,
    parse_json,
    plain_text,
    read_text,
    shown,
)
from annotations.exchange.formats.page import ExchangePage, Loaded, Progress, quiet
from annotations.exchange.formats.staging import PICTURES, staged
from annotations.model import FLAGS, PAGE_LABELS, LabelledBox, StoreError

FILE = "tasks.json"
COMPLETE = "all beats boxed"
LOSSES: tuple[str, ...] = (PROPOSAL_LINK, MICRO_PIXELS)

_LOCAL_FILES = "/data/local-files/"
_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")
_KEPT_EXTRAS = ("name", "picture_hash", "group", "source_record", "rejected")
_LABELS_XML = f"""<View>
  <Image name="image" value="$image" zoom="true"/>
  <RectangleLabels name="beats" toName="image">
    <Label value="beat"/><Label value="normal"/><Label value="abnormal"/>
  </RectangleLabels>
  <Choices name="label" toName="image" choice="single-radio">
    {"".join(f'<Choice value="{word}"/>' for word in PAGE_LABELS)}
  </Choices>
  <Choices name="complete" toName="image" choice="multiple"><Choice value="{COMPLETE}"/></Choices>
  <Choices name="flags" toName="image" choice="multiple">
    {"".join(f'<Choice value="{word}"/>' for word in FLAGS)}
  </Choices>
  <TextArea name="comment" toName="image" maxSubmissions="1"/>
</View>
"""


def load(path: Path, progress: Progress = quiet) -> Loaded:
    """Read a JSON export of Label Studio, or the folder that holds it; nothing is fetched from a network.

    Pictures lie beside it or in ``pictures/`` or ``images/``. Predictions and cancelled annotations are left out.

    Raises:
        StoreError: the whole file cannot be used.
    """
    file = main_file(path, FILE)
    tasks = parse_json(read_text(file), file.name)
    if not isinstance(tasks, list):
        raise StoreError(f"{shown(file.name)} is no list of tasks.", "Export from Label Studio as JSON.")
    root = file.parent.resolve()
    collector = Collector(LOSSES, progress)
    collector.expect(len(tasks))
    for index, task in enumerate(tasks):
        collector.add(f"{file.name}, task {index}", index, _page, root, task)
    return collector.result()


def _page(root: Path, value: object) -> ExchangePage:
    task = mapping(value, "The task")
    data = mapping(task.get("data"), "data")
    kept = mapping(data.get("ecg"), "data.ecg")
    extras: dict[str, object] = {key: kept[key] for key in _KEPT_EXTRAS if key in kept}
    sizes = {size(kept.get("width"), kept.get("height"))}
    boxes: list[RawBox] = []
    choices: list[str] = []
    comments: list[str] = []
    results = _results(task)
    check_boxes(sum(isinstance(item, dict) and item.get("type") == "rectanglelabels" for item in results))
    for index, item in enumerate(results):
        where = f"Result {index}"
        result = mapping(item, where)
        content = mapping(result.get("value"), where)
        match result.get("type"):
            case "rectanglelabels":
                sizes.add(size(result.get("original_width"), result.get("original_height")))
                boxes.append(_raw_box(result, content, where))
            case "choices":
                choices += [plain_text(word, "choice") for word in sequence(content.get("choices"), where)]
            case "textarea":
                text = content.get("text")
                comments += [
                    plain_text(part, "comment", MAX_COMMENT)
                    for part in ([text] if isinstance(text, str) else sequence(text, where))
                ]
            case other:
                raise StoreError(f"{where} is of the type {shown(other)}.", "Use boxes, choices and text only.")
    sizes.discard(None)
    if len(sizes) > 1:
        raise StoreError("The boxes belong to pictures of different sizes.", "Annotate the picture again.")
    extras |= _from_choices(choices)
    extras["comment"] = "\n".join(comments)
    reference = _reference(root, plain_text(data.get("image"), "image"))
    return build_page(root, reference, extras, boxes, next(iter(sizes), None))


def _results(task: Mapping[str, object]) -> Sequence[object]:
    found = [mapping(item, "An annotation") for item in sequence(task.get("annotations"), "annotations")]
    valid = [annotation for annotation in found if not annotation.get("was_cancelled")]
    if len(valid) > 1:
        raise StoreError(f"The task has {len(valid)} annotations.", "Keep one of them.")
    return sequence(valid[0].get("result"), "result") if valid else []


def _raw_box(result: Mapping[str, object], value: Mapping[str, object], where: str) -> RawBox:
    names = sequence(value.get("rectanglelabels"), where)
    if len(names) != 1:
        raise StoreError(f"{where} has {len(names)} labels.", "Give every box one.")
    if result.get("image_rotation") or value.get("rotation"):
        raise StoreError(f"{where} is rotated.", "Draw upright boxes on the upright picture.")
    x, y, width, height = (number(value.get(key), where) for key in ("x", "y", "width", "height"))
    meta = mapping(result.get("meta"), f"{where}, meta")
    extras = {"uid": result.get("id"), "label": beat_class(names[0]), "origin": meta.get("origin", "drawn")}
    return RawBox([x / 100, y / 100, (x + width) / 100, (y + height) / 100], extras, where, is_relative=True)


def _from_choices(choices: Iterable[str]) -> dict[str, object]:
    """The choices as the keys that ``build_page`` knows."""
    folded = {choice.strip().casefold() for choice in choices}
    labels = sorted(folded & set(PAGE_LABELS))
    flags = [flag for flag in FLAGS if flag.casefold() in folded]
    unknown = folded - {*PAGE_LABELS, COMPLETE, *(flag.casefold() for flag in FLAGS)}
    if unknown or len(labels) > 1:
        cause = f"The choices {shown(', '.join(sorted(unknown or labels)))} cannot be used."
        raise StoreError(cause, f"Choose one of {', '.join(PAGE_LABELS)}, and of {', '.join((COMPLETE, *FLAGS))}.")
    return {"label": labels[0] if labels else None, "flags": flags, "boxes_complete": COMPLETE in folded}


def _reference(root: Path, image: str) -> str:
    """The relative path behind what Label Studio calls the picture: local file, upload, address, or a path."""
    try:
        address = urlsplit(image)
    except ValueError as error:
        raise StoreError(f"The image {shown(image)} is no address.", "Export it again.") from error
    if address.path == _LOCAL_FILES:
        return parse_qs(address.query).get("d", [""])[0]
    if not address.scheme and not address.path.startswith("/data/"):
        return image
    name = PurePosixPath(unquote(address.path)).name
    return name if locate(root, name) else _UPLOAD_PREFIX.sub("", name)


def save(folder: Path, pages: Iterable[ExchangePage]) -> None:
    """Write ``tasks.json``, ``labels.xml`` and the pictures into a new or empty folder.

    Raises:
        StoreError: it cannot be written; nothing remains then.
    """
    with staged(folder) as stage, stage.text(FILE) as stream:
        with stage.text("labels.xml") as setup:
            setup.write(_LABELS_XML)
        stream.write("[")
        for index, page in enumerate(pages):
            stream.write(",\n" if index else "\n")
            stream.write(json.dumps(_task(index + 1, page, stage.place(page)), allow_nan=False))
        stream.write("]\n")


def _task(task_id: int, page: ExchangePage, name: str) -> dict[str, object]:
    reading = page.reading
    extras = page_extras(page)
    kept = {key: extras[key] for key in _KEPT_EXTRAS} | {"width": page.width, "height": page.height}
    results = [_rectangle(page, box) for box in reading.beats]
    for question, words in (
        ("label", [reading.label] if reading.label else []),
        ("complete", [COMPLETE] if reading.boxes_complete else []),
        ("flags", sorted(reading.flags)),
    ):
        if words:
            results.append(_answer(question, "choices", {"choices": words}))
    if reading.comment:
        results.append(_answer("comment", "textarea", {"text": [reading.comment]}))
    image = f"{_LOCAL_FILES}?d={quote(f'{PICTURES}/{name}')}"
    annotations = [{"result": results}] if results else []
    return {"id": task_id, "data": {"image": image, "ecg": kept}, "annotations": annotations}


def _answer(question: str, kind: str, value: Mapping[str, object]) -> dict[str, object]:
    return {"id": question, "type": kind, "from_name": question, "to_name": "image", "value": value}


def _rectangle(page: ExchangePage, box: LabelledBox) -> dict[str, object]:
    edges = box.box_photo_xyxy
    value = {
        "x": 100 * edges.x1 / page.width,
        "y": 100 * edges.y1 / page.height,
        "width": 100 * (edges.x2 - edges.x1) / page.width,
        "height": 100 * (edges.y2 - edges.y1) / page.height,
        "rotation": 0,
        "rectanglelabels": [box.label or "beat"],
    }
    return _answer("beats", "rectanglelabels", value) | {
        "id": box.uid,
        "original_width": page.width,
        "original_height": page.height,
        "image_rotation": 0,
        "meta": {"origin": box.origin},
    }
