"""Find alike, snap and rhythm hints on simulated pages with known beats, and on odd input."""

from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecgcore.assist import SimilarBeats, find_similar_beats, rhythm_hints, snap
from ecgcore.geometry.boxes import iou_matrix
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.traces.trace_rows import trace_rows
from ecgcore.types import STANDARD_PX_PER_MM, ByteArray, FloatArray

NO_BOXES = np.zeros((0, 4))
PAGES = [
    ("normal", "3x4+1"),
    ("tachycardia", "6x2+1"),
    ("atrial_fibrillation", "12x1"),
    ("ectopic", "6x2"),
    ("wide_qrs", "3x4"),
    ("st_elevation", "12x1"),
]


@cache
def _page(kind: str, layout: str, separators: str = "none") -> tuple[ByteArray, FloatArray, FloatArray]:
    """Ink, true boxes in the panel, and the row of each."""
    pitch_mm = 14.0 if layout == "12x1" else 25.0
    style = PageStyle(layout=layout, px_per_mm=4.5, row_pitch_mm=pitch_mm, separators=separators)
    signals_mv, fs_hz, beats_s = synthetic_ecg(kind, seed=11)
    simulated = draw_page(signals_mv, fs_hz, style, 11, beats_s=beats_s)
    page = prepare_page(simulated.image_rgb)
    return page.ink, page.frame.boxes_to_panel(simulated.boxes_xyxy), simulated.box_rows


def _right(alike: SimilarBeats, truth: FloatArray) -> set[int]:
    """The true beats that are proposed; every proposal must be one."""
    found = [iou_matrix(box, truth)[0] for box in alike.boxes_panel_xyxy]
    wrong = [alike.boxes_panel_xyxy[i] for i, values in enumerate(found) if values.max() < 0.5]
    assert not wrong
    return {int(values.argmax()) for values in found}


def _wave(width: int = 400) -> ByteArray:
    """A flat trace with one wave from x = 150 to 250, 30 px high."""
    x = np.arange(width)
    y = 100 - 30 * np.sin(np.pi * np.clip((x - 150) / 100, 0, 1))
    ink = np.zeros((160, width), np.uint8)
    cv2.polylines(ink, [np.column_stack([x, np.round(y)]).astype(np.int32)], False, 255, 2)
    return ink


@pytest.mark.parametrize(("kind", "layout"), PAGES)
def test_every_row_is_followed_across_its_neighbours(kind: str, layout: str) -> None:
    ink, truth, page_rows = _page(kind, layout)
    rows = trace_rows(ink)
    assert len(rows.baseline_y) == page_rows.max() + 1
    boxes = [rows.box(int(row), round(box[0]), round(box[2])) for row, box in zip(page_rows, truth, strict=True)]
    error_mm = np.abs(np.array(boxes) - truth)[:, [1, 3]] / STANDARD_PX_PER_MM
    assert np.quantile(error_mm, 0.95) < 0.6


@pytest.mark.parametrize(("kind", "layout"), PAGES)
def test_one_drawn_beat_brings_many_right_ones(kind: str, layout: str) -> None:
    ink, truth, page_rows = _page(kind, layout)
    drawn = len(truth) // 3  # on the first page a beat of a lead that is nearly flat
    alike = find_similar_beats(ink, truth[drawn], NO_BOXES)
    right = _right(alike, truth)
    assert len(right) == len(alike), "a beat was proposed twice"
    assert drawn not in right
    assert len(right) >= page_rows.max() + 1, "not even the beats at the same time in the other rows"
    assert {bool(page_rows[i] == page_rows[drawn]) for i in right} == set(alike.in_own_row.tolist())
    assert (np.diff(alike.scores) <= 0).all()
    assert ((alike.scores > 0) & (alike.scores <= 1)).all()


def test_only_the_own_row_where_asked() -> None:
    ink, truth, page_rows = _page("normal", "3x4+1")
    strip = np.flatnonzero(page_rows == 3)
    alike = find_similar_beats(ink, truth[strip[2]], NO_BOXES, same_time_rows=False)
    assert alike.in_own_row.all()
    assert _right(alike, truth) <= set(strip.tolist())
    assert len(alike) >= 4


def test_boxes_that_exist_are_not_proposed_again() -> None:
    ink, truth, _ = _page("tachycardia", "6x2+1")
    first = find_similar_beats(ink, truth[20], NO_BOXES)
    wanted = first.boxes_panel_xyxy[::5]
    rest = np.delete(first.boxes_panel_xyxy, np.s_[::5], axis=0)
    again = find_similar_beats(ink, truth[20], rest)
    assert len(again) == len(wanted)
    assert all(iou_matrix(box, wanted).max() == 1 for box in again.boxes_panel_xyxy)


@pytest.mark.parametrize("separators", ["line", "gap", "none"])
def test_a_beat_at_the_border_of_two_leads_is_proposed_in_the_strip_only(separators: str) -> None:
    ink, truth, page_rows = _page("normal", "3x4+1", separators)
    strip = truth[page_rows == 3]
    above = truth[page_rows < 3]
    at_border = [box for box in strip if not ((above[:, 0] < box[2]) & (above[:, 2] > box[0])).any()]
    assert at_border
    for box in at_border:
        _right(find_similar_beats(ink, box, NO_BOXES), truth)


@pytest.mark.parametrize("separators", ["line", "none"])
def test_a_beat_whose_end_the_next_lead_cuts_off_is_not_proposed(separators: str) -> None:
    ink, truth, _ = _page("tachycardia", "3x4", separators)
    for drawn in (9, 12, 24, 40):
        _right(find_similar_beats(ink, truth[drawn], NO_BOXES), truth)


def test_no_proposals_without_a_beat() -> None:
    ink, truth, _ = _page("normal", "3x4+1")
    flat = truth[0].copy()
    flat[[0, 2]] = truth[0, 2] + 4, truth[0, 2] + 8
    outside = truth[0] + ink.shape[1] + 100
    for box in (flat, outside, [50, 50, 40, 60], [0, 0, 3, 3]):
        assert len(find_similar_beats(ink, box, NO_BOXES)) == 0
    assert len(find_similar_beats(np.zeros_like(ink), truth[0], NO_BOXES)) == 0


@pytest.mark.parametrize(("kind", "layout"), [page for page in PAGES if page[0] != "atrial_fibrillation"])
def test_snap_halves_the_error_of_a_rough_box(kind: str, layout: str) -> None:
    ink, truth, _ = _page(kind, layout)
    rng = np.random.default_rng(5)
    chosen = truth[rng.permutation(len(truth))[:6]]
    rough = chosen + rng.uniform(-2, 2, chosen.shape) * STANDARD_PX_PER_MM
    snapped = np.array([snap(ink, box) for box in rough])
    before, after = np.abs(rough - chosen).mean(), np.abs(snapped - chosen).mean()
    assert after < 0.5 * before


def test_snap_leaves_the_neighbours_trace_out() -> None:
    ink, truth, _ = _page("st_elevation", "12x1")
    tried = 0
    for box in truth[::5]:
        rough = box - np.array([0, 2, 0, 0]) * STANDARD_PX_PER_MM
        if (ink[int(rough[1]) : int(box[1]), int(box[0]) : int(box[2])] > 100).any():
            tried += 1
            assert np.abs(snap(ink, rough) - box)[[1, 3]].max() < 0.75 * STANDARD_PX_PER_MM
    assert tried >= 3, "hardly a neighbour in these boxes"


def test_snap_finds_both_ends_of_a_wave() -> None:
    snapped = snap(_wave(), [158, 40, 245, 90])
    assert snapped == pytest.approx([150, 66, 250, 104], abs=3)


def test_an_edge_without_baseline_stays() -> None:
    ink = np.zeros((160, 400), np.uint8)
    x = np.arange(400)
    zigzag = np.column_stack([x, np.round(100 - 20 * np.abs(x % 40 - 20) / 10)]).astype(np.int32)
    cv2.polylines(ink, [zigzag], False, 255, 2)
    assert snap(ink, [133.5, 50, 217.25, 110])[[0, 2]].tolist() == [133.5, 217.25]


def test_a_box_without_a_trace_stays() -> None:
    ink = _wave()
    for box in ([100.5, 0, 140, 40], [900, 10, 950, 20], [30, 30, 20, 40], [-50, -50, -10, -10]):
        assert snap(ink, box).tolist() == box
        assert snap(np.zeros_like(ink), box).tolist() == box


@pytest.mark.parametrize("layout", ["3x4", "3x4+1", "3x4+3", "6x2", "6x2+1", "12x1"])
def test_a_whole_page_gives_no_hints(layout: str) -> None:
    assert rhythm_hints(_page("normal", layout)[1]) == []


@pytest.mark.parametrize(("kind", "layout"), [("normal", "12x1"), ("wide_qrs", "6x2"), ("tachycardia", "6x2+1")])
def test_a_missed_beat_is_noticed_where_it_would_be(kind: str, layout: str) -> None:
    _, truth, page_rows = _page(kind, layout)
    out = int(np.flatnonzero(page_rows == 2)[2])
    hints = rhythm_hints(np.delete(truth, out, axis=0))
    assert [hint.text for hint in hints] == ["missed beat?"]
    assert hints[0].box_index is None
    assert iou_matrix(truth[out], hints[0].place_panel_xyxy.as_list()).item() > 0.5


def test_a_t_wave_and_a_duplicate_are_named() -> None:
    _, truth, page_rows = _page("normal", "12x1")
    beat = truth[np.flatnonzero(page_rows == 1)[3]]
    t_wave = [beat[0] + 0.6 * (beat[2] - beat[0]), beat[1] + 5, beat[2] + 2, beat[3]]
    beat_without_t = [beat[0], beat[1], t_wave[0] - 1, beat[3]]
    others = np.delete(truth, np.flatnonzero(page_rows == 1)[3], axis=0)
    hints = rhythm_hints(np.vstack([others, beat_without_t, t_wave]))
    assert [(hint.text, hint.box_index) for hint in hints] == [("T wave or duplicate?", len(others) + 1)]
    assert hints[0].place_panel_xyxy.as_list() == pytest.approx(t_wave)
    doubled = rhythm_hints(np.vstack([truth, beat + 2]))
    assert [hint.text for hint in doubled] == ["T wave or duplicate?"]
    assert doubled[0].box_index in (int(np.flatnonzero(page_rows == 1)[3]), len(truth))


def test_a_gap_at_the_border_of_two_leads_is_plain() -> None:
    left, right = (np.array([[x, 20.0, x + 60, 80.0] for x in xs]) for xs in ((0, 100, 200), (400, 500, 600)))
    assert [hint.text for hint in rhythm_hints(np.vstack([left, right]))] == ["missed beat?"]
    right[:, 1] += 30  # another lead is drawn as tall no more
    assert rhythm_hints(np.vstack([left, right])) == []


def test_too_few_boxes_and_stretches_without_boxes_give_no_hints() -> None:
    row = np.array([[x, 20.0, x + 60, 80.0] for x in (0, 300)])
    assert rhythm_hints(row) == []
    row = np.array([[x, 20.0, x + 60, 80.0] for x in (0, 100, 200, 900)])
    assert rhythm_hints(row) == []


@pytest.mark.parametrize("boxes", [[[1, 2, 3]], [[0, 0, np.nan, 1], [0, 0, 1, 1]], np.zeros((2, 2, 4))])
def test_malformed_boxes_are_refused(boxes: object) -> None:
    ink = _wave()
    for call in (
        lambda: rhythm_hints(boxes),  # type: ignore[arg-type]
        lambda: find_similar_beats(ink, [150, 60, 250, 104], boxes),  # type: ignore[arg-type]
        lambda: snap(ink, boxes),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValueError, match="boxes must be"):
            call()


def test_malformed_ink_is_refused() -> None:
    for ink in (np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5))):
        with pytest.raises(ValueError, match="ink must be"):
            snap(ink, [0, 0, 1, 1])  # type: ignore[arg-type]


COORDINATE = st.floats(-500, 1500, allow_nan=False)
BOX = st.lists(COORDINATE, min_size=4, max_size=4)


@settings(max_examples=40)
@example(box=[0.0, 0.0, 82.0, 1.0], existing=[], size=(74, 74), seed=144404)
@given(box=BOX, existing=st.lists(BOX, max_size=4), size=st.tuples(st.integers(0, 90), st.integers(0, 120)), seed=...)
def test_any_box_on_any_ink_gets_a_well_formed_answer(
    box: list[float], existing: list[list[float]], size: tuple[int, int], seed: int
) -> None:
    rng = np.random.default_rng(abs(seed))
    ink = (255 * (rng.random(size) < rng.random() ** 3)).astype(np.uint8)
    alike = find_similar_beats(ink, box, existing)
    boxes = alike.boxes_panel_xyxy
    assert boxes.shape == (len(alike), 4) == (len(alike.in_own_row), 4)
    assert (boxes[:, :2] < boxes[:, 2:]).all()
    assert ((boxes >= 0) & (boxes <= [size[1], size[0]] * 2)).all()
    snapped = snap(ink, box)
    assert snapped.shape == (4,)
    assert snapped.tolist() == box or (snapped[:2] < snapped[2:]).all()
    # An edge that was drawn outside the panel counts from the panel's edge, where its trace ends.
    moved = np.abs(snapped - np.clip(box, 0, [size[1], size[0]] * 2))[[0, 2]]
    assert ((moved <= 3 * STANDARD_PX_PER_MM + 0.5) | (snapped == box)[[0, 2]]).all()


@settings(max_examples=80)
@given(st.lists(BOX, max_size=12))
def test_hints_name_boxes_that_were_given(boxes: list[list[float]]) -> None:
    for hint in rhythm_hints(boxes):
        if hint.box_index is not None:
            assert hint.place_panel_xyxy.as_list() == boxes[hint.box_index]
