"""In a real Chromium: what identifies a person is seen before it is stored, and its pixels never reach the disk."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from annotations.patients.keys import find_patient, patient_group
from annotations.pictures.files import PICTURES
from annotations.privacy.retention import set_retention
from annotations.store import Store
from ecgcore.page.decode.read import read_picture
from ecgcore.types import ByteArray
from tests.support.real_browser import WAIT_MS
from tests.support.review_canvas import CANVAS_WIDTH_PX, PHOTO_WH, add_page, settle, until

pytestmark = pytest.mark.timeout(900)


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


@pytest.fixture
def named_page(tmp_path: Path, ecg_page_rgb: ByteArray) -> Path:
    """A photo with a name printed among the rows of trace."""
    page = ecg_page_rgb.copy()
    place = (page.shape[1] // 3, page.shape[0] // 2)
    cv2.putText(page, "ID 4711 DOE JANE", place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (20, 20, 20), 1, cv2.LINE_AA)
    cv2.imwrite(str(tmp_path / "Jane Doe.png"), page[..., ::-1])
    return tmp_path / "Jane Doe.png"


def drag(page: Page, start_xy: tuple[int, int], end_xy: tuple[int, int]) -> None:
    """Drag a box over the dialog's canvas, in its pixels."""
    canvas = page.get_by_role("dialog").locator("canvas.upper-canvas")
    expect(canvas).to_be_visible(timeout=WAIT_MS)
    canvas.scroll_into_view_if_needed()
    settle(page)
    place = canvas.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + start_xy[0], place["y"] + start_xy[1])
    page.mouse.down()
    page.mouse.move(place["x"] + end_xy[0], place["y"] + end_xy[1], steps=4)
    page.mouse.up()
    settle(page)


def test_what_is_stored_is_seen_and_blacked_out_before_and_the_patient_is_found_again(
    browser: Browser, address: str, store: Store, named_page: Path
) -> None:
    store.add_person("Ada")
    set_retention(store, "panel")
    before = {row["id"] for row in store.rows("SELECT id FROM image")}
    page = browser.new_page(viewport={"width": 1400, "height": 1200})
    page.goto(f"{address}/?who=Ada")
    settle(page)
    page.locator("input[type=file]").first.set_input_files(named_page)
    page.get_by_role("button", name="Correct this").click(timeout=WAIT_MS)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("1 place of print or handwriting found")).to_be_visible(timeout=WAIT_MS)
    assert {row["id"] for row in store.rows("SELECT id FROM image")} == before, "nothing is stored before it was seen"
    dialog.get_by_role("button", name="Black out").click()
    settle(page)
    expect(dialog.get_by_text("of print or handwriting found")).to_be_hidden()
    dialog.get_by_text("Draw boxes to black out").click()
    settle(page)
    drag(page, (100, 60), (300, 120))
    expect(dialog.get_by_role("button", name="Undo black-out")).to_be_visible()
    dialog.get_by_role("textbox", name="Patient or case key").fill("MRN 0042")
    dialog.get_by_role("button", name="Store and correct", exact=True).click()
    until(page, lambda: len(store.rows("SELECT id FROM image")) == len(before) + 1)
    (row,) = store.rows("SELECT * FROM image WHERE id > ?", (max(before, default=0),))
    assert row["group_key"] == patient_group(store, "mrn0042")
    (stored_rgb,) = read_picture(store.folder / row["file"], "x")
    dark = (stored_rgb == 0).all(axis=2)
    scale = stored_rgb.shape[1] / 1100
    assert dark[round(62 * scale) : round(118 * scale), round(102 * scale) : round(298 * scale)].all()
    around = cv2.boundingRect(np.uint8(dark[stored_rgb.shape[0] // 3 :]))
    assert around[2] > 90 and around[3] > 8, "and the name is a black box"
    page.wait_for_url("**/review**", timeout=WAIT_MS)

    page.goto(f"{address}/dataset?who=Ada")
    settle(page)
    page.get_by_role("button", name="Erase a patient").click()
    typed = page.get_by_role("textbox", name="Patient key, or the code below a page")
    typed.fill("mrn 0042")
    typed.press("Enter")
    expect(page.get_by_text("would be erased for good")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name="Erase (cannot be undone)").click()
    until(page, lambda: find_patient(store, "MRN 0042") is None)
    assert not (store.folder / row["file"]).exists()
    page.close()
