"""papersim: same seed, same page; boxes hold exactly the drawn trace, of complete beats only."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import SignalError
from ecgcore.papersim import KINDS, LAYOUT_ROWS, LEADS, PageStyle, draw_page, plan_page, random_style, synthetic_ecg

BARE = PageStyle(grid="none", labels=False, header=False, footer=False, pulse="none", frame=False, px_per_mm=6.0)


def test_same_seed_gives_the_same_page_and_another_seed_another() -> None:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 1)
    style = random_style(np.random.default_rng(3))
    first, again = (draw_page(signals_mv, fs_hz, style, 5, beats_s=beats_s) for _ in range(2))
    other = draw_page(signals_mv, fs_hz, replace(style, sensor_noise=3.0), 6, beats_s=beats_s)
    assert np.array_equal(first.image_rgb, again.image_rgb)
    assert not np.array_equal(first.image_rgb, other.image_rgb)


@pytest.mark.parametrize("layout", LAYOUT_ROWS)
def test_a_beat_box_spans_onset_to_end_and_the_trace_plus_one_millimetre(layout: str) -> None:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 2)
    style = replace(BARE, layout=layout, row_pitch_mm=60.0)  # rows so far apart that no other trace enters a box
    page = draw_page(signals_mv, fs_hz, style, 0, beats_s=beats_s)
    ink = page.image_rgb[..., 0] < 128
    assert len(page.boxes_xyxy) > 10
    for (x1, y1, x2, y2), (onset_s, end_s) in zip(page.boxes_xyxy, page.box_times_s, strict=True):
        assert x2 - x1 == pytest.approx((end_s - onset_s) * 25 * style.px_per_mm)
        above = max(0, round(y1 - 10 * style.px_per_mm))  # nearer than the next row's trace
        strip = ink[above : round(y2 + 10 * style.px_per_mm), round(x1) : round(x2)]
        rows = above + np.flatnonzero(strip.any(axis=1))
        # The pen is 0.3 mm wide, so its edge lies half of that nearer to the box than the trace's middle.
        assert rows.min() - y1 == pytest.approx(0.85 * style.px_per_mm, abs=1.5)
        assert y2 - rows.max() - 1 == pytest.approx(0.85 * style.px_per_mm, abs=1.5)


def test_only_complete_beats_are_boxed() -> None:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 2)
    style = replace(BARE, layout="3x4", column_s=2.5)
    page = draw_page(signals_mv, fs_hz, style, 0, beats_s=beats_s)
    expected = 0
    for row in plan_page(style, 10.0):
        for segment in row:
            ends_s = segment.start_s, segment.start_s + segment.duration_s
            expected += sum(ends_s[0] <= onset and end <= ends_s[1] for onset, end in beats_s[segment.lead])
    assert len(page.boxes_xyxy) == expected
    assert expected < 12 * len(beats_s[0]) / 4  # some beats are cut by the columns' ends


def test_a_beat_that_ends_in_the_gap_between_leads_is_not_boxed() -> None:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 2)
    end_s = float(beats_s[0][beats_s[0][:, 1] < 2.5][-1, 1])
    style = replace(BARE, layout="3x4", column_s=end_s + 0.03)
    drawn, cut = (
        draw_page(signals_mv, fs_hz, replace(style, separators=s), 0, beats_s=beats_s) for s in ("none", "gap")
    )
    in_lead_one = [page.box_times_s[page.box_leads == 0, 1].max() for page in (drawn, cut)]
    assert in_lead_one[0] == pytest.approx(end_s)
    assert in_lead_one[1] < end_s


def test_rotation_moves_the_boxes_with_the_trace() -> None:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 3)
    flat = replace(BARE, layout="6x2", row_pitch_mm=40.0, margin_mm=(10, 10, 10, 10))
    page = draw_page(signals_mv, fs_hz, replace(flat, rotation_deg=1.0), 0, beats_s=beats_s)
    ink = page.image_rgb[..., 0] < 128
    for x1, y1, x2, y2 in page.boxes_xyxy:
        rows = np.flatnonzero(ink[:, round(x1) + 2 : round(x2) - 2][round(y1) : round(y2)].any(axis=1))
        assert 0 < rows.min() < 3 * flat.px_per_mm
        assert 0 < (y2 - y1) - rows.max() < 3 * flat.px_per_mm


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(sorted(KINDS)))
def test_every_random_page_holds_its_boxes(seed: int, kind: str) -> None:
    signals_mv, fs_hz, beats_s = synthetic_ecg(kind, seed)
    page = draw_page(signals_mv, fs_hz, random_style(np.random.default_rng(seed)), seed, beats_s=beats_s)
    height, width = page.image_rgb.shape[:2]
    assert page.image_rgb.dtype == np.uint8
    assert (page.boxes_xyxy[:, 2:] > page.boxes_xyxy[:, :2]).all()
    middles = (page.boxes_xyxy[:, :2] + page.boxes_xyxy[:, 2:]) / 2
    assert ((middles > 0) & (middles < [width, height])).all()


def test_limb_leads_obey_einthoven_and_goldberger() -> None:
    signals_mv, _, _ = synthetic_ecg("st_elevation", 4)
    lead = dict(zip(LEADS, signals_mv, strict=True))
    assert np.allclose(lead["I"] + lead["III"], lead["II"])
    assert np.allclose(lead["aVR"] + lead["aVL"] + lead["aVF"], 0)


def test_kinds_differ_where_they_should() -> None:
    def inferior_st_mv(kind: str) -> float:
        signals_mv, fs_hz, beats_s = synthetic_ecg(kind, 5)
        # P onset, R peak and 0.1 s: the ST segment.
        at = [round((onset + 0.217 + 0.1) * fs_hz) for onset, _ in beats_s[0]]
        return float(np.median(signals_mv[LEADS.index("aVF"), at]))

    assert inferior_st_mv("st_elevation") > inferior_st_mv("normal") + 0.1
    rr_s = {k: np.diff(synthetic_ecg(k, 6)[2][1][:, 0]) for k in ("normal", "atrial_fibrillation", "tachycardia")}
    assert rr_s["atrial_fibrillation"].std() > 4 * rr_s["normal"].std()
    assert rr_s["tachycardia"].mean() < 0.6


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: draw_page(np.zeros((3, 500)), 500.0, PageStyle(), 0), "shape"),
        (lambda: draw_page(np.full((12, 5000), np.nan), 500.0, PageStyle(), 0), "finite"),
        (lambda: synthetic_ecg("purple", 0), "purple"),
        (lambda: synthetic_ecg("normal", 0, seconds=0.2), "0.2"),
        (lambda: PageStyle(layout="5x5"), "5x5"),
        (lambda: PageStyle(px_per_mm=0), "positive"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(make, names: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SignalError, match=names):
        make()
