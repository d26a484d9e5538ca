"""Names are shown character by character: nothing that stands in one becomes a picture, a link, a colour or a sign."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import quote

import numpy as np
from playwright.sync_api import Browser, Page, expect

from annotations import readings
from annotations.model import Reading
from annotations.readings.snapshots import take_snapshot
from annotations.runs.activations import record_activation
from annotations.runs.training_runs import move_run
from annotations.store import Store
from ecgcore.output.printable import printable
from tests.browser.hostile_texts import KINDS, hostile_texts
from tests.browser.tabs import each_tab
from tests.support.real_browser import WAIT_MS, served
from tests.support.review_canvas import settle
from tests.support.training_store import queue
from trainer.registry import present_version
from trainer.runs.files import run_folder

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


NAME = "![x](https://evil.example/p) [k](www.evil.example) :red[R1] **B1** $L1$ :smile:"
FILE = "![x](https:evil.example?b) :red[R1] **B1** $L1$ :smile:.png"
MADE = """() => {
  const leads = (address) => /^https?:/.test(address ?? "") && new URL(address).host !== location.host;
  return [...document.querySelectorAll("a, img, image, strong, em, span, .katex")]
    .filter((made) => ["B1", "R1", "L1", "k"].includes(made.textContent.trim()) || made.matches(".katex")
      || leads(made.href?.baseVal ?? made.href) || leads(made.src))
    .map((made) => made.outerHTML);
}"""
"""Elements that could only come from what stands in a name."""
PLACES = ("", "review", "dataset", "training", "models")


def name_everything(store: Store) -> int:
    """Give everything that takes a name or a note the hostile one; returns the number of a page that was sent back."""
    store.add_person(NAME)
    picture, _ = store.add_picture(np.full((300, 400, 3), 255, np.uint8), name=NAME)
    other, _ = store.add_picture(np.full((300, 400, 3), 200, np.uint8), name=NAME, group=store.picture(1).group_key)
    saved = readings.save(store, picture.id, "Ada", Reading("normal", comment=NAME), base_revision_id=None)
    readings.add_review(store, saved.id, NAME, "returned", NAME)
    readings.save(store, other.id, NAME, Reading("abnormal"), base_revision_id=None)
    take_snapshot(store, NAME, NAME, NAME)
    in_use = present_version(store)
    record_activation(store, in_use, in_use, is_starter=False, is_rollback=False, person=NAME, reason=NAME)
    queued = queue(store, person=NAME)
    move_run(store, queued.id, "failed", message=NAME)
    folder = run_folder(store.folder, 1)
    (folder / "left_out.csv").write_text(f'file,reason\n"{NAME}","{NAME}"\n', encoding="utf-8")
    comparison = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    comparison |= {"because": NAME, "explanation": NAME}
    (folder / "comparison.json").write_text(json.dumps(comparison), encoding="utf-8")
    return picture.id


def look_everywhere(page: Page) -> tuple[str, list[str]]:
    """Open every tab and everything that is folded; returns all that was read there and what was made of names."""
    read, made = "", []
    for _ in each_tab(page):
        read += page.locator("body").inner_text().replace(WORD_JOINER, "")
        made += page.evaluate(MADE)
    return read, made


def test_names_stay_names_on_every_page(browser: Browser, finished_folder: Path, tmp_path: Path) -> None:
    store = Store(Path(shutil.copytree(finished_folder, tmp_path / "data")))
    returned = name_everything(store)
    asked: list[str] = []
    with served({"ECG_DATA_DIR": str(store.folder), "OMP_NUM_THREADS": "1"}) as (address, _):
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/dataset")
        expect(page.get_by_text("Who are you?")).to_be_visible(timeout=WAIT_MS)
        found = {"who": look_everywhere(page)}
        for place in PLACES:
            page.goto(f"{address}/{place}?who={quote(NAME)}" + (f"&page={returned}" if place == "review" else ""))
            expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=WAIT_MS)
            settle(page)
            if not place:
                dropped = [{"name": FILE, "mimeType": "image/png", "buffer": b"no picture"}]
                page.locator("input[type=file]").first.set_input_files(files=dropped)  # type: ignore[arg-type]
                expect(page.get_by_role("heading", name="B1")).to_be_visible(timeout=WAIT_MS)
            found[place] = look_everywhere(page)
        page.close()
    for place, (read, made) in found.items():
        assert "**B1**" in read, place
        assert made == [], place
    assert {url for url in asked if not url.startswith((address, "data:", "blob:"))} == set()
