"""Corrections in a real Chromium reach the database to the pixel, and survive a reload and a killed server."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from annotations import readings
from annotations.store import Store
from benchmarks.app.fast_labels import add_pages, hurry, judge
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.types import Box
from tests.support.real_browser import WAIT_MS, free_port, served
from tests.support.review_canvas import PHOTO_WH, TOLERANCE_PX, Hand, add_page, correct_one, settle, until

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("zoom", [1, 3])
def test_draw_move_delete_label_save_and_reload(browser: Browser, address: str, store: Store, zoom: int) -> None:
    store.add_person("Ada")
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    # The first page that a fresh server is asked for is Review itself, as after a restart.
    assert correct_one(page, address, store, add_page(store, zoom), zoom) <= TOLERANCE_PX
    expect(page.get_by_test_id("stTopNav").get_by_role("link", name="Screen")).to_be_visible()
    page.close()


def _boxes(store: Store, image_id: int) -> list[Box]:
    """The places of the beats in Ada's draft."""
    draft = readings.draft_of(store, image_id, "Ada")
    return [] if draft is None else [box.box_photo_xyxy for box in draft.reading.beats]


def _distance(box: Box, other: Box) -> float:
    """Mean distance of their edges, in pixels."""
    return sum(abs(a - b) for a, b in zip(box.as_list(), other.as_list(), strict=True)) / 4


def _drawn_page(store: Store) -> tuple[int, Box]:
    """A reader, a page for her that is as wide as the others and that no bundle has seen, and one of its beats."""
    store.add_person("Ada")
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", seed=4)
    drawn = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=5.0), 4, beats_s=beats_s)
    scale = PHOTO_WH[0] / drawn.image_rgb.shape[1]
    photo_rgb = cv2.resize(drawn.image_rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    picture, _ = store.add_picture(np.asarray(photo_rgb, np.uint8))
    return picture.id, Box(*(float(edge) * scale for edge in drawn.boxes_xyxy[20]))


def test_every_key_of_review(browser: Browser, address: str, store: Store) -> None:
    image_id, beat = _drawn_page(store)
    others = {add_page(store, number) for number in (50, 51)}
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{address}/review?who=Ada&page={image_id}")
    press, accept = page.keyboard.press, page.get_by_role("button", name="Accept")
    expect(page.get_by_role("button", name="Unsure")).to_be_visible(timeout=WAIT_MS)  # a key pressed before is lost
    settle(page)
    for key, label in (("u", "unsure"), ("n", "normal"), ("a", "abnormal"), ("z", "normal")):
        press(key)  # the last label but one holds after the undo
        expect(page.locator(f"[class*=st-key-press-label-{label}] strong")).to_be_visible(timeout=WAIT_MS)
    settle(page)  # the undo has given the canvas its boxes anew
    Hand(page, 1).drag((beat.x1 - 12, beat.y1 - 9), (beat.x2 + 12, beat.y2 + 9))
    expect(page.get_by_role("button", name="Snap")).to_be_enabled(timeout=WAIT_MS)
    (rough,) = _boxes(store, image_id)
    press("p")
    until(page, lambda: _boxes(store, image_id) != [rough])
    settle(page)
    (snapped,) = _boxes(store, image_id)
    assert _distance(snapped, beat) < _distance(rough, beat)
    press("f")
    expect(page.get_by_role("button", name="Reject")).to_be_visible(timeout=WAIT_MS)  # it comes after Accept
    settle(page)
    press("x")
    expect(accept).to_be_hidden(timeout=WAIT_MS)
    settle(page)
    press("f")
    expect(accept).to_be_visible(timeout=WAIT_MS)
    assert _boxes(store, image_id) == [snapped]  # what waits is no reading
    press("y")
    expect(accept).to_be_hidden(timeout=WAIT_MS)
    press("s")  # while the canvas is still being given the accepted beats
    until(page, lambda: readings.head(store, image_id) is not None)
    expect(page.locator(".review-frozen")).to_be_hidden(timeout=WAIT_MS)
    head = readings.head(store, image_id)
    assert head is not None
    assert head.reading.label == "normal"
    origins = [box.origin for box in head.reading.beats]
    assert origins.count("drawn") == 1
    assert origins.count("propagated") == len(origins) - 1 >= 5
    press("a")
    expect(page.locator("[class*=st-key-press-label-abnormal] strong")).to_be_visible(timeout=WAIT_MS)
    press("Enter")
    until(page, lambda: not page.url.endswith(f"page={image_id}"))
    assert [revision.reading.label for revision in readings.history(store, image_id)] == ["abnormal", "normal"]
    skipped = int(page.url.rpartition("page=")[2])
    assert skipped in others
    expect(page.locator(".review-frozen")).to_be_hidden(timeout=WAIT_MS)
    press("k")
    until(page, lambda: not page.url.endswith(f"page={skipped}"))
    assert [revision.status for revision in readings.history(store, skipped)] == ["skipped"]
    page.close()


def test_enter_saves_on_a_page_that_was_reached_by_the_mouse(browser: Browser, address: str, store: Store) -> None:
    """The link that was clicked keeps the focus, and must not take Enter away."""
    store.add_person("Ada")
    add_page(store, 52)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{address}/dataset?who=Ada")
    expect(page.get_by_role("tab", name="Gallery")).to_be_visible(timeout=WAIT_MS)
    settle(page)
    page.get_by_test_id("stTopNav").get_by_role("link", name="Review").click()
    expect(page.locator("canvas.upper-canvas")).to_be_visible(timeout=WAIT_MS)
    settle(page)
    image_id = int(page.url.rpartition("page=")[2])
    page.keyboard.press("n")
    expect(page.locator("[class*=st-key-press-label-normal] strong")).to_be_visible(timeout=WAIT_MS)
    page.keyboard.press("Enter")
    until(page, lambda: readings.head(store, image_id) is not None)
    page.close()


def test_a_quick_readers_keys_never_reach_another_page(browser: Browser, tiny_bundle: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    store.add_person("Ada")
    add_pages(store, 12)
    with served({"ECG_BUNDLE_DIR": str(tiny_bundle), "ECG_DATA_DIR": str(store.folder)}) as (address, _):
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        presses = hurry(page, address, 10, 4.0, np.random.default_rng(3))
        outcome = judge(store, presses)
        assert outcome.is_right and outcome.pages >= 3, outcome
        _back_brings_the_page_and_a_save_without_label_asks(page, store)
        page.close()


def _back_brings_the_page_and_a_save_without_label_asks(page: Page, store: Store) -> None:
    """What the address names is shown; Enter without a label saves only after the answer; modifiers press nothing."""
    frozen, number = page.locator(".review-frozen"), int(page.url.rpartition("page=")[2])
    page.go_back()
    until(page, lambda: not page.url.endswith(f"page={number}"))
    expect(frozen).to_be_hidden(timeout=WAIT_MS)
    shown = int(page.url.rpartition("page=")[2])
    assert page.evaluate("seen()") == shown
    page.go_forward()
    until(page, lambda: page.evaluate("seen()") == number)
    expect(frozen).to_be_hidden(timeout=WAIT_MS)
    _new_boxes_leave_scroll_and_tool(page)
    clear = page.get_by_role("button", name="Clear label")
    if clear.is_visible():
        clear.click()
        expect(clear).to_be_hidden(timeout=WAIT_MS)
    page.keyboard.press("Shift+n")
    page.get_by_role("textbox", name="Comment").press_sequentially("an usual")
    page.locator("h1").click()
    page.keyboard.press("Enter")
    boxes_only = page.get_by_role("button", name="Save boxes only")
    expect(boxes_only).to_be_visible(timeout=WAIT_MS)
    expect(frozen).to_be_hidden(timeout=WAIT_MS)
    assert readings.head(store, number) is None
    page.keyboard.press("b")
    until(page, lambda: readings.head(store, number) is not None)
    head = readings.head(store, number)
    assert head is not None and (head.reading.label, head.reading.comment) == (None, "an usual")


def _new_boxes_leave_scroll_and_tool(page: Page) -> None:
    """An undo gives the canvas its boxes anew; neither it nor a key frames the page."""
    page.get_by_text("3×", exact=True).click()
    settle(page)
    scroll, edit = page.locator(".dc-scroll"), page.locator('button[aria-label="Edit"]')
    unsure = page.locator("[class*=st-key-press-label-unsure] strong")
    edit.click()
    page.keyboard.press("u")
    expect(unsure).to_be_visible(timeout=WAIT_MS)
    scroll.evaluate("element => element.scrollTo(300, 400)")
    page.keyboard.press("z")
    expect(unsure).to_be_hidden(timeout=WAIT_MS)
    settle(page)
    assert scroll.evaluate("element => [element.scrollLeft, element.scrollTop]") == [300, 400]
    expect(edit).to_have_attribute("aria-pressed", "true")
    page.locator("h1").click()
    page.keyboard.press("Shift")
    frame = "getComputedStyle(document.querySelector('[data-testid=stMain]'), '::before').content"
    assert page.evaluate(frame) == "none"


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
