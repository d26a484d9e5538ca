"""What is said of pages that show fewer than the twelve leads: never "normal".

    python -m benchmarks.page.half_ecgs BUNDLE --ptbxl DIR [--pages N] [--seed N]

Normal records of PTB-XL, since these tempt most, drawn with limb leads alone, chest leads alone, one to five leads at
random, a rhythm strip, three limb leads and three chest leads, and eleven of the twelve; with and without names, speed
and gain, in styles at random. Ends with code 1 where one of them is called normal.
"""

import argparse
import dataclasses
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ecgcore.bundle.folder import load_bundle
from ecgcore.lead_layout import LEADS
from ecgcore.papersim import Segment, draw_page, random_style
from ecgcore.pipeline import screen
from trainer.starter.public_datasets import load_ptbxl

SHOWN_S = 10.0
Rows = list[list[int]]
"""The leads of each row from left to right."""


def _some(rng: np.random.Generator) -> Rows:
    return [[int(lead)] for lead in np.sort(rng.choice(12, rng.integers(1, 6), replace=False))]


def _eleven(rng: np.random.Generator) -> Rows:
    left_out = rng.integers(12)
    return [[lead] for lead in range(12) if lead != left_out]


KINDS: dict[str, Callable[[np.random.Generator], Rows]] = {
    "limb leads, 6x1": lambda rng: [[lead] for lead in range(6)],
    "chest leads, 6x1": lambda rng: [[lead] for lead in range(6, 12)],
    "limb leads, 3x2": lambda rng: [[row, row + 3] for row in range(3)],
    "chest leads, 3x2 and a strip": lambda rng: [*([row + 6, row + 9] for row in range(3)), [1]],
    "one to five leads": _some,
    "a rhythm strip": lambda rng: [[int(rng.choice([1, 6, 10]))]],
    "I to III and V1 to V3": lambda rng: [[row, row + 6] for row in range(3)],
    "eleven leads": _eleven,
}


def main() -> int:
    """Draw, screen and count; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--ptbxl", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--seed", type=int, default=30_006)
    options = parser.parse_args()
    torch.set_num_threads(2)
    bundle = load_bundle(options.bundle)
    records = [record for record in load_ptbxl(options.ptbxl) if record.label == 0]
    counts = {kind: Counter[str]() for kind in KINDS}
    for number in tqdm(range(options.pages), disable=None):
        rng = np.random.default_rng([options.seed, number])
        kind = list(KINDS)[number % len(KINDS)]
        record = records[int(rng.integers(len(records)))]
        rows = KINDS[kind](rng)
        plan = [
            [Segment(lead, c * SHOWN_S / len(row), SHOWN_S / len(row)) for c, lead in enumerate(row)] for row in rows
        ]
        named, footed = rng.random(2) < 0.7
        style = dataclasses.replace(random_style(rng, layout="3x4"), labels=bool(named), footer=bool(footed))
        style = dataclasses.replace(style, row_pitch_mm=float(rng.uniform(14, 30)) if len(rows) < 8 else 14.0)
        page = draw_page(record.signals_mv, record.fs_hz, style, int(rng.integers(2**31)), plan=plan)
        found = screen(page.image_rgb, bundle, file=kind)
        answer = found.decision or found.status
        counts[kind][answer] += 1
        if answer == "normal":
            shown = ", ".join(LEADS[lead] for row in rows for lead in row)
            print(f"page {number}, {kind} ({shown}): normal, {found.p_abnormal}, {found.leads_found} leads", flush=True)
    for kind, answers in counts.items():
        print(f"{kind}: " + ", ".join(f"{answer} {count}" for answer, count in answers.most_common()))
    total = sum(counts.values(), Counter[str]())
    print(f"all {total.total()}: " + ", ".join(f"{answer} {count}" for answer, count in total.most_common()))
    return int(total["normal"] > 0)


if __name__ == "__main__":
    sys.exit(main())
