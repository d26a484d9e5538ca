"""The caliper on a simulated page whose beats are known to the millisecond and millivolt."""

from dataclasses import replace

import pytest

from ecgcore.page.prepare import prepare_page
from ecgcore.rhythm.caliper import span
from ecgcore.rhythm.measures import on_paper
from ecgcore.types import ByteArray, PaperSettings, Prediction

PX_PER_MM = 5.0
"""Of the fixture's page."""


@pytest.fixture(scope="module")
def shown(ecg_page_rgb: ByteArray) -> Prediction:
    """A page with its millimetres, as it is after screening."""
    sheet = prepare_page(ecg_page_rgb)
    return Prediction("a", 1, "ok", px_per_mm=sheet.px_per_mm, scale_source=sheet.scale_source, frame=sheet.frame)


def test_a_large_square_is_200_ms_and_half_a_millivolt(shown: Prediction) -> None:
    found = span(shown, (100.0, 200.0), (100.0 + 5 * PX_PER_MM, 200.0 - 5 * PX_PER_MM))
    assert found is not None
    assert found.ms == pytest.approx(200, rel=0.01)
    assert found.mv == pytest.approx(0.5, rel=0.01)
    assert found.bpm == pytest.approx(300, rel=0.01)


def test_another_gain_changes_what_a_square_means(shown: Prediction) -> None:
    found = span(
        on_paper(shown, PaperSettings(25.0, 5.0)), (100.0, 200.0), (100.0 + 5 * PX_PER_MM, 200.0 + 5 * PX_PER_MM)
    )
    assert found is not None
    assert (found.ms, found.mv) == (pytest.approx(200, rel=0.01), pytest.approx(-1.0, rel=0.01))


def test_measured_by_the_pulse_alone_millivolts_need_no_gain(shown: Prediction) -> None:
    by_pulse = replace(shown, scale_source="pulse")
    usual, half = (span(on_paper(by_pulse, PaperSettings(25.0, gain)), (100, 200), (150, 150)) for gain in (10.0, 5.0))
    assert usual is not None
    assert half is not None
    assert half.mv == pytest.approx(usual.mv)
    assert half.ms == pytest.approx(usual.ms / 2)


def test_one_place_has_no_rate_and_a_page_without_millimetres_no_span(shown: Prediction) -> None:
    found = span(shown, (100.0, 200.0), (100.0, 100.0))
    assert found is not None
    assert found.bpm is None
    assert span(replace(shown, px_per_mm=None), (0, 0), (1, 1)) is None
