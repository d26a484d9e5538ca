"""Patients erased and pages redacted while a training is at work, some of it killed: what is left, and who complains?

python -m benchmarks.erase_while_training [--races 30] [--seed 0]

A race starts a training and, at a random moment of it, erases a patient or redacts a page from another process. In
every third race the training is killed soon afterwards, in every third the process that erases. Then the data folder is
opened once, as at a start, and searched: every file, the database and its log among them. Then the training is resumed.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from annotations.painting import paint_black
from annotations.patients import group_in_files
from annotations.store import Store
from annotations.training_runs import move_run, run_of
from annotations.upkeep import check, erase_group
from ecgcore.errors import EcgError
from ecgcore.types import Box
from tests.trainer.training_store import add_page, make_training_store, queue
from trainer import jobs, retrain
from trainer.run_files import run_folder, sign_lock, take_lock

PATIENTS = range(20, 26)
"""Beside those of the tests, so that a fold keeps enough of them."""
RUN = 1
PROCESSES = get_context("forkserver")
KILLED = ("nobody", "training", "eraser")
WAIT_S = 300.0


@dataclass(frozen=True)
class Race:
    """What happens: whom the kill hits, whether the patient is erased or a page redacted, and when, in seconds."""

    killed: str
    is_erased: bool
    at_s: float
    kill_after_s: float


def train(folder: Path) -> None:
    """The training's process, silent."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    lock = take_lock(run_folder(folder, RUN))
    if lock is not None:
        sign_lock(lock)
        retrain.run_training(Store(folder), RUN)


def change(folder: Path, image_id: int, *, is_erased: bool) -> None:
    """The process that erases a page's patient, or redacts the page; complaints end in a file beside the folder."""
    store = Store(folder)
    try:
        if is_erased:
            erase_group(store, store.picture(image_id).group_key, "Ada")
        else:
            paint_black(store, image_id, [Box(10, 10, 60, 40)], "Ada")
    except EcgError as error:
        folder.with_suffix(".told").write_text(str(error))
    except Exception as error:  # noqa: BLE001 - that it is none of ours is what is counted
        folder.with_suffix(".raw").write_text(repr(error))


def in_process(target: object, *arguments: object, **options: object) -> "PROCESSES.Process":  # type: ignore[name-defined]
    """A process that has begun."""
    process = PROCESSES.Process(target=target, args=arguments, kwargs=options)  # type: ignore[arg-type]
    process.start()
    return process


def holders(folder: Path, signs: list[bytes]) -> list[str]:
    """Files that hold one of these, by name or content; nobody in this process has the database open meanwhile."""
    found = []
    for path in folder.rglob("*"):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes() if path.is_file() else b""
        found += [name for sign in signs if sign in name.encode() or sign in content]
    return found


def pictures_among(names: list[str], race: Race) -> list[str]:
    """What must not be there: of a redacted page what was cut from it, since its former hash is remembered."""
    return [name for name in names if race.is_erased or name.startswith(("cache/", "pictures/")) or "prepared" in name]


def settled(folder: Path) -> Store:
    """The folder as the next start finds it."""
    store = Store(folder)
    jobs.settle(store)
    return store


def finish(folder: Path) -> str:
    """Let the run come to its end; returns what is wrong then."""
    store = settled(folder)
    if run_of(store, RUN).state != "candidate":
        move_run(store, RUN, "queued", of=("interrupted", "failed", "cancelled"))
        store.close()
        in_process(train, folder).join(WAIT_S)
        store = settled(folder)
    run, findings = run_of(store, RUN), check(store)
    store.close()
    return "; ".join(findings) if run.state == "candidate" else f"{run.state}: {run.message}"


def run_race(ready: Path, folder: Path, race: Race, group: str) -> Counter[str]:
    """One race; returns what to count."""
    shutil.copytree(ready, folder)
    store = Store(folder)
    (row,) = store.rows("SELECT id, picture_hash, group_key FROM image WHERE group_key = ?", (group,))
    digest, key = row["picture_hash"].encode(), row["group_key"].encode()
    hashed = group_in_files(store)(row["group_key"]).encode()
    store.close()
    training = in_process(train, folder)
    time.sleep(race.at_s)
    eraser = in_process(change, folder, row["id"], is_erased=race.is_erased)
    if race.killed != "nobody":
        time.sleep(race.kill_after_s)
        (training if race.killed == "training" else eraser).kill()
    eraser.join(WAIT_S)
    training.join(WAIT_S)
    store = settled(folder)
    run = run_of(store, RUN)
    is_done = not store.rows("SELECT 1 FROM image WHERE picture_hash = ?", (row["picture_hash"],))
    store.close()
    signs = [digest, key, hashed] if race.is_erased else [digest]
    left = pictures_among(holders(folder, signs), race)
    counts = Counter({"races": 1, f"training then: {run.state}": 1})
    counts["killed before it was erased or redacted"] = int(not is_done)
    counts["with something left"] = int(is_done and bool(left))
    counts["raw errors"] = int(folder.with_suffix(".raw").exists() or "The program failed" in run.message)
    wrong = finish(folder)
    counts["not finished after resume"] = int(bool(wrong))
    again = pictures_among(holders(folder, signs), race)
    counts["with something left after resume"] = int(is_done and bool(again))
    said = folder.with_suffix(".raw") if folder.with_suffix(".raw").exists() else folder.with_suffix(".told")
    if counts["with something left"] or counts["raw errors"] or wrong or counts["with something left after resume"]:
        print(race, left, again, run.message, wrong, said.read_text() if said.exists() else "", sep="\n  ")
    shutil.rmtree(folder)
    return counts


def main() -> int:
    """Run the races; exit 0 when nothing was left, nobody got a raw error, and every training came to its end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--races", type=int, default=30, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the moments")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    PROCESSES.set_forkserver_preload(["trainer.retrain"])
    rng, total = random.Random(options.seed), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="ecg-races-") as name:
        root = Path(name)
        store = make_training_store(root / "ready")
        for patient in PATIENTS:
            add_page(store, patient, 0)
        queue(store, stages=("fusion",))
        groups = [row["key"] for row in store.rows("SELECT DISTINCT group_key AS key FROM image WHERE id > 10")]
        store.close()
        shutil.copytree(root / "ready", root / "undisturbed")
        in_process(train, root / "undisturbed").join(WAIT_S)  # warms up the disk's cache
        shutil.rmtree(root / "undisturbed")
        shutil.copytree(root / "ready", root / "undisturbed")
        began = time.monotonic()
        in_process(train, root / "undisturbed").join(WAIT_S)
        lasts_s = time.monotonic() - began
        print(f"undisturbed: {lasts_s:.1f} s")
        for number in range(options.races):
            race = Race(KILLED[number % 3], number % 2 == 0, rng.uniform(0, lasts_s), rng.uniform(0, 1.0))
            total += run_race(root / "ready", root / f"race-{number}", race, rng.choice(groups))
            print(f"{number + 1}: {dict(total)}", flush=True)
    wrong = ("with something left", "with something left after resume", "raw errors", "not finished after resume")
    print("; ".join(f"{words}: {total[words]}" for words in ("races", *wrong)))
    return int(any(total[words] for words in wrong))


if __name__ == "__main__":
    sys.exit(main())
