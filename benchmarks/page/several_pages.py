"""How often a picture of several pages is cut apart as it should be, and a single page by mistake.

    python -m benchmarks.page.several_pages [PATH...] [--pictures N] [--seed N]

Drawn pictures of two pages and of three (collages, prints on one scan, books, sheets on a desk) count as found where as
many pages are found, and as part found where at least two are. Drawn single pages of every layout, and each picture of
the paths, which must show one page each, count as cut by mistake where they are cut at all.
"""

import argparse
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import torch
from tqdm import tqdm

from benchmarks.page.reader_time import pictures
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import LAYOUT_ROWS
from ecgcore.screening.several_pages import page_boxes
from tests.support.several_pages import one_page, several_pages

REPORT_SEED = 31
"""The limits were chosen with a look at seed 1 (several) and 5 (single)."""


def main() -> None:
    """Draw, cut, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", type=Path, nargs="*", help="pictures of one page each, and folders of them")
    parser.add_argument("--pictures", type=int, default=80, help="drawn pictures of several pages, and as many of one")
    parser.add_argument("--seed", type=int, default=REPORT_SEED)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    found: Counter[str] = Counter()
    for number in tqdm(range(options.pictures), desc="several"):
        drawn = several_pages(number, options.seed)
        pages, of = len(page_boxes(drawn.image_rgb, prepare_page)), len(drawn.boxes_xyxy)
        found[f"{drawn.kind}: {'found' if pages == of else 'part found' if pages > 1 else 'not found'}"] += 1
    for number in tqdm(range(options.pictures), desc="single"):
        layout = list(LAYOUT_ROWS)[number % len(LAYOUT_ROWS)]
        page_rgb = one_page(np.random.default_rng([options.seed, number]), layout)
        found[f"one drawn page: {'cut' if page_boxes(page_rgb, prepare_page) else 'whole'}"] += 1
    for name, photo_rgb in tqdm(pictures(options.paths), desc="at hand"):
        is_cut = bool(page_boxes(photo_rgb, prepare_page))
        found[f"one page at hand: {'cut' if is_cut else 'whole'}"] += 1
        if is_cut:
            print(f"{name} was cut")
    for name, count in sorted(found.items()):
        print(f"{name} {count}")


if __name__ == "__main__":
    main()
