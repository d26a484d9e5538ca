"""What goes out comes back: everything but what the format says that it cannot hold."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.exchange.formats import FORMATS
from annotations.exchange.formats.page import ExchangePage
from annotations.exchange.formats.staging import safe_name
from annotations.model import LabelledBox, Reading
from ecgcore.types import Box
from tests.annotations.exchange.formats.samples import page_lists

EXACT = {"voc", "table"}
WITH_EVERYTHING = {"coco", "voc", "labelstudio"}


def _boxes(reading: Reading, name: str) -> list[LabelledBox]:
    """The boxes that the format holds, as far as it holds them, in a fixed order."""
    if name in WITH_EVERYTHING:
        return sorted((replace(box, prediction_box_id=None) for box in reading.boxes), key=lambda box: box.uid)
    bare = [
        LabelledBox(str(index), box.box_photo_xyxy, box.label if name == "yolo" else None)
        for index, box in enumerate(reading.beats)
    ]
    return [] if name == "tree" else bare


def _facts(page: ExchangePage, name: str) -> dict[str, object]:
    """What the format holds of a page, boxes aside."""
    reading = page.reading
    facts: dict[str, object] = {"wh": (page.width, page.height), "hash": page.picture_hash}
    if name != "tree":
        facts["boxes_complete"] = reading.boxes_complete
    if name != "yolo":
        facts["label"] = reading.label
        trees_group = safe_name(page.group) if page.group else ""
        facts["group"] = {"tree": trees_group, "table": page.group.strip()}.get(name, page.group)
    if name in WITH_EVERYTHING | {"table"}:
        facts |= {"flags": reading.flags, "comment": reading.comment, "source_record": page.source_record}
    if name in WITH_EVERYTHING:
        facts |= {"name": page.name, "has_picture": page.picture is not None}
    return facts


def _assert_same_boxes(found: list[LabelledBox], wanted: list[LabelledBox], name: str) -> None:
    assert [replace(box, box_photo_xyxy=Box(0, 0, 1, 1)) for box in found] == [
        replace(box, box_photo_xyxy=Box(0, 0, 1, 1)) for box in wanted
    ]
    for one, other in zip(found, wanted, strict=True):
        edges = other.box_photo_xyxy.as_list()
        tolerance = 0.0 if name in EXACT else 1.1e-6
        assert one.box_photo_xyxy.as_list() == pytest.approx(edges, rel=0, abs=tolerance)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_nothing_is_lost_that_the_format_can_hold(name: str, data: st.DataObject, pictures: list[ExchangePage]) -> None:
    pages = data.draw(page_lists(pictures))
    held = [page for page in pages if page.picture is not None or name in WITH_EVERYTHING]
    with tempfile.TemporaryDirectory() as folder:
        FORMATS[name].save(Path(folder), iter(pages))
        if not held and name in {"tree", "voc", "yolo"}:
            return  # an empty folder, which these cannot tell from a wrong one
        loaded = FORMATS[name].load(Path(folder))
    assert loaded.refusals == []
    assert loaded.losses == FORMATS[name].losses
    found = {page.picture_hash: page for page in loaded.pages}
    assert found.keys() == {page.picture_hash for page in held}
    for page in held:
        back = found[page.picture_hash]
        assert _facts(back, name) == _facts(page, name)
        _assert_same_boxes(_boxes(back.reading, name), _boxes(page.reading, name), name)


@pytest.mark.parametrize("name", FORMATS)
def test_export_holds_the_pictures_themselves(name: str, pictures: list[ExchangePage], tmp_path: Path) -> None:
    FORMATS[name].save(tmp_path / "new" / "folder", pictures)
    back = {page.picture_hash: page for page in FORMATS[name].load(tmp_path / "new" / "folder").pages}
    assert len(back) == len(pictures)
    for page in pictures:
        copy = back[page.picture_hash]
        assert copy.name == page.name
        assert copy.picture is not None and page.picture is not None
        assert copy.picture.read_bytes() == page.picture.read_bytes()
        assert copy.picture.is_relative_to(tmp_path.resolve())


@pytest.mark.parametrize("name", FORMATS)
def test_pictures_of_one_name_get_numbers(name: str, pictures: list[ExchangePage], tmp_path: Path) -> None:
    names = ("scan.png", "SCAN.jpg", "scan.png", "scan-2.png")
    FORMATS[name].save(tmp_path, (replace(page, name=new) for page, new in zip(pictures, names, strict=True)))
    loaded = FORMATS[name].load(tmp_path)
    assert {page.picture_hash for page in loaded.pages} == {page.picture_hash for page in pictures}


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_half_exported_is_not_there(name: str, pictures: list[ExchangePage], tmp_path: Path) -> None:
    def broken() -> object:
        yield pictures[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FORMATS[name].save(tmp_path, broken())  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["coco", "voc", "labelstudio", "yolo"])
def test_computed_coordinates_return_equal(name: str, pictures: list[ExchangePage], tmp_path: Path) -> None:
    box = Box(0.1, 0.123456, 0.1 + 0.2, 47.999999)
    reading = Reading(boxes=(LabelledBox("b0", box),), boxes_complete=True)
    rounded = Box(*(round(edge, 6) for edge in box.as_list()))
    FORMATS[name].save(tmp_path, [replace(pictures[0], reading=reading)])
    (back,) = FORMATS[name].load(tmp_path).pages
    assert back.reading.boxes[0].box_photo_xyxy in (rounded, box)
