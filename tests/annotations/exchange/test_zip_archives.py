"""Archives from a browser: what is in them comes in, what they try is refused, and nothing of them stays."""

import io
import os
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from annotations import readings
from annotations.exchange import zip_archives
from annotations.exchange.formats import FORMATS
from annotations.exchange.import_export import export_to, import_from
from annotations.exchange.zip_archives import packed, unpacked
from annotations.model import StoreError
from annotations.store import Store
from tests.support.stored_pictures import ABNORMAL, NORMAL, picture_rgb


def archive_of(files: Mapping[str | zipfile.ZipInfo, bytes]) -> io.BytesIO:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content


def link(name: str, target: str, kind: int = stat.S_IFLNK) -> dict[str | zipfile.ZipInfo, bytes]:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3  # Unix
    entry.external_attr = (kind | 0o777) << 16
    return {entry: target.encode()}


def left_in(store: Store) -> list[str]:
    return [path.name for path in store.folder.iterdir() if "temporary" in path.name]


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("name", ["coco", "tree"])
def test_a_packed_export_comes_in_again(store: Store, tmp_path: Path, name: str, wrapped: bool) -> None:
    for number, reading in enumerate((NORMAL, ABNORMAL)):
        picture, _ = store.add_picture(picture_rgb(number), group=f"p{number}")
        readings.save(store, picture.id, "Ada", reading, base_revision_id=None)
    content = packed(store, name)
    if wrapped:  # as somebody packs a folder on a Mac
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {f"my data/{n}": archive.read(n) for n in archive.namelist()}
        content = archive_of({**files, "__MACOSX/my data/._x": b"x", "my data/.DS_Store": b"x"}).getvalue()
    other = Store(tmp_path / "other")
    other.add_person("Eve")
    with unpacked(io.BytesIO(content), other) as folder:
        report = import_from(other, FORMATS[name], folder, "Eve")
    assert (report.pictures_added, report.readings_added, report.refusals) == (2, 2, [])
    assert left_in(store) == left_in(other) == []


def test_a_tree_of_one_label_is_not_mistaken_for_a_wrapping_folder(store: Store) -> None:
    with unpacked(archive_of({"data/normal/p/a.png": b"x"}), store) as folder:
        assert [path.name for path in folder.iterdir()] == ["normal"]


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"../evil": b"x"}, "leaves"),
        ({"a/../../evil": b"x"}, "leaves"),
        ({"/evil": b"x"}, "leaves"),
        ({"..\\evil": b"x"}, "leaves"),
        ({"C:\\evil": b"x"}, "leaves"),
        (link("picture.png", "/etc/passwd"), "link"),
        (link("pipe", "", stat.S_IFIFO), "no plain file"),
        ({"inner.zip": b"x"}, "archive inside"),
        ({"a/inner.TAR.gz": b"x"}, "archive inside"),
        ({"a\nb": b"x"}, "file name"),
        ({"x" * 300: b"x"}, "file name"),
        ({"a": b"x", "a/b": b"x"}, "same name"),
        ({"a": b"x", "./a": b"x"}, "same name"),
    ],
)
def test_what_an_archive_tries_is_refused_and_leaves_nothing(
    store: Store, files: Mapping[str | zipfile.ZipInfo, bytes], word: str
) -> None:
    before = sorted(store.folder.parent.rglob("*"))
    with pytest.raises(StoreError, match=word), unpacked(archive_of({"good.txt": b"x", **files}), store):
        pass
    assert sorted(store.folder.parent.rglob("*")) == before


def _damaged() -> bytes:
    content = bytearray(archive_of({"a": os.urandom(5000)}).getvalue())
    content[1000:1010] = b"0123456789"
    return bytes(content)


def _encrypted() -> bytes:
    content = bytearray(archive_of({"a": b"x"}).getvalue())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    return bytes(content)


@pytest.mark.parametrize("content", [b"", b"no archive", _damaged(), _encrypted()], ids=lambda c: repr(c[:4]))
def test_damaged_and_encrypted_archives_are_refused(store: Store, content: bytes) -> None:
    with pytest.raises(StoreError, match="damaged or encrypted"), unpacked(io.BytesIO(content), store):
        pass
    assert left_in(store) == []


def test_a_bomb_stops_at_the_bound_whatever_it_states(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_archives, "MAX_UNPACKED_BYTES", 3 * 2**20)
    content = archive_of({f"{number}.txt": bytes(2**20) for number in range(4)}).getvalue()
    assert len(content) < 10_000
    lying = content.replace((2**20).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    for bomb, word in ((content, "unpacks to more"), (lying, "damaged|unpacks to more")):
        with pytest.raises(StoreError, match=word), unpacked(io.BytesIO(bomb), store):
            pass
    assert left_in(store) == []


def test_size_and_count_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_archives, "MAX_ENTRIES", 5)
    monkeypatch.setattr(zip_archives, "MAX_ARCHIVE_BYTES", 5000)
    with (
        pytest.raises(StoreError, match="more than 5 files"),
        unpacked(archive_of({f"{number}": b"" for number in range(6)}), store),
    ):
        pass
    with pytest.raises(StoreError, match="larger than"), unpacked(archive_of({"a": os.urandom(6000)}), store):
        pass


def test_large_exports_are_no_download(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="no page"):
        packed(store, "coco")
    picture, _ = store.add_picture(picture_rgb(1))
    readings.save(store, picture.id, "Ada", NORMAL, base_revision_id=None)
    monkeypatch.setattr(zip_archives, "MAX_ARCHIVE_BYTES", 100)
    with pytest.raises(StoreError, match="too large"):
        packed(store, "coco")
    monkeypatch.setattr(zip_archives, "MAX_DOWNLOAD_PAGES", 0)
    with pytest.raises(StoreError, match="too many"):
        packed(store, "coco")
    assert left_in(store) == []


def test_an_export_into_the_same_folder_is_one_and_the_same(store: Store, tmp_path: Path) -> None:
    picture, _ = store.add_picture(picture_rgb(1))
    readings.save(store, picture.id, "Ada", NORMAL, base_revision_id=None)
    export_to(store, FORMATS["coco"], tmp_path / "out")
    with zipfile.ZipFile(io.BytesIO(packed(store, "coco"))) as archive:
        for path in (tmp_path / "out").rglob("*"):
            if path.is_file():
                assert archive.read(path.relative_to(tmp_path / "out").as_posix()) == path.read_bytes()
