"""The app's server is killed at random moments while a reader works in a real browser: is anything lost?

    python -m benchmarks.app.server_kills [--kills 100]

Each time a fresh server is started and Chromium opens a page with 60 proposals in Review. A key labels it, which keeps
a draft; another saves it; and so on with the next label, until SIGKILL ends the server shortly after one of the first
five keys. What the browser had shown as saved must be in the database, in that order and with every box, and so must
the draft that it had shown last, if only as what was saved since. What was pressed and not shown yet may be there.
"""

import argparse
import random
import subprocess
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from annotations import readings
from annotations.maintenance.check_and_erase import check
from annotations.model import Reading
from annotations.store import Store
from tests.support.real_browser import WAIT_MS, launch, served
from tests.support.review_canvas import COLUMNS, ROWS, add_page

PERSON = "Ada"
PAGES = 10
MOST_KEYS = 5
WITHIN_S = 0.8
"""After the key: what a save takes on two idle cores."""
LOOK_EVERY_MS = 20
PATIENCE_S = 30
"""On a busy machine a key may go unheard; then the server is killed without more ado."""
KEYS = {"normal": "n", "abnormal": "a", "unsure": "u"}
QUIET = {"STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE": "true", "STREAMLIT_LOGGER_LEVEL": "error"}


@dataclass
class Seen:
    """What the browser showed until the server's end.

    Args:
        saved: labels shown as saved, in order.
        draft: the label shown as a draft that was being saved; None where a draft was still being kept.
    """

    saved: list[str] = field(default_factory=list)
    draft: str | None = None


def work_until_killed(page: Page, server: subprocess.Popen[bytes], label: str | None) -> Seen:
    """Label and save, in turn, from the label after ``label`` on, until the server is killed.

    What is shown is shown, also where it is seen after the server's end.
    """
    seen, labels = Seen(), list(KEYS)
    at = labels.index(label) if label in labels else 0
    end = threading.Timer(random.uniform(0, WITHIN_S), server.kill)
    last_key = random.randrange(MOST_KEYS)
    for number in count():
        saves = number % 2 == 1
        at = at if saves else (at + 1) % len(labels)
        if number == last_key:
            end.start()
        page.keyboard.press("s" if saves else KEYS[labels[at]])
        # The caption comes last: until it says "Draft kept", it may still tell of the save before.
        signs = ["text=/^Saved /"] if saves else [f".st-key-label-{labels[at]} strong", "text=/^Draft kept /"]
        if not all(_shown(page, sign, server) for sign in signs):
            break
        seen.draft = None if saves else labels[at]
        seen.saved += [labels[at]] if saves else []
    if not end.ident:
        end.start()
    end.join()
    return seen


def _shown(page: Page, what: str, server: subprocess.Popen[bytes]) -> bool:
    """Wait until something is on the screen, or the server has ended or time has run out without it."""
    until = time.monotonic() + PATIENCE_S
    while not (visible := page.locator(what).first.is_visible()) and server.poll() is None and time.monotonic() < until:
        page.wait_for_timeout(LOOK_EVERY_MS)
    return visible


def kill_once(browser: Browser, store: Store, image_id: int) -> Counter[str]:
    """One server's life; returns how what the browser showed compares with the database."""
    before = readings.history(store, image_id)
    now = _draft_or_head(store, image_id)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    with served({"ECG_DATA_DIR": str(store.folder), "OMP_NUM_THREADS": "1", **QUIET}) as (address, server):
        page.goto(f"{address}/review?who={PERSON}&page={image_id}")
        expect(page.locator("canvas.upper-canvas")).to_be_visible(timeout=WAIT_MS)
        page.wait_for_selector("[data-test-script-state=notRunning]", state="attached", timeout=WAIT_MS)
        seen = work_until_killed(page, server, None if now is None else now.label)
    page.close()
    return _compare(store, image_id, seen, len(before))


def _draft_or_head(store: Store, image_id: int) -> Reading | None:
    draft, head = readings.draft_of(store, image_id, PERSON), readings.head(store, image_id)
    return draft.reading if draft is not None else None if head is None else head.reading


def _compare(store: Store, image_id: int, seen: Seen, known: int) -> Counter[str]:
    """How many revisions and drafts that were shown are missing, and how many revisions are not whole."""
    new = readings.history(store, image_id)[::-1][known:]
    kept = [revision.reading.label for revision in new]
    now = _draft_or_head(store, image_id)
    return Counter(
        {
            "shown as saved": len(seen.saved),
            "of these lost": sum(label != next(iter(kept[i : i + 1]), None) for i, label in enumerate(seen.saved)),
            "revisions half written": sum(
                len(r.reading.beats) != COLUMNS * ROWS or r.reading.label is None for r in new
            ),
            "saved, and killed before shown": len(new) - len(seen.saved),
            "killed while a draft was kept": seen.draft is None,
            "killed while a draft was saved": seen.draft is not None,
            "of these drafts lost": seen.draft is not None and (now is None or now.label != seen.draft),
        }
    )


def main() -> None:
    """Kill and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    options = parser.parse_args()
    total: Counter[str] = Counter()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = Store(Path(folder))
        store.add_person(PERSON)
        pages = [add_page(store, number) for number in range(PAGES)]
        browser = launch(playwright)
        for number in range(options.kills):
            total.update(kill_once(browser, store, pages[number % PAGES]))
        browser.close()
        damage = check(store)
    minutes = (time.monotonic() - start) / 60
    print(f"{options.kills} kills in {minutes:.1f} min; damage found in the store: {len(damage)}")
    for what, times in total.items():
        print(f"{what:30} {times}")
    for finding in damage:
        print(f"  {finding}")


if __name__ == "__main__":
    main()
