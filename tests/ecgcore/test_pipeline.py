"""One page all the way through a tiny bundle: statuses, decisions, coordinates, evidence."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.explain import evidence as evidence_module
from ecgcore.explain.evidence import evidence, explain_beat, page_heat_map
from ecgcore.measurements import GLOBAL_NAMES, LEAD_VALUES
from ecgcore.operating_point import OperatingPoint
from ecgcore.overlay import BLUE, GREY, VERMILION, decision_line, draw_overlay, overlay_png, share_color_rgb
from ecgcore.page.prepare import prepare_page
from ecgcore.pipeline import NO_BEAT, screen, screen_pages
from ecgcore.rhythm.beat_rows import beat_rows
from ecgcore.screening.classification import classify
from ecgcore.types import ByteArray, Prediction
from tests.support.tiny import CONTRACT_KEYS, save_tiny_bundle


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    return load_bundle(tiny_bundle, "cpu")


@pytest.fixture(scope="module")
def prediction(bundle: Bundle, ecg_page_rgb: ByteArray) -> Prediction:
    return screen(ecg_page_rgb, bundle, file="page.png")


def test_screened_page_fits_the_contract(prediction: Prediction, ecg_page_rgb: ByteArray) -> None:
    height, width = ecg_page_rgb.shape[:2]
    shown = json.loads(json.dumps(prediction.to_json(), allow_nan=False))
    assert list(shown) == CONTRACT_KEYS
    assert (shown["status"], shown["bundle"]) == ("ok", "tiny-1")
    assert 0 < shown["p_abnormal"] < 1
    assert shown["decision"] == "refer"
    assert (shown["p_normal_below"], shown["p_abnormal_from"], shown["leads_found"]) == (0.3, 0.7, 12)
    assert shown["reason"] == f"{shown['p_abnormal']:.2f} lies between 0.30 and 0.70."
    assert shown["px_per_mm"] == pytest.approx(5.0, rel=0.01)
    assert shown["beats"]
    for beat in shown["beats"]:
        assert list(beat) == ["box", "score", "p_abnormal", "share"]
        x1, y1, x2, y2 = beat["box"]
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
    (left, top), (right, _), (_, bottom), _ = shown["panel"]
    assert left < right
    assert top < bottom
    assert list(shown["measurements"]) == [*GLOBAL_NAMES, "leads", "beats", "not_measured"]
    assert shown["measurements"]["heart_rate_bpm"] == pytest.approx(60, abs=40)
    assert list(shown["measurements"]["leads"]["V1"]) == list(LEAD_VALUES)
    assert list(shown["seconds"]) == ["page", "detect", "classify", "total"]
    parts = [shown["seconds"][part] for part in ("page", "detect", "classify")]
    assert shown["seconds"]["total"] == pytest.approx(sum(parts), abs=0.001)


def test_same_picture_same_prediction(prediction: Prediction, bundle: Bundle, ecg_page_rgb: ByteArray) -> None:
    again = screen(ecg_page_rgb, bundle, file="page.png").to_json()
    assert {**again, "seconds": None} == {**prediction.to_json(), "seconds": None}


def test_beats_come_in_reading_order(prediction: Prediction, ecg_page_rgb: ByteArray) -> None:
    sheet = prepare_page(ecg_page_rgb)
    boxes = sheet.frame.boxes_to_panel([beat.box_photo_xyxy.as_list() for beat in prediction.beats])
    assert np.concatenate(beat_rows(sheet.ink, boxes)).tolist() == list(range(len(boxes)))


def test_shares_are_fused_logits_without_the_beat(bundle: Bundle, ecg_page_rgb: ByteArray) -> None:
    ink = prepare_page(ecg_page_rgb).ink
    boxes = np.array([[100.0, 100, 160, 180], [300, 100, 350, 160], [500, 300, 580, 380]])
    whole = classify(ink, boxes, bundle.nets, bundle.trunks)
    for i, share in enumerate(whole.shares):
        rest = classify(ink, np.delete(boxes, i, axis=0), bundle.nets, bundle.trunks)
        assert share == pytest.approx(whole.logit_fused - rest.logit_fused, abs=2e-3)  # bfloat16 varies with the batch


def test_temperature_flattens_the_probability(tmp_path: Path, ecg_page_rgb: ByteArray) -> None:
    hot = load_bundle(save_tiny_bundle(tmp_path / "hot", OperatingPoint(0.0, 1000.0, 0.3, 0.7)), "cpu")
    assert screen(ecg_page_rgb, hot, file="x").p_abnormal == pytest.approx(0.5, abs=1e-3)


def test_no_beat_is_refer_with_the_reason(bundle: Bundle, ecg_page_rgb: ByteArray) -> None:
    found = screen(ecg_page_rgb, bundle, file="x", min_score=1.0)
    assert (found.status, found.decision, found.p_abnormal, found.reason) == ("ok", "refer", None, NO_BEAT)
    assert (found.beats, found.p_global, found.rr_cv) == ((), None, None)
    assert found.measurements is not None
    assert found.heart_rate_bpm == round(found.measurements.heart_rate_bpm or 0, 1), "the leads tell it alone"
    assert found.panel_photo_xy is not None
    assert found.seconds["classify"] is None
    assert found.seconds["total"] is not None
    assert NO_BEAT in decision_line(found)


def test_min_score_lowers_the_bundles_threshold(tmp_path: Path, ecg_page_rgb: ByteArray) -> None:
    strict = load_bundle(save_tiny_bundle(tmp_path / "strict", OperatingPoint(1.0, 1.0, 0.3, 0.7)), "cpu")
    assert not screen(ecg_page_rgb, strict, file="x").beats
    assert screen(ecg_page_rgb, strict, file="x", min_score=0.0).beats


@pytest.mark.parametrize("shape", [(1, 1), (600, 800)])
def test_picture_without_ecg_is_rejected(bundle: Bundle, shape: tuple[int, int]) -> None:
    blank = np.full((*shape, 3), 255, dtype=np.uint8)
    found = screen(blank, bundle, file="blank.png")
    assert (found.status, found.decision, found.p_abnormal, found.beats) == ("rejected", None, None, ())
    assert found.reason
    assert found.seconds["page"] is not None
    assert found.seconds["detect"] is None


def test_file_that_is_no_picture_is_an_error(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_text("no picture")
    ((found, photo_rgb),) = screen_pages(path, bundle, file="notes.png")
    assert (found.status, found.page, found.file, photo_rgb) == ("error", 1, "notes.png", None)
    assert found.reason
    assert "\n" not in found.reason
    ((missing, _),) = screen_pages(tmp_path / "missing.png", bundle, file="missing.png")
    assert missing.status == "error"


def test_bytes_are_screened_as_well(bundle: Bundle, ecg_page_rgb: ByteArray, prediction: Prediction) -> None:
    content = overlay_png(ecg_page_rgb, prediction)
    ((found, photo_rgb),) = screen_pages(content, bundle, file="upload.png")
    assert (found.file, found.status) == ("upload.png", "ok")
    assert photo_rgb is not None


def test_evidence_fits_the_photo_and_the_beats(bundle: Bundle, ecg_page_rgb: ByteArray, prediction: Prediction) -> None:
    shown = evidence(ecg_page_rgb, bundle, prediction, top=3)
    px = bundle.nets.local.config.px
    assert shown.heat_photo.shape == ecg_page_rgb.shape[:2]
    assert shown.crops.shape == shown.crop_heats.shape == (3, px, px)
    weights = [abs(beat.share or 0) for beat in prediction.beats]
    assert [weights[i] for i in shown.beats] == sorted(weights, reverse=True)[:3]
    assert float(shown.heat_photo.min()) >= 0
    assert float(shown.heat_photo.max()) <= 1


def test_evidence_without_beats(bundle: Bundle, ecg_page_rgb: ByteArray) -> None:
    found = screen(ecg_page_rgb, bundle, file="x", min_score=1.0)
    assert evidence(ecg_page_rgb, bundle, found).beats == ()


def _no_photo() -> ByteArray:
    raise AssertionError("the prediction carries its panel")


def test_one_beat_is_explained_alone_and_without_its_photo(
    bundle: Bundle, ecg_page_rgb: ByteArray, prediction: Prediction, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = evidence(ecg_page_rgb, bundle, replace(prediction, ink=None), top=len(prediction.beats))
    monkeypatch.setattr(evidence_module, "read_page", _no_photo)
    for place, beat in enumerate(every.beats[:3]):
        found = explain_beat(_no_photo, bundle, prediction, beat)
        assert (found.crop == every.crops[place]).all()
        assert found.heat == pytest.approx(every.crop_heats[place], abs=0.02)
    with pytest.raises(IndexError):
        explain_beat(_no_photo, bundle, prediction, len(prediction.beats))


def test_the_page_s_heat_comes_in_the_size_of_the_view(
    bundle: Bundle, ecg_page_rgb: ByteArray, prediction: Prediction
) -> None:
    height, width = ecg_page_rgb.shape[:2]
    small = page_heat_map(_no_photo, bundle, prediction, width_px=300, photo_wh=(width, height))
    assert small.shape == (round(300 * height / width), 300)
    whole = evidence(ecg_page_rgb, bundle, prediction, top=0).heat_photo
    shrunk = cv2.resize(whole, small.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small - shrunk).mean() < 0.02


def test_explaining_leaves_the_networks_as_they_were(bundle: Bundle, ecg_page_rgb: ByteArray) -> None:
    before = [value.clone() for value in bundle.nets.global_.state_dict().values()]
    evidence(ecg_page_rgb, bundle, screen(ecg_page_rgb, bundle, file="x"))
    after = bundle.nets.global_.state_dict().values()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_overlay_marks_beats_and_leaves_the_picture(ecg_page_rgb: ByteArray, prediction: Prediction) -> None:
    drawn = draw_overlay(ecg_page_rgb, prediction)
    height, width = ecg_page_rgb.shape[:2]
    assert drawn.shape[1] == width
    assert drawn.shape[0] > height
    x1, y1, x2, _ = prediction.beats[0].box_photo_xyxy.as_list()
    assert drawn[round(y1), round((x1 + x2) / 2)].tolist() != [255, 255, 255]
    assert (drawn[:height] != ecg_page_rgb).any(axis=2).mean() < 0.2


def test_share_colours() -> None:
    assert share_color_rgb(2.0, 2.0) == VERMILION
    assert share_color_rgb(-2.0, 2.0) == BLUE
    assert share_color_rgb(0.01, 2.0) == share_color_rgb(None, 2.0) == share_color_rgb(0.0, 0.0) == GREY
