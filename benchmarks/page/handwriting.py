"""How often handwriting on a page is noticed, and how often where there is none, on pages that nothing was fitted to.

    python -m benchmarks.page.handwriting --ptbxl DIR --khan DIR --photos DIR --hand FONT... --machine FONT...
        --pages DIR

Rendered pages of held-out records as scans and photographed, held-out Khan pages, and photos of real paper (which must
carry no writing of their own): each as it is and written on, with fonts that were not trained on. Machines' text is
printed on some of both. Intervals are bootstrapped by page, photos apart.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.page.heart_rate import share_with_interval
from ecgcore.networks.handwriting import handwriting_boxes
from fits.handwriting.pages import Case, Fonts, cases, photo_cases

SEED = 401
COUNTS = {"scan": 120, "photo": 80, "real": 120}
LEAST_MM2 = 60
"""Writing that covers less is a tick or a speck, of which nothing is asked."""


def report(name: str, found: Iterator[Case]) -> None:
    """Print, for one kind of page, how many with and without writing were said to have some."""
    noticed, alarms, hit, missed, wrong = [], [], 0, 0, 0
    for case in found:
        said, _ = handwriting_boxes(case.picture)
        truth = case.cells > 0
        is_noticed = bool(said.any())
        if not truth.any():
            alarms.append(is_noticed)
            if is_noticed:
                print(f"  {case.name}: {said.sum()} mm2 where nobody wrote")
        elif truth.sum() >= LEAST_MM2:
            noticed.append(is_noticed)
            if not is_noticed:
                print(f"  {case.name}: {said.sum()} of {truth.sum()} mm2")
        hit += int((said & truth).sum())
        missed += int((~said & truth).sum())
        wrong += int((said & ~truth).sum())
    print(f"{name}: noticed {share_with_interval(np.array(noticed))} written pages")
    print(f"  said of {share_with_interval(np.array(alarms))} others")
    print(f"  square millimetres: recall {hit / max(1, hit + missed):.3f}, precision {hit / max(1, hit + wrong):.3f}")


def main() -> None:
    """Report on every kind of page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("ptbxl", "khan", "photos", "pages"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("hand", "machine"):
        parser.add_argument(f"--{name}", type=Path, nargs="+", required=True, metavar="FONT")
    options = parser.parse_args()
    fonts = Fonts(options.hand, options.machine)
    for kind, count in COUNTS.items():
        one = cases({kind: count}, SEED, fonts, options.ptbxl, options.khan, options.pages, held_out=True)
        report(kind, one)
    report("photos of real paper", photo_cases(options.photos, SEED, fonts))


if __name__ == "__main__":
    main()
