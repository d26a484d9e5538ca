"""A page's leads, read off its ink: what was drawn comes back, and what is not there is not invented."""

import csv
import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import wfdb
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from ecgcore.lead_layout import LEADS, Layout
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, Segment, SimPage, draw_page, plan_page, synthetic_ecg
from ecgcore.types import USUAL_PAPER, PaperSettings
from ecgcore.waveform.baseline import baseline_wander_mv
from ecgcore.waveform.export import write_all
from ecgcore.waveform.layout_by_form import strip_leads
from ecgcore.waveform.page_rows import PageRows
from ecgcore.waveform.page_signal import PageSignal
from ecgcore.waveform.read_signal import read_signal

STYLE = PageStyle(header=False, footer=False)


def _page(kind: str = "normal", seed: int = 1, style: PageStyle = STYLE, strip: int | None = None) -> SimPage:
    signals_mv, fs_hz, _ = synthetic_ecg(kind, seed)
    plan = plan_page(style, 10.0)
    if strip is not None:
        plan = [*plan[:-1], [Segment(strip, 0.0, 10.0)]]
    return draw_page(signals_mv, fs_hz, style, seed, plan=plan)


def _read(page: SimPage, style: PageStyle = STYLE) -> PageSignal:
    prepared = prepare_page(page.image_rgb)
    paper = PaperSettings(style.paper_speed_mm_s, style.gain_mm_mv)
    return read_signal(PageRows(prepared.ink), paper, prepared.scale_source)


def _errors_mv(page: SimPage, signal: PageSignal) -> dict[int, np.ndarray]:
    """By lead what differs from the drawn, where it was read; the longest stretch of each counts.

    About its median, and at the best of a few shifts in time: 20 ms are half a millimetre of paper.
    """
    time_s = np.arange(signal.leads_mv.shape[1]) / signal.fs_hz
    errors = {}
    for trace in sorted(page.traces, key=lambda trace: len(trace.time_s)):
        tried = []
        for shift_s in np.arange(-0.02, 0.021, 0.004):
            at_s = time_s + shift_s
            inside = (at_s >= trace.time_s[0]) & (at_s <= trace.time_s[-1]) & signal.is_read[trace.lead]
            error = signal.leads_mv[trace.lead, inside] - np.interp(at_s[inside], trace.time_s, trace.value_mv)
            tried.append(error - np.median(error))
        errors[trace.lead] = min(tried, key=lambda error: float(np.mean(error**2)))
    return errors


@settings(max_examples=8, derandomize=True, phases=[Phase.generate])
@given(
    layout=st.sampled_from(["3x4", "3x4+1", "3x4+3", "6x2", "6x2+1"]),
    pulse=st.sampled_from(["left", "right", "none"]),
    separators=st.sampled_from(["none", "line", "tick", "gap"]),
    pen_mm=st.floats(0.15, 0.45),
    seed=st.integers(0, 1000),
)
def test_drawn_leads_come_back(layout: str, pulse: str, separators: str, pen_mm: float, seed: int) -> None:
    """Whatever the layout, pen, pulse and marks: every lead by its name, in millivolts, at its time."""
    style = dataclasses.replace(STYLE, layout=layout, pulse=pulse, separators=separators, pen_mm=pen_mm)
    page = _page("normal", seed, style)
    signal = _read(page, style)
    assert signal.layout_name == layout
    errors = _errors_mv(page, signal)
    assert sorted(errors) == list(range(12))
    assert all(len(error) >= 1.8 * signal.fs_hz for error in errors.values()), "most of the printed signal is read"
    usual_mv = [float(np.sqrt(np.mean(error**2))) for error in errors.values()]
    assert np.median(usual_mv) < 0.06, "a pulse, a displaced column or a wrong lead is off by tenths"
    assert max(usual_mv) < 0.2


def test_steep_strokes_come_back() -> None:
    """The middle of a column's ink is off by tenths of a millivolt on a QRS, which holds most of a lead's energy."""
    page = _page("normal", 2, dataclasses.replace(STYLE, px_per_mm=5.0))
    errors = _errors_mv(page, _read(page))
    drawn = {trace.lead: trace.value_mv for trace in sorted(page.traces, key=lambda trace: len(trace.time_s))}
    snr_db = [10 * np.log10(np.var(drawn[lead]) / np.mean(error**2)) for lead, error in errors.items()]
    assert np.median(snr_db) > 20


@pytest.mark.parametrize("gap_px", [0, 30])
def test_a_page_that_is_cut_off_keeps_its_times(gap_px: int) -> None:
    """What lies outside of the picture is a gap at the start; the rest does not move to the left."""
    style = dataclasses.replace(STYLE, pulse="none")
    page = _page(style=style)
    cut_px = round(page.panel_xyxy[0] + (style.pad_mm[0] + 4) * style.px_per_mm) + gap_px
    cut = dataclasses.replace(page, image_rgb=np.ascontiguousarray(page.image_rgb[:, cut_px:]))
    signal = _read(cut, style)
    assert signal.layout_name == "3x4+1"
    first_s = np.flatnonzero(signal.is_read[1])[0] / signal.fs_hz
    assert first_s == pytest.approx((4 + gap_px / style.px_per_mm) / style.paper_speed_mm_s, abs=0.06)
    assert signal.column_starts_s == pytest.approx([0, 2.5, 5, 7.5], abs=0.02)


@pytest.mark.parametrize(("speed", "gain"), [(25.0, 5.0), (50.0, 10.0)])
def test_speed_and_gain_of_the_paper_count(speed: float, gain: float) -> None:
    style = dataclasses.replace(STYLE, paper_speed_mm_s=speed, gain_mm_mv=gain, column_s=62.5 / speed, pulse="none")
    page = _page(style=style)
    signal = _read(page, style)
    errors = _errors_mv(page, signal)
    assert np.median([np.sqrt(np.mean(error**2)) for error in errors.values()]) < 0.1
    assert signal.column_starts_s == pytest.approx([k * 62.5 / speed for k in range(4)], abs=0.02)


def test_what_is_not_printed_is_not_read() -> None:
    """A hole in the trace, as under a stamp or a reflection, stays one; and each lead ends with its column."""
    prepared = prepare_page(_page().image_rgb)
    whole = read_signal(PageRows(prepared.ink), USUAL_PAPER)
    x = whole.traces_panel_xy["V2"][-1][:, 0]
    first, last = int(x[len(x) // 2]), int(x[len(x) // 2]) + 60
    ink = prepared.ink.copy()
    ink[:, first:last] = 0
    torn = read_signal(PageRows(ink), USUAL_PAPER)
    lost = whole.is_read & ~torn.is_read
    for lead in (6, 7, 8):
        assert 0.5 <= lost[lead].sum() / torn.fs_hz <= 0.7, "60 px at 100 px/s"
    assert np.isnan(torn.leads_mv[~torn.is_read]).all()
    assert np.isfinite(torn.leads_mv[torn.is_read]).all()
    assert not whole.is_read[0, round(2.55 * whole.fs_hz) :].any(), "lead I ends where aVR begins"
    assert not whole.is_read[9, : round(7.45 * whole.fs_hz)].any()


def test_a_rhythm_strip_is_named_by_what_it_shows() -> None:
    """A machine may print any lead below the others; here III, which is not the usual one."""
    signal = _read(_page("wide_qrs", 3, strip=2))
    assert signal.is_read[2].mean() > 0.95
    assert signal.is_read[1].mean() < 0.3


def test_a_strip_that_is_named_ii_is_not_taken_for_a_chest_lead() -> None:
    """Its name is read as another stroke, but never as V."""
    rng = np.random.default_rng(4)
    stretches_mv = rng.standard_normal((3, 4, 100))
    like_iii, like_v6 = stretches_mv[2, 0], stretches_mv[2, 3]
    strip_mv = np.stack([[like_iii] * 4, [like_v6] * 4])
    ii, iii, v6 = (LEADS.index(lead) for lead in ("II", "III", "V6"))
    assert strip_leads(strip_mv, stretches_mv, Layout(3, 4, 2, strip_order=(ii, ii))) == [iii, ii]
    assert strip_leads(strip_mv, stretches_mv, Layout(3, 4, 2)) == [iii, v6]
    assert strip_leads(strip_mv, stretches_mv, Layout(3, 4, 2, strip_order=(v6, None))) == [v6, v6]


def test_an_unknown_layout_names_no_lead() -> None:
    """Two rows of a monitor's strip are no twelve leads."""
    signals_mv, fs_hz, _ = synthetic_ecg("normal", 1)
    page = draw_page(signals_mv, fs_hz, STYLE, 1, plan=[[Segment(1, 0.0, 10.0)], [Segment(6, 0.0, 10.0)]])
    signal = _read(page)
    assert signal.layout_name is None
    assert not signal.is_read.any()
    assert signal.traces_panel_xy == {}


def test_exports_say_the_same(tmp_path: Path) -> None:
    """CSV, WFDB and DICOM hold the same millivolts, and the same samples are missing in each."""
    signal = _read(_page())
    write_all(signal, tmp_path, "page 1")
    with (tmp_path / "page 1.csv").open(newline="") as handle:
        rows = list(csv.reader(handle))
    assert rows[0] == ["time_s", *LEADS]
    assert [row[0] for row in rows[1:3]] == ["0.000", "0.004"]
    table = np.array([[float(cell) if cell else np.nan for cell in row] for row in rows[1:]])
    assert np.array_equal(np.isfinite(table[:, 1:].T), signal.is_read)
    assert np.nanmax(np.abs(table[:, 1:].T - signal.leads_mv)) <= 0.0006
    record = wfdb.rdrecord(str(tmp_path / "page_1"))
    assert (record.fs, record.sig_name, record.units[0]) == (250, list(LEADS), "mV")
    assert np.allclose(record.p_signal.T, signal.leads_mv, atol=0.0006, equal_nan=True)
    dicom = dcmread(tmp_path / "page 1.dcm")
    steps = np.frombuffer(dicom.WaveformSequence[0].WaveformData, "<i2").reshape(-1, 12).T
    assert np.array_equal(steps != -32768, signal.is_read)
    assert np.allclose(steps[signal.is_read] / 1000, signal.leads_mv[signal.is_read], atol=0.0006)
    assert dicom.PatientName == ""


def test_wander_is_told_from_beats() -> None:
    """A slow swing of the paper's trace is reported; the beats upon it are not taken for it."""
    steady = read_signal(PageRows(prepare_page(_page().image_rgb).ink), USUAL_PAPER)
    time_s = np.arange(steady.leads_mv.shape[1]) / steady.fs_hz
    swing_mv = 0.3 * np.sin(2 * np.pi * 0.3 * time_s)
    swinging = dataclasses.replace(steady, leads_mv=(steady.leads_mv + swing_mv).astype(np.float32))
    found_mv = baseline_wander_mv(swinging) - baseline_wander_mv(steady)
    strip = steady.is_read[1]
    assert np.sqrt(np.mean((found_mv[1] - swing_mv)[strip] ** 2)) < 0.06
    usual_mv = np.quantile(np.abs(baseline_wander_mv(steady)[1][strip]), 0.9)
    assert usual_mv < 0.2, "an R peak is a millivolt"
    assert np.array_equal(np.isfinite(found_mv), steady.is_read)


def test_broken_traces_without_a_scale_are_no_error() -> None:
    ink = np.zeros((560, 1000), np.uint8)
    for y in range(90, 560, 120):
        for x in range(10, 980, 38):
            cv2.line(ink, (x, y), (x + 14, y), 255, 3)
        for x in range(60, 980, 114):
            cv2.line(ink, (x, y), (x, y - 20), 255, 3)
    signal = read_signal(PageRows(ink), USUAL_PAPER, None)
    assert signal.leads_mv.shape[0] == 12
