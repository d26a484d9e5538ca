"""How long Screen keeps a person waiting on a phone's photo of 12 megapixels, in a real Chromium.

python -m benchmarks.app.screen_waits [--photos 5] [--beside-training]

Every photo is another drawn page, dropped anew, so that nothing was computed before. "verdict" is from the drop to the
answer; "beat" from a click to the first beat close up with its Grad-CAM; "straightened" from the switch to the panel;
"heat" from the switch to Grad-CAM over the page; "correct" from the button to the picture as it would be stored, and
"review" from Store to the same page drawn in Review. The shipped model answers. With ``--beside-training`` as many
other photos follow while a training of recipe quick computes; their waits are given as multiples of the first ones.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from annotations.privacy.retention import set_retention
from annotations.store import Store
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.papersim.photo.photograph import PhotoDamage, photograph
from ecgcore.types import FloatArray
from tests.support.read_pages import add_training_page
from tests.support.real_browser import launch, served
from tests.support.review_canvas import settle
from trainer import jobs

LONG_PX = 4000
"""Of a photo of 12 megapixels, 4000 x 3000."""
WAIT_MS = 120_000
WAITS = ("verdict", "beat", "straightened", "heat", "correct", "review")
TRAINED_PAGES, FOLDS = 24, 2


def photo(path: Path, seed: int) -> None:
    """Draw a page, photograph it and write it as a phone does."""
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", seed)
    drawn = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=10.0), seed, beats_s=beats_s)
    rng = np.random.default_rng(seed)
    tilt_deg = (float(rng.normal(0, 5)), float(rng.normal(0, 5)))
    damage = PhotoDamage(
        rotation_deg=float(rng.normal(0, 3)), tilt_deg=tilt_deg, curl=0.05, long_px=LONG_PX, aspect=4 / 3,
        fill=0.92, desk="wood", shadows=1, shade=0.3, noise=2.0,
    )  # fmt: skip
    taken = photograph(drawn, damage, seed)
    cv2.imwrite(str(path), cv2.cvtColor(taken.image_rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])


def waits(page: Page, address: str, path: Path) -> list[float]:
    """Drop one photo and use what Screen offers; seconds in the order of ``WAITS``."""
    page.goto(f"{address}/review?who=Ada")  # Review knows its reader, and does not ask in the middle
    settle(page)
    page.get_by_role("link", name="Screen").click()
    expect(page.locator("input[type=file]").first).to_be_attached(timeout=WAIT_MS)
    settle(page)
    found, began = [], time.monotonic()

    def lap() -> None:
        found.append(time.monotonic() - began)

    page.locator("input[type=file]").first.set_input_files(path)
    expect(page.get_by_role("img", name="probability of abnormal")).to_be_visible(timeout=WAIT_MS)
    lap()
    settle(page)
    for action, awaited in (
        (page.get_by_role("button", name="Next beat"), page.get_by_role("img", name="as the network saw it")),
        (page.get_by_text("Straightened", exact=True), page.get_by_role("img", name="The panel as the networks")),
        (page.get_by_text("Grad-CAM", exact=True), page.locator(".st-key-page-view image[data-heat]")),
        (page.get_by_role("button", name="Correct this"), page.get_by_role("img", name="as it will be stored")),
    ):
        began = time.monotonic()
        action.click()
        expect(awaited).to_be_visible(timeout=WAIT_MS)
        lap()
        settle(page)
    began = time.monotonic()
    page.get_by_role("button", name="Unknown patient: store and correct").click()
    page.wait_for_url("**/review**", timeout=WAIT_MS)
    expect(page.locator("canvas.upper-canvas").first).to_be_visible(timeout=WAIT_MS)
    lap()
    return found


@contextmanager
def training(store: Store) -> Iterator[None]:
    """Let a training compute meanwhile; entered once it has begun to learn.

    Raises:
        RuntimeError: it ended before.
    """
    for patient in range(TRAINED_PAGES):
        add_training_page(store, patient, patient, px_per_mm=5.0)
    run = jobs.start(store, by="Ada", recipe="quick", folds=FOLDS)
    while _at_work(store, run.id).progress.newest.epoch is None:
        time.sleep(1)
    yield
    _at_work(store, run.id)
    jobs.stop(store, run.id, by="Ada")
    jobs.follow(store, run.id)


def _at_work(store: Store, run_id: int) -> jobs.Status:
    seen = jobs.status(store, run_id)
    if seen is None or not seen.is_alive:
        raise RuntimeError(jobs.log_tail(store, run_id))
    return seen


def used(page: Page, address: str, paths: Sequence[Path]) -> FloatArray:
    """Use Screen photo after photo: seconds ``[photo, wait]``, printed."""
    times = []
    for path in paths:
        times.append(waits(page, address, path))
        print(f"{path.stem}: {', '.join(f'{s:.2f}' for s in times[-1])}", flush=True)
    for word, seconds in zip(WAITS, np.array(times).T, strict=True):
        print(f"{word:12} median {np.median(seconds):.2f} s, most {seconds.max():.2f} s")
    return np.array(times)


def main() -> None:
    """Use Screen, alone and beside a training, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=5)
    parser.add_argument("--beside-training", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = Store(Path(folder) / "data")
        store.add_person("Ada")
        set_retention(store, "panel")
        paths = [Path(folder) / f"photo {number}.jpg" for number in range(2 * options.photos)]
        for number, path in enumerate(paths):
            photo(path, number)
        environment = {"ECG_DATA_DIR": str(store.folder)}
        if "OMP_NUM_THREADS" in os.environ:
            environment["OMP_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"]
        with served(environment) as (address, _):
            page = launch(playwright).new_page(viewport={"width": 1400, "height": 1000})
            alone = used(page, address, paths[: options.photos])
            if options.beside_training:
                print("beside a training:")
                with training(store):
                    beside = used(page, address, paths[options.photos :])
                ratios = np.median(beside, axis=0) / np.median(alone, axis=0)
                print("medians beside a training over alone:")
                print(", ".join(f"{word} {ratio:.2f}" for word, ratio in zip(WAITS, ratios, strict=True)))


if __name__ == "__main__":
    main()
