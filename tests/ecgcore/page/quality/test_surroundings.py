"""A strip in a slide or a report is no page of an ECG; a small ECG of twelve leads is, and so is a strip by itself."""

import numpy as np
import pytest

from benchmarks.page.no_ecg.slides import strip_picture, strip_report, strip_slide
from ecgcore.errors import NotScreenableError
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.geometry.frame import PanelFrame
from ecgcore.page.prepare import prepare_page
from ecgcore.page.quality.surroundings import check_surroundings, is_strip_among_text
from ecgcore.types import PageImage


def _box(x1: float, y1: float, x2: float, y2: float) -> FloatArray:
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], dtype=np.float64)


def _report() -> tuple[ByteArray, FloatArray]:
    """Text everywhere, and the box of a strip in the middle of it."""
    rng = np.random.default_rng(3)
    return strip_report(rng), _box(60, 400, 630, 460)


def test_a_strip_among_text_is_told_by_its_surroundings() -> None:
    report, strip = _report()
    assert is_strip_among_text(report, strip, rows=1.0)
    assert is_strip_among_text(255 - report, strip, rows=2.0)  # a dark slide


def test_all_leads_in_a_small_window_are_no_strip() -> None:
    report, strip = _report()
    assert not is_strip_among_text(report, strip, rows=5.0)


def test_a_strip_on_an_empty_page_or_filling_its_picture_stands_by_itself() -> None:
    report, strip = _report()
    assert not is_strip_among_text(np.full_like(report, 255), strip, rows=1.0)
    height, width = report.shape[:2]
    assert not is_strip_among_text(report, _box(0, 0, width, height), rows=1.0)


@pytest.mark.parametrize("draw", [strip_slide, strip_report])
def test_slides_and_reports_with_a_strip_are_refused(draw) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotScreenableError) as refused:
        prepare_page(draw(np.random.default_rng(1)))
    assert refused.value.next_step


def test_a_strip_that_was_cut_out_is_not_refused_for_its_surroundings() -> None:
    strip = strip_picture(np.random.default_rng(1))
    height, width = strip.shape[:2]
    assert not is_strip_among_text(strip, _box(0, 0, width, height), rows=1.0)


def test_a_strip_is_told_though_it_is_found_as_a_sheet_or_its_grid_goes_on_through_the_text() -> None:
    for number in (2, 6):
        report = strip_report(np.random.default_rng([60_005, 6, number]))
        with pytest.raises(NotScreenableError, match="slide or a report"):
            prepare_page(report)


def test_broken_traces_are_not_taken_for_a_strip_because_of_one_long_edge() -> None:
    """A photo of twelve leads, small in its picture, whose thin pen broke and at whose foot a shadow ends."""
    report, _ = _report()
    ink = np.zeros((520, 1080), np.uint8)
    for row in range(3):
        for x in range(40, 1000, 100):
            ink[80 + 150 * row : 83 + 150 * row, x : x + 60] = 255
    ink[510:513, :300] = 255
    height, width = report.shape[:2]
    frame = PanelFrame(np.diag([0.9 * width / 1080, 0.9 * height / 520, 1.0]), (1080, 520))
    check_surroundings(PageImage(report, ink, frame, None, None, has_grid=False))  # raises for a strip
