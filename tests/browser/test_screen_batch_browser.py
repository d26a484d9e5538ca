"""Many pages in a real Chromium: every dropped file is listed, and the list is used by mouse, keyboard and finger."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from ecgcore.types import ByteArray
from tests.support.real_browser import WAIT_MS, wait_until
from tests.support.review_canvas import until

TOO_LARGE_BYTES = 65 * 2**20

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def page(browser: Browser, screen_address: str) -> Iterator[Page]:
    """One session for the whole module."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(WAIT_MS)
    opened.goto(screen_address)
    yield opened
    context.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, ecg_page_rgb: ByteArray) -> Path:
    """Three ECGs, a letter, a picture of nothing and a file over the limit."""
    folder = tmp_path_factory.mktemp("drop")
    bgr = cv2.cvtColor(ecg_page_rgb, cv2.COLOR_RGB2BGR)
    for name, picture in (("a", bgr), ("b", bgr[:, ::-1]), ("c", bgr[:-8]), ("blank", bgr * 0 + 255)):
        assert cv2.imwrite(str(folder / f"{name}.png"), picture)
    with zipfile.ZipFile(folder / "letter.docx", "w") as letter:
        letter.writestr("[Content_Types].xml", "<Types/>")
    with (folder / "huge.tif").open("wb") as file:
        file.truncate(TOO_LARGE_BYTES)
    return folder


def drop(page: Page, folder: Path, *names: str) -> None:
    page.locator("input[type=file]").first.set_input_files([folder / name for name in names])


def expect_open(page: Page, title: str) -> None:
    """The list says that this page is open, and it is."""
    expect(page.locator(".row.current .file")).to_have_text(title, timeout=WAIT_MS)
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=WAIT_MS)


def test_every_dropped_file_is_a_row_and_what_was_dropped_last_is_open(page: Page, folder: Path) -> None:
    drop(page, folder, "a.png")
    expect(page.get_by_role("heading", name="a.png", exact=True)).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("◆ Refer", exact=True)).to_be_visible(timeout=WAIT_MS)
    drop(page, folder, "letter.docx", "b.png", "huge.tif", "blank.png")
    expect(page.get_by_text("5 pages: ▲ 0 abnormal · ◆ 2 refer · ● 0 normal · ✕ 3 not screened")).to_be_visible(
        timeout=WAIT_MS
    )
    rows = page.locator(".row")
    expect(rows).to_have_count(5)
    for name, reason in (("huge.tif", "too large"), ("letter.docx", "file type not supported"), ("blank.png", "")):
        row = rows.filter(has_text=name)
        expect(row).to_contain_text("Not screened")
        expect(row.locator(".note")).to_contain_text(reason)
        assert len(row.locator(".note").inner_text()) > len(name), "a reason is given"
    expect_open(page, "b.png")
    for image in page.locator(".row img").all():
        assert image.get_attribute("alt")


def test_the_list_is_used_by_mouse_and_by_keyboard(page: Page) -> None:
    rows = page.locator(".row")
    box = rows.nth(0).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"])
    first, second = (rows.nth(place).locator(".file").inner_text() for place in (0, 1))
    expect_open(page, first)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect_open(page, second)
    page.keyboard.press("ArrowLeft")
    expect_open(page, first)
    page.get_by_role("button", name="Next", exact=True).click()
    expect_open(page, second)
    page.keyboard.press("ArrowLeft")
    expect_open(page, first)
    page.get_by_text("Grad-CAM", exact=True).click()
    slider = page.get_by_role("slider").first
    expect(slider).to_be_enabled(timeout=WAIT_MS)
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("opacity 0.55")).to_be_visible(timeout=WAIT_MS)
    beats = page.get_by_label("One beat close up")
    expect(beats).to_have_count(1, timeout=WAIT_MS)  # while the page is drawn anew, the one before is there, too
    beats.focus()
    page.keyboard.press("ArrowRight")
    expect_open(page, first)


def test_pages_turned_quickly_end_on_the_last_and_keep_the_connection(page: Page) -> None:
    rows = page.locator(".row")
    first, second = (rows.nth(place).locator(".file").inner_text() for place in (0, 1))
    page.locator(".row.current .open").focus()
    for pause_ms in range(0, 600, 40):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(pause_ms)
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(pause_ms)
    expect_open(page, first)
    page.keyboard.press("ArrowRight")
    expect_open(page, second)
    expect(page.get_by_text("Connection error")).to_have_count(0)


def test_a_page_is_removed_and_its_neighbour_opens(page: Page) -> None:
    rows = page.locator(".row")
    first, second = (rows.nth(place).locator(".file").inner_text() for place in (0, 1))
    rows.nth(0).get_by_role("button", name=f"Remove {first}").click()
    expect(rows).to_have_count(4, timeout=WAIT_MS)
    expect(rows.filter(has_text=first)).to_have_count(0)
    expect_open(page, second)


def test_results_come_while_another_page_is_open_and_a_reload_asks(page: Page, folder: Path) -> None:
    listed = page.locator(".row .file").all_inner_texts()
    removed = next(name for name in ("a.png", "b.png") if name not in listed)  # the more urgent of the two
    drop(page, folder, "c.png", removed)
    expect(page.locator(".row")).to_have_count(6, timeout=WAIT_MS)
    links = page.get_by_test_id("stTopNav")  # until the style sheet is there, those of phones are seen too
    links.get_by_role("link", name="Models").click()
    expect(page.locator(".row")).to_have_count(0, timeout=WAIT_MS)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.evaluate("setTimeout(() => location.reload(), 0)")
    until(page, lambda: bool(asked))
    assert asked == ["beforeunload"]
    page.remove_listener("dialog", stay)
    links.get_by_role("link", name="Screen").click()
    expect(page.get_by_text(re.compile(r"^6 pages: .*3 not screened$"))).to_be_visible(timeout=WAIT_MS)
    expect_open(page, "c.png")


def test_the_list_fits_a_phone_and_nothing_is_asked_once_all_is_removed(page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    expect(page.locator(".row.current")).to_be_visible()
    assert page.evaluate(overflow) <= 0
    for row in page.locator(".row").all():
        box = row.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 420
    title = page.locator(".st-key-page-title").bounding_box()
    assert title is not None
    assert title["height"] < 100, "what concerns all pages is in one menu beside the title"
    page.get_by_role("button", name="All pages").click()
    with page.expect_download(timeout=WAIT_MS) as saved:
        page.get_by_role("button", name="Save all (CSV)").click()
    assert len(Path(saved.value.path()).read_text(encoding="utf-8").splitlines()) == 7
    page.get_by_role("button", name="Remove all").click()
    expect(page.get_by_text("reads a photo, scan or PDF")).to_be_visible(timeout=WAIT_MS)
    wait_until(page, "window.ecgResultsUnsaved === false")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert not asked
