"""All that a page holds: each of its tabs in turn, with everything on it unfolded."""

from collections.abc import Iterator

from playwright.sync_api import Page

from tests.support.review_canvas import settle

UNFOLD = "document.querySelectorAll('details:not([open]) > summary').forEach(summary => summary.click())"


def each_tab(page: Page) -> Iterator[int]:
    """Open tab after tab and give its number, from 0; a page without tabs is opened once."""
    tabs = page.get_by_role("tab")
    for number in range(max(tabs.count(), 1)):
        if tabs.count():
            tabs.nth(number).click()
        page.evaluate(UNFOLD)
        settle(page)
        yield number
