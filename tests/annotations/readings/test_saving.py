"""Drafts survive, revisions stay, and of two people who save one page nobody loses a box."""

import subprocess
import sys
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations import readings
from annotations.model import FLAGS, ORIGINS, LabelledBox, Picture, Provenance, Reading, SaveConflictError, StoreError
from annotations.readings.predictions import latest_prediction_id, proposals, record_prediction, uncertainty
from annotations.store import Store
from ecgcore.types import Box
from tests.support.stored_pictures import ABNORMAL, HEIGHT, NORMAL, WIDTH, box, picture_rgb, prediction


def test_what_is_saved_comes_back_to_the_bit(store: Store, page: Picture) -> None:
    prediction_id = record_prediction(store, page.id, prediction())
    first_box = next(iter(proposals(store, prediction_id)))
    reading = replace(ABNORMAL, boxes=(*ABNORMAL.boxes, box("p", 40.1, "accepted", first_box)))
    saved = readings.save(
        store, page.id, "Ada", reading, base_revision_id=None, provenance=Provenance(prediction_id, 12.5, 4)
    )
    again = readings.head(store, page.id)
    assert again == saved
    assert again.reading == reading
    assert (again.number, again.person, again.bundle_version) == (1, "Ada", "starter")
    assert (again.provenance, again.parent_id) == (Provenance(prediction_id, 12.5, 4), None)


coordinates = st.tuples(
    st.floats(0, WIDTH - 1), st.floats(0, HEIGHT - 1), st.floats(0.01, WIDTH), st.floats(0.01, HEIGHT)
).map(lambda v: Box(v[0], v[1], min(WIDTH, v[0] + v[2]), min(HEIGHT, v[1] + v[3])))
boxes = st.lists(
    st.builds(LabelledBox, st.uuids().map(str), coordinates, st.sampled_from([None, "normal", "abnormal"]),
              st.sampled_from(ORIGINS)),
    max_size=8,
).map(tuple)  # fmt: skip
any_reading = st.builds(
    Reading,
    st.sampled_from([None, "normal", "abnormal", "unsure"]),
    boxes,
    st.booleans(),
    st.frozensets(st.sampled_from(FLAGS)),
    st.text(max_size=40).filter(lambda text: "\x00" not in text and text.isprintable()),
)


@given(any_reading)
@settings(max_examples=40)
def test_any_reading_survives_as_draft_and_as_json(reading: Reading) -> None:
    assert readings.reading_from_json(readings.reading_to_json(reading)) == reading


def test_a_draft_waits_until_it_is_submitted(store: Store, page: Picture) -> None:
    readings.save_draft(store, page.id, "Ada", NORMAL, base_revision_id=None, provenance=Provenance(None, 3))
    readings.save_draft(store, page.id, "Ada", ABNORMAL, base_revision_id=None, provenance=Provenance(7, 5, 2))
    draft = readings.draft_of(store, page.id, "Ada")
    assert draft is not None
    assert (draft.reading, draft.provenance) == (ABNORMAL, Provenance(7, 5, 2))
    assert readings.draft_of(store, page.id, "Ben") is None
    assert readings.head(store, page.id) is None  # a draft is nobody's truth
    readings.save(store, page.id, "Ada", draft.reading, base_revision_id=draft.base_revision_id)
    assert readings.draft_of(store, page.id, "Ada") is None


def test_the_second_of_two_savers_is_told_and_keeps_the_draft(store: Store, page: Picture) -> None:
    readings.save_draft(store, page.id, "Ben", ABNORMAL, base_revision_id=None)
    won = readings.save(store, page.id, "Ada", NORMAL, base_revision_id=None)
    with pytest.raises(SaveConflictError, match="Ada saved this page") as conflict:
        readings.save(store, page.id, "Ben", ABNORMAL, base_revision_id=None)
    assert conflict.value.head_revision_id == won.id
    assert readings.head(store, page.id) == won
    draft = readings.draft_of(store, page.id, "Ben")
    assert draft is not None and draft.reading == ABNORMAL
    # Ben looks at both and takes his own: Ada's stays in the history.
    mine = readings.save(store, page.id, "Ben", ABNORMAL, base_revision_id=conflict.value.head_revision_id)
    assert [r.id for r in readings.history(store, page.id)] == [mine.id, won.id]
    assert mine.parent_id == won.id


def test_going_back_is_a_new_revision(store: Store, page: Picture) -> None:
    first = readings.save(store, page.id, "Ada", NORMAL, base_revision_id=None)
    second = readings.save(store, page.id, "Ben", ABNORMAL, base_revision_id=first.id)
    back = readings.restore_revision(store, first.id, "Ada", second.id)
    assert back.reading == first.reading
    assert (back.number, back.parent_id) == (3, second.id)
    assert len(readings.history(store, page.id)) == 3


def test_a_skip_says_nothing(store: Store, page: Picture) -> None:
    first = readings.save(store, page.id, "Ada", NORMAL, base_revision_id=None)
    readings.skip(store, page.id, "Ben", base_revision_id=None)
    assert readings.head(store, page.id) == first


def test_a_blind_second_reading_has_a_line_of_its_own(store: Store, page: Picture) -> None:
    shared = readings.save(store, page.id, "Ada", NORMAL, base_revision_id=None)
    blind = readings.save(store, page.id, "Ben", ABNORMAL, base_revision_id=None, reader="Ben")
    assert readings.head(store, page.id) == shared
    assert readings.head(store, page.id, "Ben") == blind
    assert len(readings.history(store, page.id, None)) == 2


def test_a_box_outside_its_picture_saves_nothing(store: Store, page: Picture) -> None:
    wide = replace(NORMAL, boxes=(*NORMAL.boxes, box("w", WIDTH - 5.0)))
    readings.save_draft(store, page.id, "Ada", wide, base_revision_id=None)
    with pytest.raises(StoreError, match="leaves its picture"):
        readings.save(store, page.id, "Ada", wide, base_revision_id=None)
    assert readings.history(store, page.id) == []
    assert readings.draft_of(store, page.id, "Ada") is not None


def test_reviews_accept_or_return_but_never_ones_own(store: Store, page: Picture) -> None:
    saved = readings.save(store, page.id, "Ada", NORMAL, base_revision_id=None)
    with pytest.raises(StoreError, match="own"):
        readings.add_review(store, saved.id, "Ada", "accepted")
    with pytest.raises(StoreError, match="note"):
        readings.add_review(store, saved.id, "Ben", "returned", "  ")
    readings.add_review(store, saved.id, "Ben", "returned", "V3 lacks a beat")
    readings.add_review(store, saved.id, "Ben", "accepted")
    assert [(r.verdict, r.note) for r in readings.reviews_of(store, page.id)] == [
        ("accepted", ""),
        ("returned", "V3 lacks a beat"),
    ]


def test_predictions_are_added_once_a_bundle_and_clamped(store: Store, page: Picture) -> None:
    first = record_prediction(store, page.id, prediction(0.7))
    assert record_prediction(store, page.id, prediction(0.7)) == first
    newer = record_prediction(
        store, page.id, prediction(0.2, bundle="next", beats=5)
    )  # the last box leaves the picture
    assert latest_prediction_id(store, page.id) == newer
    assert len(proposals(store, newer)) == 4


def test_uncertainty_is_least_where_all_agree_and_are_sure() -> None:
    sure, unsure, none = prediction(0.99), prediction(0.5), replace(prediction(), p_abnormal=None)
    quarrel = replace(prediction(0.9), p_local=0.1)
    assert uncertainty(sure) < uncertainty(prediction(0.9)) < uncertainty(unsure) < uncertainty(none)
    assert uncertainty(quarrel) > uncertainty(prediction(0.9))


def _save_often(folder: Path, person: str, image_ids: list[int], times: int) -> tuple[int, int]:
    store = Store(folder)
    saved = conflicts = 0
    for turn in range(times):
        image_id = image_ids[turn % len(image_ids)]
        seen = readings.head(store, image_id)
        try:
            readings.save(store, image_id, person, NORMAL, base_revision_id=None if seen is None else seen.id)
            saved += 1
        except SaveConflictError:
            conflicts += 1
    return saved, conflicts


def test_a_save_while_the_head_is_read_leaves_its_boxes_with_it(
    store: Store, page: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, read = readings.save(store, page.id, "Ada", NORMAL, base_revision_id=None), Store.rows

    def rows_then_a_save(*args: Any) -> list[dict[str, Any]]:
        found = read(*args)
        monkeypatch.undo()
        readings.save(store, page.id, "Ben", ABNORMAL, base_revision_id=first.id)
        return found

    monkeypatch.setattr(Store, "rows", rows_then_a_save)
    head = readings.head(store, page.id)
    assert head is not None and head.reading == NORMAL


def test_processes_that_save_the_same_pages_are_all_accounted_for(store: Store) -> None:
    pages = [store.add_picture(picture_rgb(i))[0].id for i in range(2)]
    jobs = [(store.folder, name, pages, 15) for name in ("Ada", "Ben", "Ada", "Ben")]
    with get_context("spawn").Pool(4) as pool:
        outcomes = pool.starmap(_save_often, jobs)
    assert sum(saved + conflicts for saved, conflicts in outcomes) == 60
    lines = [readings.history(store, image_id) for image_id in pages]
    assert sum(len(line) for line in lines) == sum(saved for saved, _ in outcomes)
    for line in lines:  # an unbroken chain, each with all of its boxes
        assert [r.parent_id for r in line] == [*(r.id for r in line[1:]), None]
        assert all(r.reading == NORMAL for r in line)


KILLED = """
import sys
from pathlib import Path
from annotations import readings
from annotations.store import Store
from tests.support.stored_pictures import NORMAL
store = Store(Path(sys.argv[1]))
head = None
while True:
    head = readings.save(store, 1, "Ada", NORMAL, base_revision_id=head).id
    print(head, flush=True)
"""


def test_a_killed_process_leaves_every_revision_that_it_reported_whole(store: Store, page: Picture) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(store.folder)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        reported = [int(writer.stdout.readline()) for _ in range(5)]
        writer.kill()
        reported += [int(line) for line in writer.stdout if line.endswith("\n")]
    line = readings.history(store, page.id)
    assert {r.id for r in line} >= set(reported)
    assert all(r.reading == NORMAL for r in line)
    assert readings.head(store, page.id) == line[0]
