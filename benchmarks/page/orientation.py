"""How often a page is brought upright whichever way it lies, and how often an upright page is turned by mistake.

    python -m benchmarks.page.orientation --khan DIR --ludb DIR --ptbxl DIR --pages DIR [--foreign N]

What is right is counted on the parts that nothing was learnt from or set on, each page in all four ways; mistakes on
upright pages are counted on all parts. Pages that a program of others draws (ecg-plot) come as they are prepared.
"""

import argparse
from collections.abc import Iterator
from itertools import cycle

import cv2
import numpy as np

from benchmarks.page.foreign_renderer import DPIS, STYLES, draw_record_page
from ecgcore.page.orientation import find_quarter_turns
from ecgcore.types import ByteArray
from fits.orientation.pages import add_folders, upright_inks
from trainer.starter.pages import split_records
from trainer.starter.public_datasets import load_ptbxl
from trainer.starter.synthetic_pages import prepare_rendered


def main() -> None:
    """Turn, ask, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_folders(parser)
    parser.add_argument("--foreign", type=int, default=40, help="so many pages of the other program")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for part in ("train", "inner", "test"):
        for name, inks in upright_inks(options, part).items():
            _report(f"{name}, {part}", inks, whole=part == "test")
    _report("ecg-plot, test", list(_foreign_inks(options)), whole=True)


def _report(name: str, inks: list[ByteArray], *, whole: bool) -> None:
    turned = sum(find_quarter_turns(ink) != 0 for ink in inks)
    print(f"{name}: {turned} of {len(inks)} upright pages turned", flush=True)
    if whole:
        right = [[find_quarter_turns(np.ascontiguousarray(np.rot90(ink, n))) == n for n in (1, 2, 3)] for ink in inks]
        ways = np.mean(right, axis=0)
        low, high = _wilson(int(np.sum(right)) + len(inks) - turned, 4 * len(inks))
        share = (np.sum(right) + len(inks) - turned) / (4 * len(inks))
        print(
            f"    right in all four ways {share:.2%} [{low:.2%}, {high:.2%}]; turned by 90, 180, 270: {ways.round(4)}"
        )


def _wilson(right: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    z, share = 1.96, right / of
    middle = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * float(np.sqrt(share * (1 - share) / of + z**2 / (4 * of**2)))
    return middle - half, middle + half


def _foreign_inks(options: argparse.Namespace) -> Iterator[ByteArray]:
    records = split_records([record for record in load_ptbxl(options.ptbxl) if record.label is not None])[2]
    chart_styles, dpis = cycle(STYLES), cycle(DPIS)
    for record in records[: options.foreign]:
        page = prepare_rendered(record, draw_record_page(record, next(chart_styles), next(dpis)), boxed=False, key="")
        if page is not None:
            yield page.ink


if __name__ == "__main__":
    main()
