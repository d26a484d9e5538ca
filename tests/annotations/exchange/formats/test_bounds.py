"""What one import may hold: more is refused at once, with the bound and the next step; Stop leaves nothing behind."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from annotations.exchange.formats import FORMATS
from annotations.exchange.formats.bounds import MAX_PAGE_LABEL_BYTES, MAX_PAGES, MAX_REFUSALS
from annotations.exchange.formats.page import ExchangePage
from annotations.exchange.import_export import import_from
from annotations.model import MAX_BOXES, StoreError
from annotations.pictures.files import PICTURES
from annotations.store import Store
from tests.annotations.exchange.formats.samples import assert_only_refusal

RECTANGLE = {
    "type": "rectanglelabels",
    "value": {"x": 1, "y": 1, "width": 50, "height": 50, "rectanglelabels": ["beat"]},
}


def _coco(folder: Path, pages: int, boxes: int) -> None:
    images = [{"id": number, "file_name": "one.png"} for number in range(pages)]
    annotations = [{"image_id": 0, "category_id": 1, "bbox": [1, 1, 9, 9]}] * boxes
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "beat"}]}
    (folder / "annotations.json").write_text(json.dumps(content))


def _labelstudio(folder: Path, pages: int, boxes: int) -> None:
    first = {"data": {"image": "one.png"}, "annotations": [{"result": [RECTANGLE] * boxes}]}
    (folder / "tasks.json").write_text(json.dumps([first] + [{"data": {"image": "one.png"}}] * (pages - 1)))


def _table(folder: Path, pages: int, boxes: int) -> None:
    first = f'one.png,normal,,"{json.dumps([[1, 1, 9, 9]] * boxes)}"\n'
    (folder / "table.csv").write_text("file,label,group,boxes\n" + first + "one.png,normal,,\n" * (pages - 1))


def _yolo(folder: Path, pages: int, boxes: int) -> None:
    (folder / "data.yaml").write_text("names: [beat]\n")
    for name in ("images", "labels"):
        (folder / name).mkdir()
    (folder / "one.png").rename(folder / "images" / "one.png")
    for number in range(pages - 1):
        (folder / "images" / f"{number}.png").touch()
    (folder / "labels" / "one.txt").write_text("0 0.5 0.5 0.1 0.1\n" * boxes)


def _voc(folder: Path, pages: int, boxes: int) -> None:
    corners = "<xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>"
    item = f"<object><name>beat</name><bndbox>{corners}</bndbox></object>"
    (folder / "one.xml").write_text(f"<annotation><filename>one.png</filename>{item * boxes}</annotation>")
    for number in range(pages - 1):
        (folder / f"x{number}.xml").touch()


WRITERS: dict[str, Callable[[Path, int, int], None]] = {
    "coco": _coco, "labelstudio": _labelstudio, "table": _table, "yolo": _yolo, "voc": _voc,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, pictures: list[ExchangePage]) -> Path:
    """With one picture, ``one.png``."""
    assert pictures[0].picture is not None
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.png").write_bytes(pictures[0].picture.read_bytes())
    return tmp_path / "in"


@pytest.mark.parametrize("name", WRITERS)
def test_a_page_of_too_many_boxes_is_refused_before_they_are_looked_at(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    WRITERS[name](folder, 1, MAX_BOXES + 100)
    monkeypatch.setattr("annotations.exchange.formats.assemble.checked_box", None)
    assert_only_refusal(FORMATS[name].load(folder), "2,100 boxes", "2,000 are the most", "Delete", pages=0)


@pytest.mark.parametrize("name", WRITERS)
def test_a_page_of_the_most_boxes_is_loaded(name: str, folder: Path) -> None:
    WRITERS[name](folder, 1, MAX_BOXES)
    (page,) = FORMATS[name].load(folder).pages
    assert len(page.reading.boxes) == MAX_BOXES


@pytest.mark.parametrize("name", WRITERS)
def test_too_many_pages_are_refused_before_the_first_is_opened(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotations.exchange.formats.assemble.measure", None)
    monkeypatch.setattr("annotations.exchange.formats.checks.MAX_PAGES", 300)
    WRITERS[name](folder, 301, 1)
    with pytest.raises(StoreError, match=r"301 pages are too many for one import; 300 are the most. Split"):
        FORMATS[name].load(folder)
    assert MAX_PAGES == 20_000


@pytest.mark.parametrize("name", ["coco", "labelstudio"])
@pytest.mark.parametrize("content", ["[" + "[]," * 3_000_000 + "0]", "[" + "1," * 10_000_001 + "0]"])
def test_a_text_that_would_fill_the_memory_is_not_taken_apart(
    name: str, content: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / {"coco": "annotations.json", "labelstudio": "tasks.json"}[name]).write_text(content)
    monkeypatch.setattr("annotations.exchange.formats.files.json.loads", None)
    with pytest.raises(StoreError, match=r"more than 10 million values\. Split"):
        FORMATS[name].load(folder)


@pytest.mark.parametrize("name", ["yolo", "voc"])
def test_the_file_of_one_page_is_bounded(name: str, folder: Path) -> None:
    WRITERS[name](folder, 1, 1)
    file = folder / ("labels/one.txt" if name == "yolo" else "one.xml")
    file.write_text(" " * (MAX_PAGE_LABEL_BYTES + 1))
    assert_only_refusal(FORMATS[name].load(folder), "larger than 2 MB", "Split", pages=0)


def test_refusals_are_counted_beyond_those_that_are_told(folder: Path) -> None:
    _coco(folder, 1, 0)
    content = json.loads((folder / "annotations.json").read_text())
    content["annotations"] = [{"image_id": 9}] * (MAX_REFUSALS + 50)
    (folder / "annotations.json").write_text(json.dumps(content))
    refusals = FORMATS["coco"].load(folder).refusals
    assert len(refusals) == MAX_REFUSALS + 1
    assert refusals[-1].reason == "50 more were refused."


def test_boxes_of_all_pages_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotations.exchange.formats.checks.MAX_ALL_BOXES", 4)
    _coco(folder, 1, 5)
    with pytest.raises(StoreError, match="more than 4 boxes"):
        FORMATS["coco"].load(folder)


class _Stopped(Exception):
    """What a person's Stop raises."""


@pytest.mark.parametrize("at", range(8))
def test_what_progress_raises_leaves_the_store_as_it_was(pictures: list[ExchangePage], tmp_path: Path, at: int) -> None:
    store = Store(tmp_path / "data")
    FORMATS["coco"].save(tmp_path / "in", pictures[:2])
    told = []

    def progress(done: int, of: int) -> None:
        told.append((done, of))
        if len(told) > at:
            raise _Stopped

    with pytest.raises(_Stopped):
        import_from(store, FORMATS["coco"], tmp_path / "in", "Ada", progress=progress)
    adds_and_compares = [(1, 2), (2, 2)] * 2
    assert told == [(0, 2), (1, 2), (1, 2), (2, 2), *adds_and_compares][: at + 1]
    assert not store.rows("SELECT * FROM image") and not store.rows("SELECT * FROM file_intent")
    assert not [path for path in (store.folder / PICTURES).rglob("*") if path.is_file()]


@pytest.mark.parametrize("key", ["name", "comment", "group", "source_record"])
def test_texts_are_bounded(key: str, folder: Path) -> None:
    _coco(folder, 1, 0)
    content = json.loads((folder / "annotations.json").read_text())
    content["images"][0]["ecg"] = {key: "x" * 100_000}
    (folder / "annotations.json").write_text(json.dumps(content))
    assert_only_refusal(FORMATS["coco"].load(folder), "longer than", "characters", pages=0)
