"""A page drawn here with known grid, scale and traces must come back as its traces alone, at the standard scale."""

import cv2
import numpy as np
import pytest

from ecgcore.errors import NotScreenableError
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, Segment, draw_page, synthetic_ecg
from ecgcore.types import STANDARD_PX_PER_MM, ByteArray

WHITE = (255, 255, 255)
BLACK = (20, 20, 20)
PANEL_MM = (250, 150)
ROWS_MM = (30, 65, 100, 130)
PULSE_MM = np.array([[3, 0], [4, 0], [4, -10], [8, -10], [8, 0], [9, 0]])


def _trace_mm(row_mm: float) -> np.ndarray:
    """One row of beats: a flat line with a spike and a hump every 20 mm, ``[n, 2]`` in panel millimetres."""
    x = np.arange(12, PANEL_MM[0] - 5, 0.2)
    phase = (x - 12) % 20
    y = row_mm - 12 * np.exp(-(((phase - 8) / 0.5) ** 2)) - 3 * np.exp(-(((phase - 14) / 1.5) ** 2))
    return np.column_stack([x, y])


def _draw(
    px_per_mm: float,
    grid_rgb: tuple[int, int, int] | None,
    *,
    pen_rgb: tuple[int, int, int] = BLACK,
    margin_mm: int = 20,
    fine: bool = True,
    traces: bool = True,
) -> ByteArray:
    """A page with a header, a footer and four rows of beats in a panel of 250 x 150 mm."""
    width, height = (round((side + 2 * margin_mm) * px_per_mm) for side in PANEL_MM)
    page = np.full((height, width, 3), WHITE, np.uint8)

    def px(mm: float) -> int:
        return round((mm + margin_mm) * px_per_mm)

    if grid_rgb is not None:
        fine_rgb = tuple((255 + channel) // 2 for channel in grid_rgb)
        for step, colour in ((1, fine_rgb), (5, grid_rgb)):
            if step == 1 and not fine:
                continue
            for mm in range(0, PANEL_MM[0] + 1, step):
                cv2.line(page, (px(mm), px(0)), (px(mm), px(PANEL_MM[1])), colour, 1)
            for mm in range(0, PANEL_MM[1] + 1, step):
                cv2.line(page, (px(0), px(mm)), (px(PANEL_MM[0]), px(mm)), colour, 1)
    if margin_mm >= 15:
        for text, y_mm in (("ECG REPORT  Heart rate 71 bpm", -10), ("25 mm/s 10 mm/mV", PANEL_MM[1] + 10)):
            cv2.putText(page, text, (px(5), px(y_mm)), cv2.FONT_HERSHEY_SIMPLEX, px_per_mm / 10, BLACK, 1, cv2.LINE_AA)
    if traces:
        for row_mm in ROWS_MM:
            pulse = PULSE_MM + np.array([0, row_mm])
            for line_mm in (pulse, _trace_mm(row_mm)):
                points = np.round((line_mm + margin_mm) * px_per_mm * 16).astype(np.int32)
                thickness = max(1, round(px_per_mm * 0.3))
                cv2.polylines(page, [points], False, pen_rgb, thickness, cv2.LINE_AA, 4)
    return page


@pytest.mark.parametrize("px_per_mm", [4.0, 6.3, 8.0])
@pytest.mark.parametrize(
    ("grid_rgb", "pen_rgb", "fine"),
    [
        ((255, 130, 130), BLACK, True),
        ((255, 60, 60), (0, 0, 160), True),
        ((120, 200, 120), BLACK, True),
        ((255, 170, 60), BLACK, True),
        ((150, 170, 255), BLACK, True),
        ((180, 180, 180), BLACK, True),
        ((255, 130, 130), BLACK, False),
    ],
)
def test_grid_gives_scale_and_panel_and_leaves_no_ink(
    px_per_mm: float, grid_rgb: tuple[int, int, int], pen_rgb: tuple[int, int, int], fine: bool
) -> None:
    page = prepare_page(_draw(px_per_mm, grid_rgb, pen_rgb=pen_rgb, fine=fine))
    assert page.has_grid
    assert page.scale_source == "grid"
    assert page.px_per_mm == pytest.approx(px_per_mm, rel=0.015)
    corners_mm = page.frame.corners_photo_xy / px_per_mm - 20
    np.testing.assert_allclose(corners_mm[[0, 2]], [[0, 0], PANEL_MM], atol=1.5)
    _check_ink(page.ink, page.frame.points_to_panel)


def test_grid_reaching_the_edge() -> None:
    page = prepare_page(_draw(5.0, (255, 120, 120), margin_mm=0))
    assert page.px_per_mm == pytest.approx(5.0, rel=0.015)
    assert page.ink.shape[1] == pytest.approx(PANEL_MM[0] * STANDARD_PX_PER_MM, rel=0.02)


def test_without_grid_the_pulse_gives_the_scale_and_text_is_cut_off() -> None:
    drawn = _draw(6.0, None)
    page = prepare_page(drawn)
    assert not page.has_grid
    assert page.scale_source == "pulse"
    assert page.px_per_mm == pytest.approx(6.0, rel=0.03)
    top_mm, bottom_mm = page.frame.corners_photo_xy[[0, 2], 1] / 6.0 - 20
    assert -3 < top_mm < 18
    assert 132 < bottom_mm < 152
    assert page.notes


def _check_ink(ink: ByteArray, to_panel) -> None:
    """Traces are strong, everything farther than 2 mm from a stroke is paper."""
    assert ink.dtype == np.uint8
    truth = np.zeros_like(ink)
    scale = ink.shape[1] / PANEL_MM[0]
    for row_mm in ROWS_MM:
        points = np.round(_trace_mm(row_mm) * scale).astype(np.int32)
        cv2.polylines(truth, [points], False, 255, 1)
    near = cv2.dilate(truth, np.ones((9, 9), np.uint8)) > 0
    on_trace = cv2.dilate(ink, np.ones((9, 9), np.uint8))[truth > 0]
    assert (on_trace > 150).mean() > 0.97
    far = ink.copy()
    far[:, : round(11 * scale)] = 0  # the calibration pulses
    far[near] = 0
    assert far.mean() < 0.05


@pytest.mark.parametrize("side", [1, 60, 199])
def test_small_pictures_are_refused(side: int) -> None:
    with pytest.raises(NotScreenableError, match="too small"):
        prepare_page(np.full((side, 400, 3), 255, np.uint8))


def test_pictures_without_traces_are_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 600, 3), dtype=np.uint8)
    for photo in (np.full((400, 600, 3), 255, np.uint8), np.zeros((400, 600, 3), np.uint8), noise):
        with pytest.raises(NotScreenableError) as refused:
            prepare_page(photo)
        assert refused.value.next_step


def test_an_empty_grid_is_refused() -> None:
    with pytest.raises(NotScreenableError):
        prepare_page(_draw(5.0, (255, 130, 130), traces=False))


def test_a_page_of_text_is_refused() -> None:
    page = np.full((900, 1200, 3), 255, np.uint8)
    for y in range(40, 880, 30):
        cv2.putText(page, "The quick brown fox jumps over the lazy dog, again", (40, y), 0, 0.8, BLACK, 1, cv2.LINE_AA)
    with pytest.raises(NotScreenableError, match="No ECG traces"):
        prepare_page(page)


def test_preparation_is_deterministic() -> None:
    drawn = _draw(5.0, (255, 130, 130))
    np.testing.assert_array_equal(prepare_page(drawn).ink, prepare_page(drawn).ink)


@pytest.mark.parametrize("shrink", [(0.7, 1.0), (1.0, 0.75)])
def test_a_squeezed_picture_is_read_at_its_pages_shape(shrink: tuple[float, float]) -> None:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", 3)
    whole = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=6.0), 3).image_rgb
    across, down = shrink
    picture = np.asarray(cv2.resize(whole, None, fx=across, fy=down, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    page, usual = prepare_page(picture), prepare_page(whole)
    assert page.strategy == "grid" and "squeezed" in page.notes[0] and "squeezed" not in "".join(usual.notes)
    assert page.ink.shape == pytest.approx(usual.ink.shape, abs=6)
    assert page.frame.corners_photo_xy == pytest.approx(usual.frame.corners_photo_xy * shrink, abs=6)


@pytest.mark.parametrize("quarter_turns", [0, 1, 3])
def test_a_strip_on_a_large_empty_sheet_is_read_by_its_grid_whichever_way_it_lies(quarter_turns: int) -> None:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", 3)
    strip = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=5.0), 3, plan=[[Segment(1, 0.0, 10.0)]]).image_rgb
    height, width = strip.shape[:2]
    sheet = np.full((round(1.4 * width), width + 60, 3), 250, np.uint8)
    sheet[width // 3 : width // 3 + height, 20 : 20 + width] = strip
    page = prepare_page(np.ascontiguousarray(np.rot90(sheet, quarter_turns)))
    assert page.scale_source == "grid" and page.px_per_mm == pytest.approx(5.0, rel=0.01)
    assert page.ink.shape[1] > 4 * page.ink.shape[0]
