"""Names are shown character by character: nothing that stands in one becomes a picture, a link, a colour or a sign."""

import re

from playwright.sync_api import Browser

from benchmarks.real_browser import served
from ecgcore.printable import printable
from tests.browser.hostile_texts import KINDS, hostile_texts

MADE_OF_SIGNS = (
    "a, img, em, del, code, pre, ul, ol, h1, h2, h3, h4, h5, h6, hr, blockquote, table, sup, .katex, svg.emoji"
)
WORD_JOINER = "\u2060"
OWN_WORDS = "Kept: a "


def one_line(text: str) -> str:
    """As a browser sets it: spaces together are one."""
    return re.sub(r"\s+", " ", text.replace(WORD_JOINER, "")).strip()


def test_streamlit_shows_every_text_as_it_is(browser: Browser) -> None:
    asked: list[str] = []
    with served({}, script="tests/browser/hostile_texts.py") as (address, _):
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.locator("#all-shown").wait_for(state="attached", timeout=30_000)
        page.wait_for_selector("[data-test-script-state=notRunning]", state="attached")
        for number, text in enumerate(hostile_texts()):
            place = page.locator(f".st-key-text-{number}")
            bold = 1 if KINDS[number % len(KINDS)] == "bold" else 0
            shown = one_line(place.inner_text()).removeprefix(OWN_WORDS if bold else "")
            # An expander's arrow is a letter of the icon font.
            shown = re.sub(r"^(keyboard_arrow_\w+|arrow_\w+|chevron_\w+|expand_\w+) ?", "", shown)
            assert shown == one_line(printable(text)), (KINDS[number % len(KINDS)], text)
            assert place.locator(MADE_OF_SIGNS).count() == 0, text
            assert place.locator("strong").count() == bold, text
        page.close()
    assert {url for url in asked if not url.startswith((address, "data:", "blob:"))} == set()
