"""The pages run in Streamlit's own test harness, on the tiny bundle."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec
from streamlit.testing.v1 import AppTest

from ecgcore.bundle.folder import load_bundle, starter_folder
from ecgcore.overlay import NOTICE
from ecgcore.page.decode.read import read_picture
from ecgcore.papersim import synthetic_ecg
from ecgcore.pipeline import screen
from ecgcore.rhythm.caliper import span
from ecgcore.rhythm.measures import whole_bpm
from ecgcore.types import ByteArray
from pages.parts.common.browser.uploads import NOT_HELD, TOO_MUCH_AT_ONCE
from pages.parts.screen.intake import MAX_PICTURE_MB, TOO_LARGE, sample_page
from pages.parts.screen.result.decision_banner import WIDER
from pages.parts.screen.result.measurement_table import value_text
from pages.parts.screen.result.measurements import NO_MILLIMETRES
from tests.support.app_pages import APP, drop, opened, png, texts, turned
from tests.support.recording_files import dicom_file


@pytest.fixture
def app(tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    monkeypatch.setenv("ECG_DATA_DIR", str(tmp_path / "data"))
    return AppTest.from_file(str(APP), default_timeout=60).run()


def test_empty_page_says_what_to_do_and_bears_the_notice(app: AppTest) -> None:
    assert not app.exception
    assert NOTICE in texts(app)
    assert "ECG photo screener" in texts(app)
    assert "Drop ECG pictures" in texts(app)


def test_page_gets_verdict_picture_beats_and_downloads(app: AppTest, ecg_page_rgb: ByteArray) -> None:
    drop(app, ("ward 3.png", png(ecg_page_rgb)))
    shown = texts(app)
    assert "ward 3.png" in shown
    assert "Refer" in shown
    assert "tiny-1" in shown
    assert "Beats that weighed most" in shown
    assert NOTICE in shown
    assert len(app.get("plotly_chart")) == 1
    files = {"Overlay (PNG)", "Result (JSON)", "Leads (CSV)", "Leads (DICOM)"}
    assert {button.label for button in app.download_button} == files
    assert not app.file_uploader[0].value, "the drop zone is ready for the next picture"


def test_a_fault_of_the_picture_is_said_below_the_verdict(app: AppTest, ecg_page_rgb: ByteArray) -> None:
    drop(app, ("clean.png", png(ecg_page_rgb)))
    assert not app.warning
    drop(app, ("dark.png", png(ecg_page_rgb // 5)))
    [said] = app.warning
    assert "The picture is dark: photograph the page in better light." in said.value
    assert said.value.endswith(WIDER)


def test_switches_and_chosen_beat_leave_the_figure_alone(app: AppTest, ecg_page_rgb: ByteArray) -> None:
    """A changed figure would be built anew in the browser, and zoom and pan be lost."""
    drop(app, ("a.png", png(ecg_page_rgb)))
    at_first = app.get("plotly_chart")[0].proto.spec
    assert len(json.loads(at_first)["layout"]["images"]) == 2, "the page, and the place of Grad-CAM"
    app.toggle(key="show-heat").set_value(True).run()
    assert "in the whole page" in texts(app)
    app.segmented_control(key="heat-source").set_value("Signal").run()
    assert "along the traces" in texts(app)
    app.toggle(key="show-heat").set_value(False).run()
    app.toggle(key="show-heat").set_value(True).run()
    assert "along the traces" in texts(app), "the choice outlives the switch"
    app.toggle(key="show-heat").set_value(False).run()
    assert "Result of each part" in texts(app)
    app.toggle(key="show-beats").set_value(False).run()
    app.toggle(key="show-panel").set_value(True).run()
    app.toggle(key="caliper-on").set_value(True).run()
    (key,) = app.session_state["screened"]
    app.selectbox(key=f"beat-{key}").select_index(0).run()
    assert not app.exception
    assert app.get("plotly_chart")[0].proto.spec == at_first
    assert "Beat network's view" in texts(app)


def test_another_paper_speed_screens_the_page_anew(app: AppTest, ecg_page_rgb: ByteArray) -> None:
    drop(app, ("a.png", png(ecg_page_rgb)))
    (key, item), *_ = app.session_state["screened"].items()
    usual = item.prediction.measurements
    assert f"Heart rate {whole_bpm(usual.heart_rate_bpm)} bpm**" in texts(app)
    assert "Measured on a scan or export assuming 25 mm/s and 10 mm/mV" in texts(app)
    assert f"| QRS | {value_text('qrs_ms', usual.qrs_ms)}" in shown_text(app)
    app.selectbox(key=f"speed-{key}").select(50.0).run()
    assert not app.exception
    changed = app.session_state["screened"][key].prediction
    assert changed.measurements.heart_rate_bpm == pytest.approx(2 * usual.heart_rate_bpm, rel=0.02)
    assert f"| {value_text('heart_rate_bpm', changed.measurements.heart_rate_bpm)}, above |" in shown_text(app)
    assert f"Heart rate {whole_bpm(changed.measurements.heart_rate_bpm)} bpm" in texts(app)
    assert changed.to_json()["heart_rate_bpm"] == pytest.approx(2 * usual.heart_rate_bpm, rel=0.02)
    assert changed.paper.speed_mm_s == 50.0
    assert changed.p_abnormal != item.prediction.p_abnormal, "the networks see it as if it had run at 25 mm/s"


def test_a_recording_s_speed_and_gain_are_known_and_not_asked_for(app: AppTest) -> None:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", 3)
    drop(app, ("ecg.dcm", dicom_file(signals_mv, fs_hz)))
    (key, item), *_ = app.session_state["screened"].items()
    assert item.prediction.recording is not None
    assert not [box for box in app.selectbox if box.key in (f"speed-{key}", f"gain-{key}")]
    assert "Heart rate" in texts(app)


def shown_text(app: AppTest) -> str:
    """The page's words without bold type and arrows."""
    return texts(app).replace("**", "").replace("▲ ", "")


def test_two_beats_are_measured_with_the_caliper(app: AppTest, ecg_page_rgb: ByteArray) -> None:
    drop(app, ("a.png", png(ecg_page_rgb)))
    app.toggle(key="caliper-on").set_value(True).run()
    (key, item), *_ = app.session_state["screened"].items()
    app.selectbox(key=f"From the R peak of-{key}").select(0).run()
    app.selectbox(key=f"to the R peak of-{key}").select(1).run()
    assert not app.exception
    start, end = (beat.r_peak_photo_xy for beat in item.prediction.beats[:2])
    found = span(item.prediction, start, end)
    assert found is not None
    assert f"**Beat 1 to beat 2** {found.ms:.0f} ms" in texts(app)


def test_without_millimetres_the_caliper_is_off_and_says_why(app: AppTest, ecg_page_rgb: ByteArray) -> None:
    drop(app, ("a.png", png(ecg_page_rgb)))
    (key, item), *_ = app.session_state["screened"].items()
    app.session_state["screened"][key] = replace(item, prediction=replace(item.prediction, px_per_mm=None))
    app.run()
    assert app.toggle(key="caliper-on").disabled
    assert NO_MILLIMETRES in app.toggle(key="caliper-on").help
    assert NO_MILLIMETRES in texts(app)


def test_corners_set_by_hand_are_screened_again(app: AppTest, ecg_page_rgb: ByteArray) -> None:
    drop(app, ("a.png", png(ecg_page_rgb)))
    app.toggle(key="show-straight").set_value(True).run()
    (key, item), *_ = app.session_state["screened"].items()
    assert app.button(key=f"again-{key}").disabled, "nothing was changed yet"
    x, y = item.prediction.panel_photo_xy[0]
    app.number_input(key=f"corner-0-x-{key}-0").set_value(x + 6).run()
    app.number_input(key=f"corner-0-y-{key}-1").set_value(y + 4).run()
    app.button(key=f"again-{key}").click().run()
    assert not app.exception
    again = app.session_state["screened"][key].prediction
    assert again.status == "ok"
    assert again.corners_set_photo_xy[0] == pytest.approx((x + 6, y + 4), abs=0.1)
    assert again.panel_photo_xy[0] != item.prediction.panel_photo_xy[0]


def test_a_page_that_was_refused_can_be_shown_its_panel(app: AppTest, ecg_page_rgb: ByteArray) -> None:
    drop(app, ("blank.png", png(ecg_page_rgb * 0 + 255)))
    (key,) = app.session_state["screened"]
    app.number_input(key=f"corner-0-x-{key}-0").set_value(30.0).run()
    app.button(key=f"again-{key}").click().run()
    assert not app.exception
    assert "Not screened with these corners" in texts(app)


def test_a_rerun_and_a_page_switch_never_screen_again(
    app: AppTest, ecg_page_rgb: ByteArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(app, ("a.png", png(ecg_page_rgb)))
    monkeypatch.setattr("pages.parts.screen.screened.screen", lambda *_, **__: pytest.fail("screened again"))
    app.run()
    app.switch_page("pages/models.py").run()
    assert not app.exception
    app.switch_page("pages/screen.py").run()
    assert not app.exception
    assert "Beats that weighed most" in texts(app)
    drop(app, ("a copy.png", png(ecg_page_rgb)))
    first, copy = app.session_state["screened"].values()
    assert copy.prediction.p_abnormal == first.prediction.p_abnormal
    assert "a copy.png" in texts(app)


def test_unscreenable_page_shows_its_reason_and_no_verdict(app: AppTest) -> None:
    drop(app, ("broken.png", b"no picture"))
    assert "broken.png" in app.error[0].value
    assert not app.get("plotly_chart")


def test_sample_page_is_labelled_as_artificial(app: AppTest) -> None:
    app.button(key="sample-ectopic").click().run()
    assert not app.exception
    assert "No patient's ECG" in texts(app)
    assert opened(app) == "Sample 1: ventricular ectopic beats (drawn)"
    app.button(key="sample-ectopic").click().run()
    assert opened(app) == "Sample 2: ventricular ectopic beats (drawn)"


def test_the_samples_show_all_three_answers_of_the_shipped_model() -> None:
    bundle = load_bundle(starter_folder())
    answers = {}
    for kind in ("normal", "tachycardia", "atrial_fibrillation"):
        (page_rgb,) = read_picture(sample_page(kind, 1).content, kind)
        answers[kind] = screen(page_rgb, bundle, file=kind).decision
    assert answers == {"normal": "normal", "tachycardia": "abnormal", "atrial_fibrillation": "refer"}


def test_camera_photos_are_counted_by_themselves(
    app: AppTest, ecg_page_rgb: ByteArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(app, ("a.png", png(ecg_page_rgb)))
    drop(app, ("b.png", png(turned(ecg_page_rgb))))
    content = UploadedFileRec("photo", "photo.jpg", "image/jpeg", png(ecg_page_rgb[::-1].copy()))
    photo = UploadedFile(content, FileURLs())
    monkeypatch.setattr(st, "camera_input", lambda _, key, **_more: photo if key == "camera-0" else None)
    app.toggle(key="camera-on-0").set_value(True).run()
    assert not app.exception
    assert opened(app) == "Camera photo 1.jpg"


def test_bundle_that_cannot_be_used_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tmp_path))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not app.exception
    assert "bundle.json" in app.error[0].value


def test_a_file_that_was_too_much_is_a_row_that_says_so(app: AppTest, ecg_page_rgb: ByteArray) -> None:
    files = [("a.png", png(ecg_page_rgb), "image/png"), ("b.png", b"", NOT_HELD)]
    app.file_uploader[0].set_value(files)
    assert not app.run().exception
    reasons = {item.title: item.prediction.reason for item in app.session_state["screened"].values()}
    assert reasons == {"a.png": reasons["a.png"], "b.png": TOO_MUCH_AT_ONCE}


@pytest.mark.parametrize("way", ["dropped", "photographed"])
def test_a_file_over_the_limit_is_a_row_that_says_so(app: AppTest, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """The browser holds back what is too large; a program that sends in its place does not."""
    content = bytes(MAX_PICTURE_MB * 2**20 + 1)
    if way == "dropped":
        app.file_uploader[0].set_value([("huge.png", content, "image/png")]).run()
    else:
        photo = UploadedFile(UploadedFileRec("photo", "photo.jpg", "image/jpeg", content), FileURLs())
        monkeypatch.setattr(st, "camera_input", lambda _, key, **_more: photo if key == "camera-0" else None)
        app.toggle(key="camera-on-0").set_value(True).run()
    assert not app.exception
    (item,) = app.session_state["screened"].values()
    assert item.prediction.reason == TOO_LARGE.format(limit=MAX_PICTURE_MB)
