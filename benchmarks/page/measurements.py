"""How exactly rate, PR, QRS, QT and heights are measured: on LUDB's marks, and on PTB-XL's signals read off pages.

    python -m benchmarks.page.measurements --ludb DIR [--half odd] [--pages own photo]
        [--ptbxl DIR --fold 9 --records 60]

LUDB: the truth is what its cardiologists marked (``ludb_marks``), with the two outermost leads' marks left out at
either end, since one reader's slip in one of twelve leads would else set the end; the same against the outermost marks
is told beside it. Measured are the true signals (whole, and as a 3x4 page with one strip shows them), and the same
records drawn as pages, prepared and read. Constants were chosen on records with even numbers; those with odd numbers
report.

PTB-XL has no marks: the same code measures the true signal where the page shows it and what was read of the page.
"""

import argparse
import csv
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from scipy.signal import resample_poly

from benchmarks.page.digitised_signal import cases
from benchmarks.page.ludb_marks import MarkedIntervals, marked_beats, marked_intervals
from ecgcore.errors import NotScreenableError
from ecgcore.lead_layout import LEADS
from ecgcore.measure.beats import find_beats
from ecgcore.measure.page import measure
from ecgcore.measure.rr_intervals import runs_ms
from ecgcore.measurements import GLOBAL_NAMES, LEAD_VALUES, Measurements
from ecgcore.page.prepare import prepare_page
from ecgcore.rhythm.measures import rr_measures
from ecgcore.types import USUAL_PAPER, FloatArray
from ecgcore.waveform.page_rows import PageRows
from ecgcore.waveform.page_signal import FS_HZ, PageSignal
from ecgcore.waveform.read_signal import read_signal
from trainer.starter.public_datasets import Record, load_ludb, load_ptbxl

COMPARED = {"pr_ms": "PR", "qrs_ms": "QRS", "qt_ms": "QT"}
WITHIN_BPM, MARK_S = 3.0, 0.1


def as_signal(signals_mv: FloatArray, fs_hz: float, layout: str = "12x1") -> PageSignal:
    """A record as if a page had been read without an error; ``3x4+1`` shows what such a page shows."""
    leads = signals_mv if fs_hz == FS_HZ else resample_poly(signals_mv, round(FS_HZ), round(fs_hz), axis=1)
    shown = np.full(leads.shape, np.nan, np.float32)
    starts: tuple[float, ...] = (0.0,)
    if layout == "3x4+1":
        count = leads.shape[1] // 4
        starts = tuple(k * count / FS_HZ for k in range(4))
        for column in range(4):
            part = slice(column * count, (column + 1) * count)
            shown[3 * column : 3 * column + 3, part] = leads[3 * column : 3 * column + 3, part]
        shown[1] = leads[1]
    else:
        shown[:] = leads
    return PageSignal(shown, np.isfinite(shown), FS_HZ, layout, starts, {}, USUAL_PAPER, "grid")


def read_pages(kind: str, records: list[Record]) -> Iterator[tuple[Measurements | None, PageSignal | None, float]]:
    """Each record's page measured, its signal, and the time that this took against its preparation."""
    for case in cases(kind, records):
        start = time.process_time()
        try:
            page = prepare_page(case.image_rgb)
        except NotScreenableError:
            yield None, None, np.nan
            continue
        prepared = time.process_time()
        rows = PageRows(page.ink)
        _ = rows.with_print  # followed now, since beats and letters need them too
        followed = time.process_time()
        signal = read_signal(rows, case.paper, page.scale_source)
        found = measure(signal)
        yield found, signal, (time.process_time() - followed) / (prepared - start)


def ludb_tables(folder: Path, half: str, kinds: Sequence[str]) -> None:
    """Errors of the intervals against the marks."""
    records = [r for r in load_ludb(folder) if half == "all" or _number(r) % 2 == (half == "odd")]
    truths = {trim: [marked_intervals(folder, str(_number(r)), trim) for r in records] for trim in (2, 0)}
    print(f"LUDB, {len(records)} records ({half} numbers)")
    r_s = [marked_beats(folder, str(_number(r)))[0] for r in records]
    for layout in ("12x1", "3x4+1"):
        signals = [as_signal(r.signals_mv, r.fs_hz, layout) for r in records]
        _intervals_table(f"true signals as {layout}", [measure(signal) for signal in signals], truths)
        _rate_line(signals, r_s)
    for kind in kinds:
        results = list(read_pages("ludb" if kind == "own" else kind, records))
        none = Measurements(not_measured=dict.fromkeys(GLOBAL_NAMES, "the page was refused"))
        found = [none if m is None else m for m, _, _ in results]
        _intervals_table(f"pages, {kind}", found, truths)
        _rate_line([signal for _, signal, _ in results], r_s)
        print(f"  reading and measuring: {np.nanmedian([t for _, _, t in results]):.3f} of the time to prepare a page")
        missing = Counter(m.not_measured["qrs_ms"] for m in found if "qrs_ms" in m.not_measured)
        print(f"  pages without QRS: {dict(missing)}")


def _intervals_table(title: str, found: list[Measurements], truths: dict[int, list[MarkedIntervals]]) -> None:
    print(f"{title}, ms: median error, median and 90th percentile of its size (against the outermost marks); of known")
    for name, words in COMPARED.items():
        values = np.array([np.nan if getattr(f, name) is None else getattr(f, name) for f in found])
        truth = np.array([[getattr(m, name) for m in marked] for marked in truths.values()])
        errors = [values - row for row in truth]
        cells = [f"{np.nanmedian(e):+.1f}, {np.nanmedian(np.abs(e)):.1f}, {_tenth(np.abs(e)):.1f}" for e in errors]
        is_marked, is_measured = np.isfinite(truth[0]), np.isfinite(values)
        told = f"{(is_marked & is_measured).sum()} of {is_marked.sum()}"
        if not is_marked.all():
            told += f"; {(is_measured & ~is_marked).sum()} of {(~is_marked).sum()} measured where none is marked"
        print(f"  {words:4s} {cells[0]} ({cells[1]}); {told}")


def _tenth(values: FloatArray) -> float:
    """What a tenth of the values exceed."""
    return float(np.nanquantile(values, 0.9))


def _rate_line(signals: Sequence[PageSignal | None], r_s: list[FloatArray]) -> None:
    """Rates of the seconds that are both marked and shown: a page begins with its record."""
    errors = []
    for signal, marked_s in zip(signals, r_s, strict=True):
        if signal is None or signal.layout_name is None or signal.scale_source is None:
            continue
        end_s = min(marked_s[-1], signal.leads_mv.shape[1] / signal.fs_hz) + MARK_S
        beats = find_beats(signal.leads_mv, signal.fs_hz)
        rr_s = beats.rr_s[(beats.r_s > marked_s[0] + MARK_S) & (beats.r_s < end_s)]
        found, truth = (rr_measures(runs) for runs in (runs_ms(rr_s), runs_ms(np.diff(marked_s[marked_s < end_s]))))
        if found is not None and truth is not None:
            errors.append(found.heart_rate_bpm - truth.heart_rate_bpm)
    size = np.abs(errors)
    within = float((size <= WITHIN_BPM).mean())
    print(f"  rate within {WITHIN_BPM:.0f} bpm {within:.3f} of {len(size)}, median error {np.median(size):.2f} bpm")


def ptbxl_tables(folder: Path, fold: str, count: int) -> None:
    """Differences between what is read off pages and the same code on the true signals that they show."""
    with (folder / "ptbxl.csv").open(newline="", encoding="utf-8") as handle:
        folds = {row["ecg_id"]: row["fold"] for row in csv.DictReader(handle)}
    records = [r for r in load_ptbxl(folder) if folds[str(_number(r))] == fold]
    records = [records[k] for k in np.random.default_rng(7).permutation(len(records))[:count]]
    pairs = []
    for record, (found, signal, _) in zip(records, read_pages("own", records), strict=True):
        if found is not None and signal is not None and signal.layout_name is not None:
            shown = "3x4+1" if signal.layout_name.startswith("3x4") else "12x1"
            pairs.append((measure(as_signal(record.signals_mv, record.fs_hz, shown)), found))
    print(f"PTB-XL fold {fold}, {len(pairs)} of {len(records)} pages read: page against signal by the same code")
    print("  name: median size of the signal's value; median and 90th percentile of the error's size; values in both")
    for name in (*GLOBAL_NAMES, *LEAD_VALUES):
        true, read = (np.concatenate([_values(pair[k], name) for pair in pairs]) for k in (0, 1))
        error = np.abs(true - read)[np.isfinite(true - read)]
        size = np.nanmedian(np.abs(true))
        print(
            f"  {name}: {size:.3g}; {np.median(error):.3g} and {np.quantile(error, 0.9):.3g}; "
            f"{len(error)} of {np.isfinite(true).sum()}"
        )


def _values(found: Measurements, name: str) -> FloatArray:
    value = getattr(found, name)
    values = [value] if name in GLOBAL_NAMES else [value[lead] for lead in LEADS]
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _number(record: Record) -> int:
    return int(record.source_record.split(":")[1])


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ludb", type=Path)
    parser.add_argument("--half", choices=("odd", "even", "all"), default="odd")
    parser.add_argument("--pages", nargs="*", choices=("own", "foreign", "photo"), default=("own",))
    parser.add_argument("--ptbxl", type=Path)
    parser.add_argument("--fold", default="9")
    parser.add_argument("--records", type=int, default=60)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.ludb:
        ludb_tables(options.ludb, options.half, options.pages)
    if options.ptbxl:
        ptbxl_tables(options.ptbxl, options.fold, options.records)


if __name__ == "__main__":
    main()
