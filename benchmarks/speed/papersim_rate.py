"""How many pages a second papersim draws, and what share of making a training page the drawing is.

python -m benchmarks.speed.papersim_rate [--pages N]
"""

import argparse
import time

import cv2
import numpy as np

from ecgcore.errors import NotScreenableError
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import draw_page, random_style, synthetic_ecg


def main() -> None:
    """Draw and prepare random pages on one core."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=60)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    drawing_s = preparing_s = megapixels = 0.0
    refused = 0
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 0)
    for seed in range(options.pages):
        style = random_style(np.random.default_rng(seed))
        start = time.perf_counter()
        page = draw_page(signals_mv, fs_hz, style, seed, beats_s=beats_s)
        drawn = time.perf_counter()
        try:
            prepare_page(page.image_rgb)
        except NotScreenableError:
            refused += 1
        drawing_s, preparing_s = drawing_s + drawn - start, preparing_s + time.perf_counter() - drawn
        megapixels += page.image_rgb[..., 0].size / 1e6
    print(f"{options.pages} pages of {megapixels / options.pages:.2f} megapixels in the mean, one core")
    print(f"drawing {options.pages / drawing_s:.1f} pages/s, {drawing_s / (drawing_s + preparing_s):.0%} of the whole")
    print(f"drawing and preparing {options.pages / (drawing_s + preparing_s):.1f} pages/s, {refused} refused")


if __name__ == "__main__":
    main()
