"""Do two checkouts of this project say the same of real pages? To be run after every change that should change nothing.

python -m benchmarks.page.same_answers OLD NEW --data DIR --out DIR [--bundle DIR] [--pages N] [--close]

``OLD`` and ``NEW`` are checkouts (git worktrees). ``DIR`` holds ``khan_full``, ``khan`` with ``khan.csv``, and
``photos``: the ten full Khan pages, a hundred others spread over the diagnoses, and all photos are screened. Each
checkout does so in a process of its own, by the one bundle (``OLD``'s starter by default) and this Python.

Khan pages have to agree in every value of the prediction except the seconds, in notes and faults, and in the ink to the
byte. Photos have to agree in status and decision, and in boxes within ``BOX_PX``; what else differs on them is listed
and does not count. Keys that only ``NEW`` writes are named once. The exit code is 1 where anything counts.

With ``--close`` numbers of Khan pages may differ as far as another way of computing the same networks moves them: boxes
by ``CLOSE_PX``, probabilities and all else by ``CLOSE``. The largest distance of two probabilities is printed.

Answers of a clean checkout stay in ``--out`` under its commit, so that the old one runs once; ``--pages`` takes about
so many pages, spread over the list, for a quick look.
"""

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ecgcore.bundle.manifest import MANIFEST

Answer = dict[str, Any]

KHAN_PAGES = 100
BOX_PX = 1.0
CLOSE_PX = 0.5
CLOSE = 0.005

WORKER = """
import hashlib, importlib, json, sys
from pathlib import Path
from ecgcore.pipeline import screen_pages

for name in ("ecgcore.bundle.folder", "ecgcore.bundle"):  # where a bundle is loaded has moved before
    try:
        load_bundle = importlib.import_module(name).load_bundle
        break
    except (ImportError, AttributeError):
        continue
bundle = load_bundle(Path(sys.argv[1]), "cpu")
for line in sys.stdin:
    path = Path(line.strip())
    for prediction, _ in screen_pages(path, bundle, file=path.name):
        ink = None if prediction.ink is None else prediction.ink.raster()
        digest = None if ink is None else hashlib.sha256(repr(ink.shape).encode() + ink.tobytes()).hexdigest()
        answer = {**prediction.to_json(), "ink": digest, "notes": prediction.notes, "faults": prediction.faults}
        del answer["seconds"]
        print(json.dumps(answer), flush=True)
"""


def pictures(data: Path) -> list[Path]:
    """The full Khan pages, as many of the others as are asked for, diagnoses taking turns, and the photos."""
    full = sorted((data / "khan_full").glob("*.jpg"))
    by_diagnosis = defaultdict(list)
    with (data / "khan.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if Path(row["file"]).stem not in {path.stem for path in full}:
                by_diagnosis[row["diagnosis"]].append(data / "khan" / row["file"])
    share = KHAN_PAGES // len(by_diagnosis)
    others = [path for files in by_diagnosis.values() for path in files[:: max(1, len(files) // share)][:share]]
    return [*full, *others, *sorted((data / "photos").glob("*.jpg"))]


def answers_of(checkout: Path, bundle: Path, paths: Sequence[Path], kept: Path) -> dict[str, list[Answer]]:
    """What a checkout says of each picture, a list of its pages; a clean checkout is asked only once."""
    file = _kept_file(checkout, bundle, kept)
    known: dict[str, list[Answer]] = {}
    if file is not None and file.exists():
        known = json.loads(file.read_text(encoding="utf-8"))
    missing = [path for path in paths if path.name not in known]
    fresh: dict[str, list[Answer]] = defaultdict(list)
    if missing:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            [sys.executable, "-c", WORKER, str(bundle)],
            cwd=checkout,
            env=environment,
            input="\n".join(str(path.resolve()) for path in missing),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        for line in done.stdout.splitlines():
            answer = json.loads(line)
            fresh[answer["file"]].append(answer)
    known |= fresh
    if file is not None and missing:
        file.write_text(json.dumps(known), encoding="utf-8")
    return known


def _kept_file(checkout: Path, bundle: Path, kept: Path) -> Path | None:
    """Where the answers of a checkout by a bundle stay; None where it holds changes that are in no commit."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=checkout, capture_output=True, text=True, check=True)  # noqa: S607
        return done.stdout.strip()

    if git("status", "--porcelain", "--untracked-files=no"):
        return None
    by = hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()[:8]
    return kept / f"{git('rev-parse', '--short=12', 'HEAD')}-{by}.json"


def differences(
    old: Sequence[Answer], new: Sequence[Answer], *, is_close_enough: bool = False
) -> Iterator[tuple[str, str]]:
    """Each value of a picture that differs, or is not even close: its name, and the two values in short."""
    if len(old) != len(new):
        yield "pages", f"{len(old)} / {len(new)}"
    for before, after in zip(old, new, strict=False):
        for name, value in before.items():
            if name not in after:
                yield name, "is not written any more"
            elif value != after[name] and not (is_close_enough and is_close(value, after[name])):
                yield name, _shortened(value, after[name])
        if not boxes_agree(before, after):
            yield "boxes", f"further apart than {BOX_PX:g} px"


def is_close(old: object, new: object, most: float = CLOSE) -> bool:
    """Whether two JSON values differ in nothing but numbers, and in these by little."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(
            is_close(value, new[name], CLOSE_PX if name == "box" else most) for name, value in old.items()
        )
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(is_close(a, b, most) for a, b in zip(old, new, strict=True))
    if isinstance(old, float) and isinstance(new, float):
        return abs(old - new) <= most
    return old == new


def boxes_agree(before: Answer, after: Answer) -> bool:
    """Whether two answers hold the same beats in the same order, each edge within ``BOX_PX``."""
    pairs = zip(before["beats"], after["beats"], strict=False)
    return len(before["beats"]) == len(after["beats"]) and all(
        abs(a - b) <= BOX_PX for one, other in pairs for a, b in zip(one["box"], other["box"], strict=True)
    )


def _shortened(old: object, new: object, most: int = 48) -> str:
    """Two values from where they part."""
    texts = json.dumps(old), json.dumps(new)
    same = next((n for n, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts)))
    return " / ".join(("..." if same else "") + text[same : same + most] for text in texts)


def main() -> None:
    """Ask both, and print what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="answers of clean checkouts stay here")
    parser.add_argument("--bundle", type=Path, help="default: the old checkout's starter")
    parser.add_argument("--pages", type=int, help="about so many, spread over the list")
    parser.add_argument("--close", action="store_true", help="numbers may differ by little")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    bundle = (options.bundle or options.old / "ecgcore" / "starter").resolve()
    paths = pictures(options.data)
    if options.pages:
        paths = paths[:: max(1, len(paths) // options.pages)]
    old, new = (answers_of(checkout, bundle, paths, options.out) for checkout in (options.old, options.new))
    counting = 0
    for path in paths:
        is_photo = path.parent.name == "photos"
        for name, values in differences(old[path.name], new[path.name], is_close_enough=options.close):
            counts = not is_photo or name in ("pages", "status", "decision", "boxes")
            counting += counts
            print(f"{'' if counts else '(does not count) '}{path.parent.name}/{path.name} {name}: {values}")
    probabilities = [
        (before["p_abnormal"], after["p_abnormal"])
        for path in paths
        for before, after in zip(old[path.name], new[path.name], strict=False)
    ]
    distances = [abs(a - b) for a, b in probabilities if a is not None and b is not None]
    print(f"largest distance of two probabilities: {max(distances, default=0.0):.6f}, of {len(distances)} pages")
    added = {name for path in paths for page in new[path.name] for name in page}
    added -= {name for path in paths for page in old[path.name] for name in page}
    print(f"{len(paths)} pictures: {counting or 'no'} differences that count", *sorted(f"new key: {n}" for n in added))
    sys.exit(1 if counting else 0)


if __name__ == "__main__":
    main()
