"""From a verdict to a saved correction and back, in Streamlit's own test harness on a real store."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database
from streamlit.testing.v1 import AppTest

from annotations import queue, readings
from annotations.model import LabelledBox
from annotations.panel_corners import corners_of
from annotations.predictions import record_prediction
from annotations.privacy import choose_what_to_keep, kept_results, what_to_keep
from annotations.schema import connect
from annotations.store import Store
from ecgcore.overlay import NOTICE
from ecgcore.page import read_picture
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.types import Box, ByteArray
from tests.annotations.conftest import ABNORMAL, NORMAL, picture_rgb, prediction
from tests.pages.test_screen_app import APP, drop, png, texts


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store that the app opens, with three screened pages."""
    monkeypatch.setenv("ECG_DATA_DIR", str(tmp_path / "data"))
    store = Store(tmp_path / "data")
    for name in ("Ada", "Ben"):
        store.add_person(name)
    for number, p in enumerate((0.99, 0.5, 0.9)):
        picture, _ = store.add_picture(picture_rgb(number))
        record_prediction(store, picture.id, prediction(p))
    return store


@pytest.fixture
def app(data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Review, opened by Ada."""
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    return review("Ada")


def review(name: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params["who"] = name
    app.run()
    return sound(app.switch_page("pages/review.py").run())


def sound(app: AppTest) -> AppTest:
    assert not app.exception
    return app


def below(app: AppTest, words: str) -> str:
    """Open one of the parts below the page and read it."""
    sound(app.segmented_control(key="review-below").set_value(words).run())
    return texts(app)


def press(app: AppTest, key: str) -> AppTest:
    return sound(app.button(key=key).click().run())


def test_a_new_reader_is_asked_for_a_name(data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    app = review("")
    assert "Who are you?" in texts(app) and NOTICE in texts(app)
    app.text_input[0].set_value("  Grace  Hopper ")
    sound(app.button[0].click().run())
    assert "Reading as **Grace Hopper**" in texts(app)
    assert "Grace Hopper" in data.people()


def test_the_most_uncertain_page_comes_first_with_the_bundles_beats(app: AppTest) -> None:
    assert app.query_params["page"] == "2"
    assert "3 waiting" in texts(app)
    assert "Nothing changed yet." in texts(app)
    assert len(app.session_state["work"].seeded_untouched) == 2
    assert "2 beats" in below(app, "Boxes as a list")


def test_label_flags_and_comment_are_kept_at_once_and_saved(app: AppTest, data: Store) -> None:
    press(app, "label-abnormal")
    sound(app.toggle[0].set_value(True).run())
    sound(app.text_area[0].set_value("ST up in V2").run())
    draft = readings.draft_of(data, 2, "Ada")
    assert draft is not None
    assert (draft.reading.label, draft.reading.boxes_complete) == ("abnormal", True)
    assert "Draft kept" in texts(app)
    press(app, "save")
    head = readings.head(data, 2)
    assert head is not None
    assert (head.reading.label, head.reading.comment, head.bundle_version) == ("abnormal", "ST up in V2", "starter")
    assert [box.origin for box in head.reading.boxes] == ["accepted", "accepted"]
    assert not app.session_state["work"].seeded_untouched  # what a person saved is no mere proposal any more
    assert head.provenance.actions == 3
    assert "Saved" in texts(app)
    assert app.query_params["page"] == "2"


def test_looking_at_a_saved_page_changes_nothing(data: Store, app: AppTest) -> None:
    removed = tuple(replace(b, origin="rejected", uid=f"0{b.uid}") for b in NORMAL.boxes[:1])
    readings.save(data, 2, "Ada", replace(NORMAL, boxes=(*removed, *NORMAL.boxes)), base_revision_id=None)
    app.session_state["review-open"] = 2
    sound(app.run())
    assert "Draft kept" not in texts(app)
    assert readings.draft_of(data, 2, "Ada") is None


def test_save_and_next_and_skip_walk_through_the_queue(app: AppTest, data: Store) -> None:
    press(app, "label-normal")
    press(app, "save-next")
    assert app.query_params["page"] == "3"
    press(app, "skip")
    assert app.query_params["page"] == "1"
    press(app, "save-next")
    assert "Nothing waits" in "\n".join(info.value for info in app.info)
    assert readings.head(data, 3) is None


def test_a_reload_finds_page_and_draft_again(app: AppTest) -> None:
    press(app, "label-unsure")
    again = AppTest.from_file(str(APP), default_timeout=60)
    again.query_params["who"], again.query_params["page"] = "Ada", "2"
    again.run()
    again.query_params["who"], again.query_params["page"] = "Ada", "2"
    sound(again.switch_page("pages/review.py").run())
    assert again.button(key="label-unsure").label == "**Unsure**"


def test_undo_goes_one_change_back(app: AppTest, data: Store) -> None:
    press(app, "label-normal")
    press(app, "label-abnormal")
    press(app, "undo")
    draft = readings.draft_of(data, 2, "Ada")
    assert draft is not None and draft.reading.label == "normal"


def test_two_people_on_one_page_see_both_versions(app: AppTest, data: Store) -> None:
    press(app, "label-normal")
    readings.save(data, 2, "Ben", ABNORMAL, base_revision_id=None)
    press(app, "save")
    shown = texts(app) + "\n".join(w.value for w in app.warning)
    assert "Ben saved this page" in shown
    assert "**Yours** · normal" in shown and "**Ben's** · abnormal" in shown
    press(app, "conflict-mine")
    assert [r.person for r in readings.history(data, 2)] == ["Ada", "Ben"]
    head = readings.head(data, 2)
    assert head is not None and head.reading.label == "normal"


def test_the_losers_can_take_the_winners_or_both(app: AppTest, data: Store) -> None:
    press(app, "label-normal")
    readings.save(data, 2, "Ben", NORMAL, base_revision_id=None)
    press(app, "save")
    press(app, "conflict-both")
    assert "4 beats" in below(app, "Boxes as a list")
    press(app, "save")
    head = readings.head(data, 2)
    assert head is not None and len(head.reading.beats) == 4
    readings.save(data, 2, "Ben", ABNORMAL, base_revision_id=head.id)
    press(app, "label-abnormal")
    press(app, "save")
    press(app, "conflict-theirs")
    assert readings.draft_of(data, 2, "Ada") is None
    assert app.button(key="label-abnormal").label == "**Abnormal**"


def test_a_second_reading_is_blind(app: AppTest, data: Store) -> None:
    readings.save(data, 1, "Ben", ABNORMAL, base_revision_id=None)
    sound(app.selectbox(key="review-order").set_value("second").run())
    press(app, "skip")  # leaves the page at hand, which was no second reading
    assert app.query_params["page"] == "1"
    assert "ST up" not in app.text_area[0].value
    assert "Nobody has saved" in below(app, "Versions and review")
    press(app, "label-normal")
    press(app, "save")
    mine = readings.head(data, 1, "Ada")
    assert mine is not None and mine.reading.label == "normal"
    shared = readings.head(data, 1)
    assert shared is not None and shared.reading == ABNORMAL


def test_a_page_that_is_gone_is_told(data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.run()
    app.session_state["review-open"] = 99
    app.session_state["person"] = "Ada"
    sound(app.switch_page("pages/review.py").run())
    assert "There is no page 99" in "\n".join(w.value for w in app.warning)


@pytest.mark.parametrize(("limit", "word"), [("max_page_count = 1", "disk is full"), ("query_only = ON", "read-only")])
def test_a_full_or_read_only_database_keeps_the_work_in_the_session(
    app: AppTest, data: Store, monkeypatch: pytest.MonkeyPatch, limit: str, word: str
) -> None:
    def limited(path: Path) -> Database:
        db = connect(path)
        db.conn.execute(f"PRAGMA {limit}")  # no database is smaller than it is
        return db

    comment = "\N{GREEK SMALL LETTER MU}" * 2000  # more than there is room for
    monkeypatch.setattr("annotations.store.connect", limited)
    sound(app.text_area[0].set_value(comment).run())
    for _ in range(2):  # it is told for as long as it lasts
        told = "\n".join(error.value for error in app.error)
        assert word in told and "stays in this browser" in told
        assert "Not kept" in texts(app)
        sound(app.run())
    press(app, "save")
    assert word in "\n".join(error.value for error in app.error)
    assert readings.draft_of(data, 2, "Ada") is None and readings.head(data, 2) is None
    monkeypatch.undo()
    monkeypatch.setenv("ECG_DATA_DIR", str(data.folder))
    sound(app.run())
    assert not app.error and "Draft kept" in texts(app)
    draft = readings.draft_of(data, 2, "Ada")
    assert draft is not None and draft.reading.comment == comment
    press(app, "save")
    head = readings.head(data, 2)
    assert head is not None and head.reading.comment == comment


def test_correct_this_keeps_the_page_and_opens_it(
    data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, ecg_page_rgb: ByteArray
) -> None:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.session_state["person"] = "Ada"
    drop(app.run(), ("secret name.png", png(ecg_page_rgb)))
    assert len(data.rows("SELECT 1 FROM image")) == 3  # screening keeps nothing
    sound(next(button for button in app.button if button.label == "Correct this").click().run())
    assert len(data.rows("SELECT 1 FROM image")) == 3  # first the question what may be kept, which is asked once
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
    data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, ecg_page_rgb: ByteArray
) -> None:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    choose_what_to_keep(data, "panel")
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    drop(app, ("Jane Doe.png", png(ecg_page_rgb)))
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
    data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, ecg_page_rgb: ByteArray
) -> None:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    choose_what_to_keep(data, "photo")
    app = AppTest.from_file(str(APP), default_timeout=60)
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


def test_nothing_but_the_result_is_kept(
    data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, ecg_page_rgb: ByteArray
) -> None:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    choose_what_to_keep(data, "result")
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    drop(app, ("Jane Doe.png", png(ecg_page_rgb)))
    sound(next(button for button in app.button if button.label == "Keep this result").click().run())
    assert len(data.rows("SELECT 1 FROM image")) == 3
    (result,) = kept_results(data)
    assert result["decision"] == "refer"
    assert "Jane" not in str(result)


def test_a_batch_goes_into_the_queue_once(
    data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, ecg_page_rgb: ByteArray
) -> None:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    choose_what_to_keep(data, "photo")
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    other = ecg_page_rgb.copy()
    other[:5] = 200
    drop(app, ("a.png", png(ecg_page_rgb)), ("b.png", png(other)), ("broken.png", b"no picture"))
    for _ in range(2):  # the second time nothing is new
        press(app, "keep-all")
        assert data.rows("SELECT count(*) AS n FROM prediction WHERE image_id > 3") == [{"n": 2}]
    assert queue.progress(data, "Ada", "uncertain").waiting == 5


def test_find_alike_proposes_and_a_person_accepts(
    data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", seed=4)
    drawn = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=5.0), 4, beats_s=beats_s)
    picture, _ = data.add_picture(drawn.image_rgb)
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    app = review("Ada")
    app.session_state["review-open"] = picture.id
    sound(app.run())
    assert app.button(key="help-alike").disabled  # nothing is drawn yet
    rough = drawn.boxes_xyxy[20] + [-6, -4, 6, 4]
    work = app.session_state["work"]
    work.change(data, replace(work.reading, boxes=(LabelledBox("mine", Box(*rough)),)))
    work.last_drawn = "mine"
    work.reseed()
    sound(app.run())
    press(app, "help-snap")
    (snapped,) = app.session_state["work"].reading.beats
    error = np.abs(np.array(snapped.box_photo_xyxy.as_list()) - drawn.boxes_xyxy[20])
    assert error.mean() < np.abs(rough - drawn.boxes_xyxy[20]).mean()
    press(app, "help-alike")
    waiting = app.session_state["work"].pending
    assert len(waiting) >= 5
    assert len(app.session_state["work"].reading.beats) == 1  # only a proposal
    press(app, "help-accept")
    press(app, "save")
    head = readings.head(data, picture.id)
    assert head is not None
    assert [box.origin for box in head.reading.beats].count("propagated") == len(waiting)
    assert "missed beats?" in below(app, "Rhythm check") or "Nothing in the rhythm" in texts(app)
