"""Presses are done once, in order, and to the page that was on the screen, whatever Streamlit merges or cuts short."""

from importlib import import_module
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from annotations import readings
from annotations.store import Store
from pages.parts.review import buttons
from pages.parts.review.buttons import Press, Presses
from tests.support.app_pages import sound
from tests.support.review_app import at_hand, do, state


@pytest.fixture
def cut_short(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """While it holds something, the next run ends at the canvas, as when that has sent a drawing meanwhile."""
    waiting: list[bool] = []
    middle = import_module(
        "pages.parts.common.browser.drawing_canvas"
    )  # the canvas can be declared by a running app only
    canvas = middle.st_canvas

    def canvas_that_interrupts(**arguments: Any) -> Any:
        if waiting:
            waiting.pop()
            st.rerun()
        return canvas(**arguments)

    monkeypatch.setattr(middle, "st_canvas", canvas_that_interrupts)
    return waiting


def test_save_is_not_lost_and_turns_one_page(app: AppTest, data: Store, cut_short: list[bool]) -> None:
    do(app, "label-normal")
    cut_short.append(True)
    do(app, "save-next")
    assert not cut_short
    head = readings.head(data, 2)
    assert head is not None and head.reading.label == "normal"
    assert readings.draft_of(data, 2, "Ada") is None
    assert at_hand(app).picture.id == 3
    assert len(readings.history(data, 2)) == 1


def test_a_label_is_not_lost(app: AppTest, data: Store, cut_short: list[bool]) -> None:
    cut_short.append(True)
    do(app, "label-abnormal")
    sound(app.run())
    draft = readings.draft_of(data, 2, "Ada")
    assert draft is not None and draft.reading.label == "abnormal"


def test_skip_is_not_lost_and_skips_one_page(app: AppTest, data: Store, cut_short: list[bool]) -> None:
    cut_short.append(True)
    do(app, "skip")
    sound(app.run())
    assert [len(readings.history(data, image_id)) for image_id in (1, 2, 3)] == [0, 1, 0]


@pytest.mark.parametrize("what", ["skip", "label-abnormal", "save-next"])
def test_a_press_for_the_page_before_does_nothing_to_the_next_and_is_told(app: AppTest, data: Store, what: str) -> None:
    before = at_hand(app).view
    do(app, "label-normal")
    do(app, "save-next")
    state(app).presses.clicks.append(Press(what, before))
    sound(app.run())
    assert at_hand(app).picture.id == 3
    assert readings.head(data, 3) is None and readings.draft_of(data, 3, "Ada") is None
    assert len(readings.history(data, 2)) == 1
    assert "was not heard" in state(app).presses.notices[-1][1]


def log(app: AppTest, monkeypatch: pytest.MonkeyPatch, *entries: dict[str, Any], name: str = "one") -> None:
    """What the browser's listener has sent until now."""
    received = {"id": name, "presses": [{"n": n, **entry} for n, entry in enumerate(entries, 1)]}
    monkeypatch.setattr(buttons, "_log_of_browser", lambda: received)


def test_presses_that_arrive_together_keep_their_order(
    app: AppTest, data: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = at_hand(app).view
    words = ("label-abnormal", "label-normal", "save-next", "label-unsure")
    log(app, monkeypatch, *({"what": what, "view": view} for what in words))
    for _ in range(2):  # the same list again is the same presses
        sound(app.run())
    head = readings.head(data, 2)
    assert head is not None and head.reading.label == "normal"
    assert at_hand(app).picture.id == 3 and at_hand(app).reading.label is None
    assert [words for _, words in state(app).presses.notices] == [
        "Unsure was not heard: it was meant for the page before."
    ]


def test_a_press_that_was_cut_short_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    received = {"id": "one", "presses": [{"n": n, "what": str(n), "view": "v"} for n in (1, 2, 3)]}
    monkeypatch.setattr(buttons, "_log_of_browser", lambda: received)
    heard, done = Presses(), []

    def act(press: Press) -> None:
        if press.what == "2" and len(done) == 1 and not heard.notices:
            heard.notify("cut short")
            raise KeyboardInterrupt
        done.append(press.what)

    with pytest.raises(KeyboardInterrupt):
        heard.handle_presses(act)
    heard.handle_presses(act)
    heard.handle_presses(act)
    assert done == ["1", "2", "3"]


def test_back_opens_the_page_that_the_address_names_and_loses_no_draft(
    app: AppTest, data: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(app, "label-normal")
    do(app, "save-next")
    do(app, "label-abnormal")
    log(app, monkeypatch, {"what": "open", "view": "", "page": "2"})
    sound(app.run())
    assert at_hand(app).picture.id == 2 and app.query_params["page"] == "2"
    assert at_hand(app).reading.label == "normal"
    draft = readings.draft_of(data, 3, "Ada")
    assert draft is not None and draft.reading.label == "abnormal"
