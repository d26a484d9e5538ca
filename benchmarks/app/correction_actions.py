"""How many user actions it takes to put a page of some 60 beats right, with the helpers of Review and without.

python -m benchmarks.app.correction_actions [--pages 30]

An action is one drag, one click on the page or on a button, or one key. Drawing a box is one; deleting one is two, the
pencil apart; find alike is two, the key and accepting, and each wrong proposal costs two more to delete first. Without
helpers every missing beat is drawn. A beat counts as boxed at IoU 0.5.
"""

import argparse

import cv2
import numpy as np

from benchmarks.page.similar_beats import RIGHT_IOU
from ecgcore.assist import find_similar_beats
from ecgcore.errors import NotScreenableError
from ecgcore.geometry.boxes import iou_matrix
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import KINDS, draw_page, random_style, synthetic_ecg
from ecgcore.types import ByteArray, FloatArray

FIRST_SEED = 730_000
BEATS = range(45, 90)
SCENES = {"5 beats missing": 5, "a third missing": 1 / 3, "none boxed yet": 1.0}


def with_helpers(ink: ByteArray, truth: FloatArray, missing: list[int]) -> int:
    """Draw one missing beat, look for its like, accept what is right, until all are boxed."""
    boxes, waiting, actions = np.delete(truth, missing, axis=0), list(missing), 0
    while waiting:
        drawn = truth[waiting.pop(0)]
        boxes, actions = np.vstack([boxes, drawn]), actions + 1
        if not waiting:
            break
        proposed = find_similar_beats(ink, drawn, boxes).boxes_panel_xyxy
        hits = [[i for i in waiting if iou_matrix(box, truth[i][None]).item() >= RIGHT_IOU] for box in proposed]
        wrong = sum(not hit for hit in hits)
        if not any(hits):
            actions += 1 + (1 if len(proposed) else 0)  # looked for nothing; rejected what came
            continue
        actions += 2 + 2 * wrong
        found = {i for hit in hits for i in hit}
        waiting = [i for i in waiting if i not in found]
        boxes = np.vstack([boxes, truth[sorted(found)]])
    return actions


def main() -> None:
    """Correct many pages both ways and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=30)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    counted: dict[str, list[tuple[int, int]]] = {scene: [] for scene in SCENES}
    seed = FIRST_SEED
    while len(counted["none boxed yet"]) < options.pages:
        seed += 1
        rng = np.random.default_rng(seed)
        signals_mv, fs_hz, beats_s = synthetic_ecg(list(KINDS)[seed % len(KINDS)], seed)
        drawn = draw_page(signals_mv, fs_hz, random_style(rng), seed, beats_s=beats_s)
        try:
            page = prepare_page(drawn.image_rgb)
        except NotScreenableError:
            continue
        truth = page.frame.boxes_to_panel(drawn.boxes_xyxy)
        if len(truth) not in BEATS:
            continue
        for scene, share in SCENES.items():
            n = round(share * len(truth)) if share <= 1 else int(share)
            missing = [int(i) for i in rng.permutation(len(truth))[:n]]
            counted[scene].append((len(missing), with_helpers(page.ink, truth, missing)))
    print(
        f"{options.pages} rendered pages of {BEATS.start} to {BEATS.stop - 1} beats; actions, median (90th percentile)"
    )
    print(f"{'':18} without helpers   with find alike")
    for scene, pairs in counted.items():
        columns = [f"{np.median(v):.0f} ({np.quantile(v, 0.9):.0f})" for v in np.array(pairs).T]
        print(f"{scene:18} {columns[0]:>15} {columns[1]:>17}")


if __name__ == "__main__":
    main()
