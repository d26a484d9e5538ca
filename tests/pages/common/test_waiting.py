"""A wait of some seconds: its bar, its result and its errors."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.common.waiting import bar


def waits() -> None:
    import time

    import streamlit as st

    from pages.parts.common import waiting

    drawn = []
    waiting.SHOWN_AFTER_S = waiting._STEP_S = 0.02
    original = waiting.bar

    def watched(*said: object) -> tuple[float, str]:
        drawn.append(said)
        return original(*said)  # type: ignore[arg-type]

    waiting.bar = watched  # type: ignore[assignment]
    try:
        for seconds in (0.2, 0.0, 0.2):
            st.markdown(waiting.wait_for("Computing", lambda s=seconds: time.sleep(s) or f"took {s}", usual_s=9.0))
        st.markdown(f"bars of {sorted({round(said[2], 1) for said in drawn})}")

        def broken() -> str:
            raise ValueError("no such page")

        try:
            waiting.wait_for("Computing", broken, usual_s=1.0)
        except ValueError as error:
            st.markdown(f"told: {error}")
    finally:
        waiting.bar, waiting.SHOWN_AFTER_S, waiting._STEP_S = original, 0.4, 0.25


def test_what_was_waited_for_is_returned_and_an_error_is_told() -> None:
    app = AppTest.from_function(waits).run(timeout=30)
    assert not app.exception
    words = [told.value for told in app.markdown]
    assert words[:3] == ["took 0.2", "took 0.0", "took 0.2"]
    assert words[3] == "bars of [0.2, 9.0]", "the first is guessed, the next is known"
    assert words[4] == "told: no such page"


@pytest.mark.parametrize(
    ("spent_s", "about_s", "share", "words"),
    [
        (1.0, 4.0, 0.25, "Computing: 1 s of about 4 s"),
        (9.0, 4.0, 0.95, "Computing: 9 s"),
        (0.2, 0.4, 0.5, "Computing: 0 s"),
    ],
)
def test_the_bar_says_how_long_it_takes(spent_s: float, about_s: float, share: float, words: str) -> None:
    assert bar("Computing", spent_s, about_s) == (pytest.approx(share), words)
