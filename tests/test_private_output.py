"""What the commands write is for the account alone that ran them, and what they print gives a terminal no orders."""

import importlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from annotations import readings
from annotations.model import Reading
from annotations.store import Store
from ecgcore.bundle.manifest import read_manifest, starter_folder
from ecgcore.types import ByteArray

ESCAPES = "x\x1b]0;owned\x07\x1b[2J\u202egnp"
FORMULA = "=HYPERLINK(0)"


def run(*command: str) -> "subprocess.CompletedProcess[bytes]":
    """Run one of the project's commands as a shell with the usual umask does."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, env=environment, umask=0o022, timeout=120, check=False
    )


def open_to_others(paths: Sequence[Path]) -> list[str]:
    """What another account could read, among some paths and all below them."""
    below = [path for top in paths for path in (top, *top.rglob("*"))]
    return [f"{path} {path.stat().st_mode & 0o777:o}" for path in below if path.stat().st_mode & 0o077]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One page that was read."""
    store = Store(tmp_path_factory.mktemp("data"))
    store.add_person("Ada")
    picture, _ = store.add_picture(np.full((60, 80, 3), 255, np.uint8), name="page.png")
    readings.save(store, picture.id, "Ada", Reading("normal", comment=FORMULA), base_revision_id=None)
    return store


@pytest.mark.parametrize("name", ["table", "yolo"])
def test_exports_are_closed(store: Store, tmp_path: Path, name: str) -> None:
    target = tmp_path / "new" / "export"
    said = run("annotations", "export", str(target), "--format", name, "--data-dir", str(store.folder))
    assert said.returncode == 0, said.stderr
    assert [path for path in target.rglob("*") if path.is_file()]
    assert open_to_others([tmp_path / "new"]) == []


def test_backups_and_restored_folders_are_closed(store: Store, tmp_path: Path) -> None:
    folder, file = str(store.folder), tmp_path / "backup.zip"
    assert run("annotations", "backup", str(file), "--data-dir", folder).returncode == 0
    assert run("annotations", "restore", str(file), "--data-dir", str(tmp_path / "back")).returncode == 0
    assert open_to_others([file, tmp_path / "back"]) == []


def test_results_and_overlays_are_closed(tiny_bundle: Path, ecg_page_rgb: ByteArray, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    assert cv2.imwrite(str(pictures / "page.png"), cv2.cvtColor(ecg_page_rgb, cv2.COLOR_RGB2BGR))
    (pictures / f"{ESCAPES}.png").write_bytes(b"none")
    out, overlays = tmp_path / "out.jsonl", tmp_path / "overlays"
    out.touch(0o644)
    out.chmod(0o644)
    said = run(
        "ecgcore", "screen", str(pictures), "--bundle", str(tiny_bundle), "--json", str(out), "--overlay", str(overlays)
    )
    assert list(overlays.iterdir()), said.stderr
    assert open_to_others([out, overlays]) == []


def test_exported_bundles_are_closed(tmp_path: Path) -> None:
    folder, file = str(tmp_path / "data"), tmp_path / "bundle.zip"
    said = run("trainer", "export-bundle", read_manifest(starter_folder()).version, str(file), "--data-dir", folder)
    assert file.exists(), said.stderr
    assert open_to_others([file]) == []


@pytest.mark.parametrize(
    "command",
    [
        ("annotations", "import", f"/nowhere/{ESCAPES}", "--format", "coco"),
        ("annotations", "restore", f"/nowhere/{ESCAPES}"),
        ("trainer", "activate", ESCAPES, "--by", "Ada", "--reason", "x"),
        ("ecgcore", "screen", "x.png", "--bundle", f"/nowhere/{ESCAPES}"),
    ],
    ids=" ".join,
)
def test_a_terminal_is_given_no_orders(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = () if command[0] == "ecgcore" else ("--data-dir", str(tmp_path / "data"))
    main = importlib.import_module(f"{command[0]}.__main__").main
    assert main([*command[1:], *place]) != 0
    said = capsys.readouterr()
    printed = said.out + said.err
    assert "owned" in printed, "the name is named"
    assert not set(printed) & set("\x1b\x07\u202e"), printed
