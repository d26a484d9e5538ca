"""Two or three programs, or tabs of one, do something to the same page at once: is anything lost, or left behind?

    python -m benchmarks.store.races [--races 300] [--kinds paint-paint erase-save ...] [--seed 0]

Every race has a data folder of its own with real files and SQLite, and racers that start together, within a few
milliseconds: in every second race processes, else threads that share a ``Store`` as the tabs of one server do. They
call what the app calls. Each must do what it was asked to, or say as an error of the program's own why not. Then the
folder is opened once, as at a start: nothing may be lost or half, no file may lie there that no row names, nothing may
be left to finish, and no file may hold a byte of what was erased.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from annotations import readings
from annotations.maintenance.backup import restore
from annotations.maintenance.check_and_erase import check
from annotations.model import SHARED
from annotations.store import Store
from benchmarks.store.racers import (
    BACKUP,
    BOXES,
    ERASED,
    KINDS,
    NEW,
    STAYS,
    Ended,
    Page,
    begin,
    in_processes,
    in_threads,
)
from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode.read import read_picture
from ecgcore.types import Box

APARTS_S = (0.0, 0.002, 0.01, 0.03)
"""Within which the racers of a race start."""
LEFT_TO_DO = "SELECT file FROM file_intent UNION ALL SELECT kind FROM mention UNION ALL SELECT 'bytes' FROM bytes_left"
LOCKS_AND_KEY = {"ecg.db", "ecg.db.lock", ".pictures.lock", ".lock", "patient-hmac.key"}


def unsound(folder: Path) -> list[str]:
    """What is wrong with any data folder after the next start: strays, damage, work that was left."""
    store = Store(folder)
    wrong = [f"STRAY {file}" for file in store.finished] + [f"STRAY, or damage: {words}" for words in check(store)]
    wrong += [f"left to do: {row}" for row in store.rows(LEFT_TO_DO)]
    store.close()
    beside = {path.name for path in folder.rglob("*") if path.is_file() and "pictures" not in path.parts}
    return wrong + [f"STRAY {name}" for name in beside - LOCKS_AND_KEY]


def judge(folder: Path, page: Page, ended: Sequence[Ended]) -> list[str]:
    """What is wrong after a race."""
    wrong = [f"RAW {one.asked}: {one.words}" for one in ended if one.how == "raw"] + unsound(folder)
    store = Store(folder)
    left = readings.revisions_where(store, "1", ())
    names = {row["name"]: row["id"] for row in store.rows("SELECT id, name FROM image ORDER BY id DESC")}
    drafts = store.rows("SELECT image_id FROM draft")
    is_there = store.row("SELECT 1 FROM image WHERE id = ?", (page.id,)) is not None
    comments = {(said.image_id, said.reading.comment) for said in left}
    if (page.other_id, f"says {STAYS}") not in comments:
        wrong.append("LOST the other patient's reading")
    ours = {page.id}
    done = {asked: [one for one in ended if one.asked == asked and one.how == "done"] for asked in
            {one.asked for one in ended}}  # fmt: skip
    if any(number not in ours for number, words in comments if ERASED in words) or any(
        row["image_id"] not in ours for row in drafts
    ):
        wrong.append("ON ANOTHER PAGE")
    if "erase" in done:
        wrong += _after_erasure(folder, store, page, ended, done, is_there=is_there)
    elif (page.id, f"says {ERASED}") not in comments:
        wrong.append("LOST the page's reading")
    if not is_there and "erase" not in done:
        wrong.append("LOST the page")
    painted = [one for asked in ("paint", "paint_elsewhere") for one in done.get(asked, [])]
    if is_there:
        wrong += _unredacted(store, page, [BOXES[int(one.words)] for one in painted])
    if not painted and "erase" not in done and any(one.asked.startswith("paint") for one in ended):
        wrong.append("LOST: nobody's redaction was done")
    if "add_new" in done:
        wrong += _after_adding(ended, names, left)
    store.close()
    return wrong + (_of_the_backup(folder, page, done) if "back_up" in done else [])


def _unredacted(store: Store, page: Page, boxes: Sequence[Box]) -> list[str]:
    """Places that somebody was told are redacted, and are not; or the picture is lost."""
    picture = store.picture(page.id)
    try:
        (photo_rgb,) = read_picture(store.picture_path(picture), picture.name)
    except UnreadablePictureError as error:
        return [f"LOST the picture: {error}"]
    places = [photo_rgb[int(box.y1) : int(box.y2), int(box.x1) : int(box.x2)] for box in boxes]
    return [f"LOST a redaction of {box}" for box, place in zip(boxes, places, strict=True) if place.any()]


def _after_erasure(
    folder: Path,
    store: Store,
    page: Page,
    ended: Sequence[Ended],
    done: dict[str, list[Ended]],
    *,
    is_there: bool,
) -> list[str]:
    """The page was to be erased; ``words`` of who did is when."""
    noted = sum(row["pictures"] for row in store.rows("SELECT pictures FROM erasure"))
    late = [*done.get("add_to_patient", []), *done.get("add_again", [])]
    wrong = []
    said_gone = [one for one in ended if one.asked == "erase" and one.words.startswith("The rows are erased")]
    if (is_there and not late) or not (done["erase"] or said_gone):
        wrong.append("LOST an erasure")
    if len(done["erase"]) > 1 and not late:
        wrong.append("erased twice")
    pages = len(store.rows("SELECT 1 FROM image WHERE group_key = ?", (page.group,)))
    if noted + pages != 1 + len({one.words for one in late if one.words}) and not any(not one.words for one in late):
        wrong.append(f"LOST a page, or one is noted twice: {noted} erased, {pages} there")
    if not pages:
        store.close()
        signs = [ERASED.encode(), page.picture_hash.encode(), page.group.encode()]
        files = [path for path in folder.rglob("*") if path.is_file()]
        wrong += [f"BYTES in {path.name}" for path in files if any(sign in path.read_bytes() for sign in signs)]
    return wrong


def _after_adding(ended: Sequence[Ended], names: dict[str, int], left: Sequence[readings.Revision]) -> list[str]:
    """All kept the same new picture."""
    wrong = [f"LOST: {one.words}" for one in ended if one.how != "done"]
    if len({one.words.split()[0] for one in ended}) != 1 or sum("True" in one.words for one in ended) != 1:
        wrong.append("kept twice, or by nobody")
    if sum(said.image_id == names[NEW] and said.reader != SHARED for said in left) != len(ended):
        wrong.append("LOST a reading")
    return wrong


def _of_the_backup(folder: Path, page: Page, done: dict[str, list[Ended]]) -> list[str]:
    """The backup can be restored, and holds nothing of what was gone when it was done."""
    if not done["back_up"]:
        return ["LOST: no backup"]
    beside = [path.name for path in folder.parent.iterdir() if path.name not in (folder.name, BACKUP)]
    wrong = [f"STRAY {name}" for name in beside]
    again = folder.parent / "restored"
    restore(folder.parent / BACKUP, again)
    wrong += [f"of the backup: {words}" for words in unsound(again)]
    store = Store(again)
    is_there = store.row("SELECT 1 FROM image WHERE id = ?", (page.id,)) is not None
    is_as_it_was = store.row("SELECT 1 FROM image WHERE picture_hash = ?", (page.picture_hash,)) is not None
    if (page.other_id,) not in {(said.image_id,) for said in readings.revisions_where(store, "1", ())}:
        wrong.append("LOST from the backup")
    store.close()
    ended_at = (folder.parent / BACKUP).stat().st_ctime  # when it was put into its place
    if is_there and any(float(one.words) < ended_at for one in done.get("erase", [])):
        wrong.append("a backup that ended after the erasure holds the page")
    if is_as_it_was and any(one.at < ended_at for one in done.get("paint", [])):
        wrong.append("a backup that ended after the redaction holds the page as it was")
    return wrong


def run(kind: str, races: int, seed: int) -> Counter[str]:
    """So many races of one kind."""
    total = Counter({"races": 0, "lost": 0, "strays": 0, "raw errors": 0, "other": 0})
    with tempfile.TemporaryDirectory() as temporary:
        ready, root = Path(temporary) / "ready", Path(temporary) / "race"
        page = begin(ready, seed)
        for number in range(races):
            rng = random.Random(seed + number)
            acts = rng.choice(KINDS[kind])
            apart_s = rng.choice(APARTS_S)
            shutil.copytree(ready, root / "data")
            race = in_threads if number % 2 else in_processes
            ended = race(root / "data", page, acts, [rng.uniform(0, apart_s) for _ in acts])
            wrong = judge(root / "data", page, ended)
            total += Counter(f"{one.asked} {one.how}" for one in ended)
            total["races"] += 1
            total["lost"] += any("LOST" in words for words in wrong)
            total["strays"] += any("STRAY" in words for words in wrong)
            total["raw errors"] += any("RAW" in words for words in wrong)
            total["other"] += any(not words.startswith(("LOST", "STRAY", "RAW")) for words in wrong)
            if wrong:
                print(f"{kind}, seed {seed + number}, {race.__name__}:", *wrong, *ended, sep="\n  ", flush=True)
            shutil.rmtree(root)
    return total


def main() -> int:
    """Race and print; 0 where nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--races", type=int, default=300)
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    wrong = 0
    for kind in options.kinds:
        start = time.monotonic()
        total = run(kind, options.races, options.seed)
        wrong += sum(total[words] for words in ("lost", "strays", "raw errors", "other"))
        print(f"{kind}: {dict(total)}, {time.monotonic() - start:.0f} s", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
