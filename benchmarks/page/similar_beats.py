"""What the aids for boxing beats are worth on rendered pages with known truth.

    python -m benchmarks.page.similar_beats [--pages 60]

Per page one random true beat is drawn: how many right boxes (IoU of 0.5 or more with a true beat) the drawn one gains,
and what share of the proposals is right. True boxes disturbed by up to 2 mm an edge are snapped. From each page one
beat is taken out of its row, or boxed twice: is it noticed, and how many hints does the undisturbed page give?
"""

import argparse
import time
from collections import defaultdict

import cv2
import numpy as np

from ecgcore.assist import find_similar_beats, rhythm_hints, snap
from ecgcore.errors import NotScreenableError
from ecgcore.geometry.boxes import iou_matrix
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import KINDS, draw_page, random_style, synthetic_ecg
from ecgcore.types import STANDARD_PX_PER_MM, ByteArray, FloatArray

FIRST_SEED = 710_000
RIGHT_IOU = 0.5
CLOSE_IOU = 0.8
DISTURBANCE_MM = 2.0
SNAPPED = 8
IRREGULAR = {"atrial_fibrillation", "ectopic"}

Counts = dict[str, list[FloatArray]]
"""For each group of pages (all of them, a layout, a kind) what was counted, a row a case."""


def measure_similar_beats(ink: ByteArray, truth: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Right proposals that lie on distinct beats not drawn yet, all right ones, all proposals, and seconds."""
    drawn = int(rng.integers(len(truth)))
    start = time.perf_counter()
    alike = find_similar_beats(ink, truth[drawn], np.zeros((0, 4)))
    seconds = time.perf_counter() - start
    iou = iou_matrix(alike.boxes_panel_xyxy, truth)
    right = [int(row.argmax()) for row in iou if row.max() >= RIGHT_IOU]
    return np.array([len(set(right) - {drawn}), len(right), len(alike), seconds])


def measure_snap(ink: ByteArray, truth: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Edge errors in mm before and after, ``[n, 10]``: four, the IoU, and the same after snapping."""
    reach_px = DISTURBANCE_MM * STANDARD_PX_PER_MM
    cases = []
    for box in truth[rng.permutation(len(truth))[:SNAPPED]]:
        rough = box + rng.uniform(-reach_px, reach_px, 4)
        if (rough[2:] - rough[:2] > 1).all():
            pair = [(np.abs(b - box) / STANDARD_PX_PER_MM, iou_matrix(b, box)[0]) for b in (rough, snap(ink, rough))]
            cases.append(np.concatenate([value for both in pair for value in both]))
    return np.array(cases).reshape(-1, 10)


def measure_hints(truth: FloatArray, page_rows: np.ndarray, leads: np.ndarray, rng: np.random.Generator) -> FloatArray:
    """Hints on the whole page; whether a beat taken out and a beat boxed twice were noticed (nan: not tried)."""
    false = len(rhythm_hints(truth))
    strips = {row for row in set(page_rows.tolist()) if len(set(leads[page_rows == row])) == 1}
    inner = []
    for row in sorted(set(page_rows.tolist())):
        members = np.flatnonzero(page_rows == row)
        members = members[np.argsort(truth[members, 0])]
        inner += [
            int(members[i])
            for i in range(1, len(members) - 1)
            if len(members) >= 4 and (row in strips or len({int(leads[m]) for m in members[i - 1 : i + 2]}) == 1)
        ]
    if not inner:
        return np.array([false, np.nan, np.nan])
    out = int(rng.choice(inner))
    missed = [h for h in rhythm_hints(np.delete(truth, out, axis=0)) if h.text == "missed beat?"]
    noticed = any(iou_matrix(truth[out], h.place_panel_xyxy.as_list()).item() > 0.3 for h in missed)
    shift_px = rng.uniform(-1, 1, 4) * STANDARD_PX_PER_MM
    doubled = rhythm_hints(np.vstack([truth, truth[out] + shift_px]))
    return np.array([false, noticed, any(h.box_index in (out, len(truth)) for h in doubled)])


def main() -> None:
    """Measure all three aids and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=60)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    alike: Counts = defaultdict(list)
    snapped: Counts = defaultdict(list)
    hints: Counts = defaultdict(list)
    seed, pages, refused = FIRST_SEED, 0, 0
    while pages < options.pages:
        seed += 1
        rng = np.random.default_rng(seed)
        style, kind = random_style(rng), list(KINDS)[seed % len(KINDS)]
        signals_mv, fs_hz, beats_s = synthetic_ecg(kind, seed)
        drawn = draw_page(signals_mv, fs_hz, style, seed, beats_s=beats_s)
        try:
            page = prepare_page(drawn.image_rgb)
        except NotScreenableError:
            refused += 1
            continue
        truth = page.frame.boxes_to_panel(drawn.boxes_xyxy)
        inside = (truth >= 0).all(axis=1) & (truth[:, 2:] <= page.frame.panel_wh).all(axis=1)
        truth, page_rows, leads = truth[inside], drawn.box_rows[inside], drawn.box_leads[inside]
        if len(truth) == 0:
            refused += 1
            continue
        pages += 1
        case = measure_similar_beats(page.ink, truth, rng)
        edges = measure_snap(page.ink, truth, rng)
        hint = measure_hints(truth, page_rows, leads, rng)
        for group in ("all", style.layout, kind):
            alike[group].append(case)
            snapped[group].append(edges)
        for group in ("all", style.layout, "irregular" if kind in IRREGULAR else "regular"):
            hints[group].append(hint)
    print(f"{pages} pages, seeds from {FIRST_SEED + 1}, {refused} more refused or without a whole beat\n")
    print(f"{'find alike':22} pages  right per drawn beat  share right  seconds")
    for group, cases in alike.items():
        new, right, proposed, seconds = np.array(cases).T
        share = right.sum() / max(1, proposed.sum())
        print(f"{group:22} {len(new):5} {new.mean():21.1f} {share:12.3f} {seconds.mean():8.2f}")
    print(f"\n{'snap':22} boxes  left right (mm, before > after)  top bottom  IoU >= {CLOSE_IOU}")
    for group, pages_edges in snapped.items():
        values = np.concatenate(pages_edges)
        error = values.mean(axis=0)
        sides = "  ".join(f"{error[i]:.2f} > {error[i + 5]:.2f}" for i in (0, 2, 1, 3))
        before, after = (values[:, [4, 9]] >= CLOSE_IOU).mean(axis=0)
        print(f"{group:22} {len(values):5}  {sides}  {before:.2f} > {after:.2f}")
    print(f"\n{'rhythm hints':22} pages  false per page  missed noticed  double noticed")
    for group, rows in hints.items():
        false, missed, double = np.array(rows).T
        tried = ~np.isnan(missed)
        noticed = [f"{v[tried].mean():.2f} of {tried.sum()}" if tried.any() else "-" for v in (missed, double)]
        print(f"{group:22} {len(false):5} {false.mean():15.2f} {noticed[0]:>15} {noticed[1]:>15}")


if __name__ == "__main__":
    main()
