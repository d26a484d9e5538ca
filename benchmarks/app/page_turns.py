"""How long Review takes from Enter to the next page, in a real Chromium.

python -m benchmarks.app.page_turns [--pages 20]

Each page has nothing to correct: a label key and Enter, two actions. "Seen" is when the next picture is drawn and keys
are heard again, "quiet" when the script has come to rest; "page" is the whole page, from being seen to the next one.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from annotations.store import Store
from tests.support.real_browser import WAIT_MS, launch, served
from tests.support.review_canvas import add_page, settle

LOOK_MS = 600
"""A reader looks before pressing Enter."""


def turn(page: Page) -> tuple[float, float, float]:
    """Label the page and go on; seconds from Enter to seen and to quiet, and of the whole page."""
    begin = time.monotonic()
    page.keyboard.press("n")
    page.wait_for_timeout(LOOK_MS)
    enter = time.monotonic()
    page.keyboard.press("Enter")
    expect(page.locator(".review-frozen")).to_be_hidden(timeout=WAIT_MS)
    seen = time.monotonic()
    quiet = seen
    while time.monotonic() < quiet + 0.3:  # the canvas may yet send what it was given
        if page.locator("[data-test-script-state=notRunning]").count() == 0:
            quiet = time.monotonic()
    return seen - enter, quiet - enter, seen - begin


def main() -> None:
    """Turn many pages and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = Store(Path(folder))
        store.add_person("Ada")
        for number in range(options.pages + 1):
            add_page(store, number)
        environment = {"ECG_DATA_DIR": folder, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
        with served(environment) as (address, _):
            page = launch(playwright).new_page(viewport={"width": 1400, "height": 1000})
            page.goto(f"{address}/review?who=Ada")
            expect(page.locator(".review-told")).to_be_attached(timeout=WAIT_MS)
            settle(page)
            times = np.array([turn(page) for _ in range(options.pages)])
        for word, seconds in zip(("seen", "quiet", "page"), times.T, strict=True):
            print(f"{word:6} median {np.median(seconds):.2f} s, 90th percentile {np.quantile(seconds, 0.9):.2f} s")


if __name__ == "__main__":
    main()
