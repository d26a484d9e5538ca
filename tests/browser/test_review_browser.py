"""Corrections in a real Chromium reach the database to the pixel, and survive a reload and a killed server."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from annotations import readings
from annotations.store import Store
from benchmarks.real_browser import free_port, served
from benchmarks.review_browser import TOLERANCE_PX, WAIT_MS, Hand, add_page, correct_one, settle

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("zoom", [1, 3])
def test_draw_move_delete_label_save_and_reload(browser: Browser, address: str, store: Store, zoom: int) -> None:
    store.add_person("Ada")
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    # The first page that a fresh server is asked for is Review itself, as after a restart.
    assert correct_one(page, address, store, add_page(store, zoom), zoom) <= TOLERANCE_PX
    expect(page.get_by_role("link", name="Screen")).to_be_visible()
    page.close()


def test_the_keys_label_undo_and_save(browser: Browser, address: str, store: Store) -> None:
    store.add_person("Ada")
    image_id = add_page(store, 50)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{address}/review?who=Ada&page={image_id}")
    settle(page)
    expect(page.locator("canvas.upper-canvas")).to_be_visible(timeout=WAIT_MS)
    for key in ("u", "n", "a", "z", "s"):  # the last label but one holds after the undo
        page.keyboard.press(key)
        settle(page)
    expect(page.get_by_text("Saved ")).to_be_visible(timeout=WAIT_MS)
    head = readings.head(store, image_id)
    assert head is not None
    assert head.reading.label == "normal"
    page.close()


def test_a_killed_server_loses_no_stroke(browser: Browser, tiny_bundle: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    store.add_person("Ada")
    image_id = add_page(store, 7)
    environment, port = {"ECG_BUNDLE_DIR": str(tiny_bundle), "ECG_DATA_DIR": str(store.folder)}, free_port()
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    with served(environment, port) as (address, server):
        page.goto(f"{address}/review?who=Ada&page={image_id}")
        settle(page)
        Hand(page, 1).drag((60, 300), (130, 420))
        settle(page)
        server.kill()
    draft = readings.draft_of(store, image_id, "Ada")
    assert draft is not None
    assert [box.origin for box in draft.reading.boxes].count("drawn") == 1
    with served(environment, port):
        page.reload()
        settle(page)
        expect(page.get_by_text("Draft kept")).to_be_visible(timeout=WAIT_MS)
    page.close()
