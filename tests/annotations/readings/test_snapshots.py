"""A snapshot stays what it was, knows what may train, and tells what changed."""

from dataclasses import replace

import pytest

from annotations import readings
from annotations.model import Reading, StoreError
from annotations.readings.snapshots import Difference, difference, read_pages, snapshots, take_snapshot
from annotations.store import Store
from tests.support.stored_pictures import ABNORMAL, NORMAL, picture_rgb


def _pages(store: Store, n: int) -> list[int]:
    return [store.add_picture(picture_rgb(i), group=f"g{i}")[0].id for i in range(n)]


def test_a_snapshot_does_not_move_with_the_truth(store: Store) -> None:
    a, b, c = _pages(store, 3)
    first = readings.save(store, a, "Ada", NORMAL, base_revision_id=None)
    readings.save(store, b, "Ada", ABNORMAL, base_revision_id=None)
    snapshot = take_snapshot(store, "one", "Ada", "a note")
    assert (snapshot.pages, snapshot.note, len(snapshot.sha256)) == (2, "a note", 64)
    readings.save(store, a, "Ben", ABNORMAL, base_revision_id=first.id)
    readings.save(store, c, "Ben", NORMAL, base_revision_id=None)
    store.bin([b])
    assert [p.revision.reading for p in read_pages(store, snapshot.id)] == [NORMAL, ABNORMAL]
    assert [p.picture.id for p in read_pages(store)] == [a, c]
    newer = take_snapshot(store, "two", "Ada")
    assert newer.sha256 != snapshot.sha256
    assert [s.name for s in snapshots(store)] == ["two", "one"]
    assert difference(store, snapshot.id, newer.id) == Difference(added=(c,), removed=(b,), changed=(a,))
    assert difference(store, newer.id, None) == Difference((), (), ())
    assert difference(store, None, snapshot.id).added == (a, b)


def test_the_same_content_has_the_same_hash(store: Store) -> None:
    (a,) = _pages(store, 1)
    readings.save(store, a, "Ada", NORMAL, base_revision_id=None)
    assert take_snapshot(store, "one", "Ada").sha256 == take_snapshot(store, "two", "Ben").sha256


def test_what_may_train(store: Store) -> None:
    reading_of = {
        "both": NORMAL,
        "label only": ABNORMAL,
        "boxes only": replace(NORMAL, label="unsure"),
        "held out": NORMAL,
        "no ecg": replace(NORMAL, flags=frozenset({"not an ECG"})),
        "nothing": Reading(),
    }
    ids = _pages(store, len(reading_of))
    for image_id, reading in zip(ids, reading_of.values(), strict=True):
        readings.save(store, image_id, "Ada", reading, base_revision_id=None)
    store.hold_out(["g3"])
    pages = dict(zip(reading_of, read_pages(store), strict=True))
    assert [name for name, page in pages.items() if page.trains_classifier] == ["both", "label only"]
    assert [name for name, page in pages.items() if page.trains_detector] == ["both", "boxes only"]


def test_a_group_held_out_later_trains_from_no_old_snapshot(store: Store) -> None:
    (a,) = _pages(store, 1)
    readings.save(store, a, "Ada", NORMAL, base_revision_id=None)
    snapshot = take_snapshot(store, "one", "Ada")
    store.hold_out(["g0"])
    assert not next(read_pages(store, snapshot.id)).trains_classifier


def test_a_returned_reading_is_no_truth_until_it_is_accepted(store: Store) -> None:
    (a,) = _pages(store, 1)
    saved = readings.save(store, a, "Ada", NORMAL, base_revision_id=None)
    readings.add_review(store, saved.id, "Ben", "returned", "no")
    assert list(read_pages(store)) == []
    readings.add_review(store, saved.id, "Ben", "accepted")
    assert len(list(read_pages(store))) == 1


def test_names_are_needed_and_unique_and_so_are_readings(store: Store) -> None:
    with pytest.raises(StoreError, match="no page"):
        take_snapshot(store, "one", "Ada")
    (a,) = _pages(store, 1)
    readings.save(store, a, "Ada", NORMAL, base_revision_id=None)
    with pytest.raises(StoreError, match="needs a name"):
        take_snapshot(store, " ", "Ada")
    take_snapshot(store, "one", "Ada")
    with pytest.raises(StoreError, match="already"):
        take_snapshot(store, "one", "Ada")
