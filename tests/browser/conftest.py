"""Chromium and servers with the tiny bundle for the browser tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from annotations.store import Store
from tests.support.real_browser import WAIT_MS, launch, served


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The store that the served app opens."""
    return Store(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def address(tiny_bundle: Path, store: Store) -> Iterator[str]:
    """The app's address, served by a process of its own."""
    with served({"ECG_BUNDLE_DIR": str(tiny_bundle), "ECG_DATA_DIR": str(store.folder)}) as (address, _):
        yield address


@pytest.fixture(scope="package")
def screen_address(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app that all modules share which only screen, and store nothing."""
    data = tmp_path_factory.mktemp("screening")
    with served({"ECG_BUNDLE_DIR": str(tiny_bundle), "ECG_DATA_DIR": str(data)}) as (address, _):
        yield address


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium; of this package, since its event loop would be in the way of tests that have their own."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()
