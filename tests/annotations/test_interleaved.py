"""Two people do something to the same page at once, at the moment that is worst: nothing is lost, or left behind."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from annotations.maintenance import backup as backups
from annotations.maintenance.backup import backup, restore
from annotations.maintenance.check_and_erase import check, erase_group
from annotations.model import StoreError
from annotations.pictures import file_intents
from annotations.pictures.file_intents import incoming
from annotations.pictures.insert import NewPicture, PictureFacts
from annotations.privacy import redaction
from annotations.privacy.redaction import redact
from annotations.store import Store
from ecgcore.page.decode.read import picture_hash
from ecgcore.types import Box
from tests.support.stored_pictures import picture_rgb

BOX = Box(10, 10, 60, 40)


@pytest.fixture
def two(store: Store) -> Store:
    """A store with two patients of one page each."""
    for number in (1, 2):
        store.add_picture(picture_rgb(number), group=f"p{number}")
    return store


@pytest.fixture
def other(two: Store) -> Store:
    """Another program at the same data folder."""
    return Store(two.folder)


def is_sound(store: Store) -> bool:
    """Whether nothing is damaged, no file lies there that no row names, and nothing is left to do."""
    left = store.rows("SELECT file FROM file_intent UNION ALL SELECT kind FROM mention")
    return check(store) == left == []


def once(patch: pytest.MonkeyPatch, owner: object, name: str, act: Callable[[], Any]) -> None:
    """Do something right before the next call of ``owner.name``."""
    plain, todo = getattr(owner, name), [act]

    def acting(*args: Any, **options: Any) -> Any:
        if todo:
            todo.pop()()
        return plain(*args, **options)

    patch.setattr(owner, name, acting)


def test_a_page_that_is_redacted_while_it_is_erased_leaves_no_picture(
    two: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    once(monkeypatch, two, "writing", lambda: redact(other, 1, [BOX], "Ben"))
    erase_group(two, "p1", "Ada")
    assert is_sound(two)


def test_a_page_that_is_added_while_its_patient_is_erased_goes_too(
    two: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    once(monkeypatch, two, "writing", lambda: other.add_picture(picture_rgb(3), group="p1"))
    assert erase_group(two, "p1", "Ada") == 2
    assert is_sound(two)


def test_two_who_erase_the_same_patient_do_it_once(two: Store, other: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    once(monkeypatch, two, "writing", lambda: erase_group(other, "p1", "Ben"))
    with pytest.raises(StoreError, match="No page belongs to this patient"):
        erase_group(two, "p1", "Ada")
    assert two.rows("SELECT person, pictures FROM erasure") == [{"person": "Ben", "pictures": 1}]


def test_a_page_that_is_erased_right_after_it_was_kept_was_kept(
    two: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = file_intents.finish_left

    def erased(store: Store) -> list[str]:
        monkeypatch.setattr(file_intents, "finish_left", plain)
        erase_group(other, "p3", "Ben")
        return plain(store)

    monkeypatch.setattr(file_intents, "finish_left", erased)
    picture, is_new = two.add_picture(picture_rgb(3), group="p3")
    assert (picture.group_key, is_new) == ("p3", True)
    assert two.rows("SELECT 1 FROM image WHERE group_key = 'p3'") == []
    assert is_sound(two)


def test_a_picture_that_two_take_in_and_neither_keeps_is_left_by_none(
    two: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(store: Store) -> None:
        with suppress(KeyError), incoming(store) as pictures:
            pictures.write("pictures/ab/same.png", b"x")
            raise KeyError

    once(monkeypatch, file_intents, "write_picture", lambda: fails(other))
    fails(two)
    assert is_sound(two)


def test_a_picture_that_goes_while_it_is_read_was_changed(
    two: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    once(monkeypatch, redaction, "picture_path", lambda: erase_group(other, "p1", "Ben"))
    with pytest.raises(StoreError, match="changed this picture meanwhile"):
        redact(two, 1, [BOX], "Ada")


@pytest.mark.parametrize("name", ["_pictures_of", "backed_up_files", "_pack", "json.dumps"])
@pytest.mark.parametrize(
    "act",
    [
        lambda store: erase_group(store, "p1", "Ben"),
        lambda store: redact(store, 1, [BOX], "Ben"),
        lambda store: store.add_picture(picture_rgb(3), group="p3"),
    ],
    ids=["erased", "redacted", "added"],
)
def test_a_backup_is_whole_and_holds_nothing_that_went_before_it_was_done(
    two: Store, other: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[Store], Any]
) -> None:
    owner, _, name = name.rpartition(".")
    once(monkeypatch, getattr(backups, owner) if owner else backups, name, lambda: act(other))
    backup(two, tmp_path / "all.zip")
    restore(tmp_path / "all.zip", tmp_path / "again")
    again = Store(tmp_path / "again")
    assert is_sound(again)
    hashes = {row["picture_hash"] for row in again.rows("SELECT picture_hash FROM image")}
    assert hashes <= {row["picture_hash"] for row in two.rows("SELECT picture_hash FROM image")}
    assert {path.name for path in tmp_path.iterdir()} == {"data", "all.zip", "again"}


def test_a_picture_that_is_redacted_while_it_is_taken_in_does_not_come_back(two: Store, other: Store) -> None:
    photo_rgb = picture_rgb(3)
    with incoming(two) as pictures:
        new = NewPicture.of(pictures, photo_rgb, picture_hash(photo_rgb), None, PictureFacts(source=""))
        page, _ = other.add_picture(photo_rgb)
        redact(other, page.id, [BOX], "Ben")
        with two.writing() as connection:
            assert new.insert(connection, two.folder, "2026-11-28T00:00:00+00:00") is None
    assert not (two.folder / new.file).exists(), "what was painted over came back"
    assert is_sound(two)
