"""In a real Chromium: a name is painted over in Review, and its pixels are gone from the disk."""

import pytest
from playwright.sync_api import Browser, expect

from annotations.picture_files import PICTURES
from annotations.store import Store
from benchmarks.review_browser import CANVAS_WIDTH_PX, PHOTO_WH, WAIT_MS, add_page, settle, until
from ecgcore.page import read_picture

pytestmark = pytest.mark.timeout(240)


def test_a_dragged_box_is_black_for_ever(browser: Browser, address: str, store: Store) -> None:
    store.add_person("Ada")
    image_id = add_page(store, 70)  # "page 70" is printed at the top left
    before = store.picture(image_id)
    page = browser.new_page(viewport={"width": 1400, "height": 1600})
    page.goto(f"{address}/review?who=Ada&page={image_id}")
    settle(page)
    page.get_by_text("Redact", exact=True).first.click()
    canvas = page.locator("canvas.upper-canvas").nth(1)
    expect(canvas).to_be_visible(timeout=WAIT_MS)
    canvas.scroll_into_view_if_needed()
    settle(page)
    place = canvas.bounding_box()
    assert place is not None
    scale = CANVAS_WIDTH_PX / PHOTO_WH[0]
    x1, y1, x2, y2 = (round(edge * scale) for edge in (40, 20, 420, 110))
    page.mouse.move(place["x"] + x1, place["y"] + y1)
    page.mouse.down()
    page.mouse.move(place["x"] + x2, place["y"] + y2, steps=4)
    page.mouse.up()
    settle(page)
    page.get_by_text("I understand that this cannot be undone").click()
    page.get_by_role("button", name="Redact 1 area").click(timeout=WAIT_MS)
    until(page, lambda: store.picture(image_id).picture_hash != before.picture_hash)
    settle(page)
    painted = store.picture(image_id)
    (photo_rgb,) = read_picture(store.picture_path(painted), "x")
    assert (photo_rgb[25:105, 45:415] == 0).all()
    assert (photo_rgb[130:] == 0).mean() < 0.01, "and nothing else"
    assert not (store.folder / before.file).exists()
    assert store.folder.joinpath(PICTURES) in store.picture_path(painted).parents
    assert not page.get_by_text("Traceback").count()
    page.close()
