"""Training and Models in a real Chromium: the findings are drawn, a candidate is activated, a bundle is saved."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from annotations.store import Store
from annotations.training_runs import run_of
from benchmarks.real_browser import served
from tests.trainer.training_store import IN_USE
from trainer.registry import present_version

WAIT_MS = 60_000

pytestmark = pytest.mark.timeout(400)


def no_overflow(page: Page) -> None:
    """Nothing sticks out sideways, on a desk's screen or on a phone's."""
    for width in (420, 1400):
        page.set_viewport_size({"width": width, "height": 1000})
        page.wait_for_function("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_findings_are_drawn_and_the_candidate_is_activated(browser: Browser, finished: Store) -> None:
    candidate = str(run_of(finished, 1).candidate_version)
    with served({"ECG_DATA_DIR": str(finished.folder)}) as (address, _):
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{address}/training?who=Ada")  # a page's own address, on a server that was just started
        expect(page.get_by_text(f"{candidate} beside {IN_USE}")).to_be_visible(timeout=WAIT_MS)
        curve = page.locator(".js-plotly-plot").filter(has_text="true positive rate")
        curve.scroll_into_view_if_needed()
        expect(curve.locator(".scatterlayer path.js-line").first).to_be_visible(timeout=WAIT_MS)
        worst = page.get_by_role("button", name=re.compile("Open page .* in Review")).first
        expect(worst).to_be_visible(timeout=WAIT_MS)
        no_overflow(page)

        page.get_by_role("button", name="Decide on the Models page").click()
        expect(page.get_by_text(f"Bundle {IN_USE} answers")).to_be_visible(timeout=WAIT_MS)
        expect(page.get_by_text(f"{candidate} beside {IN_USE}")).to_be_visible(timeout=WAIT_MS)
        page.get_by_label("Why?").fill("Better on our pages")
        page.get_by_role("button", name="Activate").click()
        expect(page.get_by_text(f"Bundle {candidate} answers")).to_be_visible(timeout=WAIT_MS)
        with page.expect_download(timeout=WAIT_MS) as saved:
            page.get_by_role("button", name="Export").first.click()
        with zipfile.ZipFile(Path(saved.value.path())) as archive:
            assert len(archive.namelist()) == 5
        no_overflow(page)
        page.close()
    assert present_version(finished) == candidate
