"""A program is killed at random moments while it keeps, paints, erases or imports: is anything lost, or left behind?

    python -m benchmarks.store.kills [--kills 500] [--only keep paint erase import] [--seed 0] [--plain-delete]

Each life is a process of its own that reports what it was told is done, until SIGKILL ends it. Then the data folder is
opened once, as a start of the app does. What was reported must be there; nothing may be half; no picture may lie there
that no row names; and of whatever has no row any more no byte may be left in any file: its words in the database, its
log and its free pages, its pixels, and what tables of a training and the list of a model say of it. ``--plain-delete``
has SQLite delete as its plain builds do, which leave deleted rows in the file.
"""

import argparse
import csv
import json
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from annotations import readings
from annotations.database import data_folder
from annotations.exchange.formats import FORMATS
from annotations.exchange.import_export import import_from
from annotations.maintenance.check_and_erase import check, erase_group
from annotations.model import LabelledBox, Picture, Reading
from annotations.privacy.redaction import redact
from annotations.privacy.retention import set_retention
from annotations.store import Store
from ecgcore.bundle.manifest import MANIFEST
from ecgcore.types import Box, ByteArray

WIDTH, HEIGHT = 320, 240
LONGEST_S, LONGEST_IMPORT_S = 0.2, 1.5
"""Of a life after its first report; importing starts a process that decodes."""
IMPORTED, LIVES_A_FOLDER = 3, 25
BOX = Box(20, 20, 120, 90)
BOXES = tuple(LabelledBox(f"b{i:02d}", Box(i, i, i + 30.0, i + 40.0)) for i in range(20))

Say = Callable[[str], None]


def picture_rgb(rng: random.Random) -> ByteArray:
    """A picture like no other, which seems black: taking the look of another would be most of a life."""
    return np.random.default_rng(rng.getrandbits(64)).integers(0, 2, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def keep(store: Store, rng: random.Random, say: Say) -> None:
    """Keep a picture with a name and a reading of its own."""
    mark = f"mark-{rng.getrandbits(64):016x}"
    say(f"keeping {mark}")
    picture, _ = store.add_picture(picture_rgb(rng), name=mark)
    say(f"kept {mark}")
    readings.save(store, picture.id, "Ada", reading_of(mark), base_revision_id=None)
    say(f"read {mark}")


def reading_of(mark: str) -> Reading:
    """What is said of the picture of this name."""
    return Reading("normal", BOXES, boxes_complete=True, comment=f"says {mark}")


def paint(store: Store, rng: random.Random, say: Say) -> None:
    """Keep a picture and paint a part of it."""
    keep(store, rng, say)
    picture = store.picture(store.rows("SELECT max(id) AS id FROM image")[0]["id"])
    redact(store, picture.id, [BOX], "Ada")
    say(f"painted {picture.picture_hash}")


def erase(store: Store, rng: random.Random, say: Say) -> None:
    """Keep a picture, have a training and a model name it, and erase its patient."""
    keep(store, rng, say)
    picture = store.picture(store.rows("SELECT max(id) AS id FROM image")[0]["id"])
    say(f"hashed {picture.picture_hash}")
    name_in_training(store.folder, picture)
    erase_group(store, picture.group_key, "Ada")
    say(f"erased {picture.name}")


def name_in_training(folder: Path, picture: Picture) -> None:
    """Write what a finished training and its model say of a page."""
    row = (picture.file, "normal", picture.group_key, picture.picture_hash)
    table = f"file,label,group,picture_hash\n{','.join(row)}\n"
    seen = [[picture.picture_hash, picture.group_key, picture.name]]
    for name, content in {
        "runs/1/inputs.csv": table,
        "runs/1/log.txt": f"left out {picture.file}\n",
        "runs/1/fold-0/detections.json": json.dumps({picture.file: [[[1.5, 2, 3, 4]], [0.5]]}),
        f"bundles/quick-1/{MANIFEST}": json.dumps({"format": 1, "weights": {}, "seen": seen}),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".new").write_text(content)
        path.with_suffix(".new").replace(path)


def take_in(store: Store, rng: random.Random, say: Say) -> None:
    """Import some pictures, each with a label."""
    with tempfile.TemporaryDirectory() as folder:
        mark = f"mark-{rng.getrandbits(64):016x}"
        with (Path(folder) / "table.csv").open("w", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(("file", "label", "group"))
            for number in range(IMPORTED):
                say(f"keeping {mark}-{number}.png")
                name = f"{mark}-{number}.png"
                cv2.imwrite(str(Path(folder) / name), picture_rgb(rng))
                table.writerow((name, "normal", f"{mark}-{number}"))
        import_from(store, FORMATS["table"], Path(folder), "Ada", keep_names=True)
        for number in range(IMPORTED):
            say(f"kept {mark}-{number}.png")


LIVES: dict[str, Callable[[Store, random.Random, Say], None]] = {
    "keep": keep, "paint": paint, "erase": erase, "import": take_in,
}  # fmt: skip


def live(folder: Path, what: str, seed: int, report: int) -> None:
    """Do one thing without end."""
    store, rng = Store(folder), random.Random(seed)
    while True:
        LIVES[what](store, rng, lambda words: os.write(report, f"{words}\n".encode()) and None)


def kill_once(folder: Path, what: str, seed: int) -> list[str]:
    """One life; returns what it reported."""
    heard, report = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            live(folder, what, seed, report)
        finally:
            traceback.print_exc()
            os._exit(1)
    os.close(report)
    first = os.read(heard, 1)
    time.sleep(random.Random(seed).uniform(0, LONGEST_IMPORT_S if what == "import" else LONGEST_S))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(heard) as stream:
        said = [line.strip() for line in (first.decode() + stream.read()).splitlines(keepends=True) if line[-1] == "\n"]
    if not os.WIFSIGNALED(status):
        raise RuntimeError(f"{what}, seed {seed}: the process ended by itself")
    return said


def look(folder: Path, said: list[str], marks: set[str], *, erases: bool) -> Counter[str]:
    """Start once and search.

    Args:
        folder: of a program that was killed.
        said: what it had reported.
        marks: all names that were ever given, and of what is erased the hashes.
        erases: whether it erases what it keeps.
    """
    store = Store(folder)
    found: Counter[str] = Counter()
    found["findings of check"] = len(check(store))
    names = {row["name"] for row in store.rows("SELECT name FROM image")}
    read = {
        said.reading.comment.removeprefix("says "): said.reading for said in readings.revisions_where(store, "1", ())
    }
    found["half"] = sum(bool(mark) and reading != reading_of(mark) for mark, reading in read.items())
    hashes = {row["picture_hash"] for row in store.rows("SELECT picture_hash FROM image")}
    store.close()
    told = [line.split(" ", 1) for line in said]
    erased = {mark for word, mark in told if word == "erased"}
    if erases:
        erased |= {
            mark for word, mark in told if word == "keeping"
        } - names  # it may have been erased and not reported yet
    found["reported, lost"] = sum(
        (word == "kept" and mark not in names | erased)
        or (word == "read" and mark not in read.keys() | erased)
        or (word == "painted" and mark in hashes)
        or (word == "erased" and mark in names)
        for word, mark in told
    )
    found["reported"] = sum(word in ("kept", "read", "painted", "erased") for word, _ in told)
    gone = [mark.encode() for mark in marks - names - hashes]
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found["files with bytes that should be gone"] += any(mark in content for mark in gone)
    return found


def delete_plainly() -> None:
    """Turn off what ``data_folder.connect`` asks for, as if SQLite did not know it."""

    class Plain(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            return super().execute(sql.replace("secure_delete = ON", "secure_delete = OFF"), *values)

    usual = sqlite3.connect
    data_folder.sqlite3.connect = lambda *args, **options: usual(*args, factory=Plain, **options)  # type: ignore[assignment]


def begin(folder: Path) -> None:
    """A data folder that keeps whole photos."""
    store = Store(folder)
    store.add_person("Ada")
    set_retention(store, "photo")
    store.close()


def run(what: str, kills: int, seed: int) -> Counter[str]:
    """So many kills of one kind."""
    total: Counter[str] = Counter()
    for first in range(0, kills, LIVES_A_FOLDER):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "data"
            begin(folder)
            marks: set[str] = set()
            for number in range(first, min(kills, first + LIVES_A_FOLDER)):
                said = kill_once(folder, what, seed + number)
                marks |= {line.split(" ", 1)[1] for line in said if line.startswith(("keeping ", "hashed "))}
                found = look(folder, said, marks, erases=what == "erase")
                if found.total() > found["reported"]:
                    print(f"{what}, seed {seed + number}: {dict(found)}", flush=True)
                    shutil.rmtree(folder)  # what is wrong is counted once
                    begin(folder)
                total.update(found)
    return total


def main() -> None:
    """Kill and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--only", nargs="*", choices=list(LIVES), default=list(LIVES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain-delete", action="store_true", help="deleted rows stay in SQLite's file until VACUUM")
    options = parser.parse_args()
    if options.plain_delete:
        delete_plainly()
    for what in options.only:
        start = time.monotonic()
        total = run(what, options.kills, options.seed)
        print(f"{what}: {options.kills} kills in {time.monotonic() - start:.0f} s, {dict(total)}", flush=True)


if __name__ == "__main__":
    main()
