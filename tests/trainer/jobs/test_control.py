"""Trainings by real processes: one goes through undisturbed, one is killed, starved and stopped, and ends the same."""

import csv
import json
import os
import resource
import shutil
import signal
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from annotations.patients.keys import group_in_files
from annotations.readings.snapshots import snapshots
from annotations.runs.run_events import add_events, events
from annotations.runs.training_runs import RunBusyError, move_run, run_of
from annotations.store import Store
from ecgcore.errors import EcgError
from tests.support.queued_runs import IN_USE, queue, queue_in
from tests.support.training_store import HELD_OUT, held_lock, wait_for_folds
from trainer import jobs, registry
from trainer.jobs.plan import estimate, make_plan
from trainer.jobs.results import curves, out_of_fold, reliability, results
from trainer.registry.activation import activate
from trainer.runs.files import run_folder


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes that a test starts compute with one thread."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def test_a_training_leaves_all_that_its_reader_needs(finished: Store) -> None:
    run = run_of(finished, 1)
    folder = run_folder(finished.folder, 1)
    assert (run.state, run.parent_version, run.person) == ("candidate", IN_USE, "Ada")
    assert [snapshot.id for snapshot in snapshots(finished)] == [run.snapshot_id]
    found = results(finished, 1)
    assert found.summary is not None
    assert found.comparison is not None
    assert len(found.summary.folds) == 2
    assert set(found.summary.pooled) == {"detector", "local", "global", "waveform", "fused"}
    assert found.comparison.pages_from == "held-out"
    assert (found.comparison.active, found.comparison.candidate) == (IN_USE, run.candidate_version)
    assert found.comparison.verdict == "unknown"
    assert "1 patient" in (found.comparison.because or "")
    trained_on = {row[1] for row in json.loads((folder / "fold-0" / "bundle" / "bundle.json").read_text())["seen"]}
    assert not trained_on & set(map(group_in_files(finished), HELD_OUT))
    assert not any("patient" in group for group in trained_on), "keys of patients are hashed"
    told = json.loads((folder / "environment.json").read_text())
    assert told[0]["libraries"]["torch"]
    assert (folder / "inputs.csv").read_text().count("\n") == 9
    assert not (folder / "prepared.pages").exists()
    log = jobs.log_tail(finished, 1)
    assert "fold 0 global epoch 1/1 train_loss" in log
    assert "Traceback" not in log


def test_its_answers_come_from_networks_that_had_not_seen_the_patient(finished: Store) -> None:
    pages = out_of_fold(finished, 1)
    assert len(pages) == 8
    assert [page.distance for page in pages] == sorted((page.distance for page in pages), reverse=True)
    for page in pages:
        assert page.image_id is not None
        key = finished.picture(page.image_id).group_key
        assert page.group == group_in_files(finished)(key)
        manifest = run_folder(finished.folder, 1) / f"fold-{page.fold}" / "bundle" / "bundle.json"
        assert page.group not in {row[1] for row in json.loads(manifest.read_text())["seen"]}
        assert finished.row("SELECT fold FROM page_group WHERE key = ?", (key,))["fold"] % 2 == page.fold
    assert sum(part["pages"] for part in reliability(pages)) == len([p for p in pages if p.p_abnormal is not None])


def test_what_happened_can_be_followed(finished: Store) -> None:
    happened = [event.event for event in events(finished, 1)]
    states = [event["state"] for event in happened if event["kind"] == "state"]
    assert states == ["queued", "snapshotting", "running", "evaluating", "candidate"]
    assert {epoch.stage for epoch in curves(finished, 1)} >= {"detector", "local", "global", "fusion", "fusion-joint"}
    assert {(epoch.part, epoch.fold) for epoch in curves(finished, 1)} == {("folds", 0), ("folds", 1), ("final", None)}
    assert [e["fold"] for e in happened if e["kind"] == "fold"] == [0, 1]
    seen = jobs.status(finished)
    assert seen is not None
    assert not seen.is_alive
    assert 0.9 < seen.progress.share <= 1


def test_the_next_estimate_rests_on_what_was_measured(finished: Store, prepared_folder: Path, tmp_path: Path) -> None:
    typical = Store(Path(shutil.copytree(prepared_folder, tmp_path / "untrained")))
    assert estimate(typical, make_plan(typical, recipe="tiny", folds=2)).source == "typical"
    plan = make_plan(finished, recipe="tiny", folds=2)
    assert estimate(finished, plan, "cuda").source == "typical"
    takes = estimate(finished, plan, "cpu")
    assert takes.source == "measured"
    is_cpu = not Path("/dev/nvidiactl").exists()
    assert (estimate(finished, plan, "auto").source == "measured") == is_cpu
    assert 0 < takes.low < takes.likely < takes.high
    around = takes.before + takes.beside * len(takes.trainings) + takes.after
    assert takes.likely == pytest.approx(sum(takes.stages.values()) + around)


def test_whatever_breaks_a_training_off_it_goes_on_and_ends_the_same(
    prepared: Store, finished_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed, without disk, without memory, stopped: each time a state, a message, and nothing lost."""
    store = prepared
    run = jobs.start(store, by="Ada", recipe="tiny", folds=2, device="cpu")
    with pytest.raises(RunBusyError, match="Ada started run 1"):
        jobs.start(store, by="Ben", recipe="tiny", folds=2, device="cpu")

    os.kill(wait_for_folds(store, run.id), signal.SIGKILL)
    ended = jobs.follow(store, run.id)
    assert ended.state == "interrupted"
    assert "killed" in ended.message

    jobs.resume(store, run.id, by="Ben")
    resource.prlimit(wait_for_folds(store, run.id), resource.RLIMIT_FSIZE, (450_000, 450_000))
    ended = jobs.follow(store, run.id)
    assert ended.state == "failed", ended.message
    assert "disk is full" in ended.message

    jobs.resume(store, run.id, by="Ben")
    resource.prlimit(wait_for_folds(store, run.id), resource.RLIMIT_AS, (2**30, 2**30))
    ended = jobs.follow(store, run.id)
    assert (ended.state, "memory" in ended.message) in {("failed", True), ("interrupted", True)}, ended.message

    monkeypatch.setattr("trainer.jobs.control.STOP_GRACE_S", 0.0)  # so that the signal follows at once
    jobs.resume(store, run.id, by="Ben")
    wait_for_folds(store, run.id)
    assert jobs.stop(store, run.id, by="Ben")
    ended = jobs.follow(store, run.id)
    assert ended.state == "cancelled", ended.message

    jobs.resume(store, run.id, by="Ben")
    ended = jobs.follow(store, run.id)
    assert ended.state == "candidate", jobs.log_tail(store, run.id)
    undisturbed = run_folder(finished_folder, 1)
    with (
        (undisturbed / "predictions.csv").open() as one,
        (run_folder(store.folder, 1) / "predictions.csv").open() as two,
    ):
        assert list(csv.reader(one)) == list(csv.reader(two))
    for name in ("global", "local", "fusion", "detector"):
        weights = Path("bundles") / str(ended.candidate_version) / f"{name}.safetensors"
        assert (store.folder / weights).read_bytes() == (finished_folder / weights).read_bytes(), name


def test_a_run_whose_process_never_came_up_is_interrupted(prepared: Store) -> None:
    run = queue(prepared)
    with held_lock(run_folder(prepared.folder, run.id)):
        assert jobs.status(prepared, run.id).run.state == "queued"  # type: ignore[union-attr]
    seen = jobs.status(prepared, run.id)
    assert seen is not None
    assert (seen.run.state, seen.is_alive) == ("interrupted", False)
    assert "without a word" in seen.run.message
    assert [event.event.get("state") for event in events(prepared, run.id)] == ["queued", "interrupted"]


def test_an_interrupted_run_says_when_it_was_last_heard_of(prepared: Store) -> None:
    run = queue(prepared)
    add_events(prepared, run.id, [{"kind": "epoch", "stage": "local"}])
    at = "2026-03-04T05:06:07.000+00:00"
    prepared.db.conn.execute("UPDATE train_run SET heartbeat_at = ? WHERE id = ?", (at, run.id))
    seen = jobs.status(prepared, run.id)
    assert seen is not None
    heard = datetime.fromisoformat(at).astimezone()
    assert f"without a word after {heard:%H:%M} on {heard.day} Mar 2026" in seen.run.message


def test_of_several_starts_at_once_one_wins(prepared: Store) -> None:
    with get_context("spawn").Pool(3) as pool:
        answers = sorted(pool.map(queue_in, [prepared.folder] * 3))
    assert answers[0] == "1"
    assert all("Ada started run 1 (tiny)" in answer for answer in answers[1:])


def test_a_clock_that_is_set_back_changes_nothing(prepared: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run = queue(prepared)
    with held_lock(run_folder(prepared.folder, run.id)):
        move_run(prepared, run.id, "running")
        for module in ("training_runs", "run_events"):
            monkeypatch.setattr(f"annotations.runs.{module}.now", lambda: "1999-12-31T23:59:59.000+00:00")
        move_run(prepared, run.id, "evaluating")
        seen = jobs.status(prepared)
        assert seen is not None
        assert (seen.run.state, seen.is_alive) == ("evaluating", True)
        move_run(prepared, run.id, "failed", message="a test")
    assert [event.event["state"] for event in events(prepared, run.id)] == ["queued", "running", "evaluating", "failed"]


@pytest.mark.parametrize("state", ["candidate", "active", "rejected"])
def test_a_run_that_is_over_does_not_go_on(prepared: Store, state: Any) -> None:
    run = queue(prepared)
    move_run(prepared, run.id, state)
    with pytest.raises(EcgError, match=f"is {state}"):
        jobs.resume(prepared, run.id, by="Ada")
    assert not jobs.stop(prepared, run.id, by="Ada")


def test_the_candidate_answers_once_a_person_says_so(finished: Store) -> None:
    version = run_of(finished, 1).candidate_version
    assert version is not None
    activate(finished, version, "Ben", "knows our layout", is_confirmed=True)
    assert registry.active(finished).folder.name == version
    assert run_of(finished, 1).state == "active"
    line = [facts.version for facts in registry.lineage_of(finished, version)]
    assert line == [version, IN_USE]
