"""What racers do to one page at the same time, as threads of one program or as programs of their own."""

import json
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from annotations import readings
from annotations.maintenance.backup import backup
from annotations.maintenance.check_and_erase import erase_group
from annotations.privacy.redaction import redact
from annotations.privacy.retention import set_retention
from annotations.readings import Reading
from annotations.store import Store
from benchmarks.store.kills import picture_rgb, reading_of
from ecgcore.errors import EcgError
from ecgcore.types import Box

ERASED, STAYS, NEW = "mark-of-the-erased", "mark-of-the-other", "mark-of-the-new"
BOXES = (Box(20, 20, 120, 90), Box(150, 100, 250, 190), Box(60, 50, 200, 150))
BACKUP = "kept.zip"


@dataclass(frozen=True)
class Page:
    """The page that all want, as it was before."""

    id: int
    picture_hash: str
    group: str
    seed: int
    other_id: int


@dataclass(frozen=True)
class Ended:
    """How one racer ended: what it was asked, whether it was done, said why not or failed, and when."""

    asked: str
    how: Literal["done", "told", "raw"]
    words: str
    at: float


Act = Callable[[Store, Page, int], str]
"""What a racer does, as the racer of such a number; returns what there is to tell."""


def paint(store: Store, page: Page, number: int) -> str:
    """Redact; the first two the same place, the third another."""
    redact(store, page.id, [BOXES[number // 2]], f"reader {number}")
    return str(number // 2)


def paint_elsewhere(store: Store, page: Page, number: int) -> str:
    """Redact a place of one's own."""
    redact(store, page.id, [BOXES[number]], f"reader {number}")
    return str(number)


def erase(store: Store, page: Page, number: int) -> str:
    """Erase the page's patient; right afterwards somebody keeps a page of another patient."""
    erase_group(store, page.group, f"reader {number}")
    said = str(time.time())
    store.add_picture(picture_rgb(random.Random(page.seed + 1)), name=f"new after {number}")
    return said


def save(store: Store, page: Page, number: int) -> str:
    """Save an answer from a tab that shows the page."""
    saved = readings.save(
        store, page.id, f"reader {number}", reading_of(f"{ERASED}-{number}"),
        base_revision_id=1, picture_hash=page.picture_hash,
    )  # fmt: skip
    return str(saved.id)


def draft(store: Store, page: Page, number: int) -> str:
    """Keep drafts from a tab that shows the page."""
    for turn in range(3):
        readings.save_draft(
            store, page.id, f"reader {number}", reading_of(f"{ERASED}-{turn}"),
            base_revision_id=1, picture_hash=page.picture_hash,
        )  # fmt: skip
    return ""


def add_new(store: Store, page: Page, number: int) -> str:
    """Keep the same new picture, each with a reading."""
    picture, is_new = store.add_picture(picture_rgb(random.Random(page.seed + 2)), name=NEW)
    reading = Reading("normal", comment=f"reader {number}")
    readings.save(store, picture.id, f"reader {number}", reading, base_revision_id=None, reader=f"reader {number}")
    return f"{picture.id} {is_new}"


def add_again(store: Store, page: Page, number: int) -> str:
    """Keep the page's own picture once more."""
    store.add_picture(picture_rgb(random.Random(page.seed)), name=ERASED, group=page.group)
    return ""


def add_to_patient(store: Store, page: Page, number: int) -> str:
    """Keep another page of the same patient."""
    picture, _ = store.add_picture(picture_rgb(random.Random(page.seed + 3)), name=ERASED, group=page.group)
    return str(picture.id)


def back_up(store: Store, page: Page, number: int) -> str:
    """Write a backup."""
    backup(store, store.folder.parent / BACKUP)
    return ""


KINDS: dict[str, tuple[Sequence[Act], ...]] = {
    "paint-paint": ((paint, paint), (paint_elsewhere, paint_elsewhere), (paint, paint, paint)),
    "erase-save": ((erase, save), (erase, draft), (erase, save, draft)),
    "add-add": ((add_new, add_new), (add_new, add_new, add_new)),
    "backup-paint": ((back_up, paint), (back_up, erase), (back_up, paint, erase)),
    "erase-paint": ((erase, paint), (erase, paint, paint_elsewhere)),
    "erase-add": ((erase, add_again), (erase, add_to_patient), (erase, add_again, add_to_patient)),
    "erase-erase": ((erase, erase),),
}


def act_of(store: Store, page: Page, act: Act, number: int, wait_s: float) -> Ended:
    """Let one racer act, and note how it ends."""
    time.sleep(wait_s)
    try:
        how, words = "done", act(store, page, number)
    except EcgError as error:
        how, words = "told", f"{error}"
    except Exception as error:  # noqa: BLE001 - that it is none of ours is what is counted
        how, words = "raw", f"{type(error).__name__}: {error}"
    finally:
        store.close()
    return Ended(act.__name__, how, words, time.time())  # type: ignore[arg-type]


def in_threads(folder: Path, page: Page, acts: Sequence[Act], waits_s: Sequence[float]) -> list[Ended]:
    """Racers that are tabs of one server."""
    store, barrier, ended = Store(folder), threading.Barrier(len(acts)), list[Ended]()

    def race(act: Act, number: int) -> None:
        store.row("SELECT 1 FROM image")  # the thread's connection
        barrier.wait()
        ended.append(act_of(store, page, act, number, waits_s[number]))

    threads = [threading.Thread(target=race, args=(act, number)) for number, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    return ended


def in_processes(folder: Path, page: Page, acts: Sequence[Act], waits_s: Sequence[float]) -> list[Ended]:
    """Racers that are programs of their own."""
    waiting, start = os.pipe()
    heard, report = os.pipe()
    children = []
    for number, act in enumerate(acts):
        child = os.fork()
        if child == 0:
            os.close(start)
            store = Store(folder)
            store.row("SELECT 1 FROM image")
            os.write(report, b"ready\n")
            os.read(waiting, 1)  # until the pipe is closed
            ended = act_of(store, page, act, number, waits_s[number])
            os.write(report, f"{json.dumps(asdict(ended))}\n".encode())
            os._exit(0)
        children.append(child)
    os.close(report)
    os.close(waiting)
    with os.fdopen(heard) as stream:
        for _ in acts:
            assert stream.readline() == "ready\n"
        os.close(start)
        ended_all = [Ended(**json.loads(line)) for line in stream]
    for child in children:
        os.waitpid(child, 0)
    return ended_all


def begin(folder: Path, seed: int) -> Page:
    """A data folder with a page of the patient whom all want, read once, and one of another patient."""
    store = Store(folder)
    for person in ("Ada", *(f"reader {number}" for number in range(3))):
        store.add_person(person)
    set_retention(store, "photo")
    page, _ = store.add_picture(picture_rgb(random.Random(seed)), name=ERASED)
    readings.save(store, page.id, "Ada", reading_of(ERASED), base_revision_id=None, picture_hash=page.picture_hash)
    other, _ = store.add_picture(picture_rgb(random.Random(seed + 4)), name=STAYS)
    readings.save(store, other.id, "Ada", reading_of(STAYS), base_revision_id=None)
    store.close()
    return Page(page.id, page.picture_hash, page.group_key, seed, other.id)
