"""What a training would learn from: counted, divided into folds that never move, and refused with a reason."""

from dataclasses import replace
from pathlib import Path

import pytest

from annotations import readings
from annotations.model import Reading
from annotations.patients.keys import group_in_files
from annotations.readings.snapshots import take_snapshot
from annotations.runs.group_folds import folds_of_groups
from annotations.runs.training_runs import RunSettings, add_run, move_run, note_snapshot
from annotations.store import Store
from ecgcore.bundle.manifest import read_manifest, starter_folder
from ecgcore.errors import DataError, EcgError
from tests.support.stored_pictures import ABNORMAL, NORMAL, picture_rgb
from trainer import jobs
from trainer.data.store_pages import find_snapshot, fix_folds_for, folds_for, pages_of_store
from trainer.jobs.plan import PageCounts, estimate, make_plan


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "data")
    store.add_person("Ada")
    return store


def read(store: Store, group: str, reading: Reading, pages: int = 1) -> list[int]:
    """Pages of one patient, all read the same."""
    taken = store.row("SELECT count(*) AS n FROM image")
    assert taken is not None
    ids = []
    for number in range(pages):
        picture, _ = store.add_picture(picture_rgb(taken["n"] + number), group=group)
        readings.save(store, picture.id, "Ada", reading, base_revision_id=None)
        ids.append(picture.id)
    return ids


def fill(store: Store, normal: int, abnormal: int) -> None:
    """So many patients of each kind, a page each; normal pages are boxed."""
    for patient in range(normal):
        read(store, f"n{patient}", NORMAL)
    for patient in range(abnormal):
        read(store, f"a{patient}", ABNORMAL)


def test_what_a_training_would_use(store: Store) -> None:
    fill(store, 6, 7)
    read(store, "boxes only", replace(NORMAL, label="unsure"))
    read(store, "unsure", replace(ABNORMAL, label="unsure"))
    read(store, "no ecg", replace(NORMAL, flags=frozenset({"not an ECG"})))
    read(store, "empty", Reading())
    read(store, "out", NORMAL, pages=2)
    store.hold_out(["out"])
    plan = make_plan(store)
    assert plan.train == PageCounts(pages=14, normal=6, abnormal=7, boxed=7, beats=14, groups=14)
    assert plan.held_out == PageCounts(pages=2, normal=2, abnormal=0, boxed=2, beats=4, groups=1)
    assert plan.skipped == {"labelled unsure": 1, "flagged as no ECG": 1, "neither labelled nor all beats boxed": 1}
    assert [sum(getattr(fold, name) for fold in plan.folds_of) for name in ("normal", "abnormal")] == [6, 7]
    assert all(fold.normal and fold.abnormal for fold in plan.folds_of)
    assert not plan.problems
    assert plan.new_pages is None
    takes = estimate(store, plan)
    assert takes.source == "typical"
    assert takes.high > 5 * takes.low > 0
    fewer = estimate(store, make_plan(store, stages=("fusion",)))
    assert set(fewer.stages) == {"fusion", "looking"}
    assert fewer.likely < takes.likely


def test_a_group_keeps_its_fold_and_new_ones_fill_up(store: Store) -> None:
    fill(store, 6, 6)
    fix_folds_for(store, pages_of_store(store).train)
    before = folds_of_groups(store)
    assert set(before.values()) == set(range(5))
    for patient in range(6, 16):
        read(store, f"n{patient}", NORMAL)
        read(store, f"a{patient}", ABNORMAL)
    items = pages_of_store(store).train
    after = folds_for(store, items, 5)
    name = group_in_files(store)
    assert {group: after[name(group)] for group in before} == before
    counts = [
        [sum(after[i.group] == fold and i.label == label for i in items) for fold in range(5)] for label in (0, 1)
    ]
    assert all(max(row) - min(row) <= 1 for row in counts), counts
    assert folds_of_groups(store) == before, "a plan writes nothing"
    two = folds_for(store, items, 2)
    assert all(two[group] == fold % 2 for group, fold in after.items())


def test_a_class_of_three_pages_trains_and_says_how_little_that_means(store: Store) -> None:
    fill(store, 3, 12)
    plan = make_plan(store)
    assert not plan.problems
    assert any("Only 3 pages are labelled normal" in note for note in plan.notes)
    assert any("no normal page; only the pooled figures count" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("normal", "abnormal", "message"),
    [
        (0, 0, "Nobody has read a page"),
        (0, 4, "No page is labelled normal"),
        (2, 8, "normal pages come from 2 patient"),
        (8, 1, "abnormal pages come from 1 patient"),
    ],
)
def test_too_few_patients_are_refused_before_anything_starts(
    store: Store, normal: int, abnormal: int, message: str
) -> None:
    fill(store, normal, abnormal)
    with pytest.raises(DataError, match=message):
        jobs.start(store, by="Ada")
    assert jobs.status(store) is None


def test_folds_that_no_bundle_is_clean_for_are_named(store: Store) -> None:
    fill(store, 6, 6)
    assert make_plan(store).fresh_folds == ()
    _, group, _ = next(row for row in read_manifest(starter_folder()).seen if row[1])
    read(store, group, NORMAL)
    (number,) = make_plan(store).fresh_folds
    assert folds_for(store, pages_of_store(store).train, 5)[group_in_files(store)(group)] == number - 1


def test_one_patient_with_half_of_the_pages_stays_together(store: Store) -> None:
    fill(store, 6, 6)
    read(store, "large", ABNORMAL, pages=12)
    plan = make_plan(store)
    assert not plan.problems
    assert any("One patient has 50% of the pages" in note for note in plan.notes)
    assert max(fold.abnormal for fold in plan.folds_of) >= 12
    assert all(fold.normal for fold in plan.folds_of)


def test_what_is_new_since_the_last_training(store: Store) -> None:
    fill(store, 6, 6)
    run = add_run(store, RunSettings("tiny", device="cpu"), kind="retrain", person="Ada", parent_version="x")
    note_snapshot(store, run.id, take_snapshot(store, "first", "Ada").id)
    move_run(store, run.id, "candidate")
    read(store, "later", NORMAL, pages=29)
    assert (make_plan(store).new_pages, make_plan(store).is_suggested) == (29, False)
    read(store, "latest", NORMAL)
    assert make_plan(store).is_suggested


def test_a_snapshot_is_found_by_number_and_name(store: Store) -> None:
    read(store, "a", NORMAL)
    snapshot = take_snapshot(store, "spring", "Ada")
    assert find_snapshot(store, "spring") == find_snapshot(store, str(snapshot.id)) == snapshot
    with pytest.raises(EcgError, match="no snapshot autumn"):
        find_snapshot(store, "autumn")
    store.bin([1])
    assert pages_of_store(store, snapshot.id).skipped == {"in the bin": 1}
