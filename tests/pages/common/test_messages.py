"""Whatever a component is made to say, no page ends in a traceback, and nothing that was there is lost."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from annotations import readings
from annotations.model import MAX_BOXES
from annotations.store import Store
from pages.parts.common.browser.messages import IGNORED, TOO_MANY
from tests.support.app_pages import sound
from tests.support.browser_messages import RECT, Session, drawing, review_messages, screen_messages, send, served
from tests.support.hostile_values import mutated
from tests.support.review_app import at_hand, review

HAND_MADE = 24
"""Of each page; ``python -m benchmarks.hostile.messages`` sends a thousand."""


@pytest.fixture
def session(tmp_path: Path, tiny_bundle: Path) -> Iterator[Session]:
    """A session on a store with two pages."""
    with served(tmp_path / "data", tiny_bundle):
        yield Session()


@pytest.mark.parametrize("seed", range(2))
def test_hand_made_messages_of_review(session: Session, seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(HAND_MADE):
        session.show_review()
        key, honest, event = draw.choice(review_messages(session.app))
        session.hear(key, mutated(honest, draw), event)
    assert (session.failures, session.losses) == (0, 0)


def test_hand_made_messages_of_screen(session: Session) -> None:
    draw = random.Random(0)
    for _ in range(HAND_MADE):
        session.show_screen()
        key, honest, event = draw.choice(screen_messages())
        session.hear(key, mutated(honest, draw), event)
    assert session.failures == 0


def _canvas(app: AppTest) -> str:
    return f"canvas-{at_hand(app).token}"


def _marker(app: AppTest) -> dict[str, Any]:
    return {**RECT, "width": 0, "height": 0, "strokeDashOffset": -1 - at_hand(app).seed}


def test_a_drawing_beyond_the_most_boxes_is_not_taken_over(app: AppTest, data: Store) -> None:
    page = at_hand(app).picture.id
    sound(send(app, _canvas(app), drawing(*[RECT] * 3, _marker(app))))
    drawn = at_hand(app).reading
    assert len(drawn.beats) == 3
    sound(send(app, _canvas(app), drawing(*[RECT] * (MAX_BOXES + 1), _marker(app))))
    assert TOO_MANY in [told.value for told in app.warning]
    draft = readings.draft_of(data, page, "Ada")
    assert at_hand(app).reading == drawn
    assert draft is not None and draft.reading == drawn
    sound(send(app, _canvas(app), drawing(*[RECT] * MAX_BOXES, _marker(app))))
    assert len(at_hand(app).reading.beats) == MAX_BOXES


def test_a_bad_message_is_told_and_the_next_good_one_is_heard(app: AppTest) -> None:
    sound(send(app, _canvas(app), {"drawing": 5}))
    assert IGNORED in [told.value for told in app.warning]
    sound(send(app, _canvas(app), drawing(RECT, _marker(app))))
    assert IGNORED not in [told.value for told in app.warning]
    assert len(at_hand(app).reading.beats) == 1


@pytest.mark.parametrize("address", ["9" * 30, "9" * 5000, "-1", "٣", "1e3", "\x00", "' OR 1=1"])
def test_an_address_that_names_no_page_brings_the_queue(
    data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    app = review("Ada")
    app.query_params["page"] = address
    del app.session_state["desk"]
    sound(app.run())
    assert at_hand(app).picture.id in (1, 2, 3)


@pytest.mark.parametrize("rows", [[0, 10**9], [-1], ["0"], 7, [[]]])
def test_ticks_of_rows_that_are_not_there(app: AppTest, rows: object) -> None:
    sound(app.segmented_control(key="review-below").set_value("Boxes as a list").run())
    sound(send(app, app.dataframe[0].key, {"selection": {"rows": rows, "columns": []}}))
