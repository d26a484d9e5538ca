"""Pages leave the store and come into another one unharmed; what is refused is named and nothing is taken halfway."""

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from annotations import readings
from annotations.exchange.formats import FORMATS
from annotations.exchange.import_export import comparable, export_to, import_from
from annotations.model import LabelledBox, StoreError
from annotations.patients.keys import patient_group
from annotations.readings.snapshots import take_snapshot
from annotations.store import Store
from ecgcore.page.decode.isolated import read_untrusted
from ecgcore.types import Box
from tests.support.stored_pictures import ABNORMAL, NORMAL, picture_rgb
from tests.support.wfdb_files import write_ludb_record

WHOLE = ("coco", "voc", "labelstudio")


def _filled(store: Store) -> None:
    for number, reading in enumerate((NORMAL, ABNORMAL, replace(NORMAL, label="unsure"))):
        picture, _ = store.add_picture(picture_rgb(number), group=patient_group(store, f"patient {number % 2}"))
        readings.save(store, picture.id, "Ada", reading, base_revision_id=None)


def _contents(store: Store) -> dict[str, tuple[str, object]]:
    rows = store.rows("SELECT id, picture_hash, group_key FROM image")
    heads = {row["picture_hash"]: readings.head(store, row["id"]) for row in rows}
    return {row["picture_hash"]: (row["group_key"], comparable(heads[row["picture_hash"]].reading)) for row in rows}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", WHOLE)
def test_formats_that_hold_everything_carry_a_store_over(name: str, store: Store, tmp_path: Path) -> None:
    _filled(store)
    assert export_to(store, FORMATS[name], tmp_path / "out") == 3
    other = Store(tmp_path / "other")
    other.add_person("Eve")
    report = import_from(other, FORMATS[name], tmp_path / "out", "Eve")
    assert (report.pictures_added, report.readings_added, report.refusals) == (3, 3, [])
    assert _contents(other) == _contents(store)
    again = import_from(other, FORMATS[name], tmp_path / "out", "Eve")
    assert (again.pictures_added, again.readings_added, again.unchanged, again.refusals) == (0, 0, 3, [])


@pytest.mark.parametrize("name", sorted(set(FORMATS) - set(WHOLE)))
def test_every_format_carries_the_pictures_and_says_what_it_cannot(name: str, store: Store, tmp_path: Path) -> None:
    _filled(store)
    export_to(store, FORMATS[name], tmp_path / "out")
    other = Store(tmp_path / "other")
    other.add_person("Eve")
    report = import_from(other, FORMATS[name], tmp_path / "out", "Eve")
    assert report.pictures_added == 3
    assert report.losses and report.refusals == []


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("exif_turn", range(1, 9))
def test_photos_lying_any_way_come_back_with_their_boxes(
    name: str, exif_turn: int, store: Store, tmp_path: Path
) -> None:
    """Turned ones are stored upright as PNG; they were exported under the name of the JPEG that they once were."""
    exif = Image.Exif()
    exif[0x0112] = exif_turn
    file = io.BytesIO()
    Image.fromarray(picture_rgb(exif_turn)).save(file, "JPEG", exif=exif)
    [photo_rgb] = read_untrusted(file.getvalue(), "IMG_1.JPG")
    picture, _ = store.add_picture(photo_rgb, original=file.getvalue(), name="IMG_1.JPG")
    reading = replace(NORMAL, boxes=(LabelledBox("a", Box(10.0, 20.5, 30.0, 50.25), None, "drawn"),))
    readings.save(store, picture.id, "Ada", reading, base_revision_id=None)
    export_to(store, FORMATS[name], tmp_path / "out")
    [exported] = [path for path in (tmp_path / "out").rglob("IMG_1.*") if path.suffix not in (".xml", ".json")]
    with Image.open(exported) as opened:
        assert opened.format == {".png": "PNG", ".JPG": "JPEG"}[exported.suffix]
        assert opened.size == photo_rgb.shape[1::-1]
    other = Store(tmp_path / "other")
    other.add_person("Eve")
    assert import_from(other, FORMATS[name], tmp_path / "out", "Eve").refusals == []
    assert _contents(other) == _contents(store)


def test_a_persons_word_is_never_replaced_by_an_import(store: Store, tmp_path: Path) -> None:
    _filled(store)
    export_to(store, FORMATS["coco"], tmp_path / "out")
    head = readings.head(store, 1)
    assert head is not None
    changed = readings.save(store, 1, "Ben", ABNORMAL, base_revision_id=head.id)
    report = import_from(store, FORMATS["coco"], tmp_path / "out", "Ada")
    assert report.unchanged == 2
    assert "read here already" in report.refusals[0].reason
    assert readings.head(store, 1) == changed
    with pytest.raises(StoreError, match="Import cancelled"):
        import_from(store, FORMATS["coco"], tmp_path / "out", "Ada", whole_or_nothing=True)


def test_a_snapshot_is_exported_as_it_was(store: Store, tmp_path: Path) -> None:
    _filled(store)
    snapshot = take_snapshot(store, "one", "Ada")
    head = readings.head(store, 1)
    assert head is not None
    readings.save(store, 1, "Ben", ABNORMAL, base_revision_id=head.id)
    export_to(store, FORMATS["table"], tmp_path / "out", snapshot_id=snapshot.id)
    with (tmp_path / "out" / "table.csv").open(newline="", encoding="utf-8") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["normal", "abnormal", "unsure"]


def test_nothing_to_export_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no page"):
        export_to(store, FORMATS["coco"], tmp_path / "out")


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "annotations", *arguments], capture_output=True, text=True, check=False
    )


def _table(folder: Path, *rows: tuple[str, str, str, str]) -> Path:
    folder.mkdir()
    for number in range(2):
        Image.fromarray(picture_rgb(number)).save(folder / f"{number}.png")
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "label", "group", "boxes"), *rows])
    return folder


def test_the_commands_carry_a_folder_through(tmp_path: Path) -> None:
    data = ("--data-dir", str(tmp_path / "data"))
    folder = _table(
        tmp_path / "in",
        ("0.png", "normal", "p", json.dumps([[1, 2, 30, 40]])),
        ("1.png", "abnormal", "p", json.dumps([[1, 2, 3000, 40]])),
        ("../secret.png", "normal", "p", ""),
    )
    whole = _run("import", "--format", "table", str(folder), "--whole", *data)
    assert whole.returncode == 1 and "Import cancelled" in whole.stderr
    taken = _run("import", "--format", "table", str(folder), "--by", "Ada", *data)
    assert taken.returncode == 1  # something was refused
    assert "pages added: 1, readings added: 1" in taken.stdout
    assert ":3:" in taken.stderr and ":4:" in taken.stderr
    assert _run("export", "--format", "coco", str(tmp_path / "out"), *data).returncode == 0
    assert len(json.loads((tmp_path / "out" / "annotations.json").read_text())["images"]) == 1
    assert _run("backup", str(tmp_path / "b.zip"), *data).returncode == 0
    assert _run("restore", str(tmp_path / "b.zip"), "--data-dir", str(tmp_path / "new")).returncode == 0
    assert _run("check", "--data-dir", str(tmp_path / "new")).stdout == "no damage found\n"
    next((tmp_path / "new" / "pictures").rglob("*.png")).unlink()
    damaged = _run("check", "--data-dir", str(tmp_path / "new"))
    assert damaged.returncode == 1 and "cannot be opened" in damaged.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("export", "--format", "coco", "x", "--snapshot", "none"), 1),
        (("import", "--format", "coco", "missing"), 1),
        (("restore", "missing.zip"), 1),
        (("import", "--format", "unknown", "x"), 2),
        ((), 2),
    ],
)
def test_wrong_use_ends_in_a_reason_and_never_in_a_traceback(
    arguments: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    data = ("--data-dir", str(tmp_path / "data")) if arguments else ()
    outcome = _run(*arguments, *data)
    assert outcome.returncode == code
    assert outcome.stderr and "Traceback" not in outcome.stderr


def test_signals_are_drawn_as_pages_once(tmp_path: Path) -> None:
    write_ludb_record(tmp_path / "in" / "site", 1)
    (tmp_path / "in" / "broken.hea").write_text("broken 12 500 5000\n")
    data = ("--data-dir", str(tmp_path / "data"))
    first = _run("import", "--format", "wfdb", str(tmp_path / "in"), *data)
    assert first.returncode == 1 and "refused broken" in first.stderr and "Traceback" not in first.stderr
    assert "pages added: 1, readings added: 0" in first.stdout
    again = _run("import", "--format", "wfdb", str(tmp_path / "in"), *data)
    assert "pages added: 0, readings added: 0, unchanged: 1" in again.stdout
    (row,) = Store(tmp_path / "data").rows("SELECT source, source_record, group_key FROM image")
    assert row == {"source": "rendered", "source_record": "wfdb:site/1", "group_key": "wfdb:site/1"}
