"""Draws the README's pictures of the app, on a desk and on a phone, with pages that the app draws itself.

    python -m docs.draw_screenshots          # or: make screenshots

The model is the starter, the browser the system's Chromium. Look at each picture before it is committed.
"""

import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from annotations.readings.predictions import record_prediction
from annotations.store import Store
from ecgcore.bundle.folder import load_bundle, starter_folder
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.pipeline import screen
from tests.support.real_browser import launch, served

FOLDER = Path(__file__).parent
SIZES_PX = {"": (1400, 1000), "-phone": (420, 1200)}
WAIT_MS = 300_000
"""Of a machine with other work; the first page loads the networks."""
READER = "Ada"
COLOURS = 256
"""Of a picture's palette: a third of the size, and no difference that is seen."""


def main() -> None:
    """Write ``screen*.png`` and ``review*.png`` beside this file."""
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        _page_to_review(Store(Path(data)))
        browser = launch(playwright)
        with served({"ECG_DATA_DIR": data}) as (address, _):
            for suffix, size_px in SIZES_PX.items():
                _keep(_screened(browser, address, size_px), FOLDER / f"screen{suffix}.png")
                _keep(_reviewed(browser, address, size_px), FOLDER / f"review{suffix}.png")
        browser.close()


def _page_to_review(store: Store) -> None:
    """A drawn page of the store, with what the starter finds on it, and a person to review it."""
    store.add_person(READER)
    signals_mv, fs_hz, _ = synthetic_ecg("wide_qrs", seed=1)
    photo_rgb = np.asarray(
        draw_page(signals_mv, fs_hz, PageStyle(header=False, margin_mm=(8.0, 8.0, 8.0, 10.0)), seed=1).image_rgb
    )
    picture, _ = store.add_picture(photo_rgb)
    record_prediction(store, picture.id, screen(photo_rgb, load_bundle(starter_folder(), "cpu"), file="page.png"))


def _opened(browser: Browser, address: str, size_px: tuple[int, int]) -> Page:
    page = browser.new_page(viewport={"width": size_px[0], "height": size_px[1]}, color_scheme="light")
    page.goto(address)
    _wait(page)
    return page


def _screened(browser: Browser, address: str, size_px: tuple[int, int]) -> Page:
    """The Screen page with a sample's result on top of the view."""
    page = _opened(browser, address, size_px)
    page.get_by_text("Try a sample", exact=True).first.click(timeout=WAIT_MS)
    page.locator(".st-key-sample-tachycardia button").click()
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=WAIT_MS)
    _wait(page)
    return page


def _reviewed(browser: Browser, address: str, size_px: tuple[int, int]) -> Page:
    """The Review page with the boxes that were found."""
    page = _opened(browser, f"{address}/review?who={READER}", size_px)
    expect(page.locator("canvas.upper-canvas")).to_be_visible(timeout=WAIT_MS)
    _wait(page)
    return page


def _wait(page: Page) -> None:
    """Until the page's script has run."""
    page.wait_for_timeout(350)
    page.wait_for_selector("[data-test-script-state=notRunning]", state="attached", timeout=WAIT_MS)


def _keep(page: Page, path: Path) -> None:
    """Write what the window shows, and close it."""
    page.wait_for_timeout(1500)  # plotly and the canvas draw after they are there
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    page.close()


if __name__ == "__main__":
    main()
