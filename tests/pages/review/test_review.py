"""From a verdict to a saved correction and back, in Streamlit's own test harness on a real store."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database
from streamlit.testing.v1 import AppTest

from annotations import readings
from annotations.database.data_folder import connect
from annotations.model import LabelledBox
from annotations.store import Store
from ecgcore.overlay import NOTICE
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.types import Box
from tests.support.app_pages import APP, sound, texts
from tests.support.review_app import at_hand, below, button, do, press, review
from tests.support.stored_pictures import NORMAL


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
    assert "3 pages left" in texts(app)
    assert "No changes yet." in texts(app)
    assert len(at_hand(app).seeded_untouched) == 2
    assert "2 beats" in below(app, "Boxes as a list")


def test_label_flags_and_comment_are_kept_at_once_and_saved(app: AppTest, data: Store) -> None:
    do(app, "label-abnormal")
    sound(app.toggle[0].set_value(True).run())
    sound(app.text_area[0].set_value("ST up in V2").run())
    draft = readings.draft_of(data, 2, "Ada")
    assert draft is not None
    assert (draft.reading.label, draft.reading.boxes_complete) == ("abnormal", True)
    assert "Draft kept" in texts(app)
    do(app, "save")
    head = readings.head(data, 2)
    assert head is not None
    assert (head.reading.label, head.reading.comment, head.bundle_version) == ("abnormal", "ST up in V2", "starter")
    assert [box.origin for box in head.reading.boxes] == ["accepted", "accepted"]
    assert not at_hand(app).seeded_untouched  # what a person saved is no mere proposal any more
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
    do(app, "label-normal")
    do(app, "save-next")
    assert app.query_params["page"] == "3"
    do(app, "skip")
    assert app.query_params["page"] == "1"
    do(app, "label-unsure")
    do(app, "save-next")
    assert "Queue is empty" in "\n".join(info.value for info in app.info)
    assert readings.head(data, 3) is None
    assert "You skipped 1 page that nobody has read yet." in texts(app)


def test_a_reload_finds_page_and_draft_again(app: AppTest) -> None:
    do(app, "label-unsure")
    again = AppTest.from_file(str(APP), default_timeout=60)
    again.query_params["who"], again.query_params["page"] = "Ada", "2"
    again.run()
    again.query_params["who"], again.query_params["page"] = "Ada", "2"
    sound(again.switch_page("pages/review.py").run())
    assert button(again, "label-unsure").label == "**Unsure** `U`"


def test_a_label_key_sets_and_never_clears(app: AppTest, data: Store) -> None:
    for _ in range(2):
        do(app, "label-abnormal")
        assert at_hand(app).reading.label == "abnormal"
    do(app, "label-none")
    assert at_hand(app).reading.label is None


@pytest.mark.parametrize("key", ["save", "save-next"])
def test_a_save_without_a_label_asks_and_saves_nothing(app: AppTest, data: Store, key: str) -> None:
    do(app, key)
    assert "this page has no label" in "\n".join(warning.value for warning in app.warning)
    sound(app.run())
    assert readings.head(data, 2) is None
    do(app, "not-yet")
    assert not app.warning and readings.head(data, 2) is None
    do(app, key)
    do(app, "label-unsure")  # the answer saves, and goes on as was asked
    head = readings.head(data, 2)
    assert head is not None and head.reading.label == "unsure"
    assert app.query_params["page"] == ("2" if key == "save" else "3")


def test_what_is_no_ecg_is_saved_without_a_label(app: AppTest, data: Store) -> None:
    session = at_hand(app)
    sound(app.pills(key=f"flags-{session.token}-{session.seed}").set_value(["not an ECG"]).run())
    do(app, "save")
    head = readings.head(data, 2)
    assert head is not None and head.reading.flags == {"not an ECG"}


def test_the_end_of_a_queue_tells_of_pages_without_a_label_and_leads_to_them(app: AppTest, data: Store) -> None:
    for step in range(3):
        do(app, "save-next")
        do(app, "only-boxes" if step < 2 else "label-normal")
    assert "Queue is empty" in "\n".join(info.value for info in app.info)
    assert "You saved 2 pages **without a label**." in texts(app)
    press(app, "show-unlabelled")
    first = at_hand(app).picture.id
    do(app, "label-abnormal")
    do(app, "save-next")
    assert at_hand(app).picture.id != first
    do(app, "label-abnormal")
    do(app, "save-next")
    assert "Queue is empty" in "\n".join(info.value for info in app.info)
    assert "without a label" not in texts(app)


def test_saved_vanishes_with_the_next_thing_that_happens(app: AppTest) -> None:
    do(app, "label-normal")
    do(app, "save")
    assert "Saved " in texts(app)
    do(app, "label-abnormal")
    assert "Saved " not in texts(app)
    do(app, "undo")
    assert "Saved " not in texts(app)


def test_undo_goes_one_change_back(app: AppTest, data: Store) -> None:
    do(app, "label-normal")
    do(app, "label-abnormal")
    do(app, "undo")
    draft = readings.draft_of(data, 2, "Ada")
    assert draft is not None and draft.reading.label == "normal"


def test_a_box_is_added_and_moved_by_keyboard(app: AppTest, data: Store) -> None:
    below(app, "Boxes as a list")
    do(app, "list-add")
    session = at_hand(app)
    assert [box.origin for box in session.reading.beats].count("drawn") == 1
    added = next(box for box in session.reading.beats if box.origin == "drawn")
    number = sorted(session.reading.beats, key=lambda box: box.box_photo_xyxy.x1).index(added)
    sound(app.selectbox(key=f"place-{session.token}-{session.seed}").set_value(number).run())
    for edge, value in {"Left": 10, "Top": 20, "Right": 40, "Bottom": 60}.items():
        field = next(field for field in app.number_input if field.label == edge)
        sound(field.set_value(value).run())
    do(app, "list-move")
    assert Box(10, 20, 40, 60) in [box.box_photo_xyxy for box in at_hand(app).reading.beats]
    assert readings.draft_of(data, 2, "Ada") is not None


@pytest.mark.parametrize(("limit", "word"), [("max_page_count = 1", "disk is full"), ("query_only = ON", "read-only")])
def test_a_full_or_read_only_database_keeps_the_work_in_the_session(
    app: AppTest, data: Store, monkeypatch: pytest.MonkeyPatch, limit: str, word: str
) -> None:
    def limited(path: Path) -> Database:
        db = connect(path)
        db.conn.execute(f"PRAGMA {limit}")  # no database is smaller than it is
        return db

    comment = "\N{GREEK SMALL LETTER MU}" * 2000  # more than there is room for
    monkeypatch.setattr("annotations.database.data_folder.connect", limited)
    sound(app.text_area[0].set_value(comment).run())
    do(app, "label-normal")
    for _ in range(2):  # it is told for as long as it lasts
        told = "\n".join(error.value for error in app.error)
        assert word in told and "stays in this browser" in told
        assert "Not kept" in texts(app)
        sound(app.run())
    do(app, "save")
    assert word in "\n".join(error.value for error in app.error)
    assert readings.draft_of(data, 2, "Ada") is None and readings.head(data, 2) is None
    monkeypatch.undo()
    monkeypatch.setenv("ECG_DATA_DIR", str(data.folder))
    sound(app.run())
    assert not app.error and "Draft kept" in texts(app)
    draft = readings.draft_of(data, 2, "Ada")
    assert draft is not None and draft.reading.comment == comment
    do(app, "save")
    head = readings.head(data, 2)
    assert head is not None and head.reading.comment == comment


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
    assert button(app, "help-alike").disabled  # nothing is drawn yet
    rough = drawn.boxes_xyxy[20] + [-6, -4, 6, 4]
    session = at_hand(app)
    session.change(data, replace(session.reading, boxes=(LabelledBox("mine", Box(*rough)),)))
    session.last_drawn = "mine"
    session.reseed()
    sound(app.run())
    do(app, "help-snap")
    (snapped,) = at_hand(app).reading.beats
    error = np.abs(np.array(snapped.box_photo_xyxy.as_list()) - drawn.boxes_xyxy[20])
    assert error.mean() < np.abs(rough - drawn.boxes_xyxy[20]).mean()
    do(app, "help-alike")
    waiting = at_hand(app).pending
    assert len(waiting) >= 5
    assert len(at_hand(app).reading.beats) == 1  # only a proposal
    do(app, "help-accept")
    do(app, "label-normal")
    do(app, "save")
    head = readings.head(data, picture.id)
    assert head is not None
    assert [box.origin for box in head.reading.beats].count("propagated") == len(waiting)
    assert "possibly missed beat" in below(app, "Rhythm check") or "no missed or doubled beat" in texts(app)
