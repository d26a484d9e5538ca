"""The app's pages in Streamlit's own test harness: opened, fed and read."""

from pathlib import Path

import cv2
import pytest
from streamlit.testing.v1 import AppTest

from annotations.store import Store
from ecgcore.types import ByteArray

APP = Path(__file__).parents[2] / "app.py"
PAGES = ("screen", "review", "dataset", "training", "models")


def png(page_rgb: ByteArray) -> bytes:
    """A picture as a file."""
    return cv2.imencode(".png", cv2.cvtColor(page_rgb, cv2.COLOR_RGB2BGR))[1].tobytes()


def drop(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Drop named files on the Screen page."""
    app.file_uploader[0].set_value([(name, content, "image/png") for name, content in files]).run()
    assert not app.exception
    return app


def turned(page_rgb: ByteArray) -> ByteArray:
    """Another picture: the page's mirror image."""
    return page_rgb[:, ::-1].copy()


def opened(app: AppTest) -> str:
    """The title of the page that is shown."""
    return str(app.subheader[-1].value)


def texts(app: AppTest) -> str:
    """All that the page says, the banner's HTML included."""
    kinds = (app.markdown, app.caption, app.subheader, app.error, app.html)
    return "\n".join(
        str(element.value if hasattr(element, "value") else element.proto.body) for k in kinds for element in k
    )


def models(store: Store, monkeypatch: pytest.MonkeyPatch, who: str = "Ada") -> AppTest:
    """The Models page, opened by a person."""
    monkeypatch.setenv("ECG_DATA_DIR", str(store.folder))
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.session_state["person"] = who
    return sound(app.run().switch_page("pages/models.py").run())


def training(store: Store, monkeypatch: pytest.MonkeyPatch, who: str = "Ada") -> AppTest:
    """The Training page, opened by a person."""
    if who:
        store.add_person(who)
    monkeypatch.setenv("ECG_DATA_DIR", str(store.folder))
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.session_state["person"] = who
    return sound(app.run().switch_page("pages/training.py").run())


def sound(app: AppTest) -> AppTest:
    assert not app.exception
    return app


def open_page(name: str) -> str:
    """Open a page of the app on the folder of ``ECG_DATA_DIR``; what is wrong with it, else nothing."""
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.query_params["who"] = "Ada"
    app.run()
    if name != PAGES[0]:
        app.switch_page(f"pages/{name}.py").run()
    if app.exception:
        lines = (app.exception[0].stack_trace or [""])[-3:]
        return f"traceback: {app.exception[0].message[:200]} {' '.join(map(str.strip, lines))}"
    for error in app.error:
        if len([part for part in error.value.replace("?", ".").split(".") if part.strip()]) < 2:
            return f"no next step: {error.value}"
    return ""
