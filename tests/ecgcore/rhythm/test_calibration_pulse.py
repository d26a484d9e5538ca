"""The gain, read off the calibration pulse of simulated pages."""

import pytest

from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.rhythm.calibration_pulse import paper_settings
from ecgcore.types import USUAL_PAPER, PaperSettings


@pytest.mark.parametrize("gain_mm_mv", [10.0, 20.0])
def test_gain_is_the_height_of_the_pulse(gain_mm_mv: float) -> None:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", seed=1)
    style = PageStyle(layout="3x4", gain_mm_mv=gain_mm_mv, row_pitch_mm=45.0)
    sheet = prepare_page(draw_page(signals_mv, fs_hz, style, 1).image_rgb)
    assert paper_settings(sheet.ink, has_grid=True) == PaperSettings(25.0, gain_mm_mv)
    assert paper_settings(sheet.ink, has_grid=False) == USUAL_PAPER, "a pulse that gave the scale tells no gain"


def test_without_a_pulse_the_usual_gain_is_assumed() -> None:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", seed=1)
    sheet = prepare_page(draw_page(signals_mv, fs_hz, PageStyle(pulse="none"), 1).image_rgb)
    assert paper_settings(sheet.ink, has_grid=True) == USUAL_PAPER
