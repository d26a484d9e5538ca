"""The whole way: crossval, killed, and on a cluster, then fit, eval and screen with what came out."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ecgcore.__main__ import main as screening
from tests.support.prepared_pages import save_data_set
from trainer.__main__ import main

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
TINY = ("--recipe", "tiny", "--start", "random", "--device", "cpu")
METRICS = {
    "accuracy",
    "majority_rate",
    "auroc",
    "auprc",
    "sensitivity",
    "specificity",
    "f1",
    "brier",
    "ece",
    "refer_rate",
    "n_abnormal",
    "n_normal",
}


def start_trainer(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "trainer", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.fixture(scope="module")
def data_options(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """Options for 12 boxed pages of 8 patients, prepared once."""
    folder = tmp_path_factory.mktemp("data")
    table = save_data_set(folder / "pages", boxed=True)
    return ("--data", folder / "pages", "--csv", table, "--cache", folder / "cache")


@pytest.fixture(scope="module")
def finished_run(data_options: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-validation that ran without a break."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    assert main([*map(str, ("crossval", *data_options, "--out", out, "--folds", 2, *TINY))]) == 0
    return out


def test_crossval_writes_the_contract(finished_run: Path) -> None:
    summary = json.loads((finished_run / "summary.json").read_text())
    with (finished_run / "predictions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == [
        "file",
        "label",
        "group",
        "fold",
        "p_global",
        "p_local",
        "p_abnormal",
        "decision",
        "p_waveform",
    ]
    assert [row["file"] for row in rows] == [f"{number}.png" for number in range(12)]
    assert {row["decision"] for row in rows} <= {"normal", "abnormal", "refer"}
    fold_of = {row["group"]: row["fold"] for row in rows}
    assert all(row["fold"] == fold_of[row["group"]] for row in rows)
    assert len(summary["folds"]) == 2
    for block in (*summary["folds"], summary["pooled"]):
        assert set(block) == {"detector", "local", "global", "waveform", "fused"}
        assert set(block["detector"]) == {"ap50", "ap50_95", "recall", "precision"}
        assert all(set(block[part]) == METRICS for part in ("local", "global", "waveform", "fused"))
        assert set(block["fused"]["auroc"]) == {"value", "low", "high"}
        assert block["detector"]["recall"]["value"] is not None
    p = np.array([float(row["p_abnormal"] or 0.5) for row in rows])
    labels = [row["label"] == "abnormal" for row in rows]
    assert summary["pooled"]["fused"]["auroc"]["value"] == pytest.approx(roc_auc_score(labels, p), abs=0.02)


def test_a_killed_crossval_goes_on_and_ends_the_same(
    data_options: tuple[object, ...], finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed as a process; it goes on in this one."""
    command = ("crossval", *data_options, "--out", tmp_path / "run", "--folds", 2, *TINY, "--resume")
    process = start_trainer(*command)
    first_fold = tmp_path / "run" / "fold-0" / "fold.json"
    deadline = time.monotonic() + 200
    while not first_fold.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert first_fold.exists()
    assert not (tmp_path / "run" / "summary.json").exists()
    written = first_fold.stat().st_mtime_ns
    capsys.readouterr()
    assert main([*map(str, command)]) == 0
    assert "fold 0 finished before" in capsys.readouterr().err
    assert first_fold.stat().st_mtime_ns == written
    assert (tmp_path / "run" / "predictions.csv").read_text() == (finished_run / "predictions.csv").read_text()


def test_folds_on_a_cluster_give_the_same_numbers_though_a_process_is_killed(
    data_options: tuple[object, ...], finished_run: Path, tmp_path: Path
) -> None:
    """Without a break each fold goes to one process; that which writes the first checkpoint is killed."""
    out = tmp_path / "run"
    process = start_trainer("crossval", *data_options, "--out", out, "--folds", 2, *TINY, "--ray", "auto")
    deadline, killed = time.monotonic() + 500, False
    while process.poll() is None and time.monotonic() < deadline and not killed:
        if any(out.glob("fold-*/*.checkpoint.*")):
            killed = _kill_one_task(process.pid)
        time.sleep(0.1)
    told, errors = process.communicate(timeout=500)
    assert process.returncode == 0, errors
    assert killed
    assert (out / "predictions.csv").read_text() == (finished_run / "predictions.csv").read_text()
    figures = [json.loads((run / "summary.json").read_text())["pooled"] for run in (out, finished_run)]
    assert figures[0] == figures[1]
    assert told.count("auroc") == 1
    assert {"fold 0 fusion", "fold 1 fusion"} <= {" ".join(line.split()[:3]) for line in errors.splitlines()}


def _kill_one_task(driver: int) -> bool:
    """Kill a process of Ray's that works on a fold of the command's own cluster."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, own = (folder / "cmdline").read_text(), (folder / "environ").read_text()
        except OSError:
            continue
        if name.startswith("ray::_do") and "RAY_RAYLET_PID" in own and _descends(int(folder.name), driver):
            os.kill(int(folder.name), signal.SIGKILL)
            return True
    return False


def _descends(process: int, ancestor: int) -> bool:
    while process > 1:
        if process == ancestor:
            return True
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return False


def test_a_bundle_is_trained_on_a_cluster_and_what_a_task_cannot_do_is_told(
    data_options: tuple[object, ...], tmp_path: Path
) -> None:
    """Each command has a process and a cluster of its own."""
    bundle = tmp_path / "bundle"
    whole = start_trainer("fit", *data_options, "--out", bundle, *TINY, "--version", "mine-1", "--ray", "auto")
    many = start_trainer("crossval", *data_options, "--out", tmp_path / "run", "--folds", 9, *TINY, "--ray", "auto")
    _, errors = many.communicate(timeout=500)
    assert (many.returncode, "too few for 9 parts" in errors, "Traceback" in errors) == (1, True, False), errors
    told, errors = whole.communicate(timeout=500)
    assert whole.returncode == 0, errors
    assert "auroc" in told
    assert json.loads((bundle / "bundle.json").read_text())["version"] == "mine-1"


def test_fit_eval_and_screen(
    data_options: tuple[object, ...], finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "bundle"
    assert main([*map(str, ("fit", *data_options, "--out", bundle, *TINY, "--version", "mine-1"))]) == 0
    capsys.readouterr()
    options = [*map(str, data_options), "--device", "cpu"]
    assert main(["eval", str(bundle), *options]) == 1
    assert "mine-1 was trained on all 12 pages" in capsys.readouterr().err
    report = tmp_path / "report.json"
    assert main(["eval", str(finished_run / "fold-0" / "bundle"), *options, "--json", str(report)]) == 0
    assert "auroc" in capsys.readouterr().out
    assert json.loads(report.read_text())["left_out_as_seen"] == {"same picture": 6}
    assert screening(["screen", f"{data_options[1]}/0.png", "--bundle", str(bundle)]) == 0
    assert json.loads(capsys.readouterr().out)["bundle"] == "mine-1"


def test_a_fold_goes_on_only_from_a_bundle_that_has_not_seen_its_test_pages(
    data_options: tuple[object, ...], finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fold 0's own bundle has seen fold 1's pages and none of fold 0's; fold 1's bundle the other way round."""
    bundles = [finished_run / f"fold-{fold}" / "bundle" for fold in (0, 1)]
    out = tmp_path / "run"
    arguments = ["crossval", *data_options, "--out", out, "--folds", 2, "--recipe", "tiny", "--bundle", bundles[0]]
    assert main([str(argument) for argument in arguments]) == 0
    assert "was trained on 6 of these 12 pages" in capsys.readouterr().err
    version = json.loads((bundles[0] / "bundle.json").read_text())["version"]
    starts = [fact["start"] for fact in json.loads((out / "summary.json").read_text())["fold_facts"]]
    assert [(start["from"], start["bundle"], start["passed_over"]) for start in starts] == [
        ("bundle", version, {}),
        ("random", None, {version: 6}),
    ]
    assert json.loads((out / "fold-0" / "bundle" / "bundle.json").read_text())["parent"] == version
    assert json.loads((out / "fold-1" / "bundle" / "bundle.json").read_text())["parent"] is None
    assert not (out / "pages").exists()


@pytest.mark.parametrize("arguments", [[], ["crossval"], ["crossval", "--recipe", "none"], ["eval"], ["fly"]])
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_bad_data_is_one_line_and_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "table.csv"
    table.write_text("file,label,group\n../a.png,normal,p\n")
    assert main(["fit", "--data", str(tmp_path), "--csv", str(table), "--out", str(tmp_path / "out")]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("trainer: ")
    assert "line 2" in errors
    assert len(errors.splitlines()) == 1
