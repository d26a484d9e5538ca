"""How many pictures that are no ECG the gate refuses, and how many readable ECG pages it lets pass.

python -m benchmarks.page.gate BUNDLE [--ptbxl DIR] [--ludb DIR] [--ecgs DIR] [--at-most N] [--seed N] [--only PART ...]

Pictures go through the whole screening, since a page's beats decide where its strokes leave a doubt.
The gate's weights were fitted on what ``fits.page_gate.drawn`` draws with OpenCV and on records of PTB-XL that starters
train on. Nothing of that is counted here: the other pictures come from Pillow, matplotlib and scikit-image, the ECGs
from other seeds, from records and patients held out, from a program of others (ecg-plot) and from a folder. Photographs
count where their damage leaves them readable, as ``gate_pages.is_readable`` says; clean pages count always. The parts:

ecgs      pages that are to pass
sheets    315 pictures of the first ten kinds, in ``gate_pictures``
screens   180 of slides, reports, plots of several panels, telephones, programs and papers, in ``no_ecg``
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from benchmarks.page.gate_pages import (
    Pictures,
    clean,
    foreign,
    from_folder,
    held_out_ludb,
    held_out_ptbxl,
    photographed,
    rendered,
)
from benchmarks.page.gate_pictures import NO_ECG
from benchmarks.page.no_ecg.kinds import SLIDES_PLOTS_SCREENS
from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.pipeline import screen
from ecgcore.types import ByteArray

REPORT_SEED = 20_005
RENDERED, FOREIGN, PTBXL, LUDB, PHOTOS = 50, 24, 60, 40, 50
Z95 = 1.959964
PARTS = {"ecgs": "readable ECGs, passed", "sheets": "no ECG, refused", "screens": "slides, plots, screens, refused"}

Kinds = dict[str, tuple[Callable[[np.random.Generator], ByteArray], int]]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    centre = (hits + Z95**2 / 2) / (of + Z95**2)
    half = Z95 * np.sqrt(hits * (of - hits) / of + Z95**2 / 4) / (of + Z95**2)
    return centre - half, centre + half


def _not_ecgs(kinds: Kinds, seed: int) -> dict[str, Pictures]:
    return {name: _drawn(kinds, name, seed) for name in kinds}


def _drawn(kinds: Kinds, name: str, seed: int) -> Pictures:
    draw, count = kinds[name]
    for number in range(count):
        yield f"{name} {number}", draw(np.random.default_rng([seed, list(kinds).index(name), number]))


def _ecgs(options: argparse.Namespace) -> dict[str, Pictures]:
    seed = options.seed
    sets = {"rendered, unseen seeds": rendered(seed, RENDERED), "drawn by ecg-plot": foreign(seed, FOREIGN)}
    if options.ludb is not None:
        sets["rendered LUDB, held out"] = clean(held_out_ludb(options.ludb), seed, LUDB)
    if options.ptbxl is not None:
        records = held_out_ptbxl(options.ptbxl)
        sets["rendered PTB-XL, held out"] = clean(records, seed, PTBXL)
        sets["photographed PTB-XL, held out"] = photographed(records, seed, PHOTOS)
    if options.ecgs is not None:
        sets[f"pages of {options.ecgs.name}"] = from_folder(options.ecgs, options.at_most)
    return sets


def _refused(pictures: Pictures, is_ecg: bool, bundle: Bundle) -> tuple[int, int, int]:
    """Count pictures, refusals and poor pages; name what was decided wrongly."""
    count = refused = poor = 0
    for name, photo_rgb in pictures:
        count += 1
        prediction = screen(photo_rgb, bundle, file=name)
        if prediction.status != "ok":
            refused += 1
            if is_ecg:
                print(f"    refused: {name}: {prediction.reason}", flush=True)
            continue
        is_poor = bool(prediction.faults)
        poor += is_poor
        if not is_ecg:
            grade = "poor" if is_poor else "good"
            print(f"    passed ({grade}, {len(prediction.beats)} beats, {prediction.decision}): {name}", flush=True)
    return count, refused, poor


def main() -> None:
    """Draw, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--ptbxl", type=Path, help="the folder of PTB-XL")
    parser.add_argument("--ludb", type=Path, help="the folder of LUDB")
    parser.add_argument("--ecgs", type=Path, help="a folder of readable ECG pages")
    parser.add_argument("--at-most", type=int, default=200, help="how many of them, evenly taken")
    parser.add_argument("--seed", type=int, default=REPORT_SEED, help="another than the reported one, to tune on")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="some of the parts")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    bundle = load_bundle(options.bundle)
    for part in options.only:
        is_ecg = part == "ecgs"
        sets = (
            _ecgs(options) if is_ecg else _not_ecgs(NO_ECG if part == "sheets" else SLIDES_PLOTS_SCREENS, options.seed)
        )
        total = np.zeros(2, int)
        for name, pictures in sets.items():
            count, refused, poor = _refused(pictures, is_ecg, bundle)
            right = count - refused if is_ecg else refused
            total += (right, count)
            print(f"{name}: {right} of {count} {'passed' if is_ecg else 'refused'}, {poor} graded poor", flush=True)
        right, count = total
        low, high = wilson(right, count)
        print(f"{PARTS[part]}: {right} of {count}, {right / count:.3f} ({low:.3f} to {high:.3f})", flush=True)


if __name__ == "__main__":
    main()
