"""How exactly photographed pages of unseen signals are straightened, and how long it takes.

    python -m benchmarks.page.photo_geometry --ptbxl FOLDER [--pages N] [--seed N] [--long-px N]

Pages of the held-out records are drawn in random styles and photographed with random damage. Pages with a printed grid
count; those without one are counted apart, since only their traces could tell. The seconds are of processor time with
one thread and of the wall with two, for this machine alone.
"""

import argparse
import dataclasses
import time
from pathlib import Path

import cv2
import numpy as np

from ecgcore.errors import NotScreenableError
from ecgcore.page.grid.rectify import straighten
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import random_style
from ecgcore.papersim.photo.photograph import SimPhoto, photograph, random_damage
from ecgcore.types import PageImage
from trainer.starter.pages import split_records
from trainer.starter.public_datasets import load_ptbxl
from trainer.starter.synthetic_pages import render_page


def main() -> None:
    """Photograph, straighten and print the errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ptbxl", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--long-px", type=int)
    options = parser.parse_args()
    records = split_records([r for r in load_ptbxl(options.ptbxl) if r.label is not None])[2]
    rows, refused, gridless = [], 0, 0
    for number in range(options.pages):
        rng = np.random.default_rng([options.seed, number])
        style = dataclasses.replace(random_style(rng), rotation_deg=0.0)
        if style.grid == "none":
            gridless += 1
            continue
        page = render_page(records[int(rng.integers(len(records)))], number, style)
        photo = photograph(page, random_damage(rng, long_px=options.long_px), number)
        seconds = _seconds(photo)
        try:
            prepared = prepare_page(photo.image_rgb)
        except NotScreenableError as error:
            refused += 1
            print(f"{number}: refused: {error.cause}", flush=True)
            continue
        rows.append((*_errors(photo, prepared, page.px_per_mm, page.panel_xyxy), *seconds))
        kind = "whole" if rows[-1][3] else "cut off"
        print(
            f"{number}, {kind}: corners {rows[-1][0]:.2%}, period {rows[-1][1]:.2%}, upright {rows[-1][2]:.0f}",
            flush=True,
        )
    values = np.array(rows)
    corner, period, upright, whole, processor_s, wall_s = values.T
    print(f"{len(rows)} prepared, {refused} refused, {gridless} without a grid left out")
    seen = corner[whole > 0]
    print(f"corner error, median: {np.median(seen):.2%} of the width, of {len(seen)} wholly in the photo")
    print(f"grid period error: median {np.median(period):.2%}, 95th percentile {np.quantile(period, 0.95):.2%}")
    print(f"right way up: {upright.mean():.1%}")
    print(f"straightening, median: {np.median(wall_s):.2f} s; processor, one thread: {np.median(processor_s):.2f} s")


def _seconds(photo: SimPhoto) -> tuple[float, float]:
    cv2.setNumThreads(1)
    start = time.process_time()
    straighten(photo.image_rgb)
    processor_s = time.process_time() - start
    cv2.setNumThreads(2)
    start = time.perf_counter()
    straighten(photo.image_rgb)
    return processor_s, time.perf_counter() - start


def _errors(
    photo: SimPhoto, prepared: PageImage, px_per_mm: float, panel_xyxy: tuple[float, ...]
) -> tuple[float, float, float, float]:
    """Corner error by the panel's width, period error at the middle, 1 if upright, 1 if all of the panel is seen."""
    truth, found = photo.corners_photo_xy, prepared.frame.corners_photo_xy
    width = float(np.linalg.norm(truth[1] - truth[0]))
    turns = [float(np.linalg.norm(np.roll(found, n, axis=0) - truth, axis=1).mean()) for n in range(4)]
    x1, y1, x2, y2 = panel_xyxy
    middle = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    reach = 10 * px_per_mm
    ends = [np.stack([middle - d, middle + d]) for d in (np.array([reach, 0.0]), np.array([0.0, reach]))]
    spans = [np.diff(prepared.frame.points_to_panel(photo.points_to_photo(e)), axis=0)[0] for e in ends]
    seen_mm = [float(np.linalg.norm(span)) / 4.0 for span in spans]
    height, photo_width = photo.image_rgb.shape[:2]
    whole = bool(np.all((truth >= 0) & (truth <= (photo_width, height))))
    return min(turns) / width, abs(float(np.mean(seen_mm)) / 20 - 1), float(np.argmin(turns) == 0), float(whole)


if __name__ == "__main__":
    main()
