"""One result in a real Chromium: scrolling over the picture, zooming it, its caliper, and its beats without a mouse."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from ecgcore.types import ByteArray
from tests.support.real_browser import WAIT_MS, wait_until

PICTURE_WIDTH = "document.querySelector('.st-key-page-view image').getBoundingClientRect().width"
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"
PHONE = {"viewport": {"width": 420, "height": 800}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1400, "height": 700}}

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def result(
    browser: Browser, screen_address: str, ecg_page_rgb: ByteArray, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A screened page."""
    picture = tmp_path / "bed 7.png"
    assert cv2.imwrite(str(picture), cv2.cvtColor(ecg_page_rgb, cv2.COLOR_RGB2BGR))
    context = browser.new_context(**request.param)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(screen_address)
    page.locator("input[type=file]").first.set_input_files(picture)
    expect(page.locator(".st-key-page-view image").first).to_be_visible(timeout=WAIT_MS)
    page.wait_for_timeout(500)
    yield page
    context.close()


def middle(page: Page) -> tuple[float, float]:
    """The middle of the picture in the window, after it was scrolled there."""
    page.locator(".st-key-page-view").evaluate("chart => chart.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(300)
    box = page.locator(".st-key-page-view").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    """What a touch screen tells the browser."""
    touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


@pytest.mark.parametrize("result", [DESK], indirect=True, ids=["desk"])
def test_the_wheel_scrolls_and_zooming_is_meant(result: Page) -> None:
    page = result
    x, y = middle(page)
    whole, above = page.evaluate(PICTURE_WIDTH), page.evaluate(SCROLLED)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -150)
    wait_until(page, f"{SCROLLED} < {above - 50}")
    assert page.evaluate(PICTURE_WIDTH) == pytest.approx(whole, rel=0.005), "scrolling left the zoom alone"

    page.mouse.move(*middle(page))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    wait_until(page, f"{PICTURE_WIDTH} > {1.05 * whole}")
    page.wait_for_timeout(300)
    by_wheel = page.evaluate(PICTURE_WIDTH)
    page.get_by_role("button", name="Zoom in").click()
    wait_until(page, f"{PICTURE_WIDTH} > {1.2 * by_wheel}")

    page.mouse.dblclick(*middle(page))
    wait_until(page, f"{PICTURE_WIDTH} < {1.01 * whole}")

    # the caliper's reading stands above the picture, inside the window
    page.get_by_text("Caliper", exact=True).click()
    reading = page.locator(".st-key-caliper-reading")
    expect(reading).to_contain_text("Drag a box across the page")
    wait_until(page, "document.querySelector('.js-plotly-plot')?._fullLayout?.dragmode === 'select'")
    page.wait_for_timeout(500)
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 30, steps=4)
    page.mouse.move(x + 120, y + 60, steps=4)
    page.mouse.up()
    expect(reading).to_have_text(re.compile(r"^Caliper \d+ ms · \d+ bpm · \+[\d.]+ mV$"))
    expect(reading).to_be_in_viewport(ratio=1)
    page.mouse.wheel(0, 250)
    page.wait_for_timeout(300)
    expect(reading).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("result", [PHONE], indirect=True, ids=["phone"])
def test_one_finger_scrolls_and_two_zoom(result: Page) -> None:
    page = result
    session = page.context.new_cdp_session(page)
    x, y = middle(page)
    whole, above = page.evaluate(PICTURE_WIDTH), page.evaluate(SCROLLED)
    touch(session, "touchStart", (x, y))
    for step in range(1, 11):
        touch(session, "touchMove", (x, y - 12 * step))
    touch(session, "touchEnd")
    wait_until(page, f"{SCROLLED} > {above + 50}")
    assert page.evaluate(PICTURE_WIDTH) == pytest.approx(whole, rel=0.005)

    x, y = middle(page)
    touch(session, "touchStart", (x - 30, y), (x + 30, y))
    for step in range(1, 11):
        touch(session, "touchMove", (x - 30 - 5 * step, y), (x + 30 + 5 * step, y))
    touch(session, "touchEnd")
    wait_until(page, f"{PICTURE_WIDTH} > {1.5 * whole}")
    page.wait_for_timeout(500)

    left = "document.querySelector('.st-key-page-view image').getBoundingClientRect().left"
    before, scrolled = page.evaluate(left), page.evaluate(SCROLLED)
    touch(session, "touchStart", (x, y))
    for step in range(1, 11):
        touch(session, "touchMove", (x + 4 * step, y))
    touch(session, "touchEnd")
    wait_until(page, f"{left} > {before + 20}")
    assert page.evaluate(SCROLLED) == scrolled, "a zoomed picture is panned"
    page.get_by_role("button", name="Reset axes").tap()
    wait_until(page, f"{PICTURE_WIDTH} < {1.01 * whole}")

    page.get_by_text("Straightened", exact=True).click()
    expect(page.get_by_text("as the networks saw it, straightened")).to_be_visible(timeout=WAIT_MS)
    shown = "[...document.querySelectorAll('[data-testid=stMain] :is(img, canvas, iframe, button)')]"
    widest = page.evaluate(f"Math.max(...{shown}.map(element => element.getBoundingClientRect().right))")
    assert widest <= 420, "the corners fit a phone"


def test_beats_are_reached_and_described_without_a_mouse(result: Page) -> None:
    page = result
    following = page.get_by_role("button", name="Next beat")
    following.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("view of beat 1,")).to_be_visible(timeout=WAIT_MS)
    following.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("view of beat 2,")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text(re.compile(r"detected \d+ %; this beat alone: \d+ % abnormal"))).to_be_visible()
    rings = page.locator(".st-key-page-view .trace:last-child .point")
    expect(rings.nth(1)).to_have_css("opacity", "1")
    expect(rings.nth(0)).to_have_css("opacity", "0")
    page.get_by_text("Straightened", exact=True).click()
    expect(page.get_by_text("as the networks saw it, straightened")).to_be_visible(timeout=WAIT_MS)
    assert page.locator("[data-testid=stMain] img").count() > 1
    unnamed = page.locator("[data-testid=stMain] img:not([alt]), [data-testid=stMain] img[alt='']")
    assert [picture.get_attribute("src") for picture in unnamed.all()] == []
