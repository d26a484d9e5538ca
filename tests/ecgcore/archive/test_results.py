"""An archive's folder without a cluster: what is kept, what goes on, what is listed, and what is refused."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest

from ecgcore.archive.part_files import COLUMNS, finished_parts
from ecgcore.archive.results import PARTS, Results, lock_results, open_results
from ecgcore.archive.sources import content_of, files_of
from ecgcore.errors import EcgError, UnreadablePictureError
from ecgcore.types import Prediction
from tests.support.tiny import CONTRACT_KEYS


def _lines(file: str, status: str = "ok") -> str:
    reason = None if status == "ok" else f"{file} is damaged."
    return json.dumps(Prediction(file, 1, status, reason).to_json()) + "\n"  # type: ignore[arg-type]


def _written(folder: Path, statuses: list[str]) -> Results:
    results = open_results(folder, {"bundle": "b"}, [f"{place}.png" for place in range(len(statuses))])
    (part,) = results.unfinished()
    results.write(part, {place: _lines(file, statuses[place]) for place, file in enumerate(part.files)})
    return results


def test_tables_have_the_keys_of_the_contract_in_their_order_and_their_values(tmp_path: Path) -> None:
    results = _written(tmp_path, ["ok", "error"])
    table = pyarrow.parquet.read_table(tmp_path / PARTS / "part-000000.parquet")
    assert table.column_names == list(COLUMNS) == CONTRACT_KEYS
    pages = [json.loads(line) for line in (tmp_path / PARTS / "part-000000.jsonl").read_text().splitlines()]
    kept = [
        {key: json.loads(value) if key in ("beats", "leads", "seconds") else value for key, value in row.items()}
        for row in table.to_pylist()
    ]
    assert kept == pages
    assert results.list_errors() == 1
    assert json.loads((tmp_path / "errors.jsonl").read_text()) == {
        "file": "1.png",
        "page": 1,
        "reason": "1.png is damaged.",
    }


def test_a_part_of_which_one_file_is_missing_is_not_finished(tmp_path: Path) -> None:
    results = _written(tmp_path, ["ok"])
    assert finished_parts(tmp_path / PARTS) == {0}
    assert results.files_left() == 0
    (tmp_path / PARTS / "part-000000.jsonl").unlink()
    assert results.files_left() == 1


def test_files_are_listed_once_and_kept_in_parts_whatever_they_are_called(tmp_path: Path) -> None:
    names = [f"a\n{number}.png" for number in range(45)]
    first = open_results(tmp_path, {"bundle": "b"}, names)
    again = open_results(tmp_path, {"bundle": "b"}, iter(["new.png"]))
    assert first == again
    assert [len(part.files) for part in again.unfinished()] == [20, 20, 5]
    assert [file for part in again.unfinished() for file in part.files] == names


def test_other_settings_and_a_second_run_are_refused(tmp_path: Path) -> None:
    open_results(tmp_path, {"bundle": "b", "gain": None}, ["a.png"])
    with pytest.raises(EcgError, match="another command: gain differ"):
        open_results(tmp_path, {"bundle": "b", "gain": 5.0}, ["a.png"])
    (tmp_path / "archive.json").write_text("{")
    with pytest.raises(EcgError, match="damaged"):
        open_results(tmp_path, {"bundle": "b"}, ["a.png"])
    with lock_results(tmp_path), pytest.raises(EcgError, match="Another run"):
        lock_results(tmp_path)


def test_folders_lists_and_addresses_name_the_same_files(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    (folder / "page 1.png").write_bytes(b"\x89PNG")
    (folder / "notes.md").write_text("no page")
    file = str(folder / "page 1.png")
    (tmp_path / "list.txt").write_text(f"{file}\n\nelsewhere.png\n")
    assert list(files_of(str(folder))) == list(files_of(file)) == [file]
    assert list(files_of(str(tmp_path / "list.txt"))) == [file, "elsewhere.png"]
    (address,) = files_of(f"file://{folder}".replace(" ", "%20"))
    assert content_of(address, Path("/")) == b"\x89PNG"
    assert content_of("page.png", folder) == folder / "page.png"
    with pytest.raises(UnreadablePictureError, match="cannot be opened"):
        content_of(address + ".gone", Path("/"))
    with pytest.raises(EcgError, match="keys do not belong into an address"):
        list(files_of("s3://key:secret@bucket/folder"))
    with pytest.raises(EcgError, match="list"):
        list(files_of(str(tmp_path / "missing.txt")))
