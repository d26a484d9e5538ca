"""Programs that know nothing of ours read the exports as meant."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from faster_coco_eval import COCO
from PIL import Image
from torchvision.datasets import VOCDetection

from annotations.exchange.formats import FORMATS
from annotations.exchange.formats.page import ExchangePage
from annotations.model import LabelledBox, Reading
from ecgcore.types import Box
from trainer.data.csv_table import read_table

EDGES = [[0.0, 0.0, 64.0, 48.0], [10.5, 3.25, 12.75, 40.0]]
REJECTED = LabelledBox("r", Box(1, 1, 2, 2), None, "rejected")


@pytest.fixture
def pages(pictures: list[ExchangePage]) -> list[ExchangePage]:
    """A complete page with a plain and an abnormal beat, one without beats, one boxed in part, one nobody boxed."""
    beats = (LabelledBox("a", Box(*EDGES[0])), LabelledBox("b", Box(*EDGES[1]), "abnormal", "accepted"))
    part = (LabelledBox("c", Box(1, 2, 3, 4)),)
    readings = (
        Reading("abnormal", (*beats, REJECTED), True, frozenset(), "=cmd()"),
        Reading("normal", (), True),
        Reading("normal", part, False),
        Reading("unsure", ()),
    )
    return [
        replace(page, reading=reading, group=f"g{index}")
        for index, (page, reading) in enumerate(zip(pictures, readings, strict=True))
    ]


def test_coco_reader(pages: list[ExchangePage], tmp_path: Path) -> None:
    FORMATS["coco"].save(tmp_path, pages)
    coco = COCO(str(tmp_path / "annotations.json"))
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["beat"]
    images = coco.loadImgs(coco.getImgIds())
    assert [(image["width"], image["height"]) for image in images] == [(page.width, page.height) for page in pages]
    assert all((tmp_path / image["file_name"]).is_file() for image in images)
    found = coco.loadAnns(coco.getAnnIds(imgIds=[images[0]["id"]]))
    assert [annotation["bbox"] for annotation in found] == [[0, 0, 64, 48], [10.5, 3.25, 2.25, 36.75]]
    assert [annotation["area"] for annotation in found] == [64 * 48, 2.25 * 36.75]
    assert len(coco.getAnnIds()) == 3


def test_voc_reader(pages: list[ExchangePage], tmp_path: Path) -> None:
    FORMATS["voc"].save(tmp_path, pages)
    tree = ElementTree.parse(tmp_path / "annotations" / "one.xml").getroot()  # noqa: S314 - our own
    found = VOCDetection.parse_voc_xml(tree)["annotation"]
    assert (tmp_path / found["folder"] / found["filename"]).is_file()
    assert (found["size"]["width"], found["size"]["height"]) == ("64", "48")
    assert [item["name"] for item in found["object"]] == ["beat", "abnormal"]
    corners = [[float(item["bndbox"][key]) for key in ("xmin", "ymin", "xmax", "ymax")] for item in found["object"]]
    assert corners == EDGES


def test_yolo_reader(pages: list[ExchangePage], tmp_path: Path) -> None:
    FORMATS["yolo"].save(tmp_path, pages)
    lines = (tmp_path / "labels" / "one.txt").read_text().splitlines()
    with Image.open(tmp_path / "images" / "one.png") as picture:
        width, height = picture.size
    found = []
    for line in lines:
        kind, cx, cy, w, h = map(float, line.split())
        found.append((kind, (cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height))
    assert found == [pytest.approx((0, *EDGES[0])), pytest.approx((2, *EDGES[1]))]
    assert (tmp_path / "labels" / "turned.txt").read_text() == ""
    assert not (tmp_path / "labels" / "long-name.txt").exists()
    assert (tmp_path / "complete.txt").read_text().split() == ["./images/one.png", "./images/turned.jpg"]


def test_label_studio_task(pages: list[ExchangePage], tmp_path: Path) -> None:
    FORMATS["labelstudio"].save(tmp_path, pages)
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert len(tasks) == 4
    local = parse_qs(urlsplit(tasks[0]["data"]["image"]).query)["d"][0]
    assert (tmp_path / local).is_file()
    results = tasks[0]["annotations"][0]["result"]
    rectangle = results[1]["value"]
    assert rectangle["x"] * 64 / 100 == pytest.approx(10.5) and rectangle["height"] * 48 / 100 == pytest.approx(36.75)
    setup = ElementTree.parse(tmp_path / "labels.xml").getroot()  # noqa: S314 - our own
    asked = {element.attrib["name"] for element in setup if "name" in element.attrib}
    assert {result["from_name"] for result in results} <= asked
    words = {element.attrib["value"] for element in setup.iter() if element.tag in ("Choice", "Label")}
    assert {word for result in results for word in result["value"].get("choices", [])} <= words


def test_trainer_reads_the_table(pages: list[ExchangePage], tmp_path: Path) -> None:
    FORMATS["table"].save(tmp_path, pages)
    table = read_table(tmp_path / "table.csv", tmp_path)
    assert table.skipped_labels == {"unsure": 1}
    assert [(item.label, item.group, item.path.is_file()) for item in table.items] == [
        (1, "g0", True),
        (0, "g1", True),
        (0, "g2", True),
    ]
    boxes = [None if item.boxes_photo_xyxy is None else item.boxes_photo_xyxy.tolist() for item in table.items]
    assert boxes == [EDGES, [], None]  # what was boxed in part would teach the trainer false background
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as stream:
        assert next(csv.DictReader(stream))["comment"] == "'=cmd()"


def test_tree_is_plain_folders(pages: list[ExchangePage], tmp_path: Path) -> None:
    FORMATS["tree"].save(tmp_path, pages)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()) == [
        "abnormal/g0/one.png",
        "normal/g1/turned.jpg",
        "normal/g2/three.webp",
        "unsure/g3/long-name.bmp",
    ]
