"""Stores that the app opens in the tests of its pages."""

import functools
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from annotations.readings.predictions import record_prediction
from annotations.store import Store
from pages.parts.screen import screened
from pages.parts.screen.screening import session
from tests.support.review_app import review
from tests.support.screened_before import screen_once
from tests.support.stored_pictures import picture_rgb, prediction

manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
"""Streamlit asks all installed packages for components whenever an ``AppTest`` begins: nine tenths of a page's time."""


@pytest.fixture(autouse=True)
def _screened_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of the page ends when all that was dropped is screened, however slow this machine is."""
    monkeypatch.setattr(session, "PATIENCE_S", 60.0)


@pytest.fixture(autouse=True)
def _screened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that an earlier test dropped gets the answer that it had then."""
    monkeypatch.setattr(screened, "screen", screen_once)


@pytest.fixture
def two_readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store that the app opens: Ada and Ben, and no page."""
    monkeypatch.setenv("ECG_DATA_DIR", str(tmp_path / "data"))
    store = Store(tmp_path / "data")
    for name in ("Ada", "Ben"):
        store.add_person(name)
    return store


@pytest.fixture
def data(two_readers: Store) -> Store:
    """The same with three screened pages."""
    store = two_readers
    for number, p in enumerate((0.99, 0.5, 0.9)):
        picture, _ = store.add_picture(picture_rgb(number))
        record_prediction(store, picture.id, prediction(p))
    return store


@pytest.fixture
def app(data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Review, opened by Ada."""
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    return review("Ada")
