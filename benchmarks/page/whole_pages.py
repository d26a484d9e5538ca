"""Do pages with all twelve leads keep their answer, or does the rule against halves of an ECG refer them?

    python -m benchmarks.page.whole_pages [--drawn N] [--first N] [--bundle DIR] [--khan DATA [--every N]]

A page loses its answer where too few leads are counted and nothing else would have referred it. Pages are drawn in
random layouts and styles, every second one with header and footer on its grid. With ``--khan``, a folder that holds
khan.csv, khan/, photos.csv and photos/, real pages are counted too, every Nth of the first and all photos.
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecgcore.bundle.folder import Bundle, load_bundle, starter_folder
from ecgcore.page.decode.read import read_picture
from ecgcore.papersim import KINDS, draw_page, random_style, synthetic_ecg
from ecgcore.pipeline import screen
from ecgcore.screening.decision import FEWEST_OF_NORMAL, too_few_leads
from ecgcore.types import ByteArray
from tests.support.panel_pages import header_page

SEED = 77


@dataclass
class Kept:
    """Pages of one sort: counted, with so many leads as a page of twelve has, and with the answer kept."""

    pages: int = 0
    enough: int = 0
    kept: int = 0

    def add(self, other: "Kept") -> None:
        """Put another sort's pages to these."""
        self.pages, self.enough, self.kept = (
            self.pages + other.pages, self.enough + other.enough, self.kept + other.kept,
        )  # fmt: skip


def drawn_page(number: int) -> ByteArray:
    """A page in a layout and look of its own; every second one has print on its grid."""
    if number % 2:
        return header_page(number)[0].image_rgb
    signals_mv, fs_hz, beats_s = synthetic_ecg(list(KINDS)[number % len(KINDS)], number)
    style = random_style(np.random.default_rng([SEED, number]))
    return draw_page(signals_mv, fs_hz, style, number, beats_s=beats_s).image_rgb


def real_pages(data: Path, name: str, every: int) -> Iterator[tuple[str, ByteArray]]:
    """Every so many pictures that a table lists, by name."""
    with (data / f"{name}.csv").open() as table:
        files = [row["file"] for row in csv.DictReader(table)]
    for file in files[::every]:
        yield file, read_picture(data / name / file, file)[0]


def counted(title: str, pictures: Iterator[tuple[str, ByteArray]], bundle: Bundle) -> Kept:
    """Screen the pages that can be read and count; those that lose their answer are named."""
    result = Kept()
    for file, photo_rgb in pictures:
        prediction = screen(photo_rgb, bundle, file=file)
        if prediction.leads_found is None:
            continue
        is_lost = prediction.reason == too_few_leads(prediction.leads_found)
        enough = prediction.leads_found >= FEWEST_OF_NORMAL
        if not enough:
            said = "answer lost" if is_lost else "referred for another reason too"
            print(f"{file}: {prediction.leads_found} leads, p {prediction.p_abnormal}, {said}", flush=True)
        result.add(Kept(1, enough, not is_lost))
    print(f"{title}: {_shares(result)}", flush=True)
    return result


def _shares(kept: Kept) -> str:
    enough, same = (f"{count} ({count / max(1, kept.pages):.3f})" for count in (kept.enough, kept.kept))
    return f"{kept.pages} pages, {enough} with {FEWEST_OF_NORMAL} leads, {same} keep their answer"


def main() -> None:
    """Count the pages of every sort, and all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawn", type=int, default=400)
    parser.add_argument("--first", type=int, default=0, help="number of the first drawn page")
    parser.add_argument("--bundle", default=None)
    parser.add_argument("--khan", type=Path, metavar="DATA")
    parser.add_argument("--every", type=int, default=7)
    options = parser.parse_args()
    bundle = load_bundle(options.bundle or starter_folder())
    numbers = range(options.first, options.first + options.drawn)
    whole = counted("drawn", ((f"drawn {number}", drawn_page(number)) for number in numbers), bundle)
    for name, every in (("khan", options.every), ("photos", 1)) if options.khan else ():
        whole.add(counted(name, real_pages(options.khan, name, every), bundle))
    print(f"all: {_shares(whole)}")


if __name__ == "__main__":
    main()
