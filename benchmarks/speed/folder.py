"""How many pages a minute a folder takes when pages are screened at once, beside one by one.

    python -m benchmarks.speed.folder --data DIR [--pages N] [--rounds N] [--at-once N ...]

``DIR`` holds ``khan``, pages of one machine. Both ways take turns in one process with models loaded, so that their
ratio holds; the pages a minute are those of this machine.
"""

import argparse
import statistics
from itertools import islice
from pathlib import Path
from time import perf_counter

from ecgcore.bundle.folder import load_bundle, starter_folder
from ecgcore.pipeline import screen_files


def main() -> None:
    """Screen the same pages in turns with each number at once, and print pages a minute and ratios to the first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    bundle = load_bundle(starter_folder(), "cpu")
    files = [(path, path.name) for path in islice(sorted((options.data / "khan").iterdir()), options.pages)]
    list(screen_files(files[:2], bundle, at_once=2))
    seconds: dict[int, list[float]] = {at_once: [] for at_once in options.at_once}
    for _ in range(options.rounds):
        for at_once, spent in seconds.items():
            start = perf_counter()
            list(screen_files(files, bundle, at_once=at_once))
            spent.append(perf_counter() - start)
    first = statistics.median(seconds[options.at_once[0]])
    for at_once, spent in seconds.items():
        median = statistics.median(spent)
        print(f"{at_once} at once: {60 * len(files) / median:.1f} pages a minute, {first / median:.2f} times the first")


if __name__ == "__main__":
    main()
