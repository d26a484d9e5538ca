"""Pictures are kept once, pixel for pixel, without metadata; groups keep their promises; a full disk is told."""

import io
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import annotations
from annotations.model import StoreError
from annotations.pictures.files import strip_jpeg
from annotations.store import Store
from ecgcore.page.decode.read import picture_hash, read_picture
from tests.support.stored_pictures import HEIGHT, WIDTH, picture_rgb


def _jpeg(orientation: int = 1, trailing: bytes = b"", progressive: bool = False) -> bytes:
    image = Image.fromarray(picture_rgb(5))
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, "Jane Doe"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"Jane Doe", progressive=progressive)
    return out.getvalue() + trailing


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_keeps_its_pixels_and_loses_its_metadata(store: Store, orientation: int, progressive: bool) -> None:
    original = _jpeg(orientation, b"Jane Doe", progressive)
    (photo_rgb,) = read_picture(original, "x")
    picture, is_new = store.add_picture(photo_rgb, original=original)
    content = store.picture_path(picture).read_bytes()
    assert is_new and b"Jane" not in content
    assert picture.file.endswith(".jpg" if orientation == 1 else ".png")
    assert np.array_equal(read_picture(content, "x")[0], photo_rgb)
    assert stat.S_IMODE(store.picture_path(picture).stat().st_mode) == 0o600


@given(st.binary(max_size=300), st.integers(0, 600))
@settings(max_examples=60)
def test_stripping_never_fails_on_damaged_data(noise: bytes, at: int) -> None:
    whole = _jpeg()
    for data in (noise, b"\xff\xd8\xff" + noise, whole[:at] + noise, whole[:at]):
        stripped = strip_jpeg(data)
        assert stripped is None or len(stripped) <= len(data)


def test_a_picture_is_kept_once_and_recognised_by_its_pixels(store: Store) -> None:
    first, is_new = store.add_picture(picture_rgb(1), name="a.png")
    again, is_new_again = store.add_picture(picture_rgb(1), name="b.png", group="other")
    assert (is_new, is_new_again) == (True, False)
    assert again == first
    assert (first.name, first.width, first.height) == ("a.png", WIDTH, HEIGHT)
    assert first.picture_hash == picture_hash(picture_rgb(1))
    assert first.group_key == f"picture:{first.picture_hash[:16]}"


def test_a_held_out_group_stays_so_and_keeps_its_pages(store: Store) -> None:
    a, _ = store.add_picture(picture_rgb(1), group="p")
    b, _ = store.add_picture(picture_rgb(2))
    store.hold_out(["p"])
    assert store.picture(a.id).is_holdout
    with pytest.raises(StoreError, match="permanent test set"):
        store.join_group([b.id, a.id], "elsewhere")
    assert store.picture(b.id).group_key == b.group_key  # nothing is taken halfway
    store.join_group([b.id], "p")
    assert store.picture(b.id).is_holdout


def test_the_bin_gives_back(store: Store) -> None:
    page, _ = store.add_picture(picture_rgb(1))
    store.bin([page.id])
    assert store.picture(page.id).deleted_at is not None
    store.bin([page.id], restore=True)
    assert store.picture(page.id) == page


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_name_must_be_one(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="1 to 80"):
        store.add_person(name)


def test_names_are_trimmed_and_known_once(store: Store) -> None:
    assert store.add_person("  Grace   Hopper ") == "Grace Hopper"
    store.add_person("Grace Hopper")
    assert store.people() == ["Ada", "Ben", "Grace Hopper"]


def test_a_read_only_database_is_told_plainly(store: Store) -> None:
    store.db.conn.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="read-only"):
        store.add_person("Eve")


def test_a_full_disk_is_told_plainly_and_leaves_nothing(store: Store) -> None:
    pages = store.row("PRAGMA page_count")
    assert pages is not None
    store.db.conn.execute(f"PRAGMA max_page_count = {pages['page_count']}")
    with pytest.raises(StoreError, match="disk is full"):
        for number in range(2000):
            store.add_person(f"{number:04d}" + "x" * 76)
    store.db.conn.execute("PRAGMA max_page_count = 100000")
    assert store.add_person("Room again") in store.people()


def test_threads_have_connections_of_their_own(store: Store) -> None:
    seen = []

    def work() -> None:
        seen.append((id(store.db), store.add_person(threading.current_thread().name)))
        store.close()

    threads = [threading.Thread(target=work, name=f"t{i}") for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name for _, name in seen} <= set(store.people())
    assert id(store.db) not in {connection for connection, _ in seen}


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        Store(tmp_path / "file" / "data")


def test_only_the_store_and_what_cleans_it_reach_its_connection() -> None:
    """What is written elsewhere goes through ``writing()``, whose transaction it then cannot miss."""
    package = Path(annotations.__file__).parent
    reaching = {path.name for path in package.rglob("*.py") if ".db.conn" in path.read_text(encoding="utf-8")}
    assert reaching == {"data_folder.py", "backup.py", "freed_bytes.py"}
