"""A hairline pen on a grid as dark as itself is read by its form."""

import cv2
import numpy as np
import pytest

from benchmarks.page.gate_pictures import seismogram
from ecgcore.errors import NotScreenableError
from ecgcore.page.ink import darkness_rgb, faint_ink
from ecgcore.page.prepare import prepare_page
from ecgcore.page.quality.gate import check_beats
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.types import ByteArray

GREY = ((190, 190, 190), (110, 110, 110))
GREEN = ((190, 225, 195), (110, 180, 120))
RED = ((255, 178, 178), (255, 20, 20))
HAIRLINES = [
    PageStyle(px_per_mm=4.1, layout="6x2+1", row_pitch_mm=22.0, grid_colours=GREY, pen=(15, 15, 20), pen_mm=0.11),
    PageStyle(px_per_mm=3.7, layout="3x4", grid_colours=GREEN, pen=(20, 40, 90), pen_mm=0.13, major_mm=0.35),
    PageStyle(px_per_mm=5.1, layout="12x1", row_pitch_mm=14.0, grid_colours=RED, pen_mm=0.13, blur_px=0.8),
]


def _page(style: PageStyle, seed: int = 5) -> ByteArray:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", seed)
    return draw_page(signals_mv, fs_hz, style, seed).image_rgb


@pytest.mark.parametrize("style", HAIRLINES)
def test_a_hairline_on_a_dark_grid_is_screened(style: PageStyle) -> None:
    assert prepare_page(_page(style)).has_grid


def test_faint_ink_keeps_the_trace_and_leaves_the_grid() -> None:
    bare = {"margin_mm": (0.0,) * 4, "pad_mm": (0.0,) * 4, "labels": False, "header": False, "footer": False}
    style = {"px_per_mm": 4.1, "grid_colours": GREY, "pen_mm": 0.12, "frame": False, **bare}
    ink = faint_ink(darkness_rgb(_page(PageStyle(**style))), 4.1)  # type: ignore[arg-type]
    trace = _page(PageStyle(**{**style, "grid": "none"})).max(axis=2) < 170  # type: ignore[arg-type]
    near = cv2.dilate(trace.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert (ink[trace] > 60).mean() > 0.9
    assert (ink[~near] > 60).mean() < 0.01


@pytest.mark.parametrize("number", [21, 24])
def test_what_was_read_and_is_no_ecg_is_not_read_anew(number: int) -> None:
    with pytest.raises(NotScreenableError):
        check_beats(prepare_page(seismogram(np.random.default_rng([7, 3, number]))), np.array([0.6, 0.6, 0.7]), 0.55)
