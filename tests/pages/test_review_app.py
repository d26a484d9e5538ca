"""From a verdict to a saved correction and back, in Streamlit's own test harness on a real store."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database
from streamlit.testing.v1 import AppTest

from annotations import readings
from annotations.model import LabelledBox
from annotations.schema import connect
from annotations.store import Store
from ecgcore.overlay import NOTICE
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.types import Box
from tests.annotations.conftest import ABNORMAL, NORMAL
from tests.pages.review_app import below, press, review, sound
from tests.pages.test_screen_app import APP, texts


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
