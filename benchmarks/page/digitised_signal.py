"""How exactly a page's leads are read: drawn by papersim, by another program, and photographed, against what was drawn.

    python -m benchmarks.page.digitised_signal --ptbxl DIR [--ludb DIR] [--fold 9] [--pages 60] [--kinds KIND ...]

SNR is that of the George B. Moody PhysioNet Challenge 2024: 10 log10(sum x^2 / sum (x - y)^2), lead by lead, after a
shift in time of at most ``SHIFT_S`` and an offset in height. A sample that was not read counts as 0, as an empty output
does there, and so does a lead that was not named and a page that was refused. ``x`` is all that was drawn, about its
median: the wander, mains and muscle noise that papersim adds are part of it; pages without noise are told apart. A page
is told its own speed and gain, as a user would set them; by default nothing need be set. PTB-XL's folds are PTB-XL's
own: choose on fold 8, report on fold 9. A lead is recognised where its correlation is ``RECOGNISED`` or more; whether
it was named by the right place is what "layout right" says.
"""

import argparse
import csv
import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np

from benchmarks.page.foreign_renderer import DPIS, STYLES, draw_record_page
from ecgcore.errors import NotScreenableError
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import DrawnTrace, SimPage, random_style
from ecgcore.papersim.photo.photograph import photograph, random_damage
from ecgcore.types import USUAL_PAPER, ByteArray, FloatArray, PageImage, PaperSettings
from ecgcore.waveform.page_rows import PageRows
from ecgcore.waveform.page_signal import PageSignal
from ecgcore.waveform.read_signal import read_signal
from trainer.starter.public_datasets import Record, load_ludb, load_ptbxl
from trainer.starter.synthetic_pages import render_page

SHIFT_S, SHIFT_STEP_S, FINE_STEP_S = 0.1, 0.004, 0.001
"""The shift is one of whole samples; to the millisecond it is printed beside, for a page may start between two."""
RECOGNISED = 0.8
LOWEST_DB = -10.0
"""A page that was read worse than nothing counts so at least."""
KINDS = ("own", "foreign", "photo", "ludb")


@dataclass(frozen=True)
class Case:
    """A picture with what was drawn on it."""

    image_rgb: ByteArray
    traces: tuple[DrawnTrace, ...]
    layout: str
    paper: PaperSettings
    is_noisy: bool


@dataclass(frozen=True)
class LeadScore:
    """How one printed lead was read; NaN where it was not read at all."""

    snr_db: float
    correlation: float
    error_mv: float
    shift_ms: float
    read_share: float
    is_recognised: bool


def cases(kind: str, records: list[Record]) -> Iterator[Case]:
    """One page of each record, in a style that depends on its number alone."""
    chart_styles, dpis = cycle(STYLES), cycle(DPIS)
    for number, record in enumerate(records):
        rng = np.random.default_rng([number, 5])
        if kind == "foreign":
            page = draw_record_page(record, next(chart_styles), next(dpis))
            yield Case(page.image_rgb, page.traces, "3x4+1", USUAL_PAPER, is_noisy=False)
            continue
        style = random_style(rng)
        if kind == "photo":
            style = dataclasses.replace(style, rotation_deg=0.0)
        page = render_page(record, number, style)
        image_rgb = photograph(page, random_damage(rng), number).image_rgb if kind == "photo" else page.image_rgb
        paper = PaperSettings(style.paper_speed_mm_s, style.gain_mm_mv)
        yield Case(image_rgb, page.traces, style.layout, paper, is_noisy=style.noise_mv + style.mains_mv > 0)


def longest_traces(page: SimPage | Case) -> dict[int, DrawnTrace]:
    """The longest stretch of every printed lead: a rhythm strip rather than the short one."""
    longest: dict[int, DrawnTrace] = {}
    for trace in page.traces:
        if trace.lead not in longest or len(trace.time_s) > len(longest[trace.lead].time_s):
            longest[trace.lead] = trace
    return longest


def score(signal: PageSignal, trace: DrawnTrace, step_s: float = SHIFT_STEP_S) -> LeadScore:
    """Compare a lead with what was drawn of it, after the best shift in time of whole steps."""
    truth = trace.value_mv - np.median(trace.value_mv)
    time_s = np.arange(signal.leads_mv.shape[1]) / signal.fs_hz
    if not signal.is_read[trace.lead].any():
        return LeadScore(0.0, np.nan, np.nan, np.nan, 0.0, is_recognised=False)
    lead_mv = np.nan_to_num(signal.leads_mv[trace.lead].astype(np.float64))
    shifts = np.arange(-SHIFT_S, SHIFT_S + 1e-9, step_s)
    tried = [_aligned(truth, trace.time_s + s, time_s, lead_mv, signal.is_read[trace.lead]) for s in shifts]
    errors = [float(((truth - found) ** 2).sum()) for found, _ in tried]
    best = int(np.argmin(errors))
    found, read = tried[best]
    share = float(read.mean())
    if share == 0 or errors[best] == 0:
        return LeadScore(0.0, np.nan, np.nan, np.nan, share, is_recognised=False)
    snr_db = max(LOWEST_DB, 10 * float(np.log10((truth**2).sum() / errors[best])))
    flat = found[read].std() == 0 or truth[read].std() == 0
    alike = np.nan if flat else float(np.corrcoef(found[read], truth[read])[0, 1])
    error_mv = float(np.abs(found - truth)[read].mean())
    return LeadScore(snr_db, alike, error_mv, 1e3 * float(shifts[best]), share, is_recognised=alike >= RECOGNISED)


def _aligned(
    truth: FloatArray, at_s: FloatArray, time_s: FloatArray, lead_mv: FloatArray, is_read: np.ndarray
) -> tuple[FloatArray, np.ndarray]:
    """The lead at the truth's times with the offset taken out, 0 where not read, and where it was."""
    read = np.interp(at_s, time_s, is_read.astype(float), left=0, right=0) > 0.99
    found = np.interp(at_s, time_s, lead_mv)
    offset = np.median((found - truth)[read]) if read.any() else 0.0
    return np.where(read, found - offset, 0.0), read


def measure(kind: str, records: list[Record]) -> None:
    """Draw, prepare, read, compare and print."""
    scores: list[list[LeadScore]] = []
    clean: list[float] = []
    fine: list[float] = []
    layouts, ratios, refused = [], [], 0
    for case in cases(kind, records):
        prepared, prepare_s = _prepared(case.image_rgb)
        if prepared is None:
            refused += 1
            signal = None
        else:
            rows = PageRows(prepared.ink)
            _ = rows.with_print  # followed now, since beats and letters need them too
            start = time.process_time()
            signal = read_signal(rows, case.paper, prepared.scale_source)
            ratios.append((time.process_time() - start) / prepare_s)
            layouts.append(signal.layout_name == case.layout)
        unread = LeadScore(0.0, np.nan, np.nan, np.nan, 0.0, is_recognised=False)
        found = [unread if signal is None else score(signal, t) for t in longest_traces(case).values()]
        scores.append(found)
        finely = [] if signal is None else [score(signal, t, FINE_STEP_S).snr_db for t in longest_traces(case).values()]
        fine.append(float(np.median(finely)) if finely else 0.0)
        if not case.is_noisy:
            clean.append(float(np.median([s.snr_db for s in found])))
    _print(kind, scores, clean, fine, layouts, ratios, refused)


def _prepared(image_rgb: ByteArray) -> tuple[PageImage | None, float]:
    start = time.process_time()
    try:
        page = prepare_page(image_rgb)
    except NotScreenableError:
        return None, time.process_time() - start
    return page, time.process_time() - start


def _print(
    kind: str,
    scores: list[list[LeadScore]],
    clean: list[float],
    fine: list[float],
    layouts: list[bool],
    ratios: list[float],
    refused: int,
) -> None:
    leads = [s for page in scores for s in page]
    by_page = [np.median([s.snr_db for s in page]) for page in scores]
    fields = ("correlation", "error_mv", "shift_ms")
    usual = {f: np.nanmedian(np.abs([getattr(s, f) for s in leads])) for f in fields}
    print(f"{kind}: {len(scores)} pages, {refused} refused; layout right on {np.sum(layouts)} of {len(scores)}")
    print(
        f"  SNR, median of pages {np.median(by_page):.1f} dB (quartiles {np.quantile(by_page, 0.25):.1f}, "
        f"{np.quantile(by_page, 0.75):.1f}); of leads {np.median([s.snr_db for s in leads]):.1f}; "
        f"{len(clean)} pages without added noise {np.median(clean):.1f}; "
        f"shifted to the millisecond {np.median(fine):.1f}"
    )
    print(
        f"  correlation {usual['correlation']:.3f}, error {usual['error_mv']:.3f} mV, {usual['shift_ms']:.0f} ms; "
        f"leads recognised under their own name {np.mean([s.is_recognised for s in leads]):.3f}; "
        f"read {np.mean([s.read_share for s in leads]):.3f} of the printed signal; "
        f"{np.median(ratios):.3f} of the time to prepare a page"
    )


def main() -> None:
    """Measure each kind of page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ptbxl", type=Path, required=True, help="holds ptbxl.npz and ptbxl.csv")
    parser.add_argument("--ludb", type=Path)
    parser.add_argument("--fold", default="9")
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=("own", "foreign", "photo"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with (options.ptbxl / "ptbxl.csv").open(newline="", encoding="utf-8") as handle:
        folds = {row["ecg_id"]: row["fold"] for row in csv.DictReader(handle)}
    for kind in options.kinds:
        if kind == "ludb":
            records = load_ludb(options.ludb)
        else:
            records = [r for r in load_ptbxl(options.ptbxl) if folds[r.source_record.split(":")[1]] == options.fold]
        order = np.random.default_rng(7).permutation(len(records))[: options.pages]
        measure(kind, [records[i] for i in order])


if __name__ == "__main__":
    main()
