"""Patients erased and pages redacted while a training is at work, some of it killed: what is left, and who complains?

python -m benchmarks.store.erase_while_training [--trainings 25] [--seed 0]

A training is started and, around a random moment of it, three patients are erased one soon after the other by processes
of their own, and in every second turn a page of a fourth is redacted. In every third turn the training is killed soon
afterwards, in every third a process that erases. Then the data folder is opened once, as at a start, and searched:
every file, the database and its log among them. Then the training is resumed, and the next three are erased: three
turns, and it is let come to its end, which may be that too few patients are left.
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

from annotations.maintenance.check_and_erase import check, erase_group
from annotations.patients.keys import group_in_files
from annotations.privacy.redaction import redact
from annotations.runs.training_runs import move_run, run_of
from annotations.store import Store
from ecgcore.errors import EcgError
from ecgcore.types import Box
from tests.support.training_store import add_page, make_training_store, queue
from trainer import jobs
from trainer.runs.files import run_folder, sign_lock, take_lock
from trainer.worker import retrain

PATIENTS = range(20, 44)
"""Beside those of the tests, so that a fold keeps enough of them."""
TURNS, ERASED_A_TURN = 3, 3
SPREAD_S = 1.5
"""Within which the patients of a turn are erased, and after which somebody is killed."""
RUN = 1
PROCESSES = get_context("forkserver")
KILLED = ("nobody", "training", "eraser")
WAIT_S = 300.0
TOO_FEW = "Add pages of other patients"


@dataclass(frozen=True)
class Change:
    """What one process does: erase a page's patient, or redact the page; ``signs`` may be nowhere afterwards."""

    image_id: int
    is_erased: bool
    picture_hash: str
    signs: tuple[bytes, ...]
    at_s: float


def train(folder: Path) -> None:
    """The training's process, silent."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    lock = take_lock(run_folder(folder, RUN))
    if lock is not None:
        sign_lock(lock)
        retrain.run_training(Store(folder), RUN)


def do(folder: Path, image_id: int, *, is_erased: bool) -> None:
    """The process of a change; complaints end in a file beside the folder."""
    store = Store(folder)
    try:
        if is_erased:
            erase_group(store, store.picture(image_id).group_key, "Ada")
        else:
            redact(store, image_id, [Box(10, 10, 60, 40)], "Ada")
    except EcgError as error:
        folder.with_suffix(f".{image_id}.told").write_text(str(error))
    except Exception as error:  # noqa: BLE001 - that it is none of ours is what is counted
        folder.with_suffix(f".{image_id}.raw").write_text(repr(error))


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


def left_of(folder: Path, change: Change) -> list[str]:
    """Files that name what is gone; of a redacted page what was cut from it, since its former hash is remembered."""
    names = holders(folder, list(change.signs))
    return [
        name for name in names if change.is_erased or name.startswith(("cache/", "pictures/")) or "prepared" in name
    ]


def settled(folder: Path) -> Store:
    """The folder as the next start finds it."""
    store = Store(folder)
    jobs.reconcile(store)
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
    is_over = run.state == "candidate" or TOO_FEW in run.message
    return "; ".join(findings) if is_over else f"{run.state}: {run.message}"


def begin(folder: Path) -> None:
    """Let the run begin, or begin again."""
    store = settled(folder)
    move_run(store, RUN, "queued", of=("interrupted", "failed", "cancelled"))
    store.close()


def drawn_changes(folder: Path, rng: random.Random, lasts_s: float, *, redacts: bool) -> list[Change]:
    """Whom to erase next, and when."""
    store = Store(folder)
    groups = {f"patient {patient}" for patient in PATIENTS}  # no name is the beginning of another
    stored = store.rows("SELECT min(id) AS id, picture_hash, group_key FROM image GROUP BY group_key")
    rows = [row for row in stored if row["group_key"] in groups]
    moment_s, changes = rng.uniform(0, lasts_s), []
    for number, row in enumerate(rng.sample(rows, min(len(rows), ERASED_A_TURN + redacts))):
        is_erased = number < ERASED_A_TURN
        names = (row["picture_hash"], row["group_key"], group_in_files(store)(row["group_key"]))
        signs = tuple(name.encode() for name in (names if is_erased else names[:1]))
        changes.append(
            Change(row["id"], is_erased, row["picture_hash"], signs, moment_s + rng.uniform(0, SPREAD_S) * (number > 0))
        )
    store.close()
    return sorted(changes, key=lambda change: change.at_s)


def run_turn(folder: Path, rng: random.Random, lasts_s: float, number: int) -> tuple[Counter[str], list[Change]]:
    """Start or resume the training and erase meanwhile; returns what to count, and what was done."""
    begin(folder)
    changes = drawn_changes(folder, rng, lasts_s, redacts=number % 2 == 1)
    training, began = in_process(train, folder), time.monotonic()
    erasers = []
    for change in changes:
        time.sleep(max(0.0, change.at_s - (time.monotonic() - began)))
        erasers.append(in_process(do, folder, change.image_id, is_erased=change.is_erased))
    killed = KILLED[number % 3]
    if killed != "nobody":
        time.sleep(rng.uniform(0, SPREAD_S))
        (training if killed == "training" else rng.choice(erasers)).kill()
    for process in (*erasers, training):
        process.join(WAIT_S)
    store = settled(folder)
    run = run_of(store, RUN)
    stored = {row["picture_hash"] for row in store.rows("SELECT picture_hash FROM image")}
    store.close()
    done = [change for change in changes if change.picture_hash not in stored]
    counts = Counter({"turns": 1, f"training then: {run.state}": 1})
    counts["erased"] = sum(change.is_erased for change in done)
    counts["redacted"] = sum(not change.is_erased for change in done)
    counts["killed before it was done"] = len(changes) - len(done)
    raw = [path.read_text() for path in folder.parent.glob(f"{folder.name}.*.raw")]
    counts["raw errors"] = len(raw) + int("The program failed" in run.message)
    if counts["raw errors"]:
        print(changes, raw, run.message, sep="\n  ")
    return counts, done


def run_training(ready: Path, folder: Path, rng: random.Random, lasts_s: float) -> Counter[str]:
    """One training with all its turns; returns what to count."""
    shutil.copytree(ready, folder)
    total, gone = Counter({"trainings": 1}), []
    for number in range(TURNS):
        counts, done = run_turn(folder, rng, lasts_s, number + rng.randrange(3))
        total += counts
        gone += done
        left = {name for change in gone for name in left_of(folder, change)}
        total["turns with something left"] += bool(left)
        if left:
            print("left:", left)
        if "training then: candidate" in counts:
            break
    wrong = finish(folder)
    total["not finished after resume"] = int(bool(wrong))
    left = {name for change in gone for name in left_of(folder, change)}
    total["with something left at the end"] = int(bool(left))
    if wrong or left:
        print(wrong, left, *[path.read_text() for path in folder.parent.glob(f"{folder.name}.*.told")], sep="\n  ")
    shutil.rmtree(folder)
    for path in folder.parent.glob(f"{folder.name}.*"):
        path.unlink()
    return total


def main() -> int:
    """Run the trainings; exit 0 when nothing was left, nobody got a raw error, and every one came to its end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainings", type=int, default=25, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the moments")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    PROCESSES.set_forkserver_preload(["trainer.worker.retrain"])
    rng, total = random.Random(options.seed), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="ecg-races-") as name:
        root = Path(name)
        store = make_training_store(root / "ready")
        for patient in PATIENTS:
            add_page(store, patient, 0)
        queue(store, stages=("fusion",))
        store.close()
        for _ in range(2):  # the first warms up the disk's cache
            shutil.copytree(root / "ready", root / "undisturbed")
            began = time.monotonic()
            in_process(train, root / "undisturbed").join(WAIT_S)
            lasts_s = time.monotonic() - began
            shutil.rmtree(root / "undisturbed")
        print(f"undisturbed: {lasts_s:.1f} s", flush=True)
        for number in range(options.trainings):
            total += run_training(root / "ready", root / f"training-{number}", rng, lasts_s)
            print(f"{number + 1}: {dict(total)}", flush=True)
    wrong = (
        "turns with something left", "with something left at the end", "raw errors", "not finished after resume",
    )  # fmt: skip
    print("; ".join(f"{words}: {total[words]}" for words in ("erased", "redacted", "turns", "trainings", *wrong)))
    return int(any(total[words] for words in wrong))


if __name__ == "__main__":
    sys.exit(main())
