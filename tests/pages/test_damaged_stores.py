"""A damaged data folder: every page opens or says what to do, and what is whole can still be worked on."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from annotations import readings
from annotations.model import Reading
from annotations.store import DATABASE, Store
from tests.support.app_pages import APP, PAGES, open_page, sound
from tests.support.review_app import at_hand, do, review, state


def change(folder: Path, statement: str) -> None:
    """Write past all guards, as a failing disk does."""
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute(statement)
        db.commit()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flags": lambda folder: change(folder, "UPDATE revision SET flags = '{' WHERE id = 3"),
    "stages": lambda folder: change(folder, "UPDATE train_run SET stages = '{'"),
    "events": lambda folder: change(folder, "UPDATE run_event SET event = '[]'"),
    "pictures": lambda folder: (folder / "pictures").rename(folder / "elsewhere"),
    "database": lambda folder: cut(folder / DATABASE),
    "no database": lambda folder: (folder / DATABASE).unlink(),
    "summary": lambda folder: (folder / "runs" / "1" / "summary.json").write_text("[]"),
    "comparison": lambda folder: (folder / "runs" / "1" / "comparison.json").write_text('{"pages": 7}'),
    "predictions": lambda folder: (folder / "runs" / "1" / "predictions.csv").write_text("file,fold\na,b\n"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_page_opens_or_says_what_to_do(finished: Store, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    finished.close()
    monkeypatch.setenv("ECG_DATA_DIR", str(finished.folder))
    DAMAGES[damage](finished.folder)
    assert [found for name in PAGES if (found := open_page(name))] == []


def test_a_page_whose_picture_is_damaged_is_passed_over(data: Store) -> None:
    cut(data.picture_path(data.picture(2)))
    app = review("Ada")
    assert "Page 2 was passed over" in app.warning[0].value
    for _ in range(2):
        assert at_hand(app).picture.id != 2
        do(app, "label-normal")
        do(app, "save-next")
    assert state(app).session is None, "no page is left, and none is offered again"
    app.query_params["page"] = "2"
    again = AppTest.from_file(str(APP), default_timeout=60)
    again.query_params.update({"who": "Ben", "page": "2"})
    sound(again.run())
    sound(again.switch_page("pages/review.py").run())
    assert "Page 2 cannot be opened" in again.warning[0].value


def test_a_damaged_draft_is_told_and_the_page_can_be_read(data: Store, app: AppTest) -> None:
    work = at_hand(app)
    readings.save_draft(data, work.picture.id, "Ada", Reading(comment="half"), base_revision_id=None)
    change(data.folder, "UPDATE draft SET content = '{'")
    again = review("Ada")
    assert at_hand(again).picture.id == work.picture.id
    assert "Your draft of page 2 is damaged" in again.warning[0].value
    do(again, "label-normal")
    do(again, "save")
    head = readings.head(data, work.picture.id)
    assert head is not None and head.reading.label == "normal"


def test_a_damaged_part_of_dataset_leaves_the_others(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_DATA_DIR", str(finished.folder))
    DAMAGES["predictions"](finished.folder)
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params["who"] = "Ada"
    sound(app.run())
    sound(app.switch_page("pages/dataset.py").run())
    assert [e.value.startswith("**predictions.csv of run 1 is damaged.**") for e in app.error] == [True]
    assert {tab.label for tab in app.tabs} >= {"Gallery", "Backup"}
    assert any(button.label == "Open page 1" for button in app.button)
