"""Label Studio JSON: ``tasks.json``, ``labels.xml`` (the labelling setup to paste there) and ``pictures/``.

Pictures are named for Label Studio's local storage with the export as its root. Boxes are ``rectanglelabels`` in
percent; label, flags and "all beats boxed" are choices, recognised by their words whatever the question is called;
the comment is a text area. Only "all beats boxed" makes a page complete. What Label Studio has no place for, and
nobody changes there, lies under ``data.ecg``.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NotRequired, TypedDict
from urllib.parse import parse_qs, quote, unquote, urlsplit

from annotations.exchange.formats.assemble import (
    MICRO_PIXELS,
    PROPOSAL_LINK,
    Collector,
    RawBox,
    build_page,
    page_extras,
    size,
)
from annotations.exchange.formats.bounds import MAX_COMMENT
from annotations.exchange.formats.checks import beat_class, check_boxes, number, plain_text
from annotations.exchange.formats.files import locate, main_file, parse_json, read_text
from annotations.exchange.formats.foreign_json import BoxExtras, JsonObject, PageExtras, sequence
from annotations.exchange.formats.page import ExchangePage, Loaded, Progress, quiet
from annotations.exchange.formats.shown import shown
from annotations.exchange.formats.staging import PICTURES, staged
from annotations.model import FLAGS, PAGE_LABELS, LabelledBox, StoreError

FILE = "tasks.json"
COMPLETE = "all beats boxed"
LOSSES: tuple[str, ...] = (PROPOSAL_LINK, MICRO_PIXELS)

_LOCAL_FILES = "/data/local-files/"
_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")
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

    Args:
        path: the folder, or its main file.
        progress: called with pages done and of how many.

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
    task = JsonObject(value, "The task")
    data = task.part("data", "data")
    kept = data.part("ecg", "data.ecg")
    sizes = {size(kept.get("width"), kept.get("height"))}
    boxes: list[RawBox] = []
    choices: list[str] = []
    comments: list[str] = []
    results = _results(task)
    check_boxes(sum(isinstance(item, dict) and item.get("type") == "rectanglelabels" for item in results))
    for index, item in enumerate(results):
        where = f"Result {index}"
        result = JsonObject(item, where)
        content = result.part("value", where)
        match result.get("type"):
            case "rectanglelabels":
                sizes.add(size(result.get("original_width"), result.get("original_height")))
                boxes.append(_raw_box(result, content, where))
            case "choices":
                choices += [plain_text(word, "choice") for word in content.listed("choices", where)]
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
    chosen = _Chosen.of(choices)
    extras = PageExtras(
        name=kept.get("name"),
        picture_hash=kept.get("picture_hash", ""),
        group=kept.get("group", ""),
        source_record=kept.get("source_record", ""),
        label=chosen.label,
        flags=chosen.flags,
        comment="\n".join(comments),
        boxes_complete=chosen.boxes_complete,
        rejected=kept.get("rejected"),
    )
    reference = _reference(root, plain_text(data.get("image"), "image"))
    return build_page(root, reference, extras, boxes, next(iter(sizes), None))


def _results(task: JsonObject) -> Sequence[object]:
    found = [JsonObject(item, "An annotation") for item in task.listed("annotations", "annotations")]
    valid = [annotation for annotation in found if not annotation.get("was_cancelled")]
    if len(valid) > 1:
        raise StoreError(f"The task has {len(valid)} annotations.", "Keep one of them.")
    return valid[0].listed("result", "result") if valid else []


def _raw_box(result: JsonObject, value: JsonObject, where: str) -> RawBox:
    names = value.listed("rectanglelabels", where)
    if len(names) != 1:
        raise StoreError(f"{where} has {len(names)} labels.", "Give every box one.")
    if result.get("image_rotation") or value.get("rotation"):
        raise StoreError(f"{where} is rotated.", "Draw upright boxes on the upright picture.")
    x, y, width, height = (number(value.get(key), where) for key in ("x", "y", "width", "height"))
    meta = result.part("meta", f"{where}, meta")
    extras = BoxExtras(result.get("id"), beat_class(names[0]), meta.get("origin", "drawn"))
    return RawBox([x / 100, y / 100, (x + width) / 100, (y + height) / 100], where, extras, is_relative=True)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What the choices of a task say."""

    label: str | None
    flags: list[str]
    boxes_complete: bool

    @classmethod
    def of(cls, choices: Iterable[str]) -> "_Chosen":
        """From the words that were chosen, whatever the questions are called."""
        folded = {choice.strip().casefold() for choice in choices}
        labels = sorted(folded & set(PAGE_LABELS))
        flags = [flag for flag in FLAGS if flag.casefold() in folded]
        unknown = folded - {*PAGE_LABELS, COMPLETE, *(flag.casefold() for flag in FLAGS)}
        if unknown or len(labels) > 1:
            cause = f"The choices {shown(', '.join(sorted(unknown or labels)))} cannot be used."
            raise StoreError(cause, f"Choose one of {', '.join(PAGE_LABELS)}, and of {', '.join((COMPLETE, *FLAGS))}.")
        return cls(labels[0] if labels else None, flags, COMPLETE in folded)


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

    Args:
        folder: new or empty.
        pages: what to write.

    Raises:
        StoreError: it cannot be written; nothing remains then.
    """
    with staged(folder) as stage, stage.text(FILE) as stream:
        with stage.text("labels.xml") as setup:
            setup.write(_LABELS_XML)
        stream.write("[")
        for index, page in enumerate(pages):
            stream.write(",\n" if index else "\n")
            stream.write(_task(index + 1, page, stage.place(page)))
        stream.write("]\n")


class _Result(TypedDict):
    """One result of Label Studio's JSON, in the order of its keys."""

    id: str
    type: str
    from_name: str
    to_name: str
    value: dict[str, list[str]] | dict[str, float | list[str]]
    original_width: NotRequired[int]
    original_height: NotRequired[int]
    image_rotation: NotRequired[int]
    meta: NotRequired[dict[str, str]]


def _task(task_id: int, page: ExchangePage, name: str) -> str:
    reading = page.reading
    extras = page_extras(page)
    kept = {
        "name": extras.name,
        "picture_hash": extras.picture_hash,
        "group": extras.group,
        "source_record": extras.source_record,
        "rejected": extras.rejected,
        "width": page.width,
        "height": page.height,
    }
    results = [_rectangle(page, box) for box in reading.beats]
    chosen: dict[str, list[str]] = {
        "label": [reading.label] if reading.label else [],
        "complete": [COMPLETE] if reading.boxes_complete else [],
        "flags": sorted(reading.flags),
    }
    for question, words in chosen.items():
        if words:
            results.append(_answer(question, "choices", {"choices": words}))
    if reading.comment:
        results.append(_answer("comment", "textarea", {"text": [reading.comment]}))
    image = f"{_LOCAL_FILES}?d={quote(f'{PICTURES}/{name}')}"
    annotations = [{"result": results}] if results else []
    task = {"id": task_id, "data": {"image": image, "ecg": kept}, "annotations": annotations}
    return json.dumps(task, allow_nan=False)


def _answer(question: str, kind: str, value: dict[str, list[str]]) -> _Result:
    return {"id": question, "type": kind, "from_name": question, "to_name": "image", "value": value}


def _rectangle(page: ExchangePage, box: LabelledBox) -> _Result:
    edges = box.box_photo_xyxy
    value: dict[str, float | list[str]] = {
        "x": 100 * edges.x1 / page.width,
        "y": 100 * edges.y1 / page.height,
        "width": 100 * (edges.x2 - edges.x1) / page.width,
        "height": 100 * (edges.y2 - edges.y1) / page.height,
        "rotation": 0,
        "rectanglelabels": [box.label or "beat"],
    }
    return {
        "id": box.uid,
        "type": "rectanglelabels",
        "from_name": "beats",
        "to_name": "image",
        "value": value,
        "original_width": page.width,
        "original_height": page.height,
        "image_rotation": 0,
        "meta": {"origin": box.origin},
    }
