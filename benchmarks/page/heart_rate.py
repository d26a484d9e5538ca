"""The heart rate that is measured from a page against the R peaks of its signal, or against the rate printed on it.

    python -m benchmarks.page.heart_rate [--ludb DIR] [--ptbxl DIR] [--khan DIR --printed CSV] [--bundle DIR] [--most N]

LUDB and PTB-XL are the records that every starter leaves aside, drawn in a style that depends on the record alone, the
columns of leads following each other in time as on real pages. LUDB's R peaks were marked by cardiologists (lead II).
PTB-XL's are those of xqrs (wfdb.processing, MIT) on leads II, V2 and V5, of which the median rate counts. A page is
measured with the paper speed and gain that are printed on it, as a user would set them. ``CSV`` has the columns
``file,bpm``: the rate that a person read off each page. Intervals are bootstrapped by record.

The rate is compared as it is defined here, from the mean of the middle half of the RR intervals of what the page
shows; beside it stand the mean and the median of all of them, with which other programs define it.
"""

import argparse
import contextlib
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import wfdb
from scipy.stats import bootstrap, trim_mean
from wfdb.processing import xqrs_detect

from benchmarks.training.held_out import held_out_ludb, held_out_ptbxl
from ecgcore.bundle.folder import Bundle, load_bundle, starter_folder
from ecgcore.page.decode.read import read_picture
from ecgcore.papersim import PageStyle, Segment, draw_page, random_style
from ecgcore.pipeline import screen
from ecgcore.rhythm.measures import IRREGULAR_SPREAD, TRIMMED_SHARE, rhythm_measures
from ecgcore.types import USUAL_PAPER, ByteArray, FloatArray, PaperSettings, Prediction
from trainer.starter.public_datasets import Record
from trainer.starter.synthetic_pages import page_seed

WITHIN_BPM = 3.0
SEED, PAGE = 2026, 0
XQRS_LEADS = (1, 7, 10)
BEFORE_FIRST_S, AFTER_LAST_S = 0.3, 0.4
"""Paper beside the first and the last marked R peak: LUDB marks no beats at the ends of a record."""


@dataclass(frozen=True)
class Case:
    """A page and the RR intervals, in seconds, that it shows in each of some leads."""

    name: str
    photo_rgb: ByteArray
    paper: PaperSettings
    rr_s: list[FloatArray]
    printed_bpm: float | None = None

    def bpm(self, definition: str) -> float:
        """The true rate: of the intervals' "middle half", "mean" or "median", in the median lead."""
        if self.printed_bpm is not None:
            return self.printed_bpm
        usual = {"middle half": lambda rr: trim_mean(rr, TRIMMED_SHARE), "mean": np.mean, "median": np.median}
        return float(np.median([60 / usual[definition](rr) for rr in self.rr_s]))

    @property
    def is_irregular(self) -> bool:
        """By the rule of ``ecgcore.rhythm.measures``, in the median lead."""
        return bool(np.median([np.ptp(rr) / trim_mean(rr, TRIMMED_SHARE) for rr in self.rr_s]) > IRREGULAR_SPREAD)


def ludb_cases(folder: Path, bundle: Bundle, most: int) -> Iterator[Case]:
    """Held-out LUDB records between the first and the last R peak that is marked in lead II."""
    for record in held_out_ludb(folder, bundle)[:most]:
        stem = next(folder.rglob(f"{record.source_record.split(':')[1]}.hea")).with_suffix("")
        marks = wfdb.rdann(str(stem), "ii")
        peaks_s = marks.sample[np.array(marks.symbol) == "N"] / record.fs_hz
        yield _case(record, [peaks_s], peaks_s[0] - BEFORE_FIRST_S, peaks_s[-1] + AFTER_LAST_S)


def ptbxl_cases(folder: Path, bundle: Bundle, most: int) -> Iterator[Case]:
    """Held-out PTB-XL records whole, with the R peaks that xqrs finds."""
    records = held_out_ptbxl(folder, bundle)
    for index in np.random.default_rng(SEED).permutation(len(records))[:most]:
        record = records[index]
        with contextlib.redirect_stdout(io.StringIO()):
            peaks_s = [
                xqrs_detect(record.signals_mv[lead], record.fs_hz, verbose=False) / record.fs_hz for lead in XQRS_LEADS
            ]
        yield _case(record, peaks_s, 0.0, record.signals_mv.shape[1] / record.fs_hz)


def printed_cases(folder: Path, printed: Path) -> Iterator[Case]:
    """Real pages with the rate that somebody read off them."""
    with printed.open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            photo_rgb = read_picture(folder / row["file"], row["file"])[0]
            yield Case(row["file"], photo_rgb, USUAL_PAPER, [], float(row["bpm"]))


def _case(record: Record, peaks_s: list[FloatArray], start_s: float, end_s: float) -> Case:
    seed = page_seed(record, PAGE, SEED)
    style = random_style(np.random.default_rng(seed))
    column_s = min(style.column_s or np.inf, (end_s - start_s) / style.columns)
    plan = [_follow_on(style, row, start_s, column_s) for row in style.rows]
    page = draw_page(record.signals_mv, record.fs_hz, style, seed, plan=plan)
    shown_until_s = start_s + column_s * style.columns
    rr_s = [np.diff(p[(p >= start_s) & (p <= shown_until_s)]) for p in peaks_s]
    paper = PaperSettings(style.paper_speed_mm_s, style.gain_mm_mv)
    return Case(record.source_record, page.image_rgb, paper, [rr for rr in rr_s if len(rr) > 1])


def _follow_on(style: PageStyle, row: tuple[int, ...], start_s: float, column_s: float) -> list[Segment]:
    """The leads of a row one after the other in time; one lead alone goes over all columns."""
    duration_s = column_s if len(row) > 1 else column_s * style.columns
    return [Segment(lead, start_s + place * duration_s, duration_s) for place, lead in enumerate(row)]


def report(name: str, cases: Iterator[Case], bundle: Bundle) -> None:
    """Screen every page and print how often its rate is right, and what the other pages were."""
    measured, truths, told = [], [], []
    not_ok = unscaled = unmeasured = 0
    for case in cases:
        if case.printed_bpm is None and not case.rr_s:
            continue  # the signal itself shows no two intervals
        prediction = screen(case.photo_rgb, bundle, file=case.name, paper=case.paper)
        found = rhythm_measures(prediction.rhythm, prediction.paper)
        if prediction.status != "ok":
            not_ok += 1
        elif prediction.px_per_mm is None:
            unscaled += 1
        elif prediction.heart_rate_bpm is None:
            unmeasured += 1
            print(f"  {case.name}: not measured, truth {case.bpm('middle half'):.1f}", flush=True)
        else:
            measured.append([prediction.heart_rate_bpm, _of_leads(prediction), _or_nan(found and found.heart_rate_bpm)])
            truths.append([case.bpm(definition) for definition in ("middle half", "mean", "median")])
            if case.rr_s and found is not None and found.regularity is not None:
                told.append((case.is_irregular, found.regularity == "irregular"))
            if abs(measured[-1][0] - truths[-1][0]) > WITHIN_BPM:
                rates = ", ".join(f"{rate:.1f}" for rate in measured[-1])
                print(f"  {case.name}: {rates} (shown, leads, boxes), truth {truths[-1][0]:.1f}", flush=True)
    print(
        f"{name}: {len(measured)} pages measured; {unmeasured} with too few intervals, {unscaled} without millimetres,"
        f" {not_ok} not screened"
    )
    definitions = ("the printed rate",) if not told else ("of the middle half", "of the mean", "of the median")
    print_errors(np.array(measured), np.array(truths), definitions)
    if told:
        truly, called = np.array(told).T
        for is_irregular, word in ((False, "regular"), (True, "irregular")):
            if (truly == is_irregular).any():
                print(
                    f"  truly {word}, called so: {share_with_interval(called[truly == is_irregular] == is_irregular)}"
                )


def print_errors(rates: np.ndarray, true: np.ndarray, definitions: tuple[str, ...]) -> None:
    """How near the rates of N pages are, ``[N, 3]``, to what is true by each definition, ``[N, d]``."""
    for row, of in enumerate(("as shown", "by the leads", "by the beat boxes")):
        known = np.isfinite(rates[:, row])
        for column, words in enumerate(definitions):
            errors = np.abs(rates[known, row] - true[known, column])
            print(
                f"  {of}, within {WITHIN_BPM:.0f} bpm {words}: {share_with_interval(errors <= WITHIN_BPM)}, "
                f"median error {np.median(errors):.2f} bpm"
            )


def _of_leads(prediction: Prediction) -> float:
    return _or_nan(None if prediction.measurements is None else prediction.measurements.heart_rate_bpm)


def _or_nan(rate_bpm: float | None) -> float:
    return np.nan if rate_bpm is None else rate_bpm


def share_with_interval(right: np.ndarray) -> str:
    """``0.962 (0.923 to 0.990) of 104``, bootstrapped by entry: one page a record resamples records."""
    if right.all() or not right.any():
        return f"{right.mean():.3f} of {len(right)}"
    found = bootstrap((right.astype(float),), np.mean, n_resamples=2000, method="percentile", rng=SEED)
    low, high = found.confidence_interval
    return f"{right.mean():.3f} ({low:.3f} to {high:.3f}) of {len(right)}"


def main() -> None:
    """Measure each set that was named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("ludb", "ptbxl", "khan"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--printed", type=Path, metavar="CSV", help="columns file,bpm: rates read off pages of --khan")
    parser.add_argument("--bundle", type=Path, default=starter_folder())
    parser.add_argument("--most", type=int, default=10_000, metavar="N", help="pages of each set")
    options = parser.parse_args()
    torch.set_num_threads(1)
    bundle = load_bundle(options.bundle)
    if options.khan and options.printed:
        report("Real pages, rate as printed", printed_cases(options.khan, options.printed), bundle)
    if options.ludb:
        report("LUDB, rendered, marked R peaks", ludb_cases(options.ludb, bundle, options.most), bundle)
    if options.ptbxl:
        report("PTB-XL, rendered, R peaks by xqrs", ptbxl_cases(options.ptbxl, bundle, options.most), bundle)


if __name__ == "__main__":
    main()
