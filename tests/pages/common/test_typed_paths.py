"""Paths that are typed into the app stay inside the folders that are allowed; uploads inside what a tab may send."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from annotations.exchange.zip_archives import MAX_ARCHIVE_BYTES
from annotations.model import StoreError
from annotations.store import Store
from pages.parts.common.browser import uploads
from pages.parts.common.typed_paths import FOLDERS, allowed_folders, typed_path, where_to
from pages.parts.models.bundle_files import MOST_UPLOADED_MB
from pages.parts.screen.intake import MAX_PICTURE_MB


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


def test_a_name_goes_into_the_exchange_folder(store: Store) -> None:
    assert typed_path(store, " backup.zip ") == (store.folder / "exchange" / "backup.zip").resolve()
    assert (store.folder / "exchange").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "typed",
    ["/etc", "../ecg.db", "../../b.zip", "a/../../b.zip", "~", "~nobody-of-that-name/x", "/", "link/x", "link", "..",
     "/proc/self/root/tmp", "a\0b"],
)  # fmt: skip
def test_what_leads_elsewhere_is_refused_with_the_way_on(store: Store, tmp_path: Path, typed: str) -> None:
    typed_path(store, "x")
    (store.folder / "exchange" / "link").symlink_to(tmp_path)
    with pytest.raises(StoreError) as refused:
        typed_path(store, typed)
    if "usable" not in refused.value.cause:
        assert FOLDERS in refused.value.next_step
        assert str(store.folder.resolve() / "exchange") in refused.value.next_step


def test_other_folders_are_allowed_by_name(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "disk").symlink_to(tmp_path / "real")
    monkeypatch.setenv(FOLDERS, f"{tmp_path / 'disk'}:{tmp_path / 'other'}")
    assert typed_path(store, str(tmp_path / "disk" / "b.zip")) == tmp_path / "real" / "b.zip"
    assert typed_path(store, str(tmp_path / "other")) == tmp_path / "other"
    with pytest.raises(StoreError):
        typed_path(store, str(tmp_path / "others"))
    assert "real" in where_to(store)


@given(parts=st.lists(st.sampled_from(["..", ".", "a", "/", "~", "link", "", "\x1b"]), max_size=6))
def test_no_path_leaves(parts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.getbasetemp() / "typed"
    (data / "exchange").mkdir(parents=True, exist_ok=True)
    if not (data / "exchange" / "link").is_symlink():
        (data / "exchange" / "link").symlink_to("/")
    store = Store.__new__(Store)  # no database: only its folder is asked
    store.folder = data
    try:
        path = typed_path(store, "/".join(parts))
    except StoreError:
        return
    assert path.is_relative_to(allowed_folders(store)[0])


def rec(number: int, size: int) -> UploadedFileRec:
    return UploadedFileRec(f"id{number}", f"{number}.png", "image/png", bytes(size))


def test_a_tab_sends_no_more_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UNTAKEN_BYTES", 100)
    manager = MemoryUploadedFileManager("/upload")
    uploads.bound_uploads(manager)
    for number, size in enumerate((60, 50, 30)):
        manager.add_file("tab", rec(number, size))
    manager.add_file("other tab", rec(3, 90))
    files = manager.get_files("tab", ["id0", "id1", "id2"])
    assert [(file.name, len(file.data), uploads.is_held(file)) for file in files] == [
        ("0.png", 60, True), ("1.png", 0, False), ("2.png", 30, True),
    ]  # fmt: skip
    assert uploads.is_held(manager.get_files("other tab", ["id3"])[0])
    manager.remove_file("tab", "id0")
    manager.add_file("tab", rec(4, 60))
    assert uploads.is_held(manager.get_files("tab", ["id4"])[0]), "what was taken over gives its place back"


def test_the_bound_holds_the_largest_file_that_a_drop_zone_takes() -> None:
    config = (Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    limit_mb = int(config.split("maxUploadSize = ")[1].split()[0])
    assert limit_mb * 2**20 <= uploads.MAX_UNTAKEN_BYTES
    assert max(MAX_ARCHIVE_BYTES // 2**20, MOST_UPLOADED_MB, MAX_PICTURE_MB) <= limit_mb
