"""Rows, R peaks, heart rate and its variability, read off simulated pages with known beats."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, Segment, SimPage, draw_page, synthetic_ecg
from ecgcore.rhythm.beat_rows import beat_rows, measure_rhythm
from ecgcore.rhythm.measures import RhythmMeasures, on_paper, rhythm_measures, whole_bpm
from ecgcore.rhythm.r_peaks import r_peaks
from ecgcore.types import USUAL_PAPER, FloatArray, PageImage, PaperSettings, Prediction, Rhythm
from ecgcore.waveform.page_rows import PageRows

STRIP_ROW = 3


@cache
def _page(kind: str, layout: str) -> tuple[PageImage, SimPage, FloatArray]:
    """A prepared page, its truth and the true RR intervals in milliseconds."""
    signals_mv, fs_hz, beats_s = synthetic_ecg(kind, seed=4)
    simulated = draw_page(signals_mv, fs_hz, PageStyle(layout=layout), 4, beats_s=beats_s)
    return prepare_page(simulated.image_rgb), simulated, 1000 * np.diff(beats_s[1][:, 0])


def _measured(
    sheet: PageImage, boxes_photo_xyxy: FloatArray, paper: PaperSettings = USUAL_PAPER
) -> RhythmMeasures | None:
    boxes = sheet.frame.boxes_to_panel(boxes_photo_xyxy)
    return rhythm_measures(measure_rhythm(sheet.ink, boxes, r_peaks(sheet.ink, boxes)), paper)


@pytest.mark.parametrize("kind", ["normal", "tachycardia"])
@pytest.mark.parametrize("layout", ["3x4", "6x2+1"])
def test_rate_matches_the_signal(kind: str, layout: str) -> None:
    sheet, simulated, rr_ms = _page(kind, layout)
    found = _measured(sheet, simulated.boxes_xyxy)
    assert found is not None
    assert found.heart_rate_bpm == pytest.approx(60_000 / rr_ms.mean(), rel=0.03)
    assert found.lowest_bpm <= found.heart_rate_bpm <= found.highest_bpm
    assert found.rr_cv < 0.06


def test_variability_of_the_strip_matches_the_signal() -> None:
    sheet, simulated, rr_ms = _page("atrial_fibrillation", "3x4+1")
    found = _measured(sheet, simulated.boxes_xyxy)
    assert found is not None
    assert found.sdnn_ms == pytest.approx(rr_ms.std(ddof=1), rel=0.2)
    assert found.rmssd_ms == pytest.approx(np.sqrt(np.mean(np.diff(rr_ms) ** 2)), rel=0.25)


def test_r_peaks_lie_within_20_ms_of_their_place_in_the_beat() -> None:
    sheet, simulated, _ = _page("normal", "3x4+1")
    strip = simulated.box_rows == STRIP_ROW
    boxes = sheet.frame.boxes_to_panel(simulated.boxes_xyxy[strip])
    peaks = r_peaks(sheet.ink, boxes)
    after_onset_px = peaks[:, 0] - boxes[:, 0]
    assert after_onset_px.max() - after_onset_px.min() <= 2, "4 pixels are a millimetre, 40 ms"
    assert (peaks[:, 1] < boxes[:, 1] + 0.4 * (boxes[:, 3] - boxes[:, 1])).all(), "they point up in lead II"


def test_a_leads_name_beside_a_beat_is_no_peak() -> None:
    ink = np.zeros((80, 120), dtype=np.uint8)
    ink[50:52] = 255  # the baseline, at 4 pixels per millimetre
    ink[34:50, 69:71] = 90  # a QRS of 4 mm, faint where it is steep
    ink[32:36, 68:72] = 255
    ink[20:38, 10:24] = 255  # a letter of 4.5 mm above the baseline
    ((x, y),) = r_peaks(ink, [[0, 10, 120, 60]])
    assert (x, y) == (pytest.approx(70, abs=1), pytest.approx(32, abs=1))


def test_a_missed_beat_does_not_halve_the_rate() -> None:
    sheet, simulated, rr_ms = _page("normal", "3x4+1")
    strip = np.flatnonzero(simulated.box_rows == STRIP_ROW)
    found = _measured(
        sheet, simulated.boxes_xyxy[np.delete(np.arange(len(simulated.boxes_xyxy)), strip[len(strip) // 2])]
    )
    assert found is not None
    assert found.heart_rate_bpm == pytest.approx(60_000 / rr_ms.mean(), rel=0.03)


def test_regular_and_irregular_are_told_apart() -> None:
    found = {kind: _measured(*_page(kind, "3x4+1")[:1], _page(kind, "3x4+1")[1].boxes_xyxy) for kind in KINDS_TOLD}
    assert {kind: measures.regularity for kind, measures in found.items() if measures is not None} == KINDS_TOLD


KINDS_TOLD = {"normal": "regular", "atrial_fibrillation": "irregular"}


def test_beats_that_were_used_are_the_strips() -> None:
    sheet, simulated, _ = _page("normal", "3x4+1")
    boxes = sheet.frame.boxes_to_panel(simulated.boxes_xyxy)
    rhythm = measure_rhythm(sheet.ink, boxes, r_peaks(sheet.ink, boxes))
    assert rhythm is not None
    assert set(rhythm.beats) == set(np.flatnonzero(simulated.box_rows == STRIP_ROW))
    assert sum(len(run) for run in rhythm.rr_runs_mm) == len(rhythm.beats) - 1


def test_a_strip_in_several_rows_is_measured_in_all_of_them() -> None:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", seed=4)
    rows = [[Segment(1, start_s, 5.0)] for start_s in (0.0, 5.0)]
    drawn = draw_page(signals_mv, fs_hz, PageStyle(layout="3x4"), 4, beats_s=beats_s, plan=rows)
    sheet = prepare_page(drawn.image_rgb)
    assert PageRows(sheet.ink).lead_count == 1
    boxes = sheet.frame.boxes_to_panel(drawn.boxes_xyxy)
    in_rows, one_time = (
        measure_rhythm(sheet.ink, boxes, r_peaks(sheet.ink, boxes), is_one_strip=one) for one in (True, False)
    )
    assert in_rows is not None and one_time is not None
    beats_in_rows = [int((drawn.box_rows == row).sum()) for row in (0, 1)]
    assert sorted(len(run) + 1 for run in in_rows.rr_runs_mm) == sorted(beats_in_rows)
    assert len(one_time.beats) < len(in_rows.beats)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_beats_give_no_rate(n: int) -> None:
    sheet, simulated, _ = _page("normal", "3x4+1")
    assert _measured(sheet, simulated.boxes_xyxy[:n]) is None


def test_rows_are_in_reading_order() -> None:
    sheet, simulated, _ = _page("normal", "3x4+1")
    shuffled = np.random.default_rng(0).permutation(len(simulated.boxes_xyxy))
    rows = beat_rows(sheet.ink, sheet.frame.boxes_to_panel(simulated.boxes_xyxy[shuffled]))
    assert [set(simulated.box_rows[shuffled[row]]) for row in rows] == [{0}, {1}, {2}, {3}]
    assert all((np.diff(simulated.boxes_xyxy[shuffled[row], 0]) > 0).all() for row in rows)


INTERVALS_MM = st.lists(st.lists(st.floats(15, 35), min_size=1, max_size=6), min_size=1, max_size=4)


@given(INTERVALS_MM, st.floats(10, 100))
def test_paper_speed_scales_times_and_leaves_ratios_alone(runs_mm: list[list[float]], speed_mm_s: float) -> None:
    rhythm = Rhythm((), tuple(tuple(run) for run in runs_mm))
    usual, other = rhythm_measures(rhythm, USUAL_PAPER), rhythm_measures(rhythm, PaperSettings(speed_mm_s))
    assert (usual is None) == (sum(map(len, runs_mm)) < 2)
    if usual is None or other is None:  # or a rate that no heart has at the other speed
        return
    tenths = 0.051 * (1 + speed_mm_s / 25)  # both are rounded to a tenth
    assert other.heart_rate_bpm == pytest.approx(usual.heart_rate_bpm * speed_mm_s / 25, abs=tenths)
    assert other.sdnn_ms == pytest.approx(usual.sdnn_ms * 25 / speed_mm_s)
    assert other.rr_cv == pytest.approx(usual.rr_cv)
    assert other.regularity == usual.regularity
    assert usual.lowest_bpm <= usual.heart_rate_bpm + 0.051
    assert usual.heart_rate_bpm <= usual.highest_bpm + 0.051


def test_gaps_between_runs_are_no_steps() -> None:
    measures = rhythm_measures(Rhythm((), ((20.0, 21.0), (25.0,))), USUAL_PAPER)
    assert measures is not None
    assert measures.rmssd_ms == pytest.approx(40.0), "only the step from 20 to 21 mm counts"
    assert measures.intervals == 3


@pytest.mark.parametrize("source", ["grid", "pulse"])
def test_other_paper_and_back_is_the_same_prediction(source: str) -> None:
    rhythm = Rhythm((0, 1, 2), ((20.0, 22.0),))
    shown = on_paper(Prediction("a", 1, "ok", px_per_mm=8.0, scale_source=source, rhythm=rhythm), USUAL_PAPER)  # type: ignore[arg-type]
    assert shown.heart_rate_bpm == pytest.approx(71.4, abs=0.1)
    changed = on_paper(shown, PaperSettings(50.0, 5.0))
    # Half the gain makes a pulse 5 mm high, so that a page measured by its pulse has half the millimetres.
    assert changed.heart_rate_bpm == pytest.approx(142.9 if source == "grid" else 285.7, abs=0.1)
    assert changed.px_per_mm == (8.0 if source == "grid" else 16.0)
    assert on_paper(changed, USUAL_PAPER) == shown


def test_without_millimetres_nothing_is_measured() -> None:
    shown = on_paper(replace(Prediction("a", 1, "ok"), rhythm=Rhythm((0, 1), ((20.0, 20.0),))), PaperSettings(50.0))
    assert (shown.heart_rate_bpm, shown.rr_cv) == (None, None)


def _regularity(*rr_mm: float) -> str | None:
    measures = rhythm_measures(Rhythm((), (rr_mm,)), USUAL_PAPER)
    assert measures is not None
    return measures.regularity


@pytest.mark.parametrize("odd", [8.0, 12.0])
def test_one_badly_seen_r_peak_makes_no_rhythm_irregular(odd: float) -> None:
    assert _regularity(10, 10.1, odd, 10, 9.9, 10, 10.1) == "regular"


def test_a_missed_beat_and_one_counted_twice_make_no_rhythm_irregular() -> None:
    assert _regularity(20, 20.2, 40.1, 19.9, 20) == "regular"
    assert _regularity(20, 20.2, 8, 12.1, 19.9, 20) == "regular"


def test_fibrillation_and_premature_beats_are_irregular() -> None:
    assert _regularity(20, 27, 16, 22, 31, 18) == "irregular"
    assert _regularity(20, 20, 13, 27, 20, 20) == "irregular", "one premature beat and its pause"
    assert _regularity(20, 13, 20, 13, 20) == "irregular"
    assert _regularity(20, 20.5, 26) == "irregular", "of few intervals none is left out"


def test_the_rate_is_rounded_in_one_place() -> None:
    rhythm = Rhythm((), ((19.6, 19.6, 19.6),))
    measures = rhythm_measures(rhythm, USUAL_PAPER)
    blank = Prediction("page.png", 1, "ok", px_per_mm=5.0, scale_source="grid", rhythm=rhythm)
    shown = on_paper(blank, USUAL_PAPER)
    assert measures is not None and shown.heart_rate_bpm == measures.heart_rate_bpm == 76.5
    assert whole_bpm(76.5) == 77 and whole_bpm(76.4) == 76


@pytest.mark.parametrize(
    "rr_mm",
    [
        pytest.param(((20.1,), (114.1,)), id="beats between were not seen"),
        pytest.param(((1.5, 1.6, 1.5),), id="faster than any heart"),
        pytest.param(((130.0, 128.0, 131.0),), id="slower than any heart"),
    ],
)
def test_intervals_that_carry_no_rate_give_none(rr_mm: tuple[tuple[float, ...], ...]) -> None:
    assert rhythm_measures(Rhythm((0, 1), rr_mm), PaperSettings()) is None
