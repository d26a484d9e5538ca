"""How often the rate that is shown is within 3 bpm of the one printed on real pages, and on how many one is shown.

    python -m benchmarks.page.printed_rates --data DIR [--pages N] [--part report|tune] [--crops DIR]

``DIR`` holds ``khan_full``, and ``khan`` with ``khan.csv``. The pages are the ten full Khan pages and others at random,
as many that print a rate as are asked for (no photo at hand prints one). ``tune`` takes pages of other patients: what
is chosen with a look at rates is chosen there. The printed rate is the one in the header, else
that in the footer behind the layout, as this machine prints it, read by the program's own OCR; ``--crops`` writes the
foot of every page beside what was read of it, for a look by eye.
"""

import argparse
import csv
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.page.heart_rate import share_with_interval
from ecgcore.bundle.folder import Bundle, load_bundle, starter_folder
from ecgcore.errors import NotScreenableError
from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.decode.read import read_picture
from ecgcore.page.prepare import prepare_page
from ecgcore.pipeline import screen
from ecgcore.read_page import read_page

WITHIN_BPM = 3.0
PARTS = {"report": (0, 1, 2), "tune": (3, 4, 5, 6, 7, 8, 9)}
"""Tenths of the patients."""
FOOTER_RATE = re.compile(r"\d\*\d(?:\.\d)?s(?:\+\dr)?\D{0,4}(\d{2,3})\s*SE")
"""Behind the layout and a heart: ``4*2.5s+1r ♥85 SE-3``."""
FOOT_SHARE = 0.06


def paths_of(data: Path, part: str) -> Iterator[Path]:
    """The pictures of a part, in an order that depends on their names alone."""
    if part == "report":
        yield from sorted((data / "khan_full").glob("*.jpg"))
    full = {path.stem for path in (data / "khan_full").glob("*.jpg")}
    with (data / "khan.csv").open(newline="", encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if Path(row["file"]).stem not in full]
    mine = [row["file"] for row in rows if _number(row["group"]) % 10 in PARTS[part]]
    yield from (data / "khan" / file for file in sorted(mine, key=_number))


def _number(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:6])


def printed_bpm(photo_rgb: ByteArray) -> int | None:
    """The rate that stands on a page; None where none was read."""
    try:
        print_ = read_page(prepare_page(photo_rgb), finds_handwriting=False).with_header().printed
    except NotScreenableError:
        return None
    found = FOOTER_RATE.search(" ".join(print_.lines))
    return int(found[1]) if found else print_.settings.rate_bpm


def measured(paths: Iterator[Path], most: int, bundle: Bundle, crops: Path | None) -> Iterator[tuple[str, int, float]]:
    """Name, printed rate, and the rate shown, NaN where none is, of so many pages that print a rate."""
    count = 0
    for path in paths:
        if count == most:
            return
        photo_rgb = read_picture(path, path.name)[0]
        truth = printed_bpm(photo_rgb)
        if truth is None:
            continue
        count += 1
        if crops is not None:
            foot = photo_rgb[-round(FOOT_SHARE * len(photo_rgb)) :, : photo_rgb.shape[1] // 2, ::-1]
            cv2.imwrite(str(crops / f"{count:03}_{truth}_{path.stem}.png"), foot)
        prediction = screen(photo_rgb, bundle, file=path.name)
        shown = prediction.heart_rate_bpm
        if shown is None or abs(shown - truth) > WITHIN_BPM:
            told = [note for note in (*prediction.notes, *prediction.faults) if "bpm" in note]
            print(f"  {path.name}: printed {truth}, shown {shown}, {prediction.status}; {told}", flush=True)
        yield path.name, truth, np.nan if shown is None else shown


def main() -> None:
    """Read, screen, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--part", choices=PARTS, default="report")
    parser.add_argument("--crops", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.crops is not None:
        options.crops.mkdir(parents=True, exist_ok=True)
    bundle = load_bundle(starter_folder())
    found = list(measured(paths_of(options.data, options.part), options.pages, bundle, options.crops))
    errors = np.abs(np.array([shown - truth for _, truth, shown in found]))
    is_shown = np.isfinite(errors)
    print(f"{len(found)} pages that print a rate: shown on {share_with_interval(is_shown)}")
    print(f"within {WITHIN_BPM:g} bpm of those shown: {share_with_interval(errors[is_shown] <= WITHIN_BPM)}")


if __name__ == "__main__":
    main()
