"""Training and Models in a real Chromium: the findings are drawn, a candidate is activated, a bundle is saved."""

import re
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from annotations.runs.training_runs import move_run, run_of
from annotations.store import Store
from tests.support.real_browser import WAIT_MS, served, wait_until
from tests.support.training_store import IN_USE, queue
from trainer.registry import present_version

pytestmark = pytest.mark.timeout(900)


def no_overflow(page: Page) -> None:
    """Nothing sticks out sideways, on a desk's screen or on a phone's."""
    for width in (420, 1400):
        page.set_viewport_size({"width": width, "height": 1000})
        wait_until(page, "document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def choose_run(page: Page, name: str) -> None:
    """Choose a run in the list."""
    page.get_by_text("Research screening aid").scroll_into_view_if_needed()  # else the list opens out of sight
    page.locator(".st-key-training-run input").click()
    page.get_by_role("option").filter(has_text=name).click()


def test_findings_are_drawn_and_the_candidate_is_activated(browser: Browser, finished: Store) -> None:
    candidate = str(run_of(finished, 1).candidate_version)
    other = queue(finished)
    move_run(finished, other.id, "cancelled", message="Stopped on request.")
    with served({"ECG_DATA_DIR": str(finished.folder), "TZ": "NZDT-13"}) as (address, _):
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{address}/training?who=Ada")  # a page's own address, on a server that was just started
        expect(page.get_by_text(f"Run {other.id} · Stopped.")).to_be_visible(timeout=WAIT_MS)
        choose_run(page, "Run 1 ·")
        expect(page.get_by_text(f"{candidate} compared with {IN_USE}")).to_be_visible(timeout=WAIT_MS)
        curve = page.locator(".js-plotly-plot").filter(has_text="true positive rate")
        curve.scroll_into_view_if_needed()
        expect(curve.locator(".scatterlayer path.js-line").first).to_be_visible(timeout=WAIT_MS)
        worst = page.get_by_role("button", name=re.compile("Open page .* in Review")).first
        expect(worst).to_be_visible(timeout=WAIT_MS)
        no_overflow(page)
        states_and_times_are_those_of_now_and_here(page, finished, other.id)

        choose_run(page, "Run 1 ·")
        page.get_by_role("button", name="Decide on the Models page").click()
        expect(page.get_by_text(f"Model in use: {IN_USE}")).to_be_visible(timeout=WAIT_MS)
        expect(page.get_by_text(f"{candidate} compared with {IN_USE}")).to_be_visible(timeout=WAIT_MS)
        an_import_leaves_its_tab_open(page)
        page.get_by_label("Reason").fill("Better on our pages")
        page.get_by_role("button", name="Activate", exact=True).click()
        expect(page.get_by_text("is inconclusive")).to_be_visible(timeout=WAIT_MS)
        assert present_version(finished) == IN_USE
        page.get_by_role("button", name="Activate all the same").click()
        expect(page.get_by_text(f"Model in use: {candidate}")).to_be_visible(timeout=WAIT_MS)
        expect(page.get_by_role("tab", name="Import")).to_have_attribute("aria-selected", "true")
        with page.expect_download(timeout=WAIT_MS) as saved:
            page.get_by_role("button", name="Export").first.click()
        with zipfile.ZipFile(Path(saved.value.path())) as archive:
            assert len(archive.namelist()) == 6
        no_overflow(page)
        page.close()
    assert present_version(finished) == candidate


def states_and_times_are_those_of_now_and_here(page: Page, store: Store, run_id: int) -> None:
    """What a list shows as chosen does not keep saying what a run was when it was chosen."""
    choose_run(page, f"Run {run_id} ·")
    expect(page.get_by_text(f"Run {run_id} · Stopped.")).to_be_visible(timeout=WAIT_MS)
    move_run(store, run_id, "failed", of=("cancelled",), message="The disk is full.")
    page.get_by_text("New run", exact=True).click()
    expect(page.get_by_role("button", name="Start")).to_be_visible(timeout=WAIT_MS)
    page.get_by_text("Runs", exact=True).click()
    expect(page.get_by_text(f"Run {run_id} · Failed.")).to_be_visible(timeout=WAIT_MS)
    chosen = page.locator(".st-key-training-run input").input_value()
    begun = datetime.fromisoformat(run_of(store, run_id).created_at).astimezone(timezone(timedelta(hours=13)))
    assert chosen.endswith(f"{begun:%-d %b %Y, %H:%M}"), "by the clock of the machine, and nothing after it"


def an_import_leaves_its_tab_open(page: Page) -> None:
    """What comes above the tabs, the reason why the file is refused, does not bring the first one back."""
    page.get_by_role("tab", name="Import").click()
    page.locator(".st-key-bundle-file input[type=file]").set_input_files(
        {"name": "no-model.zip", "mimeType": "application/zip", "buffer": b"no zip at all"}
    )
    button = page.get_by_role("button", name="Import", exact=True)
    expect(button).to_be_enabled(timeout=WAIT_MS)
    button.click()
    expect(page.get_by_text("This is not a model file")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_role("tab", name="Import")).to_have_attribute("aria-selected", "true")
    expect(button).to_be_visible()
