"""A run's folder is whole after a crash, and is never mixed with another run."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from ecgcore.errors import DataError
from ecgcore.output import files
from trainer.atomic_files import write_json_atomic, write_text_atomic
from trainer.data.page import BeatLabels, PageItem, PreparedPage
from trainer.named_recipes import recipe_named
from trainer.runs import folder
from trainer.runs.files import locked
from trainer.runs.folder import PagePrediction, RunFolder, inputs_table, open_run, read_predictions, write_predictions

CONFIG = {"recipe": recipe_named("tiny").to_json(), "seed": 0}


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "summary.json"
    write_text_atomic(path, "old")

    def fail(handle: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_text_atomic(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["summary.json"]


def test_json_without_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json_atomic(tmp_path / "a.json", {"value": math.nan})
    assert not list(tmp_path.iterdir())


def test_only_the_same_run_is_resumed(tmp_path: Path) -> None:
    first = open_run(tmp_path / "run", CONFIG, "file\na\n", resume=False)
    assert open_run(tmp_path / "run", CONFIG, "file\na\n", resume=True) == first
    with pytest.raises(DataError, match="not an empty folder"):
        open_run(tmp_path / "run", CONFIG, "file\na\n", resume=False)
    with pytest.raises(DataError, match="another seed"):
        open_run(tmp_path / "run", CONFIG | {"seed": 1}, "file\na\n", resume=True)
    with pytest.raises(DataError, match="another inputs_sha256"):
        open_run(tmp_path / "run", CONFIG, "file\nb\n", resume=True)
    assert (tmp_path / "run" / "inputs.csv").read_text() == "file\na\n"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").touch()
    with pytest.raises(DataError, match="not an empty folder"):
        open_run(tmp_path / "other", CONFIG, "", resume=True)


def test_resume_starts_a_run_that_never_began(tmp_path: Path) -> None:
    with locked(tmp_path / "run"):
        run = open_run(tmp_path / "run", CONFIG, "file\n", resume=True)
    assert json.loads((run.path / "config.json").read_text())["inputs_sha256"] == run.inputs_sha256
    assert not run.finished(0)


def test_tasks_that_open_a_run_at_once_both_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one writes the run's files, and is not done, when the other looks whether the folder is empty."""
    has_begun, may_go_on, write = Event(), Event(), folder.write_json_atomic

    def write_slowly(path: Path, value: Any) -> None:
        if not has_begun.is_set():
            (path.parent / f".{path.name}.half").touch()
            (path.parent / "inputs.csv").write_text("half")
            has_begun.set()
            assert may_go_on.wait(10)
        write(path, value)

    def look() -> RunFolder:
        assert has_begun.wait(10)
        return open_run(tmp_path / "run", CONFIG, "file\na\n", resume=True)

    monkeypatch.setattr(folder, "write_json_atomic", write_slowly)
    with ThreadPoolExecutor(2) as tasks:
        first = tasks.submit(open_run, tmp_path / "run", CONFIG, "file\na\n", resume=True)
        second = tasks.submit(look)
        assert has_begun.wait(10)
        with pytest.raises(TimeoutError):
            second.result(0.3)
        may_go_on.set()
        assert first.result(10) == second.result(10)
    assert (tmp_path / "run" / "inputs.csv").read_text() == "file\na\n"


def test_a_run_that_was_killed_while_it_was_opened_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(folder, "write_text_atomic", die)
        with pytest.raises(KeyboardInterrupt):
            open_run(tmp_path / "run", CONFIG, "file\n", resume=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".config.json.half").touch()
    for name in ("run", "other"):
        open_run(tmp_path / name, CONFIG, "file\n", resume=True)
        assert (tmp_path / name / "inputs.csv").read_text() == "file\n"


def test_a_folder_has_one_training_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path / "run"), pytest.raises(DataError, match="Another training"), locked(tmp_path / "run"):
        pass
    with locked(tmp_path / "run"):
        pass


def test_answers_come_back_as_written(tmp_path: Path) -> None:
    answers = [
        PagePrediction("a,b.png", 1, 'p "1"', 0, 0.25, 0.5, 0.75, "abnormal", 0.875),
        PagePrediction("c.png", 0, "", 1, 0.125, math.nan, math.nan, "refer"),
    ]
    write_predictions(tmp_path / "predictions.csv", answers)
    assert (tmp_path / "predictions.csv").read_text().splitlines()[2] == "c.png,normal,,1,0.125000,,,refer,"
    back = read_predictions(tmp_path / "predictions.csv")
    assert back[0] == answers[0]
    assert math.isnan(back[1].p_abnormal)


def test_names_that_look_like_formulas_come_back(tmp_path: Path) -> None:
    answers = [PagePrediction("=1+1.png", 1, "-7", 0, 0.25, 0.5, 0.75, "refer")]
    write_predictions(tmp_path / "predictions.csv", answers)
    assert (tmp_path / "predictions.csv").read_text().splitlines()[1].startswith("'=1+1.png,abnormal,'-7,")
    assert read_predictions(tmp_path / "predictions.csv") == answers


def test_inputs_name_what_trained() -> None:
    ink = np.zeros((2, 2), np.uint8)
    labelled = BeatLabels(np.array([[5.0, 6.0, 7.0, 8.0]]), np.array([1.0]))
    items = [
        PageItem("a", Path("a"), 0, "g", np.array([[1.0, 2.0, 3.0, 4.0]])),
        PageItem("b", Path("b"), 1, beat_labels_photo=labelled),
    ]
    pages = [PreparedPage(item.key, "", item.group, item.label, ink, None, f"hash-{item.key}") for item in items]
    assert inputs_table(items, pages).splitlines() == [
        "file,label,group,picture_hash,source_record,boxes,beat_labels",
        'a,normal,g,hash-a,,"[[1.0, 2.0, 3.0, 4.0]]",',
        'b,abnormal,,hash-b,,,"[[5.0, 6.0, 7.0, 8.0, 1.0]]"',
    ]
