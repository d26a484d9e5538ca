"""A file of very many pages asks which of them to screen, and those keep their numbers."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.screen.screened import WHICH_PAGES
from tests.support.app_pages import drop, texts
from tests.support.pdf_files import pdf_of_pages

APP = Path(__file__).parents[3] / "app.py"


@pytest.fixture
def app(tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    monkeypatch.setenv("ECG_DATA_DIR", str(tmp_path / "data"))
    return AppTest.from_file(str(APP), default_timeout=60).run()


def _screen_these(app: AppTest) -> None:
    next(button for button in app.button if button.label == "Screen these pages").click().run()


def test_the_pages_of_a_long_file_are_chosen(app: AppTest) -> None:
    drop(app, ("book.pdf", pdf_of_pages(60, 30, 20)))
    (asked,) = app.session_state["screened"].values()
    cause = "book.pdf has 60 pages; 50 are the most that are read at once."
    assert asked.prediction.reason == f"{cause} {WHICH_PAGES}"
    app.text_input(key="chosen-pages").set_value("two")
    _screen_these(app)
    assert not app.exception
    assert "Write page numbers" in texts(app), [e.value for e in app.error]
    app.text_input(key="chosen-pages").set_value("58-")
    _screen_these(app)
    app.session_state["screening"].wait(60)
    app.run()
    assert not app.exception
    rows = [item for item in app.session_state["screened"].values() if item is not asked]
    assert [(item.prediction.file, item.prediction.page) for item in rows] == [("book.pdf", n) for n in (58, 59, 60)]


def test_one_chosen_page_is_shown_as_itself(app: AppTest) -> None:
    drop(app, ("book.pdf", pdf_of_pages(60, 30, 20)))
    app.text_input(key="chosen-pages").set_value("15")
    _screen_these(app)
    app.session_state["screening"].wait(60)
    item = list(app.session_state["screened"].values())[-1]
    assert item.prediction.page == 15
    dark = item.shown.photo_rgb()[:, :, 0].min(axis=0)
    assert abs(int(np.argmin(dark)) - 14 / 30 * len(dark)) < len(dark) / 25
