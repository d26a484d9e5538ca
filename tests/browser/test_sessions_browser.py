"""In a real Chromium: a session's pages are gone soon after its browser, though no other browser comes or goes."""

import time
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect

from ecgcore.types import ByteArray
from tests.support.real_browser import WAIT_MS, served

pytestmark = pytest.mark.timeout(900)


def pages_are(count: int, file: Path, within_s: float = 60.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if file.exists() and int(file.read_text(encoding="ascii")) == count:
            return True
        time.sleep(0.1)
    return False


def screen(page: Page, address: str, picture: Path) -> None:
    page.goto(address)
    page.locator("input[type=file]").first.set_input_files(picture)
    expect(page.locator(".st-key-page-view")).to_be_visible(timeout=WAIT_MS)
    page.wait_for_selector("[data-test-script-state=notRunning]", state="attached")


def test_a_closed_session_is_let_go_of_though_nobody_else_comes(
    browser: Browser, tiny_bundle: Path, tmp_path: Path, ecg_page_rgb: ByteArray
) -> None:
    counted, picture = tmp_path / "pages", tmp_path / "page.png"
    cv2.imwrite(str(picture), ecg_page_rgb[..., ::-1])
    environment = {
        "ECG_BUNDLE_DIR": str(tiny_bundle),
        "ECG_DATA_DIR": str(tmp_path / "data"),
        "PAGES_FILE": str(counted),
    }
    with served(environment, script="tests/browser/short_sessions.py") as (address, _):
        first, second = (browser.new_context().new_page() for _ in range(2))
        screen(first, address, picture)
        screen(second, address, picture)
        assert pages_are(2, counted), counted.read_text()
        first.context.close()
        assert pages_are(1, counted), counted.read_text()
        time.sleep(3)
        assert pages_are(1, counted), "somebody looks at it"
        second.context.close()
        assert pages_are(0, counted), counted.read_text()
