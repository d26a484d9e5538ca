"""The work of a training, in this process: hard data, harmed files, a busy database."""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from annotations import readings
from annotations.patients.keys import group_in_files
from annotations.readings.snapshots import read_pages
from annotations.runs.run_events import events
from annotations.runs.training_runs import TrainingRun, move_run, run_of
from annotations.store import Store
from ecgcore.errors import StageCancelledError
from tests.support.tiny import TINY_OPERATING_POINT, save_tiny_bundle
from tests.support.training_store import HELD_OUT, IN_USE, add_page, queue, work
from trainer.jobs.results import out_of_fold, results
from trainer.progress import ProgressEvent
from trainer.registry import bundles_folder
from trainer.registry.activation import activate
from trainer.runs.files import run_folder
from trainer.stages import classifiers
from trainer.worker.forecast import Forecast
from trainer.worker.recorder import Recorder
from trainer.worker.retrain import run_training


def go_on(store: Store, run_id: int) -> TrainingRun:
    """Let a run that broke off go on here."""
    assert move_run(store, run_id, "queued", of=("interrupted", "failed", "cancelled"))
    run_training(store, run_id)
    return run_of(store, run_id)


def messages(store: Store, run_id: int) -> str:
    return "\n".join(str(event.event.get("message", "")) for event in events(store, run_id))


def test_pages_that_are_hard_to_learn_from(prepared: Store) -> None:
    """A broken picture, a patient with half of the pages, a page with boxes and no label, and nobody held out."""
    store = prepared
    with store.writing() as connection:  # as if those two had never been held out
        connection.execute("DROP TRIGGER a_holdout_stays")
        connection.execute("UPDATE page_group SET is_holdout = 0")
    for number in range(1, 6):
        add_page(store, 3, number)
    only_boxed = add_page(store, 6, 1)
    head = next(page.revision for page in read_pages(store) if page.picture.id == only_boxed)
    unsure = replace(head.reading, label="unsure")
    readings.save(store, only_boxed, "Ada", unsure, base_revision_id=head.id)
    broken = store.picture_path(store.picture(4))
    broken.write_bytes(broken.read_bytes()[:200])

    run = work(store)
    assert run.state == "candidate", run.message
    found = results(store, run.id)
    assert list(found.left_out) == [store.picture(4).file]
    assert "left out" in messages(store, run.id)
    assert len(found.pages) == 14
    assert only_boxed not in {page.image_id for page in found.pages}
    many = group_in_files(store)("patient 3")
    assert len({page.fold for page in found.pages if page.group == many}) == 1
    assert found.summary is not None
    assert found.summary.pooled["detector"]["recall"]["value"] is not None
    assert found.comparison is not None
    assert (found.comparison.pages_from, found.comparison.pages) == ("folds", 15)


def test_no_beat_anywhere_is_said(prepared: Store) -> None:
    blind = bundles_folder(prepared.folder) / IN_USE
    shutil.rmtree(blind)
    save_tiny_bundle(blind, replace(TINY_OPERATING_POINT, min_score=1.0), version=IN_USE)
    run = work(prepared, stages=("local", "global", "fusion"))
    assert run.state == "failed"
    assert run.message.startswith("Fold 1 of 2: The beat detector found no beat on any of the ")
    assert "stages local and fusion" in run.message
    assert "Box all beats of some of these pages" in run.message


def test_stages_that_stay_come_from_a_bundle_that_has_not_seen_the_fold(prepared: Store) -> None:
    """Only the head is trained; the bundle in use has seen one page, and its fold finds no clean one to keep."""
    first = work(prepared, stages=("fusion",))
    assert first.state == "candidate", first.message
    seen = {path: path.stat().st_mtime_ns for path in (prepared.folder / "cache" / "seen").rglob("*.safetensors")}
    assert [sum(word in path.as_posix() for path in seen) for word in ("/beats-", "-still-")] == [8, 8]
    second = work(prepared, stages=("fusion",))
    assert {path: path.stat().st_mtime_ns for path in seen} == seen, "nothing was looked at again"
    answers = [run_folder(prepared.folder, run.id) / "predictions.csv" for run in (first, second)]
    assert answers[0].read_text() == answers[1].read_text()
    manifest = bundles_folder(prepared.folder) / IN_USE / "bundle.json"
    seen = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(seen | {"seen": [["", "patient 0", ""]]}))
    run = work(prepared, stages=("fusion",))
    assert run.state == "failed"
    assert "cannot stay as it is" in run.message


def test_a_loss_that_is_not_finite_fails_the_run_and_keeps_what_was_finished(
    prepared: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound: Callable[..., torch.Tensor] = classifiers.binary_loss
    monkeypatch.setattr(classifiers, "binary_loss", lambda *args: sound(*args) * float("nan"))
    run = work(prepared)
    assert run.state == "failed"
    assert "The loss of stage local became nan in epoch 1" in run.message
    assert (run_folder(prepared.folder, run.id) / "fold-0" / "detector.checkpoint.safetensors").exists()


def test_files_that_a_power_cut_harmed_are_made_again(finished: Store) -> None:
    folder = run_folder(finished.folder, 1)
    before = (folder / "predictions.csv").read_text()
    untouched = (folder / "fold-0" / "fold.json").stat().st_mtime_ns
    with finished.writing() as connection:
        connection.execute("UPDATE train_run SET state = 'interrupted'")
    harmed = folder / "fold-1" / "predictions.csv"
    harmed.write_bytes(harmed.read_bytes()[:150])
    (folder / "progress.json").write_text('{"seconds": ')
    (folder / "summary.json").write_bytes(b"\0" * 100)
    (folder / "prepared.pages").write_bytes(b"\0" * 100)
    (folder / "comparison.json").unlink()
    run = go_on(finished, 1)
    assert run.state == "candidate", run.message
    assert "prepared.pages is damaged" in messages(finished, 1)
    assert "finished before" in messages(finished, 1)
    assert (folder / "fold-0" / "fold.json").stat().st_mtime_ns == untouched
    assert (folder / "predictions.csv").read_text() == before
    assert results(finished, 1).comparison is not None


def test_a_patient_held_out_meanwhile_never_trains(finished: Store) -> None:
    with finished.writing() as connection:
        connection.execute("UPDATE train_run SET state = 'interrupted'")
    finished.hold_out(["patient 0"])
    run = go_on(finished, 1)
    assert run.state == "failed"
    assert "another inputs_sha256" in run.message


def test_an_imported_bundle_is_compared_before_it_may_answer(prepared: Store) -> None:
    save_tiny_bundle(bundles_folder(prepared.folder) / "theirs", version="theirs")
    run = work(prepared, kind="compare", stages=(), candidate_version="theirs")
    assert run.state == "candidate", run.message
    comparison = results(prepared, run.id).comparison
    assert comparison is not None
    assert comparison.pages == len(HELD_OUT)
    assert comparison.differences["auroc"]["value"] == 0
    assert comparison.decisions["candidate"] == comparison.decisions["active"]
    assert sum(comparison.decisions["candidate"].values()) == len(HELD_OUT)
    assert not comparison.changed
    assert not out_of_fold(prepared, run.id)
    activate(prepared, "theirs", "Ada", "the same networks", is_confirmed=True)
    assert run_of(prepared, run.id).state == "active"


def test_progress_outlives_a_busy_database(prepared: Store) -> None:
    """Another program holds the write lock: steps go on, and what happened is written down later."""
    run = queue(prepared)
    move_run(prepared, run.id, "running")
    recorder = Recorder(prepared, run.id, run_folder(prepared.folder, run.id), Forecast([{}] * 3))
    prepared.db.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(prepared.database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for epoch in (1, 2):
        recorder.report("folds", ProgressEvent(fold=0, stage="global", epoch=epoch, epochs=2, train_loss=float("nan")))
    assert [event.event["kind"] for event in events(prepared, run.id)] == ["state", "state"]
    other.execute("ROLLBACK")
    recorder.finish("failed", "a test")
    told = [event.event for event in events(prepared, run.id)][2:]
    assert [(event["kind"], event.get("epoch")) for event in told] == [("epoch", 1), ("epoch", 2), ("state", None)]
    assert told[0]["train_loss"] is None


def test_a_stop_is_heard_between_steps(prepared: Store) -> None:
    run = queue(prepared)
    recorder = Recorder(prepared, run.id, run_folder(prepared.folder, run.id), Forecast([{}] * 3))
    recorder.report("prepare", ProgressEvent(stage="prepare pages", step=1, steps=9))
    with prepared.writing() as connection:
        connection.execute("UPDATE train_run SET stop_requested = 1")
    deadline = time.monotonic() + 30
    with pytest.raises(StageCancelledError):
        while time.monotonic() < deadline:
            recorder.report("prepare", ProgressEvent(stage="prepare pages", step=2, steps=9))


def test_the_share_that_is_done_only_grows(prepared: Store) -> None:
    run = queue(prepared)
    folder: Path = run_folder(prepared.folder, run.id)
    recorder = Recorder(prepared, run.id, folder, Forecast([{"detector": 3.0, "local": 1.0}] * 3, before_s=1.0))
    steps = [
        ("prepare", ProgressEvent(stage="prepare pages")),
        ("folds", ProgressEvent(fold=0, stage="detector", epoch=1, epochs=2, step=1, steps=2)),
        ("folds", ProgressEvent(fold=0, stage="local", epoch=1, epochs=1, step=1, steps=2)),
        ("folds", ProgressEvent(fold=0, stage="looking")),
        ("folds", ProgressEvent(fold=1, stage="detector", epoch=1, epochs=2, step=1, steps=2)),
        ("final", ProgressEvent(stage="fusion", epoch=1, epochs=1, step=1, steps=2)),
        ("comparison", ProgressEvent(stage="comparison")),
    ]
    shares = []
    for part, event in steps:
        recorder.report(part, replace(event, message="so that it is written"))
        shares.append(json.loads((folder / "progress.json").read_text())["share"])
    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert shares[-1] == 1
