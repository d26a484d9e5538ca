"""A printed rate that is another than the measured one is told."""

import pytest

from ecgcore.paper import PrintedSettings
from ecgcore.screening.printed_rate import is_unusual, with_printed_rate
from ecgcore.types import Prediction


def page(measured: float | None, printed: int | None) -> Prediction:
    return Prediction("x", 1, "ok", heart_rate_bpm=measured, printed=PrintedSettings(rate_bpm=printed))


@pytest.mark.parametrize(("measured", "printed"), [(75.0, 75), (75.0, 79), (120.0, 130), (None, 75), (75.0, None)])
def test_rates_that_agree_or_are_not_known_say_nothing(measured: float | None, printed: int | None) -> None:
    assert with_printed_rate(page(measured, printed)) == page(measured, printed)


def test_another_rate_is_noted() -> None:
    assert "75 bpm, 60 bpm" in with_printed_rate(page(60.0, 75)).notes[0]


def test_half_the_printed_rate_is_a_fault_that_names_the_paper_speed() -> None:
    found = with_printed_rate(page(37.6, 75))
    assert not found.notes
    assert "50 mm/s" in found.faults[0]


@pytest.mark.parametrize(("rate", "expected"), [(None, True), (38.0, True), (75.0, False), (140.0, True)])
def test_unusual_rates_are_compared(rate: float | None, expected: bool) -> None:
    assert is_unusual(rate) is expected
