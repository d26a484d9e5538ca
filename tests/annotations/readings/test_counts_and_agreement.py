"""Counts, the gallery and agreement say what the store holds."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from annotations import readings
from annotations.model import Reading
from annotations.readings.counts_and_agreement import (
    SHOWS,
    agreement,
    cohens_kappa,
    counts,
    counts_before,
    gallery,
    gallery_size,
)
from annotations.readings.snapshots import read_pages, take_snapshot
from annotations.store import Store
from tests.support.stored_pictures import ABNORMAL, NORMAL, box, picture_rgb


def _fill(store: Store) -> list[int]:
    ids = [store.add_picture(picture_rgb(i), group=f"g_{i}", name=f"page {i}")[0].id for i in range(5)]
    for image_id, reading in zip(ids, (NORMAL, ABNORMAL, NORMAL, replace(NORMAL, label="unsure")), strict=False):
        readings.save(store, image_id, "Ada", reading, base_revision_id=None)
    store.hold_out(["g_2"])
    return ids


def test_counts_and_what_is_new_since_the_last_snapshot(store: Store) -> None:
    assert counts_before(store) is None
    ids = _fill(store)
    now = counts(store)
    assert (now.pictures, now.read, now.held_out) == (5, 4, 1)
    assert (now.detector_pages, now.detector_beats) == (2, 4)
    assert now.classifier == {"normal": 1, "abnormal": 1}
    assert now.classifier_groups == 2
    take_snapshot(store, "one", "Ada")
    readings.save(store, ids[4], "Ada", NORMAL, base_revision_id=None)
    before = counts_before(store)
    assert before is not None
    assert counts(store).detector_pages - before.detector_pages == 1


def test_pages_that_were_read_without_a_label_are_counted_and_found(store: Store) -> None:
    ids = _fill(store)
    readings.save(store, ids[4], "Ada", replace(NORMAL, label=None), base_revision_id=None)
    assert counts(store).no_label == 1
    assert [page.id for page in gallery(store, "no label")] == [ids[4]]
    assert ids[4] not in [page.id for page in gallery(store, "unread")]


def test_returned_pages_are_flagged(store: Store) -> None:
    ids = _fill(store)
    head = readings.head(store, ids[0])
    assert head is not None
    before = gallery_size(store, "flagged")
    readings.add_review(store, head.id, "Ben", "returned", "P waves")
    assert gallery_size(store, "flagged") == before + 1
    assert ids[0] in [page.id for page in gallery(store, "flagged")]


def test_counts_follow_the_rules_of_what_may_train(store: Store) -> None:
    labels = (None, "normal", "abnormal", "unsure")
    flags = (frozenset(), frozenset({"not an ECG"}), frozenset({"bad photo"}))
    for number, (label, complete, flag, rejected) in enumerate(product(labels, (True, False), flags, (True, False))):
        picture, _ = store.add_picture(picture_rgb(number), group=f"g{number % 7}")
        marked = replace(box("m", 30.0, "rejected" if rejected else "drawn"), label="abnormal")
        reading = Reading(label, (box("a"), marked), complete, flag)
        readings.save(store, picture.id, "Ada", reading, base_revision_id=None)
    store.hold_out(["g3"])
    pages = list(read_pages(store))
    boxed, labelled = ([p for p in pages if p.trains_detector], [p for p in pages if p.trains_classifier])
    found = counts(store)
    assert found.detector_pages == len(boxed)
    assert found.detector_beats == sum(len(p.revision.reading.beats) for p in boxed)
    assert sum(found.classifier.values()) == len(labelled)
    assert found.classifier_groups == len({p.picture.group_key for p in labelled})
    assert found.labelled_beats == sum(b.label is not None for p in labelled for b in p.revision.reading.beats)
    assert counts(store, take_snapshot(store, "one", "Ada").id) == found


def test_the_gallery_filters_searches_and_turns_pages(store: Store) -> None:
    ids = _fill(store)
    store.bin([ids[1]])
    shown = {show: [page.id for page in gallery(store, show)] for show in SHOWS}
    assert shown["all"] == [5, 4, 3, 1]
    assert shown["unread"] == [5]
    assert shown["normal"] == [3, 1] and shown["abnormal"] == [] and shown["unsure"] == [4]
    assert shown["all boxed"] == [4, 3, 1]
    assert shown["test set"] == [3] and shown["bin"] == [2] and shown["flagged"] == []
    assert all(gallery_size(store, show) == len(rows) for show, rows in shown.items())
    assert [page.id for page in gallery(store, "all", search="page 3")] == [4]
    assert [page.id for page in gallery(store, "all", search="g_2")] == [3]
    assert gallery(store, "all", search="%") == []
    assert [page.id for page in gallery(store, "all", first=1, size=2)] == [4, 3]
    assert gallery(store, "normal")[0].beats == 2


def test_agreement_of_doubly_read_pages(store: Store) -> None:
    ids = _fill(store)
    assert agreement(store).kappa is None
    moved = replace(NORMAL, boxes=(box("a", 11.0), box("c", 90.0)))  # one box of two agrees
    for image_id, reading in ((ids[0], moved), (ids[1], ABNORMAL), (ids[2], replace(NORMAL, label="abnormal"))):
        readings.save(store, image_id, "Ben", reading, base_revision_id=None, reader="Ben")
    found = agreement(store)
    assert (found.pages, found.box_pages) == (3, 2)
    assert found.same_label == pytest.approx(2 / 3)
    assert found.box_f1 == pytest.approx(2 * 3 / 8)
    expected = cohen_kappa_score(["normal", "abnormal", "normal"], ["normal", "abnormal", "abnormal"])
    assert found.kappa == pytest.approx(expected)


@given(st.lists(st.tuples(st.sampled_from("nau"), st.sampled_from("nau")), min_size=2, max_size=30))
def test_kappa_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    ours = cohens_kappa(pairs)
    if len({label for pair in pairs for label in pair}) == 1:
        assert ours is None
    else:
        assert ours == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))


def test_an_empty_reading_trains_nothing(store: Store) -> None:
    picture, _ = store.add_picture(picture_rgb(9))
    readings.save(store, picture.id, "Ada", Reading(), base_revision_id=None)
    assert counts(store).classifier == {"normal": 0, "abnormal": 0}
