"""How many pictures that are no ECG the gate refuses, and how many readable ECG pages it lets pass.

python -m benchmarks.photo_gate [--ecgs DIR] [--at-most N] [--ptbxl DIR]

The gate's weights were fitted on what ``photo_gate_drawn`` draws with OpenCV and on rendered records of PTB-XL's first
half. Nothing of that is counted here: these pictures come from Pillow, matplotlib and scikit-image, the rendered ECGs
from other seeds and from PTB-XL's second half, the rest from a program of others (ecg-plot) and from a folder.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.foreign_renderer import DPIS, LOOKS, draw_record_page
from benchmarks.photo_gate_drawn import ecg
from benchmarks.photo_gate_pictures import NO_ECG
from ecgcore.errors import NotScreenable
from ecgcore.page import prepare_page, read_picture
from ecgcore.page_io import FILE_ENDINGS
from ecgcore.papersim import KINDS, draw_page, random_style, synthetic_ecg
from ecgcore.types import ByteArray
from trainer.sources import Record, load_ptbxl

REPORT_SEED = 20_000
RENDERED, FOREIGN, PTBXL = 66, 24, 60
Z95 = 1.959964


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    centre = (hits + Z95**2 / 2) / (of + Z95**2)
    half = Z95 * np.sqrt(hits * (of - hits) / of + Z95**2 / 4) / (of + Z95**2)
    return centre - half, centre + half


def _rendered() -> Iterator[tuple[str, ByteArray]]:
    for number in range(RENDERED):
        yield f"rendered {number}", ecg(np.random.default_rng([REPORT_SEED, number]), number)


def _foreign() -> Iterator[tuple[str, ByteArray]]:
    for number in range(FOREIGN):
        kind = list(KINDS)[number % len(KINDS)]
        signals_mv, fs_hz, _ = synthetic_ecg(kind, REPORT_SEED + number)
        look, dpi = list(LOOKS)[number % len(LOOKS)], DPIS[number % len(DPIS)]
        record = Record(f"synthetic:{number}", "", None, signals_mv, fs_hz)
        yield f"{kind}, {look}, {dpi} dpi", draw_record_page(record, look, dpi).image_rgb


def _from_ptbxl(folder: Path) -> Iterator[tuple[str, ByteArray]]:
    records = list(load_ptbxl(folder))
    chosen = records[len(records) // 2 :][:: max(1, len(records) // 2 // PTBXL)]
    for number, record in enumerate(chosen):
        rng = np.random.default_rng([REPORT_SEED, 1, number])
        yield record.source_record, draw_page(record.signals_mv, record.fs_hz, random_style(rng), REPORT_SEED).image_rgb


def _from_folder(folder: Path, at_most: int) -> Iterator[tuple[str, ByteArray]]:
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in FILE_ENDINGS)
    for file in files[:: max(1, len(files) // at_most)]:
        for photo_rgb in read_picture(file, file.name):
            yield file.name, photo_rgb


def _not_ecgs(kind: str) -> Iterator[tuple[str, ByteArray]]:
    draw, count = NO_ECG[kind]
    for number in range(count):
        yield f"{kind} {number}", draw(np.random.default_rng([REPORT_SEED, list(NO_ECG).index(kind), number]))


def _refused(pictures: Iterator[tuple[str, ByteArray]], is_ecg: bool) -> tuple[int, int, int]:
    """Count pictures, refusals and poor pages; name what was decided wrongly."""
    count = refused = poor = 0
    for name, photo_rgb in pictures:
        count += 1
        try:
            page = prepare_page(photo_rgb)
        except NotScreenable as error:
            refused += 1
            if is_ecg:
                print(f"    refused: {name}: {error.cause}")
        else:
            poor += page.quality == "poor"
            if not is_ecg:
                print(f"    passed ({page.quality}): {name}")
    return count, refused, poor


def main() -> None:
    """Draw, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ecgs", type=Path, help="a folder of readable ECG pages")
    parser.add_argument("--at-most", type=int, default=200, help="how many of them, evenly taken")
    parser.add_argument("--ptbxl", type=Path, help="the folder of PTB-XL")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    ecgs = {"rendered, unseen seeds": _rendered(), "drawn by ecg-plot": _foreign()}
    if options.ptbxl is not None:
        ecgs["rendered PTB-XL, second half"] = _from_ptbxl(options.ptbxl)
    if options.ecgs is not None:
        ecgs[f"pages of {options.ecgs.name}"] = _from_folder(options.ecgs, options.at_most)
    sets = {
        **{(kind, False): _not_ecgs(kind) for kind in NO_ECG},
        **{(name, True): pages for name, pages in ecgs.items()},
    }
    totals = {False: [0, 0], True: [0, 0]}
    for (name, is_ecg), pictures in sets.items():
        count, refused, poor = _refused(pictures, is_ecg)
        right = count - refused if is_ecg else refused
        totals[is_ecg][0] += right
        totals[is_ecg][1] += count
        print(f"{name}: {right} of {count} {'passed' if is_ecg else 'refused'}, {poor} graded poor", flush=True)
    for is_ecg, words in ((False, "no ECG, refused"), (True, "readable ECGs, passed")):
        right, count = totals[is_ecg]
        low, high = wilson(right, count)
        print(f"{words}: {right} of {count}, {right / count:.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
