"""Which way up a page is, told from its strokes alone."""

import numpy as np
import pytest

from ecgcore.page import prepare_page
from ecgcore.page_turn import find_quarter_turns
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg


def ink_of(kind: str, amplitude: float, style: PageStyle) -> np.ndarray:
    signals_mv, fs_hz, _ = synthetic_ecg(kind, 3)
    return prepare_page(draw_page(amplitude * signals_mv, fs_hz, style, 5).image_rgb).ink


def test_rows_of_tall_beats_that_touch_do_not_lay_a_page_on_its_side() -> None:
    ink = ink_of("tachycardia", 3.0, PageStyle(layout="6x2", row_pitch_mm=13.0, pen_mm=0.5))
    assert find_quarter_turns(ink) == 0


@pytest.mark.parametrize(("turned", "quarters"), [(1, 1), (2, 2), (3, 3)])
def test_a_turned_page_is_turned_back(turned: int, quarters: int) -> None:
    ink = ink_of("normal", 1.0, PageStyle(layout="3x4+1"))
    lying = np.ascontiguousarray(np.rot90(ink, turned))
    assert find_quarter_turns(lying) == quarters
