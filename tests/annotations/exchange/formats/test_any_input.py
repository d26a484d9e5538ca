"""Whatever a file holds: nothing but a StoreError comes out, and nothing outside the folder is touched."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.exchange.formats import FORMATS
from annotations.exchange.formats.bounds import MAX_LABEL_BYTES
from annotations.exchange.formats.page import ExchangePage
from annotations.model import LabelledBox, Reading, StoreError
from ecgcore.types import Box

MAIN_FILES = {"coco": "annotations.json", "labelstudio": "tasks.json", "table": "table.csv", "yolo": "data.yaml"}
READING = Reading("normal", (LabelledBox("a", Box(1, 2, 9, 10)),), True)


@pytest.mark.parametrize("name", MAIN_FILES)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'"text"',
        b"5",
        b"null",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b"a,b\n1,2\n",
        b'file,label,group\n"x',
        b"1" * 5000,
    ],
    ids=lambda content: repr(content[:12]),
)
def test_a_broken_file_is_refused_whole(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / MAIN_FILES[name]).write_bytes(content)
    with pytest.raises(StoreError):
        FORMATS[name].load(tmp_path)


@pytest.mark.parametrize("name", FORMATS)
def test_no_folder_or_an_empty_one(name: str, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none", tmp_path / "none.xml", tmp_path / "\0"):
        with pytest.raises(StoreError):
            FORMATS[name].load(path)


@pytest.mark.parametrize("name", MAIN_FILES)
def test_a_huge_file_is_never_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / MAIN_FILES[name]).open("wb") as stream:
        stream.truncate(MAX_LABEL_BYTES + 1)
    monkeypatch.setattr("annotations.exchange.formats.files.Path.open", None)
    with pytest.raises(StoreError, match="larger than"):
        FORMATS[name].load(tmp_path)


@pytest.mark.parametrize("name", MAIN_FILES)
def test_the_main_file_may_not_be_a_link_outside(name: str, tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / MAIN_FILES[name]).write_text("x")
    (tmp_path / "inside" / MAIN_FILES[name]).symlink_to(tmp_path / MAIN_FILES[name])
    with pytest.raises(StoreError, match="leaves"):
        FORMATS[name].load(tmp_path / "inside")


@pytest.mark.parametrize("name", FORMATS)
def test_save_refuses_by_a_store_error(name: str, pictures: list[ExchangePage], tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(StoreError, match="already holds files"):
        FORMATS[name].save(tmp_path / "full", [])
    outside = Reading(boxes=(LabelledBox("a", Box(0, 0, float("inf"), 1)),))
    for page in (replace(pictures[0], picture=tmp_path / "gone.png"), replace(pictures[0], reading=outside)):
        with pytest.raises(StoreError):
            FORMATS[name].save(tmp_path / "new", [pictures[1], page])
        assert list((tmp_path / "new").iterdir()) == []
    with pytest.raises(StoreError):
        FORMATS[name].save(tmp_path / "full" / "file", [])


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=4), values, max_size=3),
    max_leaves=6,
)


def _paths(value: object) -> list[tuple[object, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(), *((key, *rest) for key, child in items for rest in _paths(child))]


@pytest.mark.parametrize("name", ["coco", "labelstudio"])
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_anywhere_is_refused_or_loaded(
    name: str, data: st.DataObject, pictures: list[ExchangePage], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp(name)
    FORMATS[name].save(folder, [replace(pictures[0], reading=READING)])
    content = json.loads((folder / MAIN_FILES[name]).read_text())
    path = data.draw(st.sampled_from(_paths(content)))
    changed = {"root": content}
    target: object = changed
    for key in ("root", *path[:-1]) if path else ():
        target = target[key]  # type: ignore[index]
    target[path[-1] if path else "root"] = data.draw(JSON)  # type: ignore[index]
    (folder / MAIN_FILES[name]).write_text(json.dumps(changed["root"]))
    try:
        loaded = FORMATS[name].load(folder)
    except StoreError:
        return
    for page in loaded.pages:
        assert all(box.box_photo_xyxy.x2 <= page.width for box in page.reading.boxes)
