"""Files of the other formats from elsewhere: what they mean, and how bad ones are refused."""

import json
import os
from pathlib import Path

import pytest

from annotations.exchange.formats import FORMATS
from annotations.model import LabelledBox, Reading, StoreError
from ecgcore.types import Box
from tests.annotations.exchange.formats.samples import assert_only_refusal


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("/etc/passwd,normal,g,", "leaves"),
        ("link.png,normal,g,", "leaves"),
        ("none.png,normal,g,", "no picture"),
        ("one.png,ill,g,", "ill"),
        ("one.png,Normal,g,", "Normal"),
        ("one.png,normal", "cells"),
        ("one.png,normal,g,[],x", "cells"),
        ('one.png,normal,g,"[[1,2,3]]"', "x1, y1, x2, y2"),
        ('one.png,normal,g,"[[5,2,3,4]]"', "inverted"),
        ('one.png,normal,g,"[[1,2,300,4]]"', "leaves the picture"),
        ('one.png,normal,g,"[[1,2,NaN,4]]"', "no number"),
        ('one.png,normal,g,"[[1,2,"', "broken JSON"),
        ("one.png,normal,g,{}", "not a list"),
        ("turned.jpg,normal,g,", "same picture"),
    ],
)
def test_table_refuses_a_row(folder: Path, row: str, word: str) -> None:
    text = f'file,label,group,boxes,other\nturned.jpg,,"a\nb",[],\n\n{row}\n'.replace(",other", "").replace(
        "[],\n", "[]\n"
    )
    (folder / "my.csv").write_text(text)
    loaded = FORMATS["table"].load(folder)
    assert_only_refusal(loaded, word)
    assert loaded.refusals[0].line == 5
    assert loaded.pages[0].reading.boxes_complete


VOC = """<annotation><folder>x</folder><filename>{file}</filename><path>/etc/passwd</path>
<size><width>{width}</width><height>48</height></size><object><name>{name}</name>
<bndbox><xmin>{xmin}</xmin><ymin>2</ymin><xmax>9.5</xmax><ymax>10</ymax></bndbox></object></annotation>"""
GOOD_VOC = {"file": "one.png", "width": "64", "name": "Beat", "xmin": "1"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (VOC.format(**GOOD_VOC | {"file": "../../secret.png"}), "leaves"),
        (VOC.format(**GOOD_VOC | {"file": "/etc/passwd"}), "leaves"),
        (VOC.format(**GOOD_VOC | {"file": "link.png"}), "leaves"),
        (VOC.format(**GOOD_VOC | {"file": "none.png"}), "no picture"),
        (VOC.format(**GOOD_VOC | {"width": "63"}), "upright"),
        (VOC.format(**GOOD_VOC | {"name": "lead II"}), "lead II"),
        (VOC.format(**GOOD_VOC | {"xmin": "nan"}), "no number"),
        (VOC.format(**GOOD_VOC | {"xmin": ""}), "no number"),
        (VOC.format(**GOOD_VOC | {"xmin": "10"}), "inverted"),
        (VOC.format(**GOOD_VOC)[:-20], "broken XML"),
        ("<html/>", "no Pascal VOC"),
        ('<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>' + VOC.format(**GOOD_VOC | {"name": "&c;"}), "DOCTYPE"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd">' + VOC.format(**GOOD_VOC), "DOCTYPE"),
        (VOC.format(**GOOD_VOC) + " " * 17_000_000, "larger"),
        (VOC.format(**GOOD_VOC).replace("<object>", "<ecg>[1</ecg><object>"), "broken JSON"),
    ],
)
def test_voc_refuses_a_file(folder: Path, text: str, word: str) -> None:
    (folder / "a.xml").write_text(text)
    (folder / "Annotations").mkdir()
    (folder / "Annotations" / "good.xml").write_text(VOC.format(**GOOD_VOC))
    loaded = FORMATS["voc"].load(folder)
    assert_only_refusal(loaded, word)
    assert loaded.refusals[0].file == "a.xml"
    assert loaded.pages[0].reading.boxes[0].box_photo_xyxy == Box(1, 2, 9.5, 10)


def test_voc_loads_one_file_alone(folder: Path) -> None:
    (folder / "Annotations").mkdir()
    file = folder / "Annotations" / "a.xml"
    file.write_text(VOC.format(**GOOD_VOC))
    assert FORMATS["voc"].load(file).pages[0].name == "one.png"
    file.write_text("<annotation>")
    with pytest.raises(StoreError, match="broken XML"):
        FORMATS["voc"].load(file)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("0 0.5 0.5 0.5", "4 values"),
        ("7 0.5 0.5 0.1 0.1", "unknown class 7"),
        ("² 0.5 0.5 0.1 0.1", "unknown class"),
        ("0 0.5 nan 0.1 0.1", "no number"),
        ("0 0.5 x 0.1 0.1", "no number"),
        ("0 0.5 1e308 1e308 1e308", "number"),
        ("0 0.9 0.5 0.3 0.1", "leaves the picture"),
        ("0 0.5 0.5 -0.3 0.1", "inverted"),
    ],
)
def test_yolo_refuses_a_picture(folder: Path, line: str, word: str) -> None:
    for part in ("images", "labels"):
        (folder / "train" / part).mkdir(parents=True)
    (folder / "one.png").rename(folder / "train" / "images" / "one.png")
    (folder / "turned.jpg").rename(folder / "train" / "images" / "turned.jpg")
    (folder / "train" / "labels" / "one.txt").write_text(f"\n{line}\n")
    (folder / "train" / "labels" / "turned.txt").write_text("1 0.5 0.5 1 1\n")
    (folder / "data.yaml").write_text("train: x # names: [a]\nnames: ['beat', \"abnormal\"]\nnc: 2\n")
    loaded = FORMATS["yolo"].load(folder)
    assert_only_refusal(loaded, word)
    assert loaded.pages[0].reading == Reading(None, (LabelledBox("b0", Box(0, 0, 70, 40), "abnormal"),), True)


def test_yolo_refuses_labels_without_a_picture_and_links(folder: Path) -> None:
    for part in ("images", "labels"):
        (folder / part).mkdir()
    (folder / "link.png").rename(folder / "images" / "link.png")
    (folder / "one.png").rename(folder / "images" / "one.png")
    (folder / "labels" / "lost.txt").write_text("0 0.5 0.5 1 1\n")
    (folder / "data.yaml").write_text("names:\n  0: beat\n")
    loaded = FORMATS["yolo"].load(folder)
    assert [(refusal.file, refusal.reason.split()[-1]) for refusal in loaded.refusals] == [
        ("images/link.png", "it."),
        ("labels/lost.txt", "images."),
    ]
    assert [page.reading for page in loaded.pages] == [Reading()]


@pytest.mark.parametrize(
    "names",
    ["names: [beat, normal]", "names: {0: beat, 1: 'normal'}", "names:\n- beat\n- normal", "names: [beat,\n normal]"],
)
def test_yolo_names_in_every_manner(folder: Path, names: str) -> None:
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    (folder / "one.png").rename(folder / "images" / "one.png")
    (folder / "labels" / "one.txt").write_text("1 0.5 0.5 1 1\r\n")
    (folder / "data.yaml").write_text(f"nc: 2\n{names}\nval: images\n")
    assert FORMATS["yolo"].load(folder).pages[0].reading.boxes[0].label == "normal"


def _task(image: object = "one.png", **rectangle: object) -> dict[str, object]:
    value = {"x": 0, "y": 0, "width": 50, "height": 50, "rectanglelabels": ["beat"]} | rectangle
    result = {"type": "rectanglelabels", "original_width": 64, "original_height": 48, "value": value}
    return {"data": {"image": image}, "annotations": [{"result": [result]}]}


def _choices(*words: str) -> dict[str, object]:
    result = [{"type": "choices", "value": {"choices": [word]}} for word in words]
    return {"data": {"image": "one.png"}, "annotations": [{"result": result}]}


@pytest.mark.parametrize(
    ("task", "word"),
    [
        (_task("../secret.png"), "leaves"),
        (_task("/data/local-files/?d=../secret.png"), "leaves"),
        (_task("/etc/passwd"), "leaves"),
        (_task("link.png"), "leaves"),
        (_task("https://example.org/none.png"), "no picture none.png"),
        (_task("http://[broken"), "no address"),
        (_task(None), "no text"),
        (_task(x=70), "leaves the picture"),
        (_task(x="NaN"), "no number"),
        (_task(width=-3), "inverted"),
        (_task(rotation=30), "rotated"),
        (_task(rectanglelabels=["P wave"]), "P wave"),
        (_task(rectanglelabels=[]), "0 labels"),
        (_task("turned.jpg"), "upright"),
        (_choices("ill"), "ill"),
        (_choices("normal", "abnormal"), "abnormal, normal"),
        ({"data": {"image": "one.png"}, "annotations": [{}, {}]}, "2 annotations"),
        ({"data": {"image": "one.png"}, "annotations": [{"result": [{"type": "brushlabels"}]}]}, "brushlabels"),
        (["x"], "not an object"),
    ],
)
def test_label_studio_refuses_a_task(folder: Path, task: object, word: str) -> None:
    good = _choices("Abnormal", "all beats boxed") | {"predictions": "ignored"}
    good["annotations"] = [{"was_cancelled": True, "result": 5}, *good["annotations"]]  # type: ignore[misc]
    good["data"] = {"image": "/data/upload/1/0123abcd-three.webp"}
    (folder / "export.json").write_text(json.dumps([good, task]))
    loaded = FORMATS["labelstudio"].load(folder / "export.json")
    assert_only_refusal(loaded, word)
    assert loaded.refusals[0].line == 1
    assert loaded.pages[0].reading == Reading("abnormal", (), True)


def test_tree_refuses_what_it_cannot_use(folder: Path, tmp_path: Path) -> None:
    (folder / "Normal" / "patient 1" / "visit 2").mkdir(parents=True)
    (folder / "one.png").rename(folder / "Normal" / "patient 1" / "visit 2" / "one.png")
    (folder / "link.png").rename(folder / "Normal" / "link.png")
    (folder / "Normal" / "linked").symlink_to(tmp_path)
    (folder / "Normal" / "note.txt").write_text("no picture")
    os.mkfifo(folder / "Normal" / "pipe.png")
    (folder / "ill").mkdir()
    (folder / "turned.jpg").rename(folder / "ill" / "turned.jpg")
    loaded = FORMATS["tree"].load(folder)
    assert [(page.name, page.group, page.reading.label) for page in loaded.pages] == [
        ("one.png", "patient 1", "normal")
    ]
    reasons = {refusal.file: refusal.reason for refusal in loaded.refusals}
    assert "leaves" in reasons["Normal/link.png"] and "leaves" in reasons["Normal/linked"]
    assert "file type not supported" in reasons["Normal/note.txt"] and "no picture" in reasons["Normal/pipe.png"]
    assert "no label folder" in reasons["ill"] and "no label folder" in reasons["."]
