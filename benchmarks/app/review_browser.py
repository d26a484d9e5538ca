"""A correction in a real Chromium, again and again: do the rows say what the hand did?

python -m benchmarks.app.review_browser [--runs 20]

Each run opens a page with 60 proposals, draws one box, moves one, deletes one, labels the page, saves and reloads, at
zoom 1 and at zoom 3, and compares the rows of the database with the places of the mouse.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from annotations.store import Store
from tests.support.real_browser import launch, served
from tests.support.review_canvas import TOLERANCE_PX, add_page, correct_one


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = Store(Path(folder))
        store.add_person("Ada")
        environment = {"ECG_DATA_DIR": folder, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
        with served(environment) as (address, _):
            browser = launch(playwright)
            for zoom in (1, 3):
                errors, failures = [], []
                for run in range(options.runs):
                    page = browser.new_page(viewport={"width": 1400, "height": 1000})
                    try:
                        errors.append(correct_one(page, address, store, add_page(store, 100 * zoom + run), zoom))
                    except Exception as error:  # noqa: BLE001 - a run that fails is a result
                        failures.append(str(error).splitlines()[0])
                    page.close()
                right = sum(error <= TOLERANCE_PX for error in errors)
                worst = max(errors, default=np.nan)
                print(f"zoom {zoom}: {right} of {options.runs} right, largest error {worst:.2f} px of the photo")
                for failure in failures:
                    print(f"  failed: {failure}")
            browser.close()


if __name__ == "__main__":
    main()
