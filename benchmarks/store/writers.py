"""Many writers at once, and writers that are killed: is every save accounted for?

python -m benchmarks.store.writers [--processes 8] [--saves 200] [--pages 20] [--kills 100]
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from annotations import readings
from annotations.model import LabelledBox, Reading, SaveConflictError, StoreError
from annotations.store import Store
from ecgcore.types import Box

BOXES = tuple(LabelledBox(f"b{i:02d}", Box(i, i, i + 30.0, i + 40.0)) for i in range(60))
READING = Reading("normal", BOXES, boxes_complete=True)


def new_store(folder: Path, pages: int) -> Store:
    """A store with so many pages and eight people."""
    store = Store(folder)
    for number in range(8):
        store.add_person(f"reader {number}")
    for number in range(pages):
        store.add_picture(np.full((200, 200, 3), number, np.uint8))
    return store


def save_often(folder: Path, reader: int, saves: int, pages: int) -> Counter[str]:
    """One process's outcomes: saved, told of a conflict, or refused."""
    store, rng, outcomes = Store(folder), random.Random(reader), Counter[str]()
    for _ in range(saves):
        image_id = rng.randint(1, pages)
        head = readings.head(store, image_id)
        try:
            readings.save(
                store, image_id, f"reader {reader}", READING, base_revision_id=None if head is None else head.id
            )
            outcomes["saved"] += 1
        except SaveConflictError:
            outcomes["told of a conflict"] += 1
        except StoreError as error:
            outcomes[error.cause] += 1
    return outcomes


def write_until_killed(folder: Path) -> None:
    """Drafts and saves without end; each saved revision is reported as soon as ``save`` returns."""
    store, rng = Store(folder), random.Random()
    pages = len(store.rows("SELECT id FROM image"))
    while True:
        image_id = rng.randint(1, pages)
        head = readings.head(store, image_id)
        base = None if head is None else head.id
        for _ in range(3):
            readings.save_draft(store, image_id, "reader 0", READING, base_revision_id=base)
        print(readings.save(store, image_id, "reader 0", READING, base_revision_id=base).id, flush=True)


def killed(folder: Path, kills: int) -> tuple[int, int, int]:
    """Kill a writer at random moments; returns revisions reported, lost, and half written."""
    reported: set[int] = set()
    for _ in range(kills):
        command = [sys.executable, "-m", "benchmarks.store.writers", "--write", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            reported.add(int(writer.stdout.readline()))
            time.sleep(random.uniform(0, 0.25))
            writer.kill()
            reported |= {int(line) for line in writer.stdout if line.endswith("\n")}
    store = Store(folder)
    found = readings.revisions_where(store, "1", ())
    lost = reported - {revision.id for revision in found}
    half = [revision for revision in found if revision.reading != READING]
    sound = store.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert sound and not store.rows("PRAGMA foreign_key_check")
    return len(reported), len(lost), len(half)


def main() -> None:
    """Run both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--saves", type=int, default=200)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write is not None:
        write_until_killed(options.write)
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(Path(folder) / "many", options.pages)
        jobs = [(store.folder, reader, options.saves, options.pages) for reader in range(options.processes)]
        with get_context("spawn").Pool(options.processes) as pool:
            total = sum(pool.starmap(save_often, jobs), Counter())
        kept = len(store.rows("SELECT id FROM revision"))
        print(f"{options.processes} processes x {options.saves} saves on {options.pages} pages: {dict(total)}")
        print(f"{sum(total.values())} accounted for, {kept} revisions in the store")
        new_store(Path(folder) / "killed", options.pages)
        reported, lost, half = killed(Path(folder) / "killed", options.kills)
        print(f"{options.kills} kills: {reported} revisions reported as saved, {lost} lost, {half} half written")


if __name__ == "__main__":
    main()
