"""Whether a page's leads, paper speed and gain are read right, on drawn pages of many layouts.

    python -m benchmarks.page.leads --ptbxl DIR [--pages N] [--first N] [--ecg-plot]

Every layout at both speeds and three gains, in styles at random but with printed names, speed and gain; or the layouts
that ecg-plot, a program of others, draws in its looks. A stretch of lead is right where the program names a stretch
there, and with that name; wrong where it names another; else not read.
Speed and gain are right, wrong or not read. The limits of the program were set on other pages than those reported.
"""

import argparse
import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle, product
from pathlib import Path

import numpy as np

from benchmarks.page.foreign_renderer import DPIS, STYLES, TWELVE_LEADS, draw_record_page
from ecgcore.errors import NotScreenableError
from ecgcore.lead_layout import CABRERA_ORDER, LEADS, STANDARD_ORDER
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import Segment, SimPage, draw_page, random_style
from ecgcore.read_page import PageContent, read_page
from trainer.starter.public_datasets import Record, load_ptbxl

SPEEDS_MM_S, GAINS_MM_MV = (25.0, 50.0), (5.0, 10.0, 20.0)
REVERSED = tuple(reversed(STANDARD_ORDER))
LAYOUTS: dict[str, tuple[int, int, Sequence[int], Sequence[int]]] = {
    "3x4": (3, 4, STANDARD_ORDER, ()),
    "3x4+1": (3, 4, STANDARD_ORDER, (1,)),
    "3x4+2": (3, 4, STANDARD_ORDER, (1, 6)),
    "3x4+3": (3, 4, STANDARD_ORDER, (1, 6, 10)),
    "6x2": (6, 2, STANDARD_ORDER, ()),
    "6x2+1": (6, 2, STANDARD_ORDER, (1,)),
    "12x1": (12, 1, STANDARD_ORDER, ()),
    "4x3": (4, 3, STANDARD_ORDER, ()),
    "Cabrera 3x4+1": (3, 4, CABRERA_ORDER, (1,)),
    "Cabrera 6x2": (6, 2, CABRERA_ORDER, ()),
    "reversed 3x4": (3, 4, REVERSED, ()),
    "limb 6x1": (6, 1, STANDARD_ORDER[:6], ()),
    "chest 6x1": (6, 1, STANDARD_ORDER[6:], ()),
}
"""Rows, columns, leads down each column in turn, and rhythm strips."""
ECG_PLOT_LAYOUTS: dict[str, dict[str, object]] = {
    "3x4+1": TWELVE_LEADS,
    "6x2": {"layout": "columns", "columns": 2},
    "12x1": {"layout": "stacked"},
}
ECG_PLOT_GAINS_MM_MV = GAINS_MM_MV[:2]
"""It clips nothing: at 20 mm/mV its twelve rows take two metres of paper."""
PITCH_MM = {3: (24, 40), 4: (20, 36), 5: (18, 30), 6: (14, 26), 7: (13, 22), 12: (10, 16)}
OVERLAP = 0.5
"""Of a drawn stretch the named one covers at least so much."""


def plan(layout: str, speed_mm_s: float, duration_s: float) -> list[list[Segment]]:
    """Rows of stretches, ten seconds at 25 mm/s and five at 50."""
    rows, columns, order, strips = LAYOUTS[layout]
    shown_s = min(duration_s, 10.0 if speed_mm_s == SPEEDS_MM_S[0] else 5.0)
    column_s = shown_s / columns
    cells = [[Segment(order[c * rows + r], c * column_s, column_s) for c in range(columns)] for r in range(rows)]
    return cells + [[Segment(lead, 0.0, shown_s)] for lead in strips]


def pages(records: Sequence[Record], first: int) -> Iterator[tuple[str, float, float, SimPage]]:
    """Each combination in turn, of other records and in other styles."""
    for number, (layout, speed, gain) in enumerate(product(LAYOUTS, SPEEDS_MM_S, GAINS_MM_MV)):
        seed = [first, number]
        rng = np.random.default_rng(seed)
        record = records[(first * 1009 + number) % len(records)]
        rows = plan(layout, speed, record.signals_mv.shape[1] / record.fs_hz)
        style = dataclasses.replace(
            random_style(rng, layout="3x4"),
            paper_speed_mm_s=speed,
            gain_mm_mv=gain,
            row_pitch_mm=float(rng.uniform(*PITCH_MM[len(rows)])) * max(1.0, gain / 15),
            labels=True,
            footer=True,
        )
        yield (
            layout,
            speed,
            gain,
            draw_page(record.signals_mv, record.fs_hz, style, int(rng.integers(2**31)), plan=rows),
        )


def pages_of_others(records: Sequence[Record], first: int) -> Iterator[tuple[str, float, float, SimPage]]:
    """The same of ecg-plot, with the stretch of record that each layout has room for."""
    looks, dpis = cycle(STYLES), cycle(DPIS)
    for number, (layout, speed, gain) in enumerate(product(ECG_PLOT_LAYOUTS, SPEEDS_MM_S, ECG_PLOT_GAINS_MM_MV)):
        record = records[(first * 1009 + number) % len(records)]
        shown_s = 10.0 if speed == SPEEDS_MM_S[0] else 5.0
        short = dataclasses.replace(record, signals_mv=record.signals_mv[:, : round(shown_s * record.fs_hz)])
        options = {**ECG_PLOT_LAYOUTS[layout], "speed": speed, "gain": gain}
        yield layout, speed, gain, draw_record_page(short, next(looks), next(dpis), options)


def lead_answers(page: SimPage, content: PageContent) -> Counter[str]:
    """How many of the drawn stretches are right, wrong and not read."""
    said = content.signal().stretches
    boxes = content.page.frame.boxes_to_photo([box for _, box in said])
    answers: Counter[str] = Counter()
    for trace in page.traces:
        x, y = trace.points_xy[:, 0], float(np.median(trace.points_xy[:, 1]))
        there = [
            lead
            for (lead, _), (x1, y1, x2, y2) in zip(said, boxes, strict=True)
            if min(x2, x.max()) - max(x1, x.min()) >= OVERLAP * (x.max() - x.min()) and y1 - 3 <= y <= y2 + 3
        ]
        answers["not read" if not there else "right" if LEADS[trace.lead] in there else "wrong"] += 1
    return answers


def of_value(read: float | None, truth: float) -> str:
    """How a setting was read."""
    return "not read" if read is None else "right" if read == truth else "wrong"


def main() -> None:
    """Draw, read, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ptbxl", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=1, help="of every combination")
    parser.add_argument("--first", type=int, default=100, help="number of the first round: other pages")
    parser.add_argument("--ecg-plot", action="store_true", help="pages drawn by that program")
    options = parser.parse_args()
    records = load_ptbxl(options.ptbxl)
    counts: dict[str, Counter[str]] = {}
    for round_number in range(options.first, options.first + options.pages):
        for layout, speed, gain, page in (pages_of_others if options.ecg_plot else pages)(records, round_number):
            name = f"{layout} at {speed:g} mm/s, {gain:g} mm/mV"
            try:
                content = read_page(prepare_page(page.image_rgb), finds_handwriting=False)
            except NotScreenableError as refusal:
                counts.setdefault("pages", Counter())["refused"] += 1
                print(f"{name}: refused: {refusal}", flush=True)
                continue
            counts.setdefault("pages", Counter())["read"] += 1
            leads = lead_answers(page, content)
            settings = content.printed.settings
            counts.setdefault("leads, " + layout, Counter()).update(leads)
            counts.setdefault("leads", Counter()).update(leads)
            counts.setdefault("pages' leads", Counter())["all right" if set(leads) == {"right"} else "not all"] += 1
            counts.setdefault("speed", Counter())[of_value(settings.speed_mm_s, speed)] += 1
            counts.setdefault("printed gain", Counter())[of_value(settings.gain_mm_mv, gain)] += 1
            is_assumed = any("the gain" in note for note in content.page.notes)
            taken_mm_mv = None if is_assumed else content.paper.gain_mm_mv
            counts.setdefault("gain taken", Counter())[of_value(taken_mm_mv, gain)] += 1
            if set(leads) != {"right"} or settings.speed_mm_s != speed or settings.gain_mm_mv != gain:
                names = " ".join(name.lead for name in content.printed.names)
                print(f"{name}: {dict(leads)}, read {settings.speed_mm_s}, {settings.gain_mm_mv}; {names}", flush=True)
    for what, answers in counts.items():
        shares = ", ".join(f"{answer} {count / answers.total():.3f}" for answer, count in answers.most_common())
        print(f"{what}: {answers.total()}: {shares}")


if __name__ == "__main__":
    main()
