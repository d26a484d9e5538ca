"""What of a screened page is kept when it goes to Review: as much as the user chose, and under no name of a person."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from annotations import queue
from annotations.panel_corners import corners_of
from annotations.privacy import choose_what_to_keep, kept_results, what_to_keep
from annotations.store import Store
from ecgcore.page import read_picture
from ecgcore.types import ByteArray
from tests.pages.review_app import below, press, sound
from tests.pages.test_screen_app import APP, drop, png


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
    assert len(data.rows("SELECT 1 FROM image")) == 3  # first the question what may be kept, which is asked once
    assert [button.label for button in app.button if button.proto.type == "primary"] == ["Keep it so"]
    app.radio(key="keep-first").set_value("photo")
    press(app, "keep-choose")
    assert what_to_keep(data) == "photo"
    (row,) = data.rows("SELECT * FROM image WHERE id = 4")
    assert "secret" not in row["name"]
    boxes = data.rows(
        "SELECT * FROM prediction_box JOIN prediction ON prediction.id = prediction_id WHERE image_id = 4"
    )
    assert f"{len(boxes)} beats" in below(app, "Boxes as a list")


def test_only_the_panel_is_kept_and_its_boxes_lie_on_the_same_beats(
    data: Store, screen: AppTest, ecg_page_rgb: ByteArray
) -> None:
    choose_what_to_keep(data, "panel")
    app = drop(screen.run(), ("Jane Doe.png", png(ecg_page_rgb)))
    (item,) = app.session_state["screened"].values()
    for _ in range(2):  # the second time the same page is recognised
        press(app, f"correct-{item.key}")
        app.switch_page("pages/screen.py").run()
    (row,) = data.rows("SELECT * FROM image WHERE id > 3")
    (stored_rgb,) = read_picture(data.folder / row["file"], "x")
    assert (row["width"], row["height"]) < item.shown.wh
    boxes = [tuple(round(v) for v in (b["x1"], b["y1"], b["x2"], b["y2"])) for b in data.rows(
        "SELECT prediction_box.* FROM prediction_box JOIN prediction ON prediction.id = prediction_id "
        "WHERE image_id = ? ORDER BY prediction_box.id", (row["id"],)
    )]  # fmt: skip
    beats = [[round(edge) for edge in beat.box_photo_xyxy.as_list()] for beat in item.prediction.beats]
    assert boxes
    for (x1, y1, x2, y2), (u1, v1, u2, v2) in zip(boxes, beats, strict=True):
        whole = ecg_page_rgb[v1:v2, u1:u2]
        assert (stored_rgb[y1:y2, x1:x2] == whole[: y2 - y1, : x2 - x1]).mean() > 0.95


def test_corners_set_by_hand_are_remembered_with_the_whole_photo(
    data: Store, screen: AppTest, ecg_page_rgb: ByteArray
) -> None:
    choose_what_to_keep(data, "photo")
    app = screen
    app.session_state["person"] = "Ada"
    drop(app.run(), ("a.png", png(ecg_page_rgb)))
    ((key, item),) = app.session_state["screened"].items()
    corners = ((1.0, 2.0), (300.0, 2.0), (300.0, 200.0), (1.0, 200.0))
    app.session_state["screened"][key] = replace(
        item, prediction=replace(item.prediction, corners_set_photo_xy=corners)
    )
    press(app.run(), f"correct-{key}")
    held = corners_of(data, 4)
    assert held is not None
    assert held.tolist() == [list(corner) for corner in corners]
    assert data.rows("SELECT person FROM panel_corners") == [{"person": "Ada"}]


def test_nothing_but_the_result_is_kept(data: Store, screen: AppTest, ecg_page_rgb: ByteArray) -> None:
    choose_what_to_keep(data, "result")
    app = drop(screen.run(), ("Jane Doe.png", png(ecg_page_rgb)))
    sound(next(button for button in app.button if button.label == "Keep this result").click().run())
    assert len(data.rows("SELECT 1 FROM image")) == 3
    (result,) = kept_results(data)
    assert result["decision"] == "refer"
    assert "Jane" not in str(result)


def test_a_batch_goes_into_the_queue_once(data: Store, screen: AppTest, ecg_page_rgb: ByteArray) -> None:
    choose_what_to_keep(data, "photo")
    app = screen.run()
    other = ecg_page_rgb.copy()
    other[:5] = 200
    drop(app, ("a.png", png(ecg_page_rgb)), ("b.png", png(other)), ("broken.png", b"no picture"))
    for _ in range(2):  # the second time nothing is new
        press(app, "keep-all")
        assert data.rows("SELECT count(*) AS n FROM prediction WHERE image_id > 3") == [{"n": 2}]
    assert queue.progress(data, "Ada", "uncertain").waiting == 5
