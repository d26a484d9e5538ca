"""Drives the app in Streamlit's own test harness, as far as the tests of Review and of keeping pages share it."""

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from pages.parts.review.session import ReviewSession
from pages.parts.review.state import ReviewState
from tests.support.app_pages import APP, sound, texts


def review(name: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params["who"] = name
    app.run()
    return sound(app.switch_page("pages/review.py").run())


def below(app: AppTest, words: str) -> str:
    """Open one of the parts below the page and read it."""
    sound(app.segmented_control(key="review-below").set_value(words).run())
    return texts(app)


def press(app: AppTest, key: str) -> AppTest:
    return sound(app.button(key=key).click().run())


def state(app: AppTest) -> ReviewState:
    """What lies before the reader."""
    result: ReviewState = app.session_state["desk"]
    return result


def at_hand(app: AppTest) -> ReviewSession:
    """The page that is being read."""
    session = state(app).session
    assert session is not None
    return session


def do(app: AppTest, what: str) -> AppTest:
    """Press one of the buttons that mean the page that is shown."""
    return press(app, f"press-{what}-{at_hand(app).view}")


def button(app: AppTest, what: str) -> Button:
    """One of these buttons."""
    return app.button(key=f"press-{what}-{at_hand(app).view}")
