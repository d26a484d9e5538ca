"""Messages as the browser's components send them, put where these would arrive."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from annotations.readings.predictions import record_prediction
from annotations.store import Store
from ecgcore.bundle.folder import load_bundle
from ecgcore.papersim import KINDS, PageStyle, draw_page, synthetic_ecg
from ecgcore.pipeline import screen
from pages.parts.common.browser.messages import is_canvas
from pages.parts.screen.screening import session as screening
from tests.support.app_pages import APP

RECT: dict[str, Any] = {
    "type": "Rect", "left": 200.0, "top": 150.0, "width": 60.0, "height": 80.0, "scaleX": 1, "scaleY": 1,
    "originX": "left", "originY": "top", "strokeWidth": 2, "strokeDashOffset": 0,
}  # fmt: skip
FIT = {"naturalWidth": 9.0, "naturalHeight": 9.0, "scaleX": 1.0, "scaleY": 1.0, "offsetX": 0.0, "offsetY": 0.0}


def drawing(*objects: dict[str, Any]) -> dict[str, Any]:
    """What a canvas sends."""
    return {"drawing": {"raw": {"objects": list(objects)}, "data": None}, "backgroundFit": FIT}


_SHOWN = ("bidi_component", "plotly_chart", "dataframe")


def send(app: AppTest, key: str, said: object, *, event: str = "") -> AppTest:
    """Let the browser side of a component say something, and run the page.

    Args:
        app: a page that shows it.
        key: the component's; of what begins like it the first.
        said: JSON-able; of a trigger its value.
        event: the trigger's name; empty for a state.
    """
    found = [element for kind in _SHOWN for element in app.get(kind) if (element.key or "").startswith(key)]
    if not found:
        raise LookupError(key)
    element = found[0]
    proto_id = element.proto.id
    if event:
        state = WidgetState(id=_make_trigger_id(proto_id, "events"))
        state.json_trigger_value = json.dumps([{"event": event, "value": said}])
    elif element.type == "bidi_component":
        state = WidgetState(id=proto_id, json_value=json.dumps(said))
    else:
        state = WidgetState(id=proto_id, string_value=json.dumps(said))
    states = app._tree.get_widget_states()
    states.widgets.append(state)
    return app._run(states)


@contextmanager
def served(folder: Path, bundle_folder: Path) -> Iterator[None]:
    """A new store with two screened pages for the app; what is dropped is screened before a run of it ends."""
    store = Store(folder)
    store.add_person("Ada")
    bundle = load_bundle(bundle_folder, "cpu")
    for seed in (4, 5):
        signals_mv, fs_hz, beats_s = synthetic_ecg("normal", seed=seed)
        page_rgb = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=5.0), seed, beats_s=beats_s).image_rgb
        picture, _ = store.add_picture(page_rgb)
        record_prediction(store, picture.id, screen(page_rgb, bundle, file="page"))
    environment = {"ECG_DATA_DIR": str(folder), "ECG_BUNDLE_DIR": str(bundle_folder)}
    with patch.dict("os.environ", environment), patch.object(screening, "PATIENCE_S", 120.0):
        yield


def review_messages(app: AppTest) -> list[tuple[str, dict[str, Any], str]]:
    """Of each component of Review a key, an honest message and its event."""
    work = app.session_state["desk"].session
    press = {"n": 1, "what": "label-normal", "view": work.view, "page": ""}
    marker = {**RECT, "width": 0, "height": 0, "strokeDashOffset": -1 - work.seed}
    return [
        (f"canvas-{work.token}", drawing(RECT, {**RECT, "strokeDashOffset": 1}, marker), ""),
        ("review-presses", {"log": {"id": "a", "presses": [press, {**press, "n": 2, "what": "undo"}]}}, ""),
        ("paint-", drawing(RECT), ""),
    ]


def screen_messages() -> list[tuple[str, dict[str, Any], str]]:
    """The same of Screen with an open page."""
    corner = {**RECT, "type": "Circle", "radius": 7, "strokeDashOffset": 1}
    point = {"customdata": 1, "x": 5.0, "y": 5.0}
    selection = {"selection": {"points": [point], "box": [{"x": [5.0, 90.0], "y": [9.0, 80.0]}], "lasso": []}}
    return [
        ("corner-canvas", drawing(corner, {**corner, "strokeDashOffset": 0}), ""),
        ("page-list", {"id": "1", "number": 3}, "open"),
        ("page-list", {"value": "1"}, "remove"),
        ("files-too-large", {"names": ["a.png"], "alone": True}, "drop"),
        ("page-", selection, ""),
    ]


class Session:
    """One browser session; another one begins where a message has brought it down."""

    def __init__(self) -> None:
        self.app = self._new()
        self.failures = self.losses = 0
        self.sent: Counter[str] = Counter()

    def hear(self, key: str, said: object, event: str) -> None:
        """Send one message and look at what became of the page and of the reading on the desk."""
        self.sent[f"{key.rstrip('-').split('-')[0]} {event}".strip()] += 1
        before = self._reading()
        try:
            app = send(self.app, key, said, event=event)
            errors = [f"{error.message} {error.stack_trace[-1:]}" for error in app.exception]
        except (LookupError, RecursionError) as error:
            errors = [repr(error)]
        if errors:
            self.failures += 1
            print(f"{key} {event}: {json.dumps(said)[:200]}: {errors[0][:300]}", file=sys.stderr)
            self.app = self._new()
        elif key.startswith("canvas") and not is_canvas(said) and before != self._reading():
            self.losses += 1
            print(f"{key} {event}: {json.dumps(said)[:200]}: the reading changed", file=sys.stderr)

    def show_review(self) -> None:
        """Review with its second canvas."""
        if "review-presses" not in [component.key for component in self.app.get("bidi_component")]:
            self.app.switch_page("pages/review.py").run()
            self.app.segmented_control(key="review-below").set_value("Redact").run()

    def show_screen(self) -> None:
        """Screen with two pages and the canvas of the corners."""
        shown = [component.key for component in self.app.get("bidi_component")]
        if not self.app.get("plotly_chart") or "page-list" not in shown:
            self.app.switch_page("pages/screen.py").run()
            for kind in list(KINDS)[:2]:
                self.app.button(key=f"sample-{kind}").click().run()
            self.app.toggle(key="show-straight").set_value(True).run()

    def _reading(self) -> object:
        state = self.app.session_state.get("desk", None)
        return None if state is None or state.session is None else (state.session.picture.id, state.session.reading)

    def _new(self) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=300)
        app.session_state["person"] = "Ada"
        return app.run()
