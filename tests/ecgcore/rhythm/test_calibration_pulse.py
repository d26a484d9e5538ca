"""The gain, read off the calibration pulse of simulated pages."""

import numpy as np
import pytest

from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.rhythm.calibration_pulse import paper_settings, pulse_gain_mm_mv
from ecgcore.types import USUAL_PAPER, PaperSettings


@pytest.mark.parametrize("gain_mm_mv", [5.0, 10.0, 20.0])
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


def marks(*heights_mm: float) -> ByteArray:
    """A panel of 250 mm with pulses of these heights, one below the other."""
    ink = np.zeros((600, 1000), np.uint8)
    for number, height_mm in enumerate(heights_mm):
        foot, height_px = 110 + 120 * number, round(4 * height_mm)
        ink[foot : foot + 2, [*range(10, 16), *range(30, 36)]] = 255
        ink[foot - height_px : foot + 2, [14, 15, 30, 31]] = 255
        ink[foot - height_px : foot - height_px + 2, 14:32] = 255
    return ink


@pytest.mark.parametrize(
    ("heights_mm", "printed_mm_mv", "gain_mm_mv"),
    [
        ((10, 10, 10), None, 10.0),
        ((20, 20, 20), 10.0, 20.0),  # several alike overrule the print
        ((20,), 10.0, None),  # one alone does not
        ((10, 20, 20), 10.0, 10.0),  # one that agrees with it confirms it
        ((20,), None, 20.0),
        ((), 10.0, None),
    ],
)
def test_pulses_and_print_are_weighed(
    heights_mm: tuple[float, ...], printed_mm_mv: float | None, gain_mm_mv: float | None
) -> None:
    assert pulse_gain_mm_mv(marks(*heights_mm), has_grid=True, printed_mm_mv=printed_mm_mv) == gain_mm_mv
