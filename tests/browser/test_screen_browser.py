"""The whole app in a real Chromium: a page is dropped, and its verdict, boxes and Grad-CAM are seen."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect

from ecgcore.types import ByteArray
from tests.support.real_browser import WAIT_MS, wait_until

WIDTHS_PX = (1400, 420)
PX_PER_MM = 5.0
"""Of the picture that is dropped."""

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(params=WIDTHS_PX)
def page(browser: Browser, screen_address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(WAIT_MS)
    opened.goto(screen_address)
    yield opened
    context.close()


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory, ecg_page_rgb: ByteArray) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "bed 7.png"
    assert cv2.imwrite(str(path), cv2.cvtColor(ecg_page_rgb, cv2.COLOR_RGB2BGR))
    return path


def test_dropped_page_shows_verdict_boxes_and_grad_cam(page: Page, picture: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(picture)

    expect(page.get_by_text("◆ Refer", exact=True)).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("Model tiny-1")).to_be_visible()
    expect(page.get_by_text("Not a medical device")).to_be_visible()
    expect(page.get_by_role("img", name="probability of abnormal")).to_be_visible()

    chart = page.locator(".st-key-page-view")
    boxes = chart.locator(".scatterlayer .trace path.js-line").last
    expect(boxes).to_be_visible(timeout=WAIT_MS)
    drawn = chart.locator("image").first.bounding_box()
    space = chart.bounding_box()
    assert drawn is not None
    assert space is not None
    assert drawn["width"] > 0.9 * space["width"], "the page fills its column"
    assert drawn["height"] > 0.9 * space["height"], "and no empty band is left above or below"

    page.get_by_text("Beats", exact=True).click()
    expect(boxes).to_be_hidden()
    page.get_by_text("Beats", exact=True).click()
    expect(boxes).to_be_visible()

    expect(chart.locator("image")).to_have_count(2)
    expect(chart.locator("image[data-heat]")).to_have_count(0)
    page.get_by_text("Grad-CAM", exact=True).click()
    expect(chart.locator("image[data-heat]")).to_have_count(1, timeout=WAIT_MS)
    expect(chart.locator("image[data-heat]")).to_have_css("opacity", "0.5")

    page.get_by_role("button", name="Next beat").click()
    expect(page.get_by_text("Beat network's view")).to_be_visible(timeout=WAIT_MS)
    expect(chart.locator(".trace:last-child .point").filter(visible=True).first).to_be_attached()

    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, "nothing sticks out sideways"


def test_downloads_are_the_result_and_its_overlay(page: Page, picture: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(picture)
    with page.expect_download(timeout=WAIT_MS) as result:
        page.get_by_role("button", name="Result (JSON)").click()
    content = json.loads(Path(result.value.path()).read_text(encoding="utf-8"))
    assert content["file"] == "bed 7.png"
    assert content["bundle"] == "tiny-1"
    with page.expect_download(timeout=WAIT_MS) as overlay:
        page.get_by_role("button", name="Overlay (PNG)").click()
    drawn, original = cv2.imread(str(overlay.value.path())), cv2.imread(str(picture))
    assert drawn is not None
    assert original is not None
    assert drawn.shape[1] == original.shape[1]


def test_zoom_outlives_the_switches(page: Page, picture: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(picture)
    chart = page.locator(".st-key-page-view")
    expect(chart.locator("image").first).to_be_visible(timeout=WAIT_MS)
    chart.scroll_into_view_if_needed()
    width_px = "document.querySelector('.st-key-page-view image').getBoundingClientRect().width"
    before = page.evaluate(width_px)
    chart.hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    wait_until(page, f"{width_px} > {1.05 * before}")
    page.get_by_text("Grad-CAM", exact=True).click()
    expect(chart.locator("image[data-heat]")).to_be_visible(timeout=WAIT_MS)
    page.wait_for_timeout(1000)
    assert page.evaluate(width_px) > 1.05 * before
    page.get_by_text("Panel outline", exact=True).click()
    expect(chart.locator(".trace:first-child path.js-line")).to_be_visible()
    assert page.evaluate(width_px) > 1.05 * before
    line, names = chart.locator(".trace:nth-child(2) path.js-line"), chart.locator(".trace:nth-child(3) text")
    expect(line.first).to_be_hidden()
    page.get_by_text("Leads", exact=True).click()
    expect(line.first).to_be_visible()
    expect(names.first).to_be_visible()
    assert page.evaluate(width_px) > 1.05 * before
    caliper, reading = page.get_by_text("Caliper", exact=True).first, page.get_by_text("Drag a box across the page")
    caliper.click()
    expect(reading).to_be_visible()
    page.wait_for_timeout(1000)  # a picture that is built anew appears later, and whole
    assert page.evaluate(width_px) > 1.05 * before
    caliper.click()
    expect(reading).to_be_hidden()
    page.wait_for_timeout(1000)
    assert page.evaluate(width_px) > 1.05 * before


def test_caliper_measures_what_is_dragged(page: Page, picture: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(picture)
    chart = page.locator(".st-key-page-view")
    expect(chart.locator("image").first).to_be_visible(timeout=WAIT_MS)
    page.get_by_text("Caliper", exact=True).click()
    expect(page.get_by_text("Drag a box across the page")).to_be_visible(timeout=WAIT_MS)
    expect(chart.locator("image").first).to_be_visible(timeout=WAIT_MS)
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    shown = chart.locator("image").first.bounding_box()
    assert shown is not None
    photo_px_per_px = cv2.imread(str(picture)).shape[1] / shown["width"]
    x, y, dx, dy = shown["x"] + 0.3 * shown["width"], shown["y"] + 0.4 * shown["height"], 80, 40
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2, steps=4)
    page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()
    read = page.get_by_text(re.compile(r"^Caliper \d+ ms")).first
    expect(read).to_be_visible(timeout=WAIT_MS)
    found = re.fullmatch(r"Caliper (\d+) ms · (\d+) bpm · \+([\d.]+) mV", read.inner_text())
    assert found is not None, read.inner_text()
    ms, bpm, mv = (float(text) for text in found.groups())
    mm = photo_px_per_px / PX_PER_MM  # of paper per pixel of the screen
    assert ms == pytest.approx(dx * mm * 40, rel=0.04)
    assert bpm == pytest.approx(60_000 / ms, abs=1)
    assert mv == pytest.approx(dy * mm / 10, rel=0.08)
    expect(page.get_by_text("Measured on a scan or export").first).to_be_visible()
