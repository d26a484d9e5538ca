"""Measurements of leads whose waves are known, because they are made of Gaussians with known beginnings and ends."""

import dataclasses
import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.lead_layout import LEADS
from ecgcore.measure.axis import LIMB_LEAD_DEG_STRENGTH, frontal_axis_deg
from ecgcore.measure.page import NO_LAYOUT, NO_SCALE, UNREAD_LEAD, measure
from ecgcore.measure.reference_ranges import SOURCES, outside, reference_ranges
from ecgcore.measure.rr_intervals import timing
from ecgcore.measurements import GLOBAL_NAMES, LEAD_VALUES, MEASUREMENT_NAMES, Measurements
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, draw_page, plan_page, synthetic_ecg
from ecgcore.papersim.signals import WAVE_REACH, dipole_leads
from ecgcore.read_page import read_page
from ecgcore.rhythm.measures import on_paper
from ecgcore.types import USUAL_PAPER, FloatArray, PaperSettings, Prediction
from ecgcore.waveform.page_rows import PageRows
from ecgcore.waveform.page_signal import FS_HZ, PageSignal
from ecgcore.waveform.read_signal import read_signal
from tests.support.panel_pages import half_page

FEW = settings(max_examples=15, derandomize=True)


QRS_REACH = 3.3
"""Sigmas from a QRS wave's centre to where readers mark its onset and end: farther out than of P and T."""


def _wave(
    time_s: FloatArray, onset_s: float, end_s: float, dipole_mv: Sequence[float], reach: float = WAVE_REACH
) -> FloatArray:
    """One Gaussian wave of the dipole ``[3, n]`` that a reader would mark from onset to end."""
    sigma_s = (end_s - onset_s) / (2 * reach)
    shape = np.exp(-0.5 * ((time_s - (onset_s + end_s) / 2) / sigma_s) ** 2)
    return np.outer(dipole_mv, shape)


def _leads(
    rr_s: Sequence[float] = (0.8,) * 12,
    pr_ms: float | None = 160,
    qrs_ms: float = 100,
    qt_ms: float = 390,
    st_mv: float = 0.0,
    noise_mv: float = 0.01,
) -> FloatArray:
    """Twelve leads of 10 s, ``[12, 2500]``; beats come at 0.5 s and then after each RR."""
    time_s = np.arange(2500) / FS_HZ
    dipole_mv = np.zeros((3, len(time_s)))
    for r_s in 0.5 + np.cumsum([0.0, *rr_s]):
        onset_s, third_s = r_s - qrs_ms / 2000, qrs_ms / 3000
        dipole_mv += _wave(time_s, onset_s, onset_s + 1.2 * third_s, (-0.1, -0.05, -0.3), QRS_REACH)
        dipole_mv += _wave(time_s, onset_s + 0.6 * third_s, onset_s + 2.4 * third_s, (1.0, 0.8, 0.1), QRS_REACH)
        dipole_mv += _wave(time_s, onset_s + 1.8 * third_s, onset_s + 3 * third_s, (-0.3, -0.15, 0.5), QRS_REACH)
        t_end_s = onset_s + qt_ms / 1000
        dipole_mv += _wave(time_s, t_end_s - 0.22, t_end_s, (0.3, 0.25, -0.15))
        since_j_s = time_s - (r_s + qrs_ms / 2000)
        dipole_mv += np.outer((0.0, st_mv, 0.0), (since_j_s > 0) & (since_j_s < 0.1))
        if pr_ms is not None:
            dipole_mv += _wave(time_s, onset_s - pr_ms / 1000, onset_s - pr_ms / 1000 + 0.1, (0.08, 0.12, 0.02))
    noise = np.random.default_rng(1).normal(0, noise_mv, (12, len(time_s)))
    return dipole_leads(dipole_mv) + noise


def _signal(leads_mv: FloatArray, **changes: object) -> PageSignal:
    leads = np.asarray(leads_mv, dtype=np.float32)
    whole = PageSignal(leads, np.isfinite(leads), FS_HZ, "12x1", (0.0,), {}, USUAL_PAPER, "grid")
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]


def _as_3x4(leads_mv: FloatArray) -> FloatArray:
    """What a 3x4 page with II below shows."""
    shown = np.full(leads_mv.shape, np.nan)
    for column in range(4):
        part = (slice(3 * column, 3 * column + 3), slice(625 * column, 625 * (column + 1)))
        shown[part] = leads_mv[part]
    shown[1] = leads_mv[1]
    return shown


@pytest.mark.parametrize("shown", [np.asarray, _as_3x4])
@pytest.mark.parametrize(
    ("pr_ms", "qrs_ms", "qt_ms", "rr_s"), [(160, 100, 390, 0.8), (130, 90, 330, 0.6), (220, 140, 460, 1.1)]
)
def test_intervals_are_those_that_the_waves_were_made_with(
    shown: object, pr_ms: float, qrs_ms: float, qt_ms: float, rr_s: float
) -> None:
    found = measure(_signal(shown(_leads((rr_s,) * 16, pr_ms, qrs_ms, qt_ms))))  # type: ignore[operator]
    assert found.heart_rate_bpm == pytest.approx(60 / rr_s, abs=0.5)
    assert found.pr_ms == pytest.approx(pr_ms, abs=15)
    assert found.qrs_ms == pytest.approx(qrs_ms, abs=18)
    assert found.qt_ms == pytest.approx(qt_ms, abs=15)
    assert found.qt_ms is not None
    assert found.qtc_bazett_ms == pytest.approx(found.qt_ms / rr_s ** (1 / 2), rel=0.01)
    assert found.qtc_fridericia_ms == pytest.approx(found.qt_ms / rr_s ** (1 / 3), rel=0.01)


@pytest.mark.parametrize("pr_ms", range(70, 401, 10))
def test_pr_is_right_or_not_told(pr_ms: int) -> None:
    found = measure(_signal(_leads((1.1,) * 16, pr_ms, 100, 400)))
    assert found.pr_ms is None or found.pr_ms == pytest.approx(pr_ms, abs=25)
    if 120 <= pr_ms <= 220:
        assert found.pr_ms is not None


def test_a_value_is_judged_as_it_is_shown() -> None:
    found = measure(_signal(_leads()))
    assert outside(dataclasses.replace(found, heart_rate_bpm=100.4), "heart_rate_bpm") == {}
    assert outside(dataclasses.replace(found, heart_rate_bpm=100.6), "heart_rate_bpm") != {}


def test_st_is_the_level_after_j() -> None:
    level, raised = (measure(_signal(_leads(st_mv=st_mv))) for st_mv in (0.0, 0.3))
    for lead, per_mv in {"II": 1.066, "aVF": 1.1835}.items():
        assert abs(level.st_mv[lead] or 0) < 0.04
        assert raised.st_mv[lead] - level.st_mv[lead] == pytest.approx(0.3 * per_mv, abs=0.04)  # type: ignore[operator]


def test_without_p_waves_there_is_no_pr() -> None:
    rr_s = np.random.default_rng(3).uniform(0.5, 1.1, 14)
    found = measure(_signal(_leads(tuple(rr_s), pr_ms=None)))
    assert found.pr_ms is None
    assert found.not_measured["pr_ms"] == "the beats do not agree on a P wave before the QRS"
    assert found.qrs_ms == pytest.approx(100, abs=20)
    assert found.premature_share is not None and found.premature_share > 0


def test_premature_beats_and_pauses_are_counted_and_make_good_for_themselves() -> None:
    found = measure(_signal(_leads((0.8, 0.8, 0.5, 1.1, 0.8, 0.8, 2.2, 0.8, 0.8, 0.8))))
    assert (found.beats, found.premature_share, found.late_share, found.pauses) == (11, 0.1, 0.1, 1)
    assert timing(np.array([np.nan, 0.8, np.nan, 2.1])).is_after_pause.tolist() == [False, False, False, True]


@FEW
@given(factor=st.floats(0.7, 3.0))
def test_heights_grow_with_the_signal_and_intervals_do_not(factor: float) -> None:
    leads_mv = _leads(noise_mv=0.0)
    once, again = measure(_signal(leads_mv)), measure(_signal(leads_mv * factor))
    for lead in LEADS:
        for name in ("r_mv", "st_mv", "t_mv"):
            assert getattr(again, name)[lead] == pytest.approx(getattr(once, name)[lead] * factor, abs=0.035 * factor)
    for name in ("pr_ms", "qrs_ms", "qt_ms", "axis_deg", "heart_rate_bpm"):
        assert getattr(again, name) == pytest.approx(getattr(once, name), abs=0.5)


@FEW
@given(later=st.integers(0, 180), offsets_mv=st.lists(st.floats(-2, 2), min_size=12, max_size=12))
def test_neither_place_nor_level_of_the_traces_matters(later: int, offsets_mv: list[float]) -> None:
    leads_mv = _leads(noise_mv=0.0)
    moved = np.pad(leads_mv, ((0, 0), (later, 0)), mode="edge") + np.array(offsets_mv)[:, None]
    once, again = measure(_signal(leads_mv)).vector(), measure(_signal(moved)).vector()
    np.testing.assert_allclose(again, once, atol=0.03, rtol=0.03)


@FEW
@given(
    unread=st.sets(st.sampled_from(range(12)), max_size=12),
    gaps=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 2499), st.integers(1, 1500)), max_size=12),
)
def test_a_gap_is_no_number(unread: set[int], gaps: list[tuple[int, int, int]]) -> None:
    leads_mv = _leads()
    for lead, start, length in gaps:
        leads_mv[lead, start : start + length] = np.nan
    leads_mv[list(unread)] = np.nan
    found = measure(_signal(leads_mv))
    values = dict(zip(MEASUREMENT_NAMES, found.vector(), strict=True))
    for name, value in values.items():
        told = {name, name.partition(".")[0]} & set(found.not_measured)
        assert bool(told) == bool(np.isnan(value)), f"{name}: a value or the reason why there is none"
    for lead in unread:
        assert np.isnan([values[f"{name}.{LEADS[lead]}"] for name in LEAD_VALUES]).all()
    json.dumps(found.to_json(), allow_nan=False)


def test_what_was_not_read_is_told_and_the_rest_stays() -> None:
    leads_mv = _leads()
    leads_mv[[2, 6]] = np.nan
    found = measure(_signal(leads_mv))
    assert found.not_measured["r_mv.V1"] == found.not_measured["st_mv.III"] == UNREAD_LEAD
    assert found.sokolow_lyon_mv is None and found.not_measured["sokolow_lyon_mv"] == "V1, V5 and V6 were not all read"
    assert found.axis_deg == pytest.approx(measure(_signal(_leads())).axis_deg, abs=3)
    assert found.cornell_mv is not None and found.qrs_ms is not None


def test_without_a_scale_only_shares_and_directions_are_given() -> None:
    found = measure(_signal(_leads(), scale_source=None))
    known = [name for name, value in zip(MEASUREMENT_NAMES, found.vector(), strict=True) if np.isfinite(value)]
    assert known == ["premature_share", "late_share", "axis_deg"]
    assert found.not_measured["qrs_ms"] == found.not_measured["r_mv"] == NO_SCALE


def test_without_named_leads_nothing_is_given() -> None:
    nothing = measure(_signal(np.full((12, 0), np.nan), layout_name=None))
    assert np.isnan(nothing.vector()).all()
    assert set(nothing.not_measured) == {*GLOBAL_NAMES, *LEAD_VALUES}
    assert set(nothing.not_measured.values()) == {NO_LAYOUT}


@pytest.mark.parametrize("degrees", [-150, -60, -30, 0, 45, 90, 135, 179])
@pytest.mark.parametrize("leads", [("I", "aVF"), ("II", "III"), tuple(LIMB_LEAD_DEG_STRENGTH)])
def test_axis_is_the_direction_in_which_the_limb_leads_see_the_area(degrees: float, leads: tuple[str, ...]) -> None:
    seen = {
        lead: 0.03 * strength * np.cos(np.radians(degrees - at)) if lead in leads else None
        for lead, (at, strength) in LIMB_LEAD_DEG_STRENGTH.items()
    }
    assert frontal_axis_deg(seen) == pytest.approx(degrees, abs=1e-6)


def test_an_axis_needs_two_leads_and_an_area() -> None:
    blank = dict.fromkeys(LEADS)
    assert frontal_axis_deg({**blank, "I": 0.03}) is None
    assert frontal_axis_deg({**blank, "I": 0.0001, "aVF": -0.0001}) is None


def test_ranges_of_women_and_men_are_told_apart() -> None:
    found = Measurements(qtc_bazett_ms=455, qrs_ms=110, axis_deg=-31)
    assert outside(found, "qtc_bazett_ms") == {"men": "above"}
    assert outside(found, "qrs_ms") == {} == outside(found, "pr_ms")
    assert outside(found, "axis_deg") == {"": "below"}
    leads = dataclasses.replace(
        found,
        st_mv={**found.st_mv, "V2": 0.22, "II": 0.12},
        q_mv={**found.q_mv, "aVF": 0.2, "I": 0.05, "III": 0.5},
        q_ms={**found.q_ms, "aVF": 40, "I": 40, "III": 40},
    )
    assert outside(leads, "st_mv", "V2") == {"men from 40": "above", "women": "above"}
    assert outside(leads, "st_mv", "II") == {"": "above"}
    assert [bool(outside(leads, "q_ms", lead)) for lead in ("aVF", "I", "III")] == [True, False, False]
    named = {s for name in GLOBAL_NAMES for usual in reference_ranges(name) for s in usual.sources}
    assert named <= set(SOURCES)


def test_a_drawn_page_is_measured_and_on_another_gain_otherwise() -> None:
    style = PageStyle(header=False, footer=False)
    signals_mv, fs_hz, _ = synthetic_ecg("st_elevation", 2)
    page = prepare_page(draw_page(signals_mv, fs_hz, style, 2, plan=plan_page(style, 10.0)).image_rgb)
    found, doubled = (
        measure(read_signal(PageRows(page.ink), PaperSettings(25.0, gain), page.scale_source)) for gain in (10.0, 5.0)
    )
    true = measure(_signal(signals_mv[:, ::2]))
    assert found.heart_rate_bpm == pytest.approx(true.heart_rate_bpm, abs=1.5)
    assert found.qt_ms == pytest.approx(true.qt_ms, abs=30)
    for lead in ("II", "III", "aVF"):
        assert outside(found, "st_mv", lead) == {"": "above"}
        assert found.st_mv[lead] == pytest.approx(true.st_mv[lead], abs=0.06)
    assert doubled.st_mv["II"] == pytest.approx(2 * found.st_mv["II"], rel=0.05)


def test_a_beat_that_hardly_rises_from_noise_has_a_qrs_of_some_width_or_none() -> None:
    """On this page noise is as steep as the beats: its QRS ended before it began."""
    _, page = half_page(1090)
    found = measure(read_page(prepare_page(page.image_rgb), finds_handwriting=False).signal())
    assert found.qrs_ms is None or found.qrs_ms > 0


def test_what_was_measured_on_other_paper_is_not_shown() -> None:
    screened = Prediction("a", 1, "ok", measurements=Measurements())
    assert on_paper(screened, PaperSettings(25.0, 5.0)).measurements is None
