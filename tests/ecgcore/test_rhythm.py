"""Rows and heart rate read off simulated pages with known beats."""

from functools import cache

import numpy as np
import pytest

from ecgcore.page import prepare_page
from ecgcore.papersim import PageStyle, SimPage, draw_page, synthetic_ecg
from ecgcore.rhythm import beat_rows, measure_rhythm
from ecgcore.types import PageImage


@cache
def _page(kind: str, layout: str) -> tuple[PageImage, SimPage, float]:
    """A prepared page, its truth and the true mean RR in seconds."""
    signals_mv, fs_hz, beats_s = synthetic_ecg(kind, seed=4)
    simulated = draw_page(signals_mv, fs_hz, PageStyle(layout=layout), 4, beats_s=beats_s)
    return prepare_page(simulated.image_rgb), simulated, float(np.diff(beats_s[1][:, 0]).mean())


@pytest.mark.parametrize("kind", ["normal", "tachycardia"])
@pytest.mark.parametrize("layout", ["3x4", "6x2+1"])
def test_rate_matches_the_signal(kind: str, layout: str) -> None:
    sheet, simulated, rr_s = _page(kind, layout)
    rate, variation = measure_rhythm(sheet.ink, sheet.frame.boxes_to_panel(simulated.boxes_xyxy))
    assert rate == pytest.approx(60 / rr_s, rel=0.03)
    assert variation is not None
    assert variation < 0.06


def test_a_missed_beat_does_not_halve_the_rate() -> None:
    sheet, simulated, rr_s = _page("normal", "3x4+1")
    strip = np.flatnonzero(simulated.box_rows == 3)
    boxes = sheet.frame.boxes_to_panel(simulated.boxes_xyxy[np.delete(strip, len(strip) // 2)])
    rate, _ = measure_rhythm(sheet.ink, boxes)
    assert rate == pytest.approx(60 / rr_s, rel=0.03)


def test_irregular_rhythm_varies_more() -> None:
    variations = []
    for kind in ("normal", "atrial_fibrillation"):
        sheet, simulated, _ = _page(kind, "3x4+1")
        variations.append(measure_rhythm(sheet.ink, sheet.frame.boxes_to_panel(simulated.boxes_xyxy))[1])
    assert variations[0] is not None
    assert variations[1] is not None
    assert variations[1] > 2 * variations[0]


def test_paper_speed_scales_the_rate() -> None:
    sheet, simulated, _ = _page("normal", "3x4+1")
    boxes = sheet.frame.boxes_to_panel(simulated.boxes_xyxy)
    slow, fast = (measure_rhythm(sheet.ink, boxes, speed)[0] for speed in (25.0, 50.0))
    assert slow is not None
    assert fast == pytest.approx(2 * slow)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_beats_give_no_rate(n: int) -> None:
    sheet, simulated, _ = _page("normal", "3x4+1")
    boxes = sheet.frame.boxes_to_panel(simulated.boxes_xyxy[:n])
    assert measure_rhythm(sheet.ink, boxes) == (None, None)


def test_rows_are_in_reading_order() -> None:
    sheet, simulated, _ = _page("normal", "3x4+1")
    shuffled = np.random.default_rng(0).permutation(len(simulated.boxes_xyxy))
    rows = beat_rows(sheet.ink, sheet.frame.boxes_to_panel(simulated.boxes_xyxy[shuffled]))
    assert [set(simulated.box_rows[shuffled[row]]) for row in rows] == [{0}, {1}, {2}, {3}]
    assert all((np.diff(simulated.boxes_xyxy[shuffled[row], 0]) > 0).all() for row in rows)
