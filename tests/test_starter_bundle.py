"""The bundle that ships: whole, small enough, described, and fit for a drawn page with known beats."""

from pathlib import Path

import numpy as np
import pytest

from ecgcore.bundle.folder import Bundle, load_bundle, starter_folder
from ecgcore.networks.detector import detect_beats
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.pipeline import screen
from trainer.metrics.detection import match_boxes

MOST_BYTES = 60_000_000


@pytest.fixture(scope="module")
def starter() -> Bundle:
    """The shipped bundle, loaded and checked."""
    return load_bundle(starter_folder(), "cpu")


def test_it_is_small_and_the_model_card_names_it(starter: Bundle) -> None:
    assert sum(file.stat().st_size for file in starter_folder().iterdir()) <= MOST_BYTES
    card = (Path(__file__).parent.parent / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"`{starter.version}`" in card


def test_it_says_what_it_has_seen_and_how_good_it_is(starter: Bundle) -> None:
    sources = {row[2].split(":")[0] for row in starter.manifest.seen}
    assert {"ludb", "ptbxl"} <= sources
    assert {"ludb_rendered", "ptbxl_rendered"} <= set(starter.manifest.metrics)


@pytest.mark.parametrize("layout", ["3x4+1", "6x2", "12x1"])
def test_it_finds_the_beats_of_a_drawn_page(starter: Bundle, layout: str) -> None:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 11)
    page = draw_page(signals_mv, fs_hz, PageStyle(layout=layout, row_pitch_mm=22.0), 11, beats_s=beats_s)
    prediction = screen(page.image_rgb, starter, file="drawn")
    found = np.array([beat.box_photo_xyxy.as_list() for beat in prediction.beats]).reshape(-1, 4)
    hits = match_boxes(found, [beat.score for beat in prediction.beats], page.boxes_xyxy)[0]
    assert hits.sum() >= 0.8 * len(page.boxes_xyxy)
    assert hits.mean() >= 0.8
    assert prediction.heart_rate_bpm == pytest.approx(60 / np.diff(beats_s[0][:, 0]).mean(), rel=0.05)


def test_asking_for_surer_beats_makes_no_doubtful_page_another_picture(
    starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecgcore.page.quality.gate.BEATS_BELOW", np.inf)  # every page is in doubt, none regular enough
    monkeypatch.setattr("ecgcore.page.quality.gate.REGULAR", ())
    signals_mv, fs_hz, _ = synthetic_ecg("normal", 11)
    page_rgb = draw_page(signals_mv, fs_hz, PageStyle(), 11).image_rgb
    usual = screen(page_rgb, starter, file="drawn")
    monkeypatch.setattr("ecgcore.page.quality.gate.FEWEST_BEATS", len(usual.beats))
    limit = float(np.median([beat.score for beat in usual.beats])) - 1e-4
    surer = screen(page_rgb, starter, file="drawn", min_score=limit)
    assert usual.status == surer.status == "ok"
    assert 0 < len(surer.beats) < len(usual.beats)
    assert all(beat.score >= limit - 1e-4 for beat in surer.beats)


def test_a_page_of_very_many_beats_is_looked_at_again(starter: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", 3, seconds=20)
    faster = 150 / (60 / np.median(np.diff(beats_s[0][:, 0])))  # at 150 bpm: 12 rows of 10 s hold 290 beats
    signals_mv, beats_s = signals_mv[:, : int(10 * fs_hz * faster)], [lead / faster for lead in beats_s]
    style = PageStyle(layout="12x1", row_pitch_mm=18.0)
    page = draw_page(signals_mv, fs_hz * faster, style, 3, beats_s=[lead[lead[:, 1] < 10] for lead in beats_s])
    sheet = prepare_page(page.image_rgb)
    detector, least = starter.nets.detector, starter.operating_point.min_score
    boxes, scores = detect_beats(detector, sheet.ink, least)
    hits = match_boxes(sheet.frame.boxes_to_photo(boxes), scores.tolist(), page.boxes_xyxy)[0]
    monkeypatch.setattr("ecgcore.networks.detector.MANY_BEATS", 1000)
    assert len(page.boxes_xyxy) > 200
    assert hits.sum() > len(detect_beats(detector, sheet.ink, least)[0])
    assert hits.mean() > 0.95
