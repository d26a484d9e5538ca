"""Many pages on Screen: what is open, what waits, and what was not screened."""

import threading
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.pipeline import screen
from ecgcore.types import ByteArray, Prediction
from pages.parts.screen.batch import ORDER
from pages.parts.screen.screening import session
from tests.support.app_pages import APP, drop, opened, png, texts, turned


@pytest.fixture
def app(tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    monkeypatch.setenv("ECG_DATA_DIR", str(tmp_path / "data"))
    return AppTest.from_file(str(APP), default_timeout=60).run()


def hold_screening(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let no page be screened until the event is set."""
    go_on, screen_now = threading.Event(), screen

    def waits(*arguments: Any, **options: Any) -> Prediction:
        assert go_on.wait(60)
        return screen_now(*arguments, **options)

    monkeypatch.setattr("pages.parts.screen.screened.screen", waits)
    return go_on


def test_batch_goes_on_after_what_cannot_be_screened(app: AppTest, ecg_page_rgb: ByteArray) -> None:
    blank = png(ecg_page_rgb * 0 + 255)
    files = (("letter.docx", b"no picture"), ("blank.png", blank), ("a.png", png(ecg_page_rgb)))
    drop(app, *files, ("b.png", png(turned(ecg_page_rgb))))
    statuses = {item.title: item.prediction.status for item in app.session_state["screened"].values()}
    assert statuses == {"letter.docx": "error", "blank.png": "rejected", "a.png": "ok", "b.png": "ok"}
    assert opened(app) == "a.png", "the first of the drop that is an ECG"
    assert "**4 pages:** ▲ 0 abnormal · ◆ 2 refer · ● 0 normal · ✕ 2 not screened" in texts(app)
    assert ORDER in texts(app)
    assert {"Save all (CSV)", "Save all (JSON Lines)"} <= {button.label for button in app.download_button}
    app.button(key="remove-all").click().run()
    assert "Drop ECG pictures" in texts(app)


def test_what_was_dropped_last_is_open(app: AppTest, ecg_page_rgb: ByteArray) -> None:
    drop(app, ("first.png", png(ecg_page_rgb)))
    assert opened(app) == "first.png"
    drop(app, ("second.png", png(turned(ecg_page_rgb))))
    assert opened(app) == "second.png"
    drop(app, ("first.png", png(ecg_page_rgb)))
    assert opened(app) == "first.png", "dropped again"
    drop(app, ("letter.docx", b"no picture"))
    assert opened(app) == "letter.docx"
    assert "letter.docx" in app.error[0].value


def test_a_page_whose_answer_is_not_there_yet_shows_no_other_answer(
    app: AppTest, ecg_page_rgb: ByteArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(app, ("first.png", png(ecg_page_rgb)))
    go_on = hold_screening(monkeypatch)
    monkeypatch.setattr(session, "PATIENCE_S", 0.0)
    drop(app, ("second.png", png(turned(ecg_page_rgb))))
    assert opened(app) == "second.png"
    assert "Its result appears here" in app.info[0].value
    assert not app.get("plotly_chart")
    go_on.set()
    assert app.session_state["screening"].wait(60)
    app.run()
    assert opened(app) == "second.png"
    assert len(app.get("plotly_chart")) == 1


def test_a_batch_goes_on_while_another_page_is_open_and_takes_more(
    app: AppTest, ecg_page_rgb: ByteArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = hold_screening(monkeypatch)
    monkeypatch.setattr(session, "PATIENCE_S", 0.0)
    drop(app, ("a.png", png(ecg_page_rgb)), ("b.png", png(turned(ecg_page_rgb))))
    drop(app, ("c.png", png(ecg_page_rgb[::-1].copy())))
    assert "3 waiting" in texts(app)
    app.switch_page("pages/models.py").run()
    go_on.set()
    assert app.session_state["screening"].wait(60)
    app.switch_page("pages/screen.py").run()
    assert not app.exception
    assert [item.title for item in app.session_state["screened"].values()] == ["a.png", "b.png", "c.png"]
    assert opened(app) == "c.png"


def test_a_stopped_batch_says_so_and_goes_on_where_it_was_stopped(
    app: AppTest, ecg_page_rgb: ByteArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = hold_screening(monkeypatch)
    monkeypatch.setattr(session, "PATIENCE_S", 0.0)
    drop(app, ("a.png", png(ecg_page_rgb)), ("b.png", png(turned(ecg_page_rgb))))
    app.button(key="screening-stop").click().run()
    go_on.set()
    assert "Stopped: 2 files not screened." in app.warning[0].value
    app.button(key="screening-resume").click().run()
    assert app.session_state["screening"].wait(60)
    assert {item.title for item in app.session_state["screened"].values()} == {"a.png", "b.png"}


def test_previous_and_next_follow_the_list(app: AppTest, ecg_page_rgb: ByteArray) -> None:
    drop(app, ("a.png", png(ecg_page_rgb)), ("b.png", png(turned(ecg_page_rgb))), ("letter.docx", b"no picture"))
    while not app.button(key="page-previous").disabled:  # which is the most urgent, the networks say
        app.button(key="page-previous").click().run()
    app.button(key="page-next").click().run()
    app.button(key="page-next").click().run()
    assert not app.exception
    assert opened(app) == "letter.docx"
    assert app.button(key="page-next").disabled
    app.button(key="page-previous").click().run()
    assert opened(app) != "letter.docx"
