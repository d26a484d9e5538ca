"""How often a page's scale is right, wrong or not given, on drawn pages of every kind of paper at a known scale.

    python -m benchmarks.page.grids --ptbxl DIR [--pages N] [--first N] [--kinds KIND ...]

A scale is right within ``WITHIN`` of the drawn one; the limits of the program were set on other pages than those
reported (``--first 0`` and up for setting them, 1000 and up for the report).
"""

import argparse
from collections import Counter
from pathlib import Path

from benchmarks.page.grid_pages import PAPERS, GridPage, grid_page
from ecgcore.errors import NotScreenableError
from ecgcore.page.prepare import prepare_page
from ecgcore.read_page import read_page
from ecgcore.rhythm.caliper import USUAL_PULSE_MM
from trainer.starter.public_datasets import load_ptbxl

WITHIN = 0.03


def answer(page: GridPage) -> tuple[str, str]:
    """How the scale was read, and what was read in words."""
    try:
        content = read_page(prepare_page(page.image_rgb), finds_handwriting=False)
    except NotScreenableError as refusal:
        return "refused", str(refusal)
    px_per_mm, source = content.page.px_per_mm, content.page.scale_source
    if px_per_mm is None:
        return "not given", ""
    if source == "pulse":
        px_per_mm *= USUAL_PULSE_MM / content.paper.gain_mm_mv
    words = f"{px_per_mm:.2f} by {source} for {page.px_per_mm:.2f}"
    return ("right" if abs(px_per_mm / page.px_per_mm - 1) <= WITHIN else "wrong"), words


def main() -> None:
    """Draw, read, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ptbxl", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=10, help="of every kind")
    parser.add_argument("--first", type=int, default=1000, help="number of the first page: other pages")
    parser.add_argument("--kinds", nargs="*", choices=PAPERS, default=list(PAPERS))
    options = parser.parse_args()
    records = load_ptbxl(options.ptbxl)
    counts: dict[str, Counter[str]] = {}
    for kind in options.kinds:
        number_of_kind = list(PAPERS).index(kind)
        for number in range(options.first, options.first + options.pages):
            seed = [number, number_of_kind]
            page = grid_page(kind, records[(number * 1009 + number_of_kind) % len(records)], seed)
            found, words = answer(page)
            for name in (kind, "all" if kind != "none" else "without a grid"):
                counts.setdefault(name, Counter())[found] += 1
            if found != "right":
                print(f"{kind} {number}: {found}: {words}", flush=True)
    for name, answers in counts.items():
        shares = ", ".join(f"{found} {count / answers.total():.3f}" for found, count in answers.most_common())
        print(f"{name}: {answers.total()}: {shares}")


if __name__ == "__main__":
    main()
