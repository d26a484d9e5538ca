"""The store with many pages: how long saving, the next page of a queue and the Dataset page's numbers take.

python -m benchmarks.store.scale [--pages 10000] [--boxes 50] [--folder DIR]

Rows are real; pictures are one small file that all share, since no measured step opens a picture but the export.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from annotations import readings
from annotations.exchange.formats import FORMATS
from annotations.exchange.import_export import export_to
from annotations.model import LabelledBox, Provenance, Reading
from annotations.readings import work_queue
from annotations.readings.counts_and_agreement import counts, gallery, gallery_size
from annotations.readings.predictions import record_prediction
from annotations.store import Store
from ecgcore.types import Beat, Box, Prediction

WH = (400, 300)
PEOPLE = ("Ada", "Ben")


def fill(store: Store, pages: int, boxes: int) -> None:
    """Pages with a prediction each, two thirds of them read."""
    for name in PEOPLE:
        store.add_person(name)
    rng = np.random.default_rng(0)
    for number in range(pages):
        photo_rgb = np.zeros((WH[1], WH[0], 3), np.uint8)
        photo_rgb[0, :3] = np.frombuffer(number.to_bytes(9, "big"), np.uint8).reshape(3, 3)
        picture, _ = store.add_picture(photo_rgb, group=f"patient {number // 3}")
        places = [Box(x, y, x + 40.0, y + 50.0) for x, y in rng.uniform(0, (350, 240), (boxes, 2))]
        p = float(rng.uniform())
        beats = tuple(Beat(place, 0.9, p, 0.1) for place in places)
        prediction = Prediction("x", 1, "ok", None, p, "refer", beats, bundle="starter", p_global=p, p_local=1 - p)
        prediction_id = record_prediction(store, picture.id, prediction)
        if number % 3:
            labelled = tuple(LabelledBox(f"b{i}", place) for i, place in enumerate(places))
            reading = Reading("normal" if number % 2 else "abnormal", labelled, boxes_complete=True)
            readings.save(
                store,
                picture.id,
                PEOPLE[number % 2],
                reading,
                base_revision_id=None,
                provenance=Provenance(prediction_id),
            )
        if sys.stderr.isatty() and number % 200 == 0:
            print(f"\rfilling {number} of {pages}", end="", file=sys.stderr)


def median_ms(work: Callable[[], object], times: int) -> float:
    """Median of several runs, milliseconds."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        spent.append(1000 * (time.perf_counter() - start))
    return statistics.median(spent)


def dataset_page(store: Store) -> None:
    """What the Dataset page asks for at each run."""
    counts(store)
    gallery_size(store, "all")
    gallery(store, "all", first=240)


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--boxes", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "data")
        fill(store, options.pages, options.boxes)
        unread = [row["id"] for row in store.rows("SELECT id FROM image WHERE id % 3 = 1 LIMIT 60")]
        labelled = tuple(LabelledBox(f"b{i}", Box(i, i, i + 30.0, i + 40.0)) for i in range(options.boxes))

        def save() -> None:
            readings.save(store, unread.pop(), "Ada", Reading("normal", labelled, True), base_revision_id=None)

        print(f"{options.pages} pages, {options.pages * options.boxes} proposed boxes")
        print(f"save one page: {median_ms(save, min(50, len(unread))):.1f} ms")
        for order in work_queue.ORDERS:
            ms = median_ms(lambda order=order: work_queue.next_page(store, "Ben", order), 20)
            print(f"next page, {order}: {ms:.1f} ms; its counts: "
                  f"{median_ms(lambda order=order: work_queue.progress(store, 'Ben', order), 10):.1f} ms")  # fmt: skip
        print(f"Dataset page: {median_ms(lambda: dataset_page(store), 7):.0f} ms")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        written = export_to(store, FORMATS["coco"], Path(folder) / "out")
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(f"export of {written} pages to COCO: {time.perf_counter() - start:.1f} s, peak memory +{grown:.0f} MiB")


if __name__ == "__main__":
    main()
