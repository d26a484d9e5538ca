"""A reader who is faster than the machine: is every label stored for the page that was on the screen when its key fell?

python -m benchmarks.app.fast_labels [--sequences 300] [--slowdown 4] [--seed 1]

Each sequence is a label key and Enter, without waiting for the next page or just after it has come. The picture of each
page carries its number as a colour, which the browser notes at each key, so that what is stored can be compared with
what was pressed while that page was to be seen.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from annotations import readings
from annotations.readings.predictions import record_prediction
from annotations.store import Store
from ecgcore.types import Beat, Box, Prediction
from tests.support.real_browser import WAIT_MS, launch, served

PHOTO_WH = (1100, 780)
LABELS = {"n": "normal", "a": "abnormal", "u": "unsure"}
_LEVELS, _STEP = 16, 16  # of a colour channel: far enough apart for JPEG

# Runs before the page's own listeners: which picture is on the screen, and how many presses were said unheard before.
WATCH = """
window.pressed = [];
window.seen = () => {
  for (const box of document.querySelectorAll("[class*='st-key-canvas-'] *")) {
    const canvas = box.shadowRoot?.querySelector(".dc-background-canvas");
    if (!canvas?.width) continue;
    const d = canvas.getContext("2d").getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data;
    if (d[3]) return [d[0], d[1], d[2]].map((v) => Math.min(15, v >> 4)).reduce((n, v, i) => n + v * 16 ** i, 0);
  }
  return null;
};
window.unheard = () => Number(document.querySelector(".review-told")?.dataset.unheard ?? 0);
window.addEventListener("keydown", (e) => window.pressed.push({ key: e.key, page: seen(), before: unheard() }), true);
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the presses.

    Args:
        pages: saved by the presses.
        unheard: presses that the page said it had not heard.
        wrong: pages that are stored with another label than was pressed while they were on the screen.
        lost: pages whose save, or whose label, was pressed and heard and is nowhere.
        toggled: pages that were labelled and are stored without one.
    """

    pages: int
    unheard: int
    wrong: int
    lost: int
    toggled: int

    @property
    def is_right(self) -> bool:
        """Whether everything that was heard is stored where it belongs."""
        return self.wrong == self.lost == self.toggled == 0


def add_pages(store: Store, count: int) -> None:
    """Pages for the reader, each of its number's colour."""
    for _ in range(count):
        number = int(store.rows("SELECT coalesce(max(id), 0) + 1 AS n FROM image")[0]["n"])
        colour = [(number // _LEVELS**channel % _LEVELS) * _STEP + _STEP // 2 for channel in range(3)]
        photo_rgb = np.full((PHOTO_WH[1], PHOTO_WH[0], 3), colour, np.uint8)
        picture, _ = store.add_picture(photo_rgb)
        assert picture.id == number
        beats = (Beat(Box(100, 100, 160, 180), 0.9, 0.5, 0.1),)
        record_prediction(store, picture.id, Prediction("x", 1, "ok", None, 0.5, "refer", beats, bundle="starter"))


def hurry(page: Page, address: str, sequences: int, slowdown: float, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Open Review as Ada and press label and Enter, again and again; returns the presses."""
    page.add_init_script(WATCH)
    page.goto(f"{address}/review?who=Ada")
    expect(page.locator(".review-told")).to_be_attached(timeout=WAIT_MS)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    frozen = page.locator(".review-frozen")
    for _ in range(sequences):
        page.keyboard.press(str(rng.choice(list(LABELS))))
        page.wait_for_timeout(float(rng.uniform(0, 150)))
        page.keyboard.press("Enter")
        if rng.random() < 0.6:
            expect(frozen).to_be_hidden(timeout=WAIT_MS)
            page.wait_for_timeout(float(rng.uniform(0, 30)))
        else:
            page.wait_for_timeout(float(rng.uniform(0, 900)))
    expect(frozen).to_be_hidden(timeout=WAIT_MS)
    page.wait_for_timeout(500)
    page.wait_for_selector("[data-test-script-state=notRunning]", state="attached", timeout=WAIT_MS)
    presses: list[dict[str, Any]] = page.evaluate("window.pressed")
    counts = [*(press["before"] for press in presses), page.evaluate("window.unheard()")]
    return [press | {"unheard": after > press["before"]} for press, after in zip(presses, counts[1:], strict=True)]


def judge(store: Store, presses: Sequence[dict[str, Any]]) -> Outcome:
    """Compare what is stored with what was pressed."""
    labels: dict[int, str] = {}
    saved: dict[int, str] = {}
    asking: set[int] = set()
    for press in presses:
        number = press["page"]
        if press["unheard"] or number is None:
            continue
        if press["key"] in LABELS:
            labels[number] = LABELS[press["key"]]
            if number in asking:
                saved[number] = labels[number]
        elif number in labels:
            saved[number] = labels[number]
        else:
            asking.add(number)
    wrong = lost = toggled = 0
    for row in store.rows("SELECT id FROM image"):
        number = row["id"]
        head, draft = readings.head(store, number), readings.draft_of(store, number, "Ada")
        pressed = saved.get(number, labels.get(number))
        stored = head or draft
        if stored is None:
            lost += pressed is not None
        elif head is not None and head.reading.label is None:
            toggled += 1
        else:
            wrong += stored.reading.label != pressed
            lost += head is None and number in saved
    unheard = sum(press["unheard"] for press in presses)
    return Outcome(len(saved), unheard, wrong, lost, toggled)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=300)
    parser.add_argument("--slowdown", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = Store(Path(folder))
        store.add_person("Ada")
        add_pages(store, options.sequences + 2)
        environment = {"ECG_DATA_DIR": folder, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
        with served(environment) as (address, _):
            page = launch(playwright).new_page(viewport={"width": 1400, "height": 1000})
            rng = np.random.default_rng(options.seed)
            presses = hurry(page, address, options.sequences, options.slowdown, rng)
        outcome = judge(store, presses)
        print(
            f"{options.sequences} sequences at {options.slowdown:g} x slowed processor: {outcome.pages} pages saved, "
            f"{outcome.unheard} of {len(presses)} presses said to be unheard; label on the wrong page {outcome.wrong}, "
            f"lost {outcome.lost}, toggled off {outcome.toggled}"
        )


if __name__ == "__main__":
    main()
