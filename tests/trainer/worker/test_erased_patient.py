"""After a patient is erased, no file of the data folder names one of the pages, whatever a training does meanwhile."""

import json
import os
import signal
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from annotations.maintenance.backup import backup
from annotations.maintenance.check_and_erase import check, erase_group
from annotations.model import Picture
from annotations.patients.keys import group_in_files
from annotations.privacy.redaction import redact
from annotations.runs.run_events import events
from annotations.runs.training_runs import run_of
from annotations.store import Store
from ecgcore.bundle.manifest import read_manifest
from ecgcore.types import Box
from tests.support.stored_pictures import picture_rgb
from tests.support.training_store import IN_USE, add_page, held_lock, queue, use_tiny_bundle, wait_for_folds
from trainer import jobs
from trainer.jobs.results import out_of_fold, results
from trainer.registry import bundle, bundles_folder, trained_on_by
from trainer.registry.bundle_file import export_bundle
from trainer.runs.files import run_folder
from trainer.runs.results import ChangedPage
from trainer.worker import retrain

ERASED = "patient 1"


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes that a test starts compute with one thread."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


CHANGED = {"label": "normal", "candidate": "normal", "active": "refer"}


def page_of(store: Store, group: str) -> Picture:
    """The page of a patient who has one."""
    (row,) = store.rows("SELECT id FROM image WHERE group_key = ?", (group,))
    return store.picture(row["id"])


def signs_of(store: Store, group: str) -> list[bytes]:
    """What must be found nowhere afterwards: the key, its hashed name, and the picture's hash, which names its file."""
    digest = page_of(store, group).picture_hash
    return [text.encode() for text in (group, group_in_files(store)(group), digest)]


def left_in(store: Store, signs: Iterable[bytes]) -> list[str]:
    """As ``places``, of a data folder; closed before, since reading its database would end this process's locks."""
    store.close()
    return places(store.folder, signs)


def places(folder: Path, signs: Iterable[bytes]) -> list[str]:
    """Every file, by its name or content, that holds one of these; the database's log and free pages among them."""
    found = []
    for path in folder.rglob("*"):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes() if path.is_file() else b""
        found += [f"{name}: {sign.decode()}" for sign in signs if sign in name.encode() or sign in content]
    return sorted(found)


def left_by_earlier_versions(store: Store, page: Picture) -> None:
    """What an older program wrote of a page: in the model in use, in a log, a list, an event and a message."""
    use_tiny_bundle(store, "older", trained_on=[(page.picture_hash, page.group_key, ""), ("0" * 64, "patient 0", "")])
    folder = run_folder(store.folder, 1)
    (folder / "left_out.csv").write_text(f"file,reason\n{page.file},It cannot be opened.\n")
    (folder / ".summary.json.x1").write_text(json.dumps({"file": page.file}))
    with (folder / "log.txt").open("a") as log:
        log.write(f"left out {page.file}\n")
    comparison = json.loads((folder / "comparison.json").read_text())
    comparison["changed"] = [{"file": file, **CHANGED} for file in (page.file, "another")]
    (folder / "comparison.json").write_text(json.dumps(comparison))
    with store.writing() as connection:
        connection.execute("UPDATE train_run SET message = ?", (f"None can be used. {page.file}: damaged",))
        happened = json.dumps({"kind": "message", "message": f"left out {page.file}"})
        connection.execute("INSERT INTO run_event (run_id, at, event) VALUES (1, '2026', ?)", (happened,))


def test_a_finished_training_and_its_model_forget_an_erased_patient(finished: Store, tmp_path: Path) -> None:
    page, before = page_of(finished, ERASED), results(finished, 1)
    version = str(run_of(finished, 1).candidate_version)
    left_by_earlier_versions(finished, page)
    signs = signs_of(finished, ERASED)
    assert len(left_in(finished, signs)) > 12
    erase_group(finished, ERASED, "Ada")
    assert left_in(finished, signs) == []
    assert check(finished) == []

    after = results(finished, 1)
    assert after.summary == before.summary, "figures stay"
    assert len(out_of_fold(finished, 1)) == len(before.pages) - 1
    assert after.comparison is not None
    assert after.comparison.changed == (ChangedPage("another", **CHANGED),)
    facts = bundle(finished, version)
    assert (facts.pages, facts.erased_pages, len(read_manifest(facts.folder).seen)) == (9, 1, 8)
    for name in (version, "older"):  # the guard knows the others still, by hashed keys and by those of older models
        seen = trained_on_by(finished, bundle(finished, name))
        assert seen.has(group=group_in_files(finished)("patient 0"))
        assert not seen.has(page.picture_hash, group_in_files(finished)(ERASED))

    backup(finished, tmp_path / "all.zip")
    export_bundle(finished, version, tmp_path / "model.zip")
    for name in ("all.zip", "model.zip"):
        with zipfile.ZipFile(tmp_path / name) as archive:
            archive.extractall(tmp_path / name[:-4])
        assert places(tmp_path / name[:-4], signs) == []


def test_a_running_training_stops_forgets_and_can_be_resumed(prepared: Store) -> None:
    """Erased, then a page redacted, then erased and killed: a real process each time."""
    store = prepared
    for patient in (21, 23, 22):  # enough for two folds without those who are erased
        add_page(store, patient, 0)
    run = jobs.start(store, by="Ada", recipe="tiny", folds=2, device="cpu")
    wait_for_folds(store, run.id)
    signs = signs_of(store, ERASED)
    erase_group(store, ERASED, "Ada")
    ended = jobs.follow(store, run.id)
    assert (ended.state, "Resume" in ended.message) == ("interrupted", True), jobs.log_tail(store, run.id)
    assert left_in(store, signs) == []

    jobs.resume(store, run.id, by="Ben")
    wait_for_folds(store, run.id)
    page = page_of(store, "patient 2")
    assert [name for name in left_in(store, [page.picture_hash.encode()]) if name.startswith("cache/")]
    painted = redact(store, page.id, [Box(10, 10, 60, 40)], "Ada")
    assert jobs.follow(store, run.id).state == "interrupted", jobs.log_tail(store, run.id)
    of_old_page = left_in(store, [page.picture_hash.encode()])
    assert {name.split(":")[0] for name in of_old_page} <= {"ecg.db", "ecg.db-wal"}, "its hash alone is remembered"
    assert not list(store.folder.glob("runs/*/prepared.pages"))

    jobs.resume(store, run.id, by="Ben")
    pid = wait_for_folds(store, run.id)
    with store.writing():  # so that it is not stopped amid a transaction of its own, which nobody could end
        os.kill(pid, signal.SIGSTOP)
    signs += signs_of(store, "patient 3")
    erase_group(store, "patient 3", "Ada")
    os.kill(pid, signal.SIGKILL)
    assert jobs.follow(store, run.id).state == "interrupted"
    assert left_in(store, signs) == []

    jobs.resume(store, run.id, by="Ben")
    ended = jobs.follow(store, run.id)
    assert ended.state == "candidate", jobs.log_tail(store, run.id)
    inputs = (run_folder(store.folder, run.id) / "inputs.csv").read_text()
    assert (inputs.count("\n"), painted.picture_hash in inputs) == (10, True)
    assert left_in(store, signs) == []
    assert "Traceback" not in jobs.log_tail(store, run.id)


MOMENTS = ("take_snapshot", "save_pages", "compare_on_held_out")


@pytest.mark.parametrize("moment", MOMENTS)
def test_whenever_a_patient_is_erased_a_training_ends_with_a_next_step(
    prepared: Store, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """By another program, just after a part of the work is done."""
    signs, plain = signs_of(prepared, ERASED), getattr(retrain, moment)

    def then_erase(*args: Any, **options: Any) -> Any:
        done = plain(*args, **options)
        other = Store(prepared.folder)
        erase_group(other, ERASED, "Ben")
        other.close()
        return done

    run = queue(prepared, stages=("fusion",))
    monkeypatch.setattr(retrain, moment, then_erase)
    with held_lock(run_folder(prepared.folder, run.id)):
        assert not retrain.run_training(prepared, run.id)
    ended = run_of(prepared, run.id)
    assert (ended.state, "Resume: it begins again" in ended.message) == ("interrupted", True), ended.message
    assert left_in(prepared, signs) == []


def test_a_training_without_the_page_goes_on_and_inherits_nothing_of_it(
    prepared: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model in use has learnt from a page that no longer teaches; it is erased while its successor is trained."""
    page, _ = prepared.add_picture(picture_rgb(1), group="unread")
    use_tiny_bundle(prepared, "older", trained_on=[(page.picture_hash, "unread", ""), ("0" * 64, "patient 77", "")])
    signs, plain = signs_of(prepared, "unread"), retrain.fit_bundle

    def after_it_has_loaded_its_parent(*args: Any, **options: Any) -> Any:
        erase_group(prepared, "unread", "Ben")
        return plain(*args, **options)

    run = queue(prepared, stages=("fusion",), parent_version="older")
    monkeypatch.setattr(retrain, "fit_bundle", after_it_has_loaded_its_parent)
    with held_lock(run_folder(prepared.folder, run.id)):
        assert retrain.run_training(prepared, run.id), run_of(prepared, run.id).message
    assert left_in(prepared, signs) == []
    version = str(run_of(prepared, run.id).candidate_version)
    seen = {group for _, group, _ in read_manifest(bundles_folder(prepared.folder) / version).seen}
    assert group_in_files(prepared)("patient 77") in seen, "inherited from the older model, hashed"
    assert not any(group.startswith("patient ") for group in seen)


def test_a_run_that_waits_to_be_resumed_is_cleared_and_says_so(finished: Store) -> None:
    with finished.writing() as connection:
        connection.execute("UPDATE train_run SET state = 'interrupted'")
    version = run_of(finished, 1).candidate_version
    signs = signs_of(finished, ERASED)
    erase_group(finished, ERASED, "Ada")
    assert left_in(finished, signs) == []
    assert "Resume: it begins again" in run_of(finished, 1).message
    assert not (bundles_folder(finished.folder) / str(version)).exists()
    assert (bundles_folder(finished.folder) / IN_USE).exists()
    assert events(finished, 1)
