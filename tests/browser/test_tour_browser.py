"""A tour of the whole app in a real Chromium: what it asks of other hosts, and what hinders eyes, keys and phones.

The five pages are visited with something on them, in both themes and at both widths, and each is searched by axe-core.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Literal

import cv2
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from annotations.store import Store
from ecgcore.types import ByteArray
from tests.browser.tabs import each_tab
from tests.support.real_browser import WAIT_MS, served
from tests.support.review_canvas import add_page, settle

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
DESK_PX, PHONE_PX = 1400, 420
HEIGHT_PX = 900
PAGES = ("Screen", "Review", "Dataset", "Training", "Models")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
SERIOUS = ("serious", "critical")
LEFT_OUT = {
    # The canvas scrolls in a box inside its component's shadow, which nobody outside it can give a tabindex. Boxes are
    # drawn by mouse alone; what keys need is in the list of boxes below.
    ("scrollable-region-focusable", "dc-scroll"),
}
"""What cannot be mended here: axe-core's rule, and a word of the element's HTML."""

pytestmark = pytest.mark.timeout(900)


@dataclass
class Findings:
    """What a tour has come upon."""

    foreign: set[str] = field(default_factory=set)
    """Addresses outside the app that the browser asked for."""
    forbidden: set[str] = field(default_factory=set)
    """What the app's policy stopped."""
    barriers: dict[str, list[str]] = field(default_factory=dict)
    """Where each barrier was met."""


@pytest.fixture(scope="module")
def tour_address(finished_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with pages that were read, one that waits for a reader, and a finished training."""
    store = Store(Path(shutil.copytree(finished_folder, tmp_path_factory.mktemp("tour") / "data")))
    add_page(store, 1)
    with served({"ECG_DATA_DIR": str(store.folder), "OMP_NUM_THREADS": "1"}) as (address, _):
        yield address


@pytest.fixture(scope="module")
def pictures(ecg_page_rgb: ByteArray, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two pages to drop."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = [folder / "one.png", folder / "other.png"]
    for path, cut_px in zip(paths, (0, 8), strict=True):
        assert cv2.imwrite(str(path), cv2.cvtColor(ecg_page_rgb[cut_px:], cv2.COLOR_RGB2BGR))
    return paths


@pytest.fixture(scope="module")
def tour(browser: Browser, tour_address: str, pictures: list[Path]) -> Findings:
    """The findings of the whole tour."""
    findings = Findings()
    for theme in THEMES:
        with watched(browser, tour_address, theme, findings) as page:
            for name in PAGES:
                visit(page, tour_address, name, pictures)
                search(page, f"{name}, {theme}", findings)
    return findings


@contextmanager
def watched(browser: Browser, address: str, theme: Theme, findings: Findings) -> Iterator[Page]:
    """A page whose requests are watched."""
    context = browser.new_context(viewport={"width": DESK_PX, "height": HEIGHT_PX}, color_scheme=theme)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    ours = (f"{address}/", address.replace("http", "ws", 1) + "/", "data:", f"blob:{address}/")

    def note(url: str) -> None:
        if not url.startswith(ours):
            findings.foreign.add(url)

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            findings.forbidden.add(message.text)

    page.on("request", lambda request: note(request.url))
    page.on("websocket", lambda socket: note(socket.url))
    page.on("console", hear)
    yield page
    context.close()


def visit(page: Page, address: str, name: str, pictures: list[Path]) -> None:
    """Open one of the five pages with something on it."""
    page.set_viewport_size({"width": DESK_PX, "height": HEIGHT_PX})
    page.goto(f"{address}/{'' if name == 'Screen' else name.lower()}?who=Ada")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=WAIT_MS)
    settle(page)
    if name == "Screen":
        page.get_by_test_id("stMainMenuButton").click()
        page.keyboard.press("Escape")
        page.locator("input[type=file]").first.set_input_files(pictures)
        expect(page.locator(".st-key-page-view image").first).to_be_visible(timeout=WAIT_MS)
    if name == "Review":
        expect(page.locator("canvas.upper-canvas").first).to_be_visible(timeout=WAIT_MS)
    settle(page)


def search(page: Page, where: str, findings: Findings) -> None:
    """Let axe-core search the page with each of its tabs, and what is folded on it."""
    page.evaluate(AXE)
    for number in each_tab(page):
        for width in (DESK_PX, PHONE_PX):
            page.set_viewport_size({"width": width, "height": HEIGHT_PX})
            page.wait_for_timeout(150)
            for barrier in barriers(page):
                findings.barriers.setdefault(barrier, []).append(f"{where}, tab {number}, {width} px")
        page.set_viewport_size({"width": DESK_PX, "height": HEIGHT_PX})


def barriers(page: Page) -> list[str]:
    """Each barrier that axe-core calls serious or critical: the rule, the element and why."""
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['html'][:300]} {' '.join(node['failureSummary'].split())[:200]}"
        for violation in found["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
        if not any(violation["id"] == rule and word in node["html"] for rule, word in LEFT_OUT)
    ]


def test_nothing_is_asked_of_another_host(tour: Findings) -> None:
    assert not tour.foreign
    assert not tour.forbidden, "the policy forbids what the app needs"


def test_nothing_hinders_anybody_seriously(tour: Findings) -> None:
    assert not tour.barriers, json.dumps(tour.barriers, indent=1)


def test_the_browser_refuses_to_fetch_from_elsewhere(browser: Browser, tour_address: str) -> None:
    findings = Findings()
    elsewhere = tour_address.replace("127.0.0.1", "localhost")
    with watched(browser, tour_address, "light", findings) as page:
        page.goto(tour_address)
        for start in ("new Image().src = url", "fetch(url).catch(() => 0)", "new WebSocket(url.replace('http', 'ws'))"):
            directive = page.evaluate(
                "url => new Promise(done => { addEventListener('securitypolicyviolation', "
                f"event => done(event.effectiveDirective), {{once: true}}); {start} }})",
                f"{elsewhere}/_stcore/health",
            )
            assert directive in {"img-src", "connect-src"}


def test_no_page_frames_the_app(browser: Browser, tour_address: str) -> None:
    page = browser.new_page()
    page.goto(tour_address)
    page.set_content(f"<iframe src='{tour_address}/_stcore/health'></iframe>")
    page.wait_for_timeout(500)
    assert "ok" not in page.frames[-1].locator("body").inner_text().lower().split()
    page.close()


def test_a_key_draws_no_frame_round_the_page(browser: Browser, tour_address: str) -> None:
    page = browser.new_page(viewport={"width": DESK_PX, "height": HEIGHT_PX})
    page.goto(tour_address)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=WAIT_MS)
    settle(page)
    page.mouse.click(DESK_PX / 2, HEIGHT_PX - 100)
    page.keyboard.press("Shift")
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.matches(':focus-visible')"), "the case that is meant"
    assert main.evaluate("element => getComputedStyle(element, '::before').content") == "none"
    assert main.evaluate("element => getComputedStyle(element).boxShadow") == "none"
    page.keyboard.press("Tab")
    control = page.locator(":focus-visible")
    shown = control.evaluate("element => [getComputedStyle(element).boxShadow, getComputedStyle(element).outlineStyle]")
    assert shown != ["none", "none"], "a control still shows that it has the focus"
    page.close()


def test_a_phone_gets_from_page_to_page(browser: Browser, tour_address: str) -> None:
    page = browser.new_page(viewport={"width": PHONE_PX, "height": HEIGHT_PX})
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{tour_address}/?who=Ada")
    bar = page.locator(".st-key-phone-navigation")  # until the style sheet is there, the drawer's links are seen too
    for name in (*PAGES[1:], PAGES[0]):
        bar.get_by_role("link", name=name, exact=True).click()
        page.wait_for_url(f"{tour_address}/{'' if name == 'Screen' else name.lower()}**")
        settle(page)
        for link in PAGES:
            place = bar.get_by_role("link", name=link, exact=True).bounding_box()
            assert place is not None
            assert place["x"] >= 0
            assert place["x"] + place["width"] <= PHONE_PX
        head = page.get_by_role("heading", level=1).bounding_box()
        assert head is not None
        on_top = page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).closest('h1') !== null",
            [head["x"] + 20, head["y"] + head["height"] / 2],
        )
        assert on_top, f"something covers {name}"
    page.close()
