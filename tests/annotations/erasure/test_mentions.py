"""Files of trainings and models forget erased pages and nothing else, also when the program is killed meanwhile."""

import csv
import io
import json
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import sleep
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.erasure import freed_bytes
from annotations.erasure.freed_bytes import note_bytes_left
from annotations.erasure.mention_files import Mentions
from annotations.maintenance.check_and_erase import check, erase_group
from annotations.model import StoreError
from annotations.store import Store
from ecgcore.bundle.manifest import MANIFEST, fingerprint
from tests.support.stored_pictures import picture_rgb

ROOT = Path(__file__).parents[3]
GONE, STAYS, OTHER = "a" * 64, "b" * 64, "c" * 64

KILLS = {
    "before any file is changed": ("annotations.maintenance.check_and_erase.forget_mentions", 1),
    "after the first file": ("annotations.erasure.mention_files.write_bytes_atomic", 2),
    "after the third file": ("annotations.erasure.mention_files.write_bytes_atomic", 4),
    "before the note is crossed off": ("annotations.erasure.mentions.note_bytes_left", 1),
    "before the bytes go": ("annotations.maintenance.check_and_erase.forget_bytes", 1),
}
"""Before which call a program that erases is killed."""

PROGRAM = """
import os, sys
from importlib import import_module
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import sleep
from annotations.store import Store
from annotations.maintenance.check_and_erase import erase_group
store, (module, _, name), left = Store(Path(sys.argv[1])), sys.argv[2].rpartition("."), [int(sys.argv[3])]
plain = getattr(import_module(module), name)
def counted(*args, **options):
    left[0] -= 1
    return plain(*args, **options) if left[0] else os._exit(9)
setattr(import_module(module), name, counted)
erase_group(store, "Jane Doe", "Ada")
"""


@pytest.fixture
def trained(store: Store) -> Store:
    """Two patients of one page each, and the files of a training and a model that learnt from them."""
    pages = [store.add_picture(picture_rgb(n), group=group)[0] for n, group in enumerate(("Jane Doe", "John Roe"))]
    rows = [(page.file, "normal", page.group_key, page.picture_hash) for page in pages]
    weights = {part: {"file": f"{part}.safetensors", "sha256": "0"} for part in ("detector", "local")}
    seen = [[page.picture_hash, page.group_key, ""] for page in pages]
    table = "".join(f"{','.join(row)}\n" for row in [("file", "label", "group", "picture_hash"), *rows])
    found = {page.file: [[[1.5, 2, 3, 4]], [0.5]] for page in pages}
    files: dict[str, Any] = {
        "runs/1/inputs.csv": table,
        "runs/1/predictions.csv": table,
        "runs/1/log.txt": "".join(f"left out {page.file}\n" for page in pages),
        "runs/1/comparison.json": {"pages": 2, "changed": [{"file": page.file, "p": 0.5} for page in pages]},
        "runs/1/fold-0/detections.json": found,
        "runs/1/fold-0/bundle/bundle.json": {"format": 1, "weights": weights, "seen": seen},
        "bundles/quick-1/bundle.json": {"format": 1, "weights": weights, "metrics": {"n": 2}, "seen": seen},
    }
    for name, content in files.items():
        path = store.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return store


def _manifest(folder: Path) -> dict[str, Any]:
    """What a model says of itself, whether it could be used or not."""
    content: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    return content


def holders(store: Store, *signs: str) -> set[str]:
    """Files that hold one of these texts."""
    store.close()  # reading its files would end the database's locks
    paths = [path for path in store.folder.rglob("*") if path.is_file()]
    return {p.relative_to(store.folder).as_posix() for p in paths for s in signs if s.encode() in p.read_bytes()}


@pytest.mark.parametrize("kill", KILLS)
def test_a_kill_while_erasing_leaves_nothing_after_the_next_start(trained: Store, kill: str) -> None:
    gone, stays = (row["picture_hash"] for row in trained.rows("SELECT picture_hash FROM image ORDER BY id"))
    assert len(holders(trained, gone)) >= 8
    where, call = KILLS[kill]
    command = [sys.executable, "-c", PROGRAM, str(trained.folder), where, str(call)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    again = Store(trained.folder)
    assert again.rows("SELECT * FROM mention") == []
    assert holders(again, gone, "Jane Doe") == set()
    assert len(holders(again, stays)) >= 8, "the other patient's entries stay"
    manifest = _manifest(again.folder / "bundles/quick-1")
    assert (len(manifest["seen"]), manifest["erased_pages"], manifest["metrics"]) == (1, 1, {"n": 2})
    assert [text for text in check(again) if "runs/" in text] == []


def test_what_earlier_versions_left_of_erased_patients_goes_with_the_upgrade(
    trained: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They deleted rows and pictures alone; the next start of this version finds what files still name."""
    gone, stays = (row["picture_hash"] for row in trained.rows("SELECT picture_hash FROM image ORDER BY id"))
    with monkeypatch.context() as patch:
        patch.setattr("annotations.maintenance.check_and_erase.forget_mentions", lambda _store: True)
        erase_group(trained, "Jane Doe", "Ada")
    db = trained.db
    db.executescript(
        "DROP TABLE mention; DROP TABLE changed_run; DELETE FROM _sqlite_migrations WHERE name LIKE 'm011%'"
    )
    trained.close()
    assert len(holders(trained, gone)) >= 7
    again = Store(trained.folder)
    assert again.rows("SELECT * FROM mention") == []
    assert holders(again, gone) == set()
    assert len(holders(again, stays)) >= 8


def test_files_that_cannot_be_changed_are_told_and_changed_later(
    trained: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _content: bytes) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("annotations.erasure.mention_files.write_bytes_atomic", refuse)
        with pytest.raises(StoreError, match=r"still names an erased page cannot be changed: .*Permission denied"):
            erase_group(trained, "Jane Doe", "Ada")
    assert holders(trained, "Jane Doe")
    assert holders(Store(trained.folder), "Jane Doe") == set()


def test_a_page_that_left_the_erased_group_stays_without_it(trained: Store) -> None:
    """It was in the group when the model learnt: the guard must know the page still, and the key must go."""
    digest = trained.picture(2).picture_hash
    path = trained.folder / "bundles/quick-1" / MANIFEST
    manifest = json.loads(path.read_text())
    manifest["seen"] = [[digest, "Jane Doe", "record"], [OTHER, "Jane Doe", ""]]
    path.write_text(json.dumps(manifest))
    erase_group(trained, "Jane Doe", "Ada")
    assert _manifest(path.parent)["seen"] == [[digest, "", "record"]]


def test_a_model_is_known_again_by_what_does_not_change(trained: Store) -> None:
    before = fingerprint(_manifest(trained.folder / "bundles/quick-1"))
    erase_group(trained, "Jane Doe", "Ada")
    assert fingerprint(_manifest(trained.folder / "bundles/quick-1")) == before
    assert before != fingerprint(_manifest(trained.folder / "bundles/quick-1") | {"version": "other"})


TEXTS = st.sampled_from(["", "x", GONE, STAYS, f"pictures/aa/{GONE}.png", f"pictures/bb/{STAYS}.png", f"l {GONE}: no"])
VALUES = st.recursive(
    TEXTS | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(value=VALUES)
def test_no_json_names_an_erased_picture_and_what_does_not_is_unchanged(
    tmp_path_factory: pytest.TempPathFactory, value: Any
) -> None:
    text = json.dumps(value)
    clean = _forgotten(tmp_path_factory.mktemp("data"), "runs/1/any.json", text)
    assert GONE not in clean
    assert GONE in text or clean == text
    if isinstance(value, dict):
        assert set(json.loads(clean)) == {key for key in value if GONE not in key}


CELLS = st.sampled_from(
    ["", "x", 'a "b", c', GONE, f"pictures/aa/{GONE}.png", f"pictures/bb/{STAYS}.png", "1" * 140_000]
)


@given(rows=st.lists(st.tuples(CELLS, st.sampled_from(["Jane Doe", "Jane", ""]), CELLS), max_size=5))
def test_tables_lose_the_rows_of_erased_pages_alone(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([("file", "group", "reason"), *rows])
    clean = _forgotten(tmp_path_factory.mktemp("data"), "runs/1/any.csv", stream.getvalue())
    expected = []
    for file, group, reason in rows:
        if GONE not in file + reason and (group != "Jane Doe" or STAYS in file + reason):
            expected.append([file, "" if group == "Jane Doe" else group, reason])
    csv.field_size_limit(10**6)
    assert list(csv.reader(io.StringIO(clean, newline="")))[1:] == expected


def _forgotten(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    Mentions(frozenset({GONE}), frozenset({"Jane Doe"}), frozenset({STAYS})).forget_in(folder)
    content = path.read_text()
    path.unlink()
    return content


def test_two_who_erase_at_once_leave_nothing_of_either(trained: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second patient is erased while files forget the first; who is done crosses off its own notes alone."""
    signs = [row["picture_hash"] for row in trained.rows("SELECT picture_hash FROM image")]
    plain, is_open, may_erase = Mentions.forget_in, Event(), Event()

    def erase_the_second() -> None:
        store = Store(trained.folder)
        is_open.set()
        may_erase.wait(60)
        with suppress(StoreError):
            erase_group(store, "John Roe", "Ben")
        store.close()

    def forget_the_first(mentions: Mentions, *arguments: Any) -> None:
        may_erase.set()
        while len(trained.rows("SELECT 1 FROM erasure")) < 2:
            sleep(0.01)
        plain(mentions, *arguments)

    second = Thread(target=erase_the_second)
    second.start()
    is_open.wait(60)
    monkeypatch.setattr(Mentions, "forget_in", forget_the_first)
    with suppress(StoreError):  # the other's connection may keep the log; the next start empties it
        erase_group(trained, "Jane Doe", "Ada")
    second.join(60)
    again = Store(trained.folder)
    assert again.rows("SELECT * FROM mention") == []
    assert holders(again, *signs, "Jane Doe", "John Roe") == set()


def test_bytes_that_another_leaves_meanwhile_stay_noted(trained: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes the database anew does not cross off what another has erased since, should that one be killed."""
    other = Store(trained.folder)

    def erased_by_another(connection: sqlite3.Connection) -> int:
        if connection.in_transaction:
            return plain(connection)
        before = plain(connection)
        with other.writing() as of_other:
            note_bytes_left(of_other)
        return before

    plain = freed_bytes._changes_of_others
    monkeypatch.setattr(freed_bytes, "_changes_of_others", erased_by_another)
    with suppress(StoreError):
        freed_bytes.forget_bytes(trained)
    assert trained.rows("SELECT * FROM bytes_left") == [{"id": 1}]
    monkeypatch.undo()
    other.close()
    assert Store(trained.folder).rows("SELECT * FROM bytes_left") == []
