"""Several people at one page, or a page that is gone, in Streamlit's own test harness on a real store."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from annotations import readings
from annotations.store import Store
from tests.support.app_pages import APP, sound, texts
from tests.support.review_app import at_hand, below, button, do, press, review
from tests.support.stored_pictures import ABNORMAL, NORMAL


def test_a_returned_page_is_in_the_queue_with_the_reviewers_note(
    data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    for image_id in (1, 3):
        head = readings.save(data, image_id, "Ada", NORMAL, base_revision_id=None)
        readings.add_review(data, head.id, "Ben", "returned", f"V{image_id} inverted?")
    app = review("Ada")
    sound(app.selectbox(key="review-order").set_value("flagged").run())
    told = "\n".join(warning.value for warning in app.warning)
    assert at_hand(app).picture.id == 1 and "Returned by Ben" in told and "V1 inverted?" in told
    do(app, "save-next")
    assert at_hand(app).picture.id == 3
    do(app, "save-next")
    assert "Queue is empty" in "\n".join(info.value for info in app.info)


def test_two_people_on_one_page_see_both_versions(app: AppTest, data: Store) -> None:
    do(app, "label-normal")
    readings.save(data, 2, "Ben", ABNORMAL, base_revision_id=None)
    do(app, "save")
    shown = texts(app) + "\n".join(w.value for w in app.warning)
    assert "Ben saved this page" in shown
    assert "**Yours** · normal" in shown and "**Ben's** · abnormal" in shown
    press(app, "conflict-mine")
    assert [r.person for r in readings.history(data, 2)] == ["Ada", "Ben"]
    head = readings.head(data, 2)
    assert head is not None and head.reading.label == "normal"


def test_the_losers_can_take_the_winners_or_both(app: AppTest, data: Store) -> None:
    do(app, "label-normal")
    readings.save(data, 2, "Ben", NORMAL, base_revision_id=None)
    do(app, "save")
    press(app, "conflict-both")
    assert "4 beats" in below(app, "Boxes as a list")
    do(app, "save")
    head = readings.head(data, 2)
    assert head is not None and len(head.reading.beats) == 4
    readings.save(data, 2, "Ben", ABNORMAL, base_revision_id=head.id)
    do(app, "label-abnormal")
    do(app, "save")
    press(app, "conflict-theirs")
    assert readings.draft_of(data, 2, "Ada") is None
    assert button(app, "label-abnormal").label == "**Abnormal** `A`"


def test_a_second_reading_is_blind(app: AppTest, data: Store) -> None:
    readings.save(data, 1, "Ben", ABNORMAL, base_revision_id=None)
    sound(app.selectbox(key="review-order").set_value("second").run())
    assert app.query_params["page"] == "1"
    assert "ST up" not in app.text_area[0].value
    assert "Nobody has saved" in below(app, "Versions and review")
    do(app, "label-normal")
    do(app, "save")
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
    assert app.query_params["page"] == "2"  # and goes on with the queue
