"""The gate lets ECGs of any rhythm pass, refuses what is none, and grades what can hardly be read."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.page.no_ecg.papers import pressure_paper
from ecgcore.errors import NotScreenableError
from ecgcore.page.prepare import prepare_page
from ecgcore.page.quality.features import NAMES, trace_features
from ecgcore.page.quality.gate import BEATS_BELOW, check_beats, ecg_score
from ecgcore.page.quality.steep_strokes import falls_as_it_rises
from ecgcore.papersim import KINDS, LAYOUT_ROWS, PageStyle, draw_page, synthetic_ecg
from ecgcore.types import ByteArray
from fits.page_gate.drawn import FS_HZ, NO_ECG_SIGNALS, ecg, rare_rhythm
from fits.page_gate.figures import NO_ECG_INKS

CLEAN = PageStyle(px_per_mm=4.0)
DOUBTFUL = np.array([0.57, 0.6, 0.64, 0.9])
"""Scores of what a detector takes for beats on a chart, where 0.55 is asked for."""


def _page(kind: str, style: PageStyle = CLEAN, seed: int = 3) -> ByteArray:
    if kind in KINDS:
        signals_mv, fs_hz, _ = synthetic_ecg(kind, seed)
    else:
        signals_mv, fs_hz = rare_rhythm(np.random.default_rng(seed), kind), FS_HZ
    return draw_page(signals_mv, fs_hz, style, seed).image_rgb


@pytest.mark.parametrize("kind", [*KINDS, "vt", "flutter", "slow", "low"])
def test_no_rhythm_is_taken_for_something_else(kind: str) -> None:
    page = prepare_page(_page(kind))  # raises where it is
    assert not page.faults or kind == "vt"


@pytest.mark.parametrize("kind", [*KINDS, "vt", "flutter", "slow", "low"])
def test_no_rhythm_needs_the_detector_to_know_its_beats(kind: str) -> None:
    check_beats(prepare_page(_page(kind)), np.array([]), 0.55)  # raises where strokes alone leave a doubt


def test_beats_decide_where_strokes_leave_a_doubt() -> None:
    page = replace(prepare_page(_page("normal")), ecg_logit=-1.0, periodicity=0.0)
    check_beats(page, np.array([0.1, 0.4, 0.97, 0.99, 1.0]), 0.55)  # below the threshold nothing counts
    for scores in (DOUBTFUL, np.array([]), np.array([0.1, 0.4])):
        with pytest.raises(NotScreenableError, match="does not look like an ECG"):
            check_beats(page, scores, 0.55)


def test_what_is_left_of_a_grid_in_faint_ink_is_no_regular_rhythm() -> None:
    page = replace(prepare_page(_page("normal")), ecg_logit=1.0, periodicity=0.95)
    check_beats(page, np.array([]), 0.55)
    with pytest.raises(NotScreenableError, match="does not look like an ECG"):
        check_beats(replace(page, strategy="sheet/faint_ink"), np.array([]), 0.55)


def test_beats_decide_where_nothing_else_speaks_for_an_ecg() -> None:
    """A circuit's resistors come again as regularly as beats; it has no grid, no pulse and no lead names."""
    page = replace(prepare_page(_page("normal")), px_per_mm=None, scale_source=None)
    assert page.ecg_logit > BEATS_BELOW
    sure, unsure = np.array([0.9, 0.97, 0.99, 1.0]), np.array([0.7, 0.8, 0.84, 0.95])
    check_beats(page, sure, 0.55)
    check_beats(page, unsure, 0.55, is_named=True)
    check_beats(page, unsure, 0.55, has_speed=True)
    for scores in (unsure, np.array([])):
        with pytest.raises(NotScreenableError, match="does not look like an ECG"):
            check_beats(page, scores, 0.55)


def test_pressure_and_pulse_on_ecg_paper_are_refused() -> None:
    """They come again as exactly as ventricular tachycardia, and a detector takes some of them for beats."""
    for seed in (1, 2):
        page = prepare_page(pressure_paper(np.random.default_rng(seed)))
        assert page.scale_source == "grid" and not falls_as_it_rises(page.ink)
        with pytest.raises(NotScreenableError, match="does not look like an ECG"):
            check_beats(page, np.array([0.7, 0.9, 0.92, 0.95]), 0.55)


def test_a_page_that_names_its_leads_on_a_grid_or_beside_a_speed_is_an_ecg_whatever_its_beats() -> None:
    doubtful = replace(prepare_page(_page("vt")), ecg_logit=-2.0, periodicity=0.4)
    check_beats(doubtful, np.array([]), 0.55, is_named=True)
    gridless = replace(doubtful, px_per_mm=None, scale_source=None)
    check_beats(gridless, np.array([]), 0.55, is_named=True, has_speed=True)
    for page, print_of in ((doubtful, {"has_speed": True}), (gridless, {"is_named": True})):
        with pytest.raises(NotScreenableError):
            check_beats(page, np.array([]), 0.55, **print_of)


@pytest.mark.parametrize("kind", [*KINDS, "vt", "flutter", "slow", "low"])
def test_the_steep_strokes_of_every_rhythm_fall_as_they_rise(kind: str) -> None:
    assert falls_as_it_rises(prepare_page(_page(kind)).ink)


@pytest.mark.parametrize(("seed", "number"), [(77, 27), (20_001, 16)])
def test_broad_complexes_without_a_steep_stroke_are_an_ecg(seed: int, number: int) -> None:
    prepare_page(ecg(np.random.default_rng([seed, number]), number))  # raises where it is not


def test_thin_steep_strokes_that_were_taken_for_the_grid_are_found_again() -> None:
    page = prepare_page(ecg(np.random.default_rng([20_005, 32]), 32))  # raises where its beats are lost
    assert page.strategy == "faint_ink"


@pytest.mark.parametrize("layout", LAYOUT_ROWS)
@pytest.mark.parametrize("grid", ["lines", "none"])
def test_every_layout_passes(layout: str, grid: str) -> None:
    style = PageStyle(px_per_mm=4.0, layout=layout, grid=grid, row_pitch_mm=14.0 if layout == "12x1" else 24.0)
    assert not prepare_page(_page("atrial_fibrillation", style)).faults


@pytest.mark.parametrize("kind", NO_ECG_SIGNALS)
def test_brain_waves_and_earthquakes_are_refused_on_ecg_paper_too(kind: str) -> None:
    signals_mv = NO_ECG_SIGNALS[kind](np.random.default_rng(4), round(10 * FS_HZ))
    with pytest.raises(NotScreenableError) as refused:
        check_beats(prepare_page(draw_page(signals_mv, FS_HZ, CLEAN, 4).image_rgb), DOUBTFUL, 0.55)
    assert refused.value.next_step


def test_other_pictures_are_refused() -> None:
    rng = np.random.default_rng(0)
    text = np.full((700, 1000, 3), 255, np.uint8)
    for y in range(40, 680, 30):
        cv2.putText(
            text, "the quick brown fox jumps over the lazy dog " * 2, (20, y), 0, 0.7, (0, 0, 0), 1, cv2.LINE_AA
        )
    chart = np.full((700, 1000, 3), 255, np.uint8)
    cv2.rectangle(chart, (60, 40), (960, 640), (0, 0, 0), 1)
    curve = np.column_stack([np.arange(60, 960), 340 + 200 * np.sin(np.arange(900) / 140)]).astype(np.int32)
    cv2.polylines(chart, [curve.reshape(-1, 1, 2)], False, (200, 60, 20), 2, cv2.LINE_AA)
    noise = rng.integers(0, 256, (600, 800, 3), dtype=np.uint8)
    black, white = np.zeros((600, 800, 3), np.uint8), np.full((600, 800, 3), 255, np.uint8)
    for picture in (text, chart, noise, black, white):
        with pytest.raises(NotScreenableError):
            check_beats(prepare_page(picture), DOUBTFUL, 0.55)


def test_frames_of_axes_and_their_numbers_are_counted() -> None:
    ink = np.zeros((400, 800), np.uint8)
    for x in (20, 420):
        for y in (20, 220):
            cv2.rectangle(ink, (x, y), (x + 340, y + 150), 255, 2)
            for number in range(5):
                cv2.putText(ink, str(number), (x + 60 * number, y + 170), 0, 0.5, 255, 1)
    cv2.polylines(ink, [np.array([[30, 100], [100, 90], [180, 110], [300, 95]], np.int32)], False, 255, 2)
    measured = dict(zip(NAMES, np.expm1(trace_features(ink)), strict=True))
    assert measured["frames"] == pytest.approx(4)
    assert measured["letters"] == pytest.approx(20 / 2)  # on 200 mm


def test_charts_and_wiring_are_no_ecg() -> None:
    drawn = [make(np.random.default_rng([9, seed])) for make in NO_ECG_INKS.values() for seed in range(6)]
    scores = np.array([ecg_score(trace_features(ink)) for ink in drawn])
    assert np.mean(scores < 0) > 0.8 and np.all(scores < BEATS_BELOW)


@pytest.mark.parametrize(
    ("words", "spoil"),
    [
        ("blurred", lambda page: cv2.GaussianBlur(page, (0, 0), 2.6)),
        ("dark", lambda page: (page * 0.2).astype(np.uint8)),
        ("part of the page", lambda page: np.ascontiguousarray(page[:, 120:500])),
        ("few pixels", lambda page: cv2.resize(page, None, fx=0.56, fy=0.56, interpolation=cv2.INTER_AREA)),
    ],
)
def test_poor_pages_are_graded_and_say_why(words: str, spoil) -> None:  # type: ignore[no-untyped-def]
    page = prepare_page(spoil(_page("normal")))
    assert any(words in fault for fault in page.faults)


def test_a_blurred_page_is_refused_when_nothing_can_be_read() -> None:
    with pytest.raises(NotScreenableError):
        prepare_page(cv2.GaussianBlur(_page("normal"), (0, 0), 9))


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(1, 90), st.integers(0, 255), st.integers(0, 2**31))
def test_features_are_finite_for_any_ink(height: int, width: int, level: int, seed: int) -> None:
    ink = np.random.default_rng(seed).integers(0, level + 1, (height, width)).astype(np.uint8)
    features = trace_features(ink)
    assert features.shape == (len(NAMES),)
    assert np.isfinite(features).all()
