"""One server with the tiny bundle and one Chromium for the browser tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from annotations.store import Store
from tests.support.real_browser import launch, served


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The store that the served app opens."""
    return Store(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def address(tiny_bundle: Path, store: Store) -> Iterator[str]:
    """The app's address, served by a process of its own."""
    with served({"ECG_BUNDLE_DIR": str(tiny_bundle), "ECG_DATA_DIR": str(store.folder)}) as (address, _):
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()
