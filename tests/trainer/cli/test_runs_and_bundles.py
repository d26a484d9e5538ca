"""The command line does what the pages do: trainings on the store, and the bundles."""

import argparse
import importlib
import json
from pathlib import Path

import pytest

from annotations.patients.keys import group_in_files
from annotations.readings.snapshots import take_snapshot
from annotations.runs.training_runs import move_run
from annotations.store import Store
from docs.generate_command_line import parser_of_trainer
from tests.support.tiny import save_tiny_bundle
from tests.support.training_store import IN_USE, queue
from trainer.__main__ import main
from trainer.registry import bundles_folder, present_version


def trainer(store: Store, *arguments: object) -> int:
    """Run a command on the store's folder; returns the exit code."""
    return main([*map(str, arguments), "--data-dir", str(store.folder)])


def test_crossval_and_fit_learn_from_a_snapshot(
    prepared: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take_snapshot(prepared, "spring", "Ada")
    options = ("--snapshot", "spring", "--recipe", "tiny", "--device", "cpu", "--out")
    assert trainer(prepared, "crossval", *options, tmp_path / "run", "--folds", 2) == 0
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["pages"] == 8
    assert [fact["start"]["bundle"] for fact in summary["fold_facts"]] == [IN_USE, IN_USE]
    answers = (tmp_path / "run" / "predictions.csv").read_text().splitlines()[1:]
    name = group_in_files(prepared)
    rows = prepared.rows("SELECT key, fold FROM page_group WHERE fold NOTNULL")
    folds = {name(row["key"]): row["fold"] for row in rows}
    assert all(folds[line.split(",")[2]] % 2 == int(line.split(",")[3]) for line in answers)
    assert trainer(prepared, "fit", *options, tmp_path / "bundle") == 0
    manifest = json.loads((tmp_path / "bundle" / "bundle.json").read_text())
    assert manifest["parent"] == IN_USE
    capsys.readouterr()
    assert trainer(prepared, "crossval", "--snapshot", "autumn", "--out", tmp_path / "other") == 1
    assert "no snapshot autumn" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["crossval", "--out", "x"],
        ["crossval", "--out", "x", "--csv", "t.csv"],
        ["fit", "--out", "x", "--csv", "t.csv", "--data", ".", "--snapshot", "1"],
        ["activate", "v", "--by", "Ada"],
        ["activate", "v", "--reason", "why"],
        ["rollback"],
        ["start"],
        ["start", "--by", "Ada", "--folds", "9"],
        ["run"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_what_a_training_would_use_is_told_before(prepared: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert trainer(prepared, "start", "--by", "Ada", "--recipe", "tiny", "--folds", 2, "--dry-run") == 0
    told = capsys.readouterr().out
    assert "8 pages of 8 patients: 4 normal, 4 abnormal, 8 with all" in told
    assert "Held out: 2 pages of 2." in told
    assert "such machines typically do" in told
    assert trainer(prepared, "status") == 0
    assert "no training yet" in capsys.readouterr().out


def test_status_stop_and_resume_of_what_is_not_there(prepared: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert trainer(prepared, "stop", "--by", "Ada") == 1
    assert trainer(prepared, "resume", "--by", "Ada") == 1
    assert trainer(prepared, "run", 7) == 1
    assert capsys.readouterr().err.count("trainer: ") == 3
    run = queue(prepared)
    move_run(prepared, run.id, "failed", message="The disk is full.")
    assert trainer(prepared, "status", run.id) == 0
    assert "run 1  failed  retrain tiny" in capsys.readouterr().out
    assert trainer(prepared, "run", run.id) == 1
    assert "Use resume" in capsys.readouterr().err


def test_bundles_change_hands(prepared: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_tiny_bundle(bundles_folder(prepared.folder) / "theirs", version="theirs")
    assert trainer(prepared, "export-bundle", "theirs", tmp_path / "theirs.zip") == 0
    assert trainer(prepared, "import-bundle", tmp_path / "theirs.zip") == 1
    assert trainer(prepared, "activate", "theirs", "--by", "Ada", "--reason", "why") == 1
    errors = capsys.readouterr().err
    assert "Model theirs is here already" in errors
    assert "not compared" in errors
    assert trainer(prepared, "bundles") == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in listed if line.startswith("*")] == [IN_USE]
    assert trainer(prepared, "rollback", "--by", "Ada") == 0
    assert present_version(prepared) != IN_USE
    again = ("activate", IN_USE, "--by", "Ada", "--reason", "was in use before")
    assert trainer(prepared, *again) == 1, "nobody compared it with the present one"
    assert "Add --confirm to use it all the same." in capsys.readouterr().err
    assert trainer(prepared, *again, "--confirm") == 0
    assert present_version(prepared) == IN_USE


def test_every_command_names_a_function_that_there_is() -> None:
    (commands,) = (action for action in parser_of_trainer()._actions if isinstance(action, argparse._SubParsersAction))
    for command in commands.choices.values():
        module, name = command.get_default("run").args
        assert callable(getattr(importlib.import_module(f"trainer.cli.{module}"), name))
