"""What of a screened page is kept when it goes to Review: as much as the user chose, and under no name of a person."""

import time
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from streamlit.testing.v1 import AppTest

from annotations.patients.keys import patient_group
from annotations.pictures.files import PICTURES
from annotations.privacy.retention import retention_setting, saved_results, set_retention
from annotations.readings import work_queue
from annotations.readings.panel_corners import corners_of
from annotations.store import Store
from ecgcore.page.decode.read import read_picture
from ecgcore.types import Beat, Box, ByteArray
from pages.parts.screen.keep.confirm_batch import EACH, ONE
from tests.support.app_pages import APP, drop, png, sound, texts
from tests.support.review_app import below, press


@pytest.fixture
def screen(data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Screen with a tiny bundle, not run yet."""
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    return AppTest.from_file(str(APP), default_timeout=60)


def test_correct_this_keeps_the_page_and_opens_it(data: Store, screen: AppTest, ecg_page_rgb: ByteArray) -> None:
    app = screen
    app.session_state["person"] = "Ada"
    drop(app.run(), ("secret name.png", png(ecg_page_rgb)))
    assert len(data.rows("SELECT 1 FROM image")) == 3  # screening keeps nothing
    sound(next(button for button in app.button if button.label == "Correct this").click().run())
    assert "This will be stored" in texts(app)
    assert len(data.rows("SELECT 1 FROM image")) == 3  # first the questions what may be kept, and whose page it is
    app.radio(key="keep-first").set_value("photo")
    sound(app.run())
    press(app, "keep-store")
    assert any("Type the patient's key" in error.value for error in app.error)
    assert retention_setting(data) is None and len(data.rows("SELECT 1 FROM image")) == 3
    app.text_input(key="keep-patient").set_value("MRN 1")
    press(app, "keep-store")
    assert retention_setting(data) == "photo"
    assert data.picture(4).group_key == patient_group(data, "mrn1")
    (row,) = data.rows("SELECT * FROM image WHERE id = 4")
    assert "secret" not in row["name"]
    boxes = data.rows(
        "SELECT * FROM prediction_box JOIN prediction ON prediction.id = prediction_id WHERE image_id = 4"
    )
    assert f"{len(boxes)} beats" in below(app, "Boxes as a list")


def test_only_the_panel_is_kept_and_its_boxes_lie_on_the_same_beats(
    data: Store, screen: AppTest, ecg_page_rgb: ByteArray
) -> None:
    set_retention(data, "panel")
    screen.session_state["person"] = "Ada"
    app = drop(screen.run(), ("Jane Doe.png", png(ecg_page_rgb)))
    ((key, item),) = app.session_state["screened"].items()
    beats = [Box(300.0, 400.0, 340.0, 460.0), Box(700.0, 300.0, 760.0, 340.0)]
    found = tuple(Beat(place, 0.9, 0.6, 0.1) for place in beats)
    app.session_state["screened"][key] = replace(item, prediction=replace(item.prediction, beats=found))
    press(app.run(), f"correct-{key}")
    press(app, "keep-unknown")
    app.switch_page("pages/screen.py").run()
    press(app, f"correct-{key}")  # the same page is recognised, so nothing is asked
    assert app.query_params["page"] == "4"
    assert data.picture(4).group_key.startswith("picture:")
    (row,) = data.rows("SELECT * FROM image WHERE id > 3")
    (stored_rgb,) = read_picture(data.folder / row["file"], "x")
    assert (row["width"], row["height"]) < item.shown.wh
    places = [tuple(round(v) for v in (b["x1"], b["y1"], b["x2"], b["y2"])) for b in data.rows(
        "SELECT prediction_box.* FROM prediction_box JOIN prediction ON prediction.id = prediction_id "
        "WHERE image_id = ? ORDER BY prediction_box.id", (row["id"],)
    )]  # fmt: skip
    for (x1, y1, x2, y2), beat in zip(places, beats, strict=True):
        u1, v1, u2, v2 = (round(edge) for edge in beat.as_list())
        assert (stored_rgb[y1:y2, x1:x2] == ecg_page_rgb[v1:v2, u1:u2]).all()


def test_corners_set_by_hand_are_remembered_with_the_whole_photo(
    data: Store, screen: AppTest, ecg_page_rgb: ByteArray
) -> None:
    set_retention(data, "photo")
    app = screen
    app.session_state["person"] = "Ada"
    drop(app.run(), ("a.png", png(ecg_page_rgb)))
    ((key, item),) = app.session_state["screened"].items()
    corners = ((1.0, 2.0), (300.0, 2.0), (300.0, 200.0), (1.0, 200.0))
    app.session_state["screened"][key] = replace(
        item, prediction=replace(item.prediction, corners_set_photo_xy=corners)
    )
    press(app.run(), f"correct-{key}")
    press(app, "keep-unknown")
    held = corners_of(data, 4)
    assert held is not None
    assert held.tolist() == [list(corner) for corner in corners]
    assert data.rows("SELECT person FROM panel_corners") == [{"person": "Ada"}]


def test_nothing_but_the_result_is_kept(data: Store, screen: AppTest, ecg_page_rgb: ByteArray) -> None:
    set_retention(data, "result")
    app = drop(screen.run(), ("Jane Doe.png", png(ecg_page_rgb)))
    sound(next(button for button in app.button if button.label == "Store this result").click().run())
    assert len(data.rows("SELECT 1 FROM image")) == 3
    (result,) = saved_results(data)
    assert result["decision"] == "refer"
    assert "Jane" not in str(result)


def batch(app: AppTest, ecg_page_rgb: ByteArray) -> AppTest:
    """Two pages and a broken file on Screen."""
    other = ecg_page_rgb.copy()
    other[:5] = 200
    return drop(app, ("a.png", png(ecg_page_rgb)), ("b.png", png(other)), ("broken.png", b"no picture"))


def until(app: AppTest, key: str) -> AppTest:
    """Wait for the work in the background: until a button of the next step is there."""
    for _ in range(100):
        sound(app.run())
        if any(button.key == key for button in app.button):
            return app
        time.sleep(0.1)
    raise AssertionError(f"{key} never came")


def test_a_batch_goes_into_the_queue_once(data: Store, screen: AppTest, ecg_page_rgb: ByteArray) -> None:
    set_retention(data, "photo")
    app = batch(screen.run(), ecg_page_rgb)
    press(app, "keep-all")
    press(until(app, "keep-store-all"), "keep-store-all")
    assert any("Choose whose pages" in error.value for error in app.error)
    assert len(data.rows("SELECT 1 FROM image")) == 3, "nothing is stored before somebody has looked and answered"
    app.radio(key="keep-whose").set_value(ONE)
    app.text_input(key="keep-one").set_value("Case 9")
    press(app, "keep-store-all")
    press(until(app, "keep-close"), "keep-close")
    assert {data.picture(i).group_key for i in (4, 5)} == {patient_group(data, "case9")}
    assert data.rows("SELECT count(*) AS n FROM prediction WHERE image_id > 3") == [{"n": 2}]
    assert work_queue.progress(data, "Ada", "uncertain").waiting == 5
    press(app, "keep-all")  # the second time nothing is new
    press(until(app, "keep-store-all"), "keep-store-all")
    assert len(data.rows("SELECT 1 FROM image")) == 5


def test_a_page_of_a_batch_is_left_out_and_each_has_its_own_patient(
    data: Store, screen: AppTest, ecg_page_rgb: ByteArray
) -> None:
    set_retention(data, "panel")
    app = batch(screen.run(), ecg_page_rgb)
    first, second = (item.key for item in app.session_state["screened"].values() if item.shown is not None)
    press(app, "keep-all")
    until(app, "keep-store-all")
    app.radio(key="keep-whose").set_value(EACH)
    app.text_input(key=f"keep-key-{second}").set_value("Case 2")
    app.checkbox(key=f"keep-take-{first}").set_value(False)
    press(app, "keep-store-all")
    until(app, "keep-close")
    assert any("1 page queued for Review" in success.value for success in app.success)
    assert [row["group_key"] for row in data.rows("SELECT group_key FROM image WHERE id > 3")] == [
        patient_group(data, "case 2")
    ]


@pytest.fixture
def page_with_print_rgb(ecg_page_rgb: ByteArray) -> ByteArray:
    """A page with a patient's number printed among its rows of trace."""
    page = ecg_page_rgb.copy()
    height, width = page.shape[:2]
    place = (width // 3, height // 2)
    cv2.putText(page, "ID 4711 DOE JANE", place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (20, 20, 20), 1, cv2.LINE_AA)
    return page


def test_what_is_blacked_out_before_storing_is_never_stored(
    data: Store, screen: AppTest, page_with_print_rgb: ByteArray
) -> None:
    set_retention(data, "panel")
    app = drop(screen.run(), ("a.png", png(page_with_print_rgb)))
    (key,) = app.session_state["screened"]
    press(app, f"correct-{key}")
    (kept,) = app.session_state["panel-cuts"].values()
    found = kept.cut.text_boxes
    assert found, "print among the rows is found"
    assert "of print or handwriting found" in " ".join(warning.value for warning in app.warning)
    press(app, "black-all")
    press(app, "keep-unknown")
    (row,) = data.rows("SELECT * FROM image WHERE id > 3")
    (stored_rgb,) = read_picture(data.folder / row["file"], "x")
    for box in found:
        x1, y1, x2, y2 = (round(edge) for edge in box.as_list())
        assert (stored_rgb[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1] == 0).all()
    assert len([path for path in (data.folder / PICTURES).rglob("*") if path.is_file()]) == 4, "no other copy of it"
    assert not app.session_state["panel-cuts"]


def test_corners_set_after_the_first_look_cut_the_page_anew(
    data: Store, screen: AppTest, ecg_page_rgb: ByteArray
) -> None:
    set_retention(data, "panel")
    app = drop(screen.run(), ("a.png", png(ecg_page_rgb)))
    ((key, item),) = app.session_state["screened"].items()
    press(app, f"correct-{key}")
    (first,) = app.session_state["panel-cuts"].values()
    frame = item.prediction.frame
    narrower = replace(frame, panel_wh=(frame.panel_wh[0] - 200, frame.panel_wh[1]))
    app.session_state["screened"][key] = replace(item, prediction=replace(item.prediction, frame=narrower, ink=None))
    press(app.run(), f"correct-{key}")
    (again,) = app.session_state["panel-cuts"].values()
    assert again.cut.picture_rgb.shape[1] < first.cut.picture_rgb.shape[1] - 50
