"""The command line as a user runs it: real processes on good and bad files."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ecgcore.__main__ import main
from ecgcore.types import ByteArray
from tests.support.pdf_files import pdf_of_pages
from tests.support.tiny import CONTRACT_KEYS

ROOT = Path(__file__).parents[2]


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ecgcore", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, ecg_page_rgb: ByteArray) -> Path:
    """A folder of two pages of one name, a blank page, a text file and a damaged picture."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "sub").mkdir()
    page_bgr = cv2.cvtColor(ecg_page_rgb, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(folder / "page.png"), page_bgr)
    cv2.imwrite(str(folder / "sub" / "page.png"), page_bgr)
    cv2.imwrite(str(folder / "blank.PNG"), np.full((700, 900, 3), 255, dtype=np.uint8))
    (folder / "notes.txt").write_text("not looked at")
    (folder / "broken.jpg").write_bytes((folder / "page.png").read_bytes()[:2000])
    return folder


def test_good_and_bad_files(pictures: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    """The batch goes on after a bad file; order, keys, overlays and exit code are the contract's."""
    output, overlays = tmp_path / "out.jsonl", tmp_path / "overlays"
    misnamed, missing, empty = tmp_path / "page.data", tmp_path / "missing.png", tmp_path / "empty"
    misnamed.write_bytes((pictures / "page.png").read_bytes())
    empty.mkdir()
    paths = (pictures, misnamed, missing, empty)
    signals = tmp_path / "signals"
    folders = ("--overlay", overlays, "--signal", signals)
    done = _run("screen", *paths, "--bundle", tiny_bundle, "--json", output, *folders)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    names = ["blank.PNG", "broken.jpg", "page.png", "sub/page.png"]
    assert [row["file"] for row in rows] == [*(str(pictures / n) for n in names), *map(str, paths[1:])]
    assert [row["status"] for row in rows] == ["rejected", "error", "ok", "ok", "ok", "error", "error"]
    assert all(list(row) == CONTRACT_KEYS for row in rows)
    assert all(row["reason"] for row in rows if row["status"] != "ok")
    assert len(list(overlays.glob("*.png"))) == 4
    assert len(list(overlays.glob("page-p1-*.png"))) == 3
    assert len(list(signals.glob("page*.csv"))) == len(list(signals.glob("page*.dat"))) == 3, "one name, three pages"
    assert (signals / "page.csv").read_text().startswith("time_s,I,II,III,aVR,")


def test_good_pages_go_to_standard_output(pictures: Path, tiny_bundle: Path) -> None:
    paths = (pictures / "page.png", pictures / "blank.PNG")
    done = _run("screen", *paths, "--bundle", tiny_bundle, "--device", "cpu", "--min-score", "1")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [row["status"] for row in rows] == ["ok", "rejected"]
    assert (rows[0]["decision"], rows[0]["p_abnormal"], rows[0]["beats"]) == ("refer", None, [])


def test_what_is_wrong_with_a_picture_is_said_beside_the_results(
    tmp_path: Path, tiny_bundle: Path, ecg_page_rgb: ByteArray
) -> None:
    path = tmp_path / "dark.png"
    cv2.imwrite(str(path), cv2.cvtColor(ecg_page_rgb // 5, cv2.COLOR_RGB2BGR))
    done = _run("screen", path, "--bundle", tiny_bundle)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "ok")
    assert done.stderr == f"{path}, page 1: The picture is dark: photograph the page in better light.\n"


@pytest.mark.parametrize(
    "arguments",
    [(), ("screen",), ("screen", "page.png", "--min-score", "2"), ("screen", "page.png", "--device", "abacus")],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_unusable_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["screen", "page.png", "--bundle", str(tmp_path)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "bundle.json cannot be read" in shown.err


@pytest.mark.parametrize("option", ["--json", "--overlay", "--signal"])
def test_output_that_cannot_be_written(
    tiny_bundle: Path, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    target = tmp_path / "taken" / "out"
    assert main(["screen", "page.png", "--bundle", str(tiny_bundle), option, str(target)]) == 2
    assert "taken" in capsys.readouterr().err


def test_a_long_file_asks_which_pages_and_keeps_their_numbers(tmp_path: Path, tiny_bundle: Path) -> None:
    book, rows = tmp_path / "book.pdf", tmp_path / "rows.jsonl"
    book.write_bytes(pdf_of_pages(60))
    asked = ["screen", str(book), "--bundle", str(tiny_bundle), "--json", str(rows)]
    assert main(asked) == 1
    [row] = map(json.loads, rows.read_text().splitlines())
    assert (row["status"], row["page"]) == ("error", 1)
    assert row["reason"].startswith(f"{book} has 60 pages; 50 are the most that are read at once.")
    assert main([*asked, "--pages", "3,59-"]) == 0
    assert [json.loads(line)["page"] for line in rows.read_text().splitlines()] == [3, 59, 60]
    with pytest.raises(SystemExit, match="2"):
        main([*asked, "--pages", "last"])


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from ecgcore.__main__ import argument_parser; argument_parser(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert not {"torch", "scipy", "pydicom", "onnxruntime", "ray", "pyarrow"} & set(done.stdout.split())


def test_pages_screened_at_once_get_the_same_answers_in_the_same_order(
    pictures: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    answers = []
    for at_once in ("1", "3"):
        output = tmp_path / f"{at_once}.jsonl"
        main(["screen", str(pictures), "--bundle", str(tiny_bundle), "--json", str(output), "--at-once", at_once])
        rows = [json.loads(line) for line in output.read_text().splitlines()]
        answers.append([{**row, "seconds": None} for row in rows])
    assert answers[0] == answers[1]
    assert len(answers[0]) == 4


@pytest.mark.parametrize("count", ["0", "-1", "two"])
def test_a_count_of_pages_that_is_none_is_refused(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["screen", "page.png", "--at-once", count])
    assert "--at-once" in capsys.readouterr().err


def test_an_archive_gets_the_answers_of_the_same_files_without_a_cluster(
    pictures: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    """On a cluster of its own, which is gone afterwards; a second run finds all parts finished."""
    out, alone = tmp_path / "out", tmp_path / "alone.jsonl"
    command = ("screen", pictures, "--bundle", tiny_bundle, "--ray", "auto", "--out", out, "--at-once", "1")
    first = _run(*command)
    assert (first.returncode, first.stdout) == (1, ""), first.stderr
    assert "4 of 4 files are done. Pages that are an error: 1, listed in" in first.stderr
    main(["screen", str(pictures), "--bundle", str(tiny_bundle), "--json", str(alone)])
    lines = [path.read_text().splitlines() for path in (out / "parts" / "part-000000.jsonl", alone)]
    rows = [[{**json.loads(line), "seconds": None} for line in of_file] for of_file in lines]
    assert rows[0] == rows[1]
    assert main([*map(str, command)]) == 1, "without a cluster, since nothing is left"


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (("--ray", "auto"), "both --ray and --out"),
        (("--out", "out"), "both --ray and --out"),
        (("--ray", "auto", "--out", "out", "--json", "a.jsonl"), "writes to --out alone"),
    ],
)
def test_what_an_archive_cannot_do_is_said(
    options: tuple[str, ...], cause: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["screen", "page.png", *options]) == 2
    assert cause in capsys.readouterr().err


def test_an_archive_without_ray_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ecgcore.cluster.environment.find_spec", lambda name: None)
    assert main(["screen", "page.png", "--ray", "auto", "--out", "out"]) == 2
    assert "make cluster" in capsys.readouterr().err
