"""How long one page takes, part by part, and how much memory, with models loaded and without explanations.

    python -m benchmarks.speed.screening BUNDLE PICTURE [--runs N] [--threads N]

The seconds hold for this machine alone; what can be compared between machines are the shares of the parts, and the
ratio to one fixed piece of work done in the same run: the same networks in float32.
"""

import argparse
import resource
import statistics
from pathlib import Path
from unittest.mock import patch

import torch

from ecgcore.bundle.folder import load_bundle
from ecgcore.networks import device
from ecgcore.page.decode.read import read_picture
from ecgcore.pipeline import screen
from ecgcore.types import Prediction


def main() -> None:
    """Screen one page many times and print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    bundle = load_bundle(options.bundle)
    photo_rgb = read_picture(options.picture, options.picture.name)[0]

    def run() -> list[Prediction]:
        screen(photo_rgb, bundle, file="warm-up")
        return [screen(photo_rgb, bundle, file="page") for _ in range(options.runs)]

    native = run()
    with patch.object(device, "computes_bfloat16", return_value=False):
        single = run()
    height, width = photo_rgb.shape[:2]
    print(f"{width}x{height}, {len(native[0].beats)} beats, {options.threads} threads, {options.runs} runs, medians")
    totals = {}
    for name, predictions in (("native precision", native), ("float32", single)):
        parts = {
            part: statistics.median(p.seconds[part] or 0.0 for p in predictions)
            for part in ("page", "detect", "classify", "total")
        }
        totals[name] = parts["total"]
        shares = ", ".join(
            f"{part} {seconds:.3f} s ({seconds / parts['total']:.0%})" for part, seconds in parts.items()
        )
        print(f"{name}: {shares}")
    print(f"native / float32: {totals['native precision'] / totals['float32']:.2f}")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
