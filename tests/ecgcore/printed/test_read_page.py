"""What is printed on drawn pages is read off them, and pages of another speed reach the networks as at 25 mm/s."""

import dataclasses

import cv2
import numpy as np
import pytest

from ecgcore.geometry.arrays import ByteArray
from ecgcore.lead_layout import CABRERA_ORDER, LEADS
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, Segment, SimPage, draw_page, synthetic_ecg
from ecgcore.printed import ocr
from ecgcore.printed.names import find_names
from ecgcore.printed.ocr import find_lines, read_words
from ecgcore.read_page import read_page
from ecgcore.traces.rows import Rows
from ecgcore.traces.trace_rows import trace_rows
from ecgcore.waveform import page_rows

STYLE = PageStyle(layout="3x4", px_per_mm=6.0, row_pitch_mm=26.0)


def drawn(order: tuple[int, ...], rows: int, style: PageStyle = STYLE, strips: tuple[int, ...] = ()) -> SimPage:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 4)
    columns, shown_s = len(order) // rows, 10.0 if style.paper_speed_mm_s == 25 else 5.0
    cells = [
        [Segment(order[c * rows + r], c * shown_s / columns, shown_s / columns) for c in range(columns)]
        for r in range(rows)
    ]
    plan = cells + [[Segment(lead, 0.0, shown_s)] for lead in strips]
    return draw_page(signals_mv, fs_hz, style, 5, beats_s=beats_s, plan=plan)


@pytest.mark.parametrize(
    ("order", "rows", "strips"),
    [(tuple(range(12)), 3, (1,)), (CABRERA_ORDER, 3, ()), (tuple(range(11, -1, -1)), 6, ()), (tuple(range(6)), 6, ())],
)
def test_the_leads_of_a_drawn_page_are_read(order: tuple[int, ...], rows: int, strips: tuple[int, ...]) -> None:
    content = read_page(prepare_page(drawn(order, rows, strips=strips).image_rgb))
    layout = content.printed.layout
    assert layout is not None
    assert layout.order == order
    assert content.leads_found == len(order)
    named = {lead for lead, _ in content.signal().stretches}
    assert named == {LEADS[lead] for lead in order}


def test_a_page_at_50_mm_s_is_brought_to_25() -> None:
    order = tuple(range(12))
    usual = read_page(prepare_page(drawn(order, 6).image_rgb))
    style = dataclasses.replace(STYLE, paper_speed_mm_s=50.0, pulse="none")
    fast = read_page(prepare_page(drawn(order, 6, style).image_rgb))
    assert fast.paper.speed_mm_s == 50.0
    assert fast.printed.settings.speed_mm_s == 50.0
    assert fast.page.ink.shape[1] == pytest.approx(usual.page.ink.shape[1] / 2, rel=0.15)
    corners = fast.page.frame.corners_photo_xy
    assert float(np.ptp(corners[:, 0])) > 1000  # the frame still leads to the whole panel in the photo


def test_the_printed_gain_is_taken_where_no_pulse_tells_it() -> None:
    style = dataclasses.replace(STYLE, gain_mm_mv=20.0, pulse="none", row_pitch_mm=40.0)
    assert read_page(prepare_page(drawn(tuple(range(12)), 3, style).image_rgb)).paper.gain_mm_mv == 20.0


def test_print_close_below_the_last_trace_is_read() -> None:
    style = dataclasses.replace(
        STYLE, row_pitch_mm=10.0, margin_mm=(0.0,) * 4, pad_mm=(5.0, 4.0, 5.0, 1.2), gain_mm_mv=5.0, pulse="none"
    )
    settings = read_page(prepare_page(drawn(tuple(range(12)), 12, style).image_rgb)).printed.settings
    assert (settings.speed_mm_s, settings.gain_mm_mv) == (25.0, 5.0)


def test_names_are_read_though_a_pulse_tells_the_wrong_millimetres() -> None:
    """Without a grid the pulse of 20 mm is taken for the usual 10."""
    style = dataclasses.replace(STYLE, grid="none", gain_mm_mv=20.0, row_pitch_mm=40.0)
    reading = read_page(prepare_page(drawn(CABRERA_ORDER, 3, style, (1,)).image_rgb))
    assert reading.page.scale_source == "pulse"
    assert reading.printed.layout is not None
    assert reading.printed.layout.order == CABRERA_ORDER


def test_a_row_that_was_taken_for_print_is_a_lead_where_names_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A nearly flat lead has hardly a stroke that runs on as traces do."""

    def without_third(rows: Rows, ink: ByteArray) -> Rows:
        kept = [row for row in range(len(rows.baseline_y)) if row != 2]
        return dataclasses.replace(
            rows, **{name: getattr(rows, name)[kept] for name in ("top_y", "bottom_y", "has_ink", "baseline_y")}
        )

    monkeypatch.setattr(page_rows, "without_print", without_third)
    reading = read_page(prepare_page(drawn(tuple(range(12)), 12).image_rgb))
    assert reading.printed.layout is not None
    assert reading.printed.layout.name == "12x1"
    assert {lead for lead, _ in reading.signal().stretches} == set(LEADS)


def test_a_line_of_print_is_no_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eleven rows below a header whose line runs on as traces do are eleven leads."""

    def without_first(rows: Rows, ink: ByteArray) -> Rows:
        kept = {name: getattr(rows, name)[1:] for name in ("top_y", "bottom_y", "has_ink", "baseline_y")}
        return dataclasses.replace(rows, **kept)

    monkeypatch.setattr(page_rows, "without_print", without_first)
    page = prepare_page(drawn(tuple(range(12)), 12, dataclasses.replace(STYLE, labels=False)).image_rgb)
    assert read_page(page).leads_found == 11


def test_speed_and_gain_that_nothing_tells_are_said_to_be_assumed() -> None:
    style = dataclasses.replace(STYLE, pulse="none", footer_words="")
    content = read_page(prepare_page(drawn(tuple(range(12)), 3, style).image_rgb))
    assert (content.paper.speed_mm_s, content.paper.gain_mm_mv) == (25.0, 10.0)
    said = "Nothing on the page tells the paper speed or the gain, so 25 mm/s and 10 mm/mV are assumed."
    assert said in content.page.notes


def test_a_page_without_print_is_read_as_before() -> None:
    style = dataclasses.replace(STYLE, labels=False, footer=False, header=False)
    content = read_page(prepare_page(drawn(tuple(range(12)), 3, style, (1,)).image_rgb))
    assert content.printed.layout is None
    assert not content.printed.names
    assert (content.paper.speed_mm_s, content.leads_found) == (25.0, 12)


def test_names_stand_where_they_are_printed() -> None:
    page = drawn(tuple(range(12)), 3)
    sheet = read_page(prepare_page(page.image_rgb)).page
    names = find_names(sheet, trace_rows(sheet.ink))
    v1 = next(name for name in names if name.lead == "V1")
    (x,) = {trace.points_xy[0, 0] for trace in page.traces if LEADS[trace.lead] == "V1"}
    assert sheet.frame.boxes_to_photo([v1.box_panel_xyxy])[0, 0] == pytest.approx(x, abs=4 * STYLE.px_per_mm)


def test_an_empty_picture_has_no_text() -> None:
    assert len(find_lines(np.full((70, 200, 3), 255, np.uint8))) == 0
    assert read_words([]) == []


@pytest.mark.parametrize("sign", [1, -1])
def test_an_avr_upside_down_is_turned_back(sign: int) -> None:
    """Cabrera's order shows aVR either way; the limb leads' laws tell which."""
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 4)
    shown = signals_mv.copy()
    shown[LEADS.index("aVR")] *= sign
    plan = [[Segment(CABRERA_ORDER[c * 3 + r], c * 2.5, 2.5) for c in range(4)] for r in range(3)]
    page = draw_page(shown, fs_hz, STYLE, 5, beats_s=beats_s, plan=plan)
    signal = read_page(prepare_page(page.image_rgb)).signal()
    read = signal.leads_mv[LEADS.index("aVR")]
    assert np.nanmin(read) < -abs(np.nanmax(read)), "R is downwards in aVR"


def test_a_short_line_is_not_read_at_the_width_of_a_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A date beside a line of settings took as long to read as the settings."""
    shapes: list[tuple[int, ...]] = []
    run = ocr._run
    monkeypatch.setattr(ocr, "_run", lambda network, batch: shapes.append(batch.shape) or run(network, batch))
    widths = (900, 300, 850, 280, 90)
    crops = [np.full((30, width, 3), 255, np.uint8) for width in widths]
    for crop, text in zip(
        crops, ("25 mm/s 10 mm/mV 0.05-40 Hz", "2020-08-06", "50 mm/s 5 mm/mV", "11:10:40", "V1"), strict=True
    ):
        cv2.putText(crop, text, (5, 23), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2)
    assert [text.replace(" ", "") for text in read_words(crops)][1::2] == ["2020-08-06", "11:10:40"]
    assert [(shape[0], shape[3]) for shape in shapes] == [(2, 1440), (2, 480), (1, 144)]
