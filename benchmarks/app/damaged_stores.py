"""Does every page of the app open on a damaged data folder, and say what to do?

    python -m benchmarks.app.damaged_stores [--count N] [--first N]

A small data folder with pictures, predictions, readings, a draft, a snapshot and a finished training is damaged in one
place, another in each copy, and all five pages are opened on it as Streamlit runs them. Counted are pages that end in a
traceback, and those whose error names no next step.
"""

import argparse
import gc
import json
import os
import random
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from annotations import readings
from annotations.model import Reading
from annotations.readings.predictions import record_prediction
from annotations.readings.snapshots import take_snapshot
from annotations.store import DATABASE, Store
from ecgcore.bundle.folder import load_bundle, starter_folder
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.pipeline import screen
from tests.support.app_pages import PAGES, open_page
from tests.support.read_pages import add_training_page
from trainer import jobs

PATIENTS, UNREAD = 8, 3
LATER = "2099-01-01T00:00:00.000+00:00"

Damage = Callable[[Path, random.Random], str]
"""Damages a data folder; says how."""


def make_store(folder: Path) -> None:
    """A data folder that holds some of everything."""
    store, bundle = Store(folder), load_bundle(starter_folder())
    store.add_person("Ada")
    for patient in range(PATIENTS):
        add_training_page(store, patient, 0, px_per_mm=3.0)
    take_snapshot(store, "first", "Ada")
    run = jobs.follow(store, jobs.start(store, by="Ada", recipe="tiny", folds=2, device="cpu").id)
    if run.state != "candidate":
        raise RuntimeError(jobs.log_tail(store, run.id))
    for seed in range(UNREAD):
        signals_mv, fs_hz, beats_s = synthetic_ecg("normal", seed)
        photo_rgb = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=4.0), seed, beats_s=beats_s).image_rgb
        picture, _ = store.add_picture(photo_rgb)
        record_prediction(store, picture.id, screen(photo_rgb, bundle, file=picture.name))
        readings.save_draft(store, picture.id, "Ada", Reading(comment="not ready"), base_revision_id=None)
    store.close()
    gc.collect()
    while list(folder.glob(f"{DATABASE}-*")):  # the training's process closes it last, and takes its log away
        time.sleep(0.1)


def damage_file(folder: Path, rng: random.Random) -> str:
    """Cut, empty, delete or overwrite a file."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "cache" not in path.parts]
    path = rng.choice(files)
    return _damage(path, rng)


def damage_picture(folder: Path, rng: random.Random) -> str:
    """The same, of a picture."""
    return _damage(rng.choice(sorted((folder / "pictures").rglob("*.*"))), rng)


def damage_run(folder: Path, rng: random.Random) -> str:
    """The same, of what came out of a training."""
    return _damage(rng.choice([path for path in sorted((folder / "runs").rglob("*.*")) if path.is_file()]), rng)


def damage_database(folder: Path, rng: random.Random) -> str:
    """The same, of the database."""
    return _damage(folder / DATABASE, rng)


def damage_json_file(folder: Path, rng: random.Random) -> str:
    """A value of another type in a JSON file."""
    path = rng.choice(sorted((folder / "runs").rglob("*.json")) + sorted((folder / "bundles").rglob("*.json")))
    values = json.loads(path.read_text())
    what = _change(values, rng)
    path.write_text(json.dumps(values))
    return f"{path.relative_to(folder)}: {what}"


def damage_row(folder: Path, rng: random.Random) -> str:
    """A text of the database that should be JSON, a time or a name is none."""
    table, column, condition = rng.choice(
        [
            ("draft", "content", "1"),
            ("revision", "flags", "1"),
            ("revision", "flags", "id = (SELECT max(id) FROM revision)"),
            ("revision", "created_at", "1"),
            ("run_event", "event", "1"),
            ("train_run", "stages", "1"),
            ("train_run", "created_at", "1"),
            ("train_run", "recipe", "1"),
            ("train_run", "candidate_version", "1"),
            ("activation", "version", "1"),
            ("activation", "created_at", "1"),
            ("image", "file", "id = 1"),
            ("image", "created_at", "1"),
            ("prediction", "created_at", "1"),
            ("setting", "value", "1"),
            ("lease", "expires_at", "1"),
        ]
    )
    value = rng.choice(["", "{", "[]", "null", "7", '{"reading": 3}', "caf\u00e9 \u202e", LATER, "x" * 100_000])
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        known = {name for (name,) in db.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        if column not in known:
            return f"{table} has no {column}"
        triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (trigger,) in triggers:
            db.execute(f'DROP TRIGGER "{trigger}"')
        try:
            db.execute(f"UPDATE {table} SET {column} = ? WHERE {condition}", (value,))  # noqa: S608  (its own words)
        except sqlite3.IntegrityError as error:
            return f"{table}.{column} refuses {value[:20]}: {error}"
        db.commit()
    return f"{table}.{column} = {value[:20]!r} where {condition}"


def lose(folder: Path, rng: random.Random) -> str:
    """A folder or a main file is gone, or something else lies in its place."""
    path = folder / rng.choice([DATABASE, "pictures", "bundles", "runs", "runs/1", "runs/1/fold-0", "cache"])
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if rng.random() < 0.5:
        return f"{path.name} is gone"
    if path.suffix:
        path.mkdir(parents=True)
    else:
        path.write_text("no folder")
    return f"{path.name} is something else"


DAMAGES: tuple[Damage, ...] = (
    damage_file, damage_picture, damage_run, damage_database, damage_json_file, damage_row, damage_row, lose,
)  # fmt: skip


def _damage(path: Path, rng: random.Random) -> str:
    content = path.read_bytes()
    how = rng.choice(["truncated", "empty", "deleted", "another file", "bits turned"])
    match how:
        case "truncated":
            path.write_bytes(content[: rng.randrange(max(1, len(content)))])
        case "empty":
            path.write_bytes(b"")
        case "deleted":
            path.unlink()
        case "another file":
            path.write_bytes(rng.randbytes(300))
        case _:
            changed = bytearray(content)
            for _ in range(rng.randint(1, 200) if content else 0):
                changed[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            path.write_bytes(changed)
    return f"{path.name}: {how}"


def _change(values: object, rng: random.Random) -> str:
    """Replace one value somewhere in JSON."""
    while isinstance(values, dict | list) and values:
        keys = list(values) if isinstance(values, dict) else list(range(len(values)))
        key = rng.choice(keys)
        inner = values[key]  # type: ignore[index]
        if not isinstance(inner, dict | list) or not inner or rng.random() < 0.3:
            new = rng.choice([None, -1, 1e400, "text", [], {}, True, [1, 2], {"a": 1}])
            values[key] = new  # type: ignore[index]
            return f"{key} = {new!r}"
        values = inner
    return "nothing"


def main() -> None:
    """Damage and open, and print what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    wrong: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as temporary:
        whole = Path(temporary) / "whole"
        make_store(whole)
        for number in range(options.first, options.first + options.count):
            folder, rng = Path(temporary) / f"damaged-{number}", random.Random(number)
            shutil.copytree(whole, folder)
            what = DAMAGES[number % len(DAMAGES)](folder, rng)
            os.environ["ECG_DATA_DIR"] = str(folder)
            for name in PAGES:
                found = open_page(name)
                if found:
                    wrong[found.split(":")[0]] += 1
                    print(f"{number}, {what}, {name}: {found}", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{options.count} damaged folders, {options.count * len(PAGES)} pages: {dict(wrong) or 'all opened'}")


if __name__ == "__main__":
    main()
