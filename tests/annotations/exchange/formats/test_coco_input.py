"""COCO files from elsewhere: what they mean, and how bad ones are refused."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from annotations.exchange.formats import FORMATS
from annotations.exchange.formats.page import Loaded
from annotations.model import LabelledBox, Reading
from ecgcore.types import Box
from tests.annotations.exchange.formats.samples import assert_only_refusal


def _coco(folder: Path, annotation: Mapping[str, object] | None = None, **content: object) -> Loaded:
    """Load a file of a good page, ``turned.jpg``, and ``one.png`` with one annotation."""
    whole = {
        "categories": [{"id": 1, "name": "beat"}, {"id": 2, "name": "Abnormal"}, {"id": 3, "name": "lead II"}],
        "images": [
            {"id": 1, "file_name": "turned.jpg", "width": 70, "height": 40},
            {"id": 2, "file_name": "one.png", "width": 64, "height": 48},
        ],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4]},
            {"id": 2, "image_id": 2, "category_id": 1, "bbox": [1, 2, 3, 4], **(annotation or {})},
        ],
        **content,
    }
    (folder / "annotations.json").write_text(json.dumps(whole))
    return FORMATS["coco"].load(folder)


def _image(**changes: object) -> list[dict[str, object]]:
    good = {"id": 1, "file_name": "turned.jpg", "width": 70, "height": 40}
    return [good, {"id": 2, "file_name": "one.png", "width": 64, "height": 48, **changes}]


def test_foreign_coco(folder: Path) -> None:
    loaded = _coco(folder, {"bbox": [-0.9, 0, 65.5, 48.7]})
    assert loaded.refusals == []
    first, second = loaded.pages
    assert first.reading == Reading(None, (LabelledBox("b0", Box(1, 2, 4, 6), "abnormal"),), True)
    assert second.reading.boxes[0].box_photo_xyxy == Box(0, 0, 64, 48)  # within a pixel: back to the border


def test_the_only_category_is_the_beat(folder: Path) -> None:
    loaded = _coco(folder, {}, categories=[{"id": 1, "name": "QRS"}], images=_image()[1:], annotations=[])
    assert loaded.pages[0].reading == Reading()
    annotations = [{"image_id": 2, "category_id": 1, "bbox": [1, 2, 3, 4], "attributes": {"occluded": False}}]
    loaded = _coco(folder, {}, categories=[{"id": 1, "name": "QRS"}], images=_image()[1:], annotations=annotations)
    assert loaded.pages[0].reading.beats[0].label is None


@pytest.mark.parametrize(
    ("annotation", "word"),
    [
        ({"bbox": [-1.1, 2, 3, 4]}, "leaves the picture"),
        ({"bbox": [10, 2, 55.5, 4]}, "leaves the picture"),
        ({"bbox": [10, 2, -5, 4]}, "inverted"),
        ({"bbox": [10, 2, 0, 4]}, "empty"),
        ({"bbox": [1, 2, 3]}, "bbox"),
        ({"bbox": None}, "bbox"),
        ({"bbox": "1234"}, "not a list"),
        ({"bbox": [1, 2, float("nan"), 4]}, "no number"),
        ({"bbox": [1, 2, float("inf"), 4]}, "no number"),
        ({"bbox": [1, 2, 10**400, 4]}, "no number"),
        ({"bbox": [1, 2, True, 4]}, "no number"),
        ({"bbox": [1, 2, "3", 4]}, "no number"),
        ({"iscrowd": 1}, "box of its own"),
        ({"category_id": 3}, "lead II"),
        ({"category_id": 9}, "category_id"),
        ({"category_id": [1]}, "category_id"),
        ({"attributes": {"label": "ill"}}, "ill"),
        ({"attributes": {"origin": "dreamt"}}, "dreamt"),
        ({"attributes": {"uid": "\ud800"}}, "broken characters"),
        ({"attributes": []}, "not an object"),
    ],
)
def test_coco_refuses_a_page_for_its_annotation(folder: Path, annotation: dict[str, object], word: str) -> None:
    loaded = _coco(folder, annotation)
    assert_only_refusal(loaded, word)
    assert (loaded.refusals[0].file, loaded.refusals[0].line) == ("one.png", 1)


@pytest.mark.parametrize(
    ("image", "word"),
    [
        ({"file_name": "/etc/passwd"}, "leaves"),
        ({"file_name": "../secret.png"}, "leaves"),
        ({"file_name": "..\\secret.png"}, "leaves"),
        ({"file_name": "C:\\secret.png"}, "leaves"),
        ({"file_name": "link.png"}, "leaves"),
        ({"file_name": ""}, "leaves"),
        ({"file_name": "x" * 5000}, "longer than 2,000 characters"),
        ({"file_name": "a\0b.png"}, "file name"),
        ({"file_name": "none.png"}, "no picture none.png"),
        ({"file_name": "annotations.json"}, "file type not supported"),
        ({"file_name": None}, "no text"),
        ({"width": 48, "height": 64}, "64 x 48 pixels upright"),
        ({"width": "wide"}, "no number"),
        ({"width": 0}, "size"),
        ({"id": 1}, "used twice"),
        ({"id": None}, "none"),
        ({"ecg": {"label": "ill"}}, "ill"),
        ({"ecg": {"flags": ["lost"]}}, "lost"),
        ({"ecg": {"comment": 5}}, "comment"),
        ({"ecg": {"boxes_complete": 1}}, "boxes_complete"),
        ({"ecg": {"picture_hash": "f" * 64}}, "not the picture that was annotated"),
        ({"ecg": {"picture_hash": "../x"}}, "hash"),
        ({"ecg": {"rejected": [{"box": [1, 2, 3, 400]}]}}, "leaves the picture"),
    ],
)
def test_coco_refuses_an_image(folder: Path, image: dict[str, object], word: str) -> None:
    loaded = _coco(folder, images=_image(**image))
    assert {page.name for page in loaded.pages} <= {"turned.jpg"}
    assert any(word in refusal.reason for refusal in loaded.refusals)
    assert all(refusal.reason.endswith(".") for refusal in loaded.refusals)


def test_coco_refuses_what_belongs_to_nothing(folder: Path) -> None:
    assert_only_refusal(_coco(folder, {"image_id": 77}), "no image", pages=2)
    assert_only_refusal(_coco(folder, images=[*_image(), 5], annotations=[]), "not an object", pages=2)
    twice = _coco(folder, images=[*_image(), {"id": 3, "file_name": "one.png"}])
    assert_only_refusal(twice, "same picture as one.png", pages=2)


def test_uids_that_another_program_copied_are_made_anew(folder: Path) -> None:
    annotations = [
        {"image_id": 2, "category_id": 1, "bbox": [1, 2, 3, 4], "attributes": attributes}
        for attributes in ({"uid": "b0"}, {"uid": "b0"}, {})
    ]
    (page,) = _coco(folder, images=_image()[1:], annotations=annotations).pages
    uids = [box.uid for box in page.reading.boxes]
    assert uids[0] == "b0" and len(set(uids)) == 3
