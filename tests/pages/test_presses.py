"""A press of a key holds also where the canvas sends something and Streamlit cuts the run short before it is read."""

from importlib import import_module
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from annotations import readings
from annotations.store import Store
from tests.pages.review_app import press


@pytest.fixture
def cut_short(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """While it holds something, the next run ends at the canvas, as when that has sent a drawing meanwhile."""
    waiting: list[bool] = []
    desk = import_module("pages.parts.desk")  # the canvas can be declared by a running app only
    canvas = desk.st_canvas

    def canvas_that_interrupts(**arguments: Any) -> Any:
        if waiting:
            waiting.pop()
            st.rerun()
        return canvas(**arguments)

    monkeypatch.setattr(desk, "st_canvas", canvas_that_interrupts)
    return waiting


def test_save_is_not_lost(app: AppTest, data: Store, cut_short: list[bool]) -> None:
    press(app, "label-normal")
    cut_short.append(True)
    press(app, "save")
    assert not cut_short
    head = readings.head(data, 2)
    assert head is not None
    assert head.reading.label == "normal"
    assert readings.draft_of(data, 2, "Ada") is None


def test_a_label_is_not_lost_and_not_set_twice(app: AppTest, data: Store, cut_short: list[bool]) -> None:
    cut_short.append(True)
    press(app, "label-abnormal")
    app.run()
    draft = readings.draft_of(data, 2, "Ada")
    assert draft is not None
    assert draft.reading.label == "abnormal"  # a second press would have taken it off


def test_skip_is_not_lost_and_skips_one_page(app: AppTest, data: Store, cut_short: list[bool]) -> None:
    cut_short.append(True)
    press(app, "skip")
    app.run()
    assert [len(readings.history(data, image_id)) for image_id in (1, 2, 3)] == [0, 1, 0]


def test_a_press_for_the_page_before_does_nothing_to_the_next(app: AppTest, data: Store) -> None:
    app.session_state["review-open"] = 3  # another page has come onto the desk when the press is read
    press(app, "skip")
    assert app.query_params["page"] == "3"
    assert not [readings.history(data, image_id) for image_id in (1, 2, 3) if readings.history(data, image_id)]
