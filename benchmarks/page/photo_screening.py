"""Photographed pages through the whole screening: are beats still found, and do the verdicts hold?

python -m benchmarks.page.photo_screening BUNDLE --ludb DIR --ptbxl DIR --out DIR [--ludb-pages N] [--ptbxl-pages N]

Held-out records are drawn in random styles and screened twice: as a scan, and photographed with random damage (bent,
tilted, turned, badly lit, blurred, sometimes cut off). Beats count in photo pixels, against the boxes that the damage's
exact mapping gives; a beat that the photo's edge cuts is no complete beat. Verdicts of both pictures are compared on
the pages that both let through. What was refused is counted apart, and as referred in the last rows. What was screened
is kept in ``--out``, so the same command goes on.
"""

import argparse
import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.training.held_out import held_out_ludb, held_out_ptbxl
from benchmarks.training.held_out_figures import shown
from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.geometry.boxes import iou_matrix
from ecgcore.papersim import SimPage, random_style
from ecgcore.papersim.photo.photograph import photograph, random_damage
from ecgcore.pipeline import screen
from ecgcore.types import Prediction
from trainer.atomic_files import write_json_atomic
from trainer.evaluation.evaluate import figures_table
from trainer.metrics.classification import classification_metrics, paired_auroc_difference
from trainer.metrics.detection import detection_metrics
from trainer.starter.public_datasets import Record
from trainer.starter.synthetic_pages import render_boxed_page, render_page

Row = dict[str, Any]
Draw = Callable[..., SimPage | None]
LOWEST_IOU = 0.5


def rows_of(
    bundle: Bundle, records: Sequence[Record], draw: Draw, n_pages: int, seed: int, kept: Path
) -> Iterator[Row]:
    """One row a page, clean and photographed; those that ``kept`` holds are read from there."""
    for number in range(n_pages):
        file = kept / f"{number:04}.json"
        if file.exists():
            yield json.loads(file.read_text())
            continue
        record = records[number % len(records)]
        rng = np.random.default_rng([seed, number])
        style = dataclasses.replace(random_style(rng), rotation_deg=0.0)
        page = draw(record, number, style)
        if page is None:  # too little of the record is marked for this layout
            continue
        photo = photograph(page, random_damage(rng), number)
        row = {
            "group": record.group,
            "label": record.label,
            "clean": _said(screen(page.image_rgb, bundle, file=record.source_record), page.boxes_xyxy),
            "photo": _said(screen(photo.image_rgb, bundle, file=record.source_record), photo.boxes_photo_xyxy),
        }
        write_json_atomic(file, row)
        yield row


def _said(prediction: Prediction, true_boxes_xyxy: np.ndarray) -> Row:
    return {
        "status": prediction.status,
        "reason": prediction.reason,
        "notes": prediction.notes,
        "p_abnormal": prediction.p_abnormal,
        "decision": prediction.decision,
        "boxes_photo_xyxy": [beat.box_photo_xyxy.as_list() for beat in prediction.beats],
        "scores": [beat.score for beat in prediction.beats],
        "true_photo_xyxy": true_boxes_xyxy.tolist(),
    }


def beats_table(bundle: Bundle, rows: Sequence[Row], kind: str) -> dict[str, Any]:
    """Recall and precision on the pages that were screened; no box lies under the bundle's own threshold."""
    found = [(of["boxes_photo_xyxy"], of["scores"], of["true_photo_xyxy"]) for of in (row[kind] for row in rows)]
    return detection_metrics(found, [row["group"] for row in rows], bundle.operating_point.min_score)


def print_beats(bundle: Bundle, rows: Sequence[Row]) -> None:
    """Beats of scans and of photos."""
    for kind in ("clean", "photo"):
        passed = [row for row in rows if row[kind]["status"] == "ok"]
        print(f"\nLUDB, {kind}: {len(passed)} of {len(rows)} pages were screened")
        print(figures_table({"detector": beats_table(bundle, passed, kind)}))
        recall = [_recall(row[kind]) for row in passed]
        print(f"pages on which fewer than half of the beats were found: {sum(r < 0.5 for r in recall)}")


def _recall(said: Row) -> float:
    """Share of a page's beats that some box meets."""
    if not said["true_photo_xyxy"]:
        return 1.0
    iou = iou_matrix(said["true_photo_xyxy"], said["boxes_photo_xyxy"])
    return float((iou.max(axis=1, initial=0.0) >= LOWEST_IOU).mean())


def print_verdicts(rows: Sequence[Row]) -> None:
    """Verdicts of scans and of photos, and what the damage costs."""
    both = [row for row in rows if all(row[kind]["p_abnormal"] is not None for kind in ("clean", "photo"))]
    labels, groups = [row["label"] for row in both], [row["group"] for row in both]
    p = {kind: [row[kind]["p_abnormal"] for row in both] for kind in ("clean", "photo")}
    print(f"\nPTB-XL: {len(both)} of {len(rows)} pages have a verdict of both")
    for kind in ("clean", "photo"):
        passed = sum(row[kind]["p_abnormal"] is not None for row in rows)
        print(f"{kind}: {passed} of {len(rows)} pages got a verdict")
    columns = {
        kind: classification_metrics(labels, p[kind], [row[kind]["decision"] for row in both], groups) for kind in p
    }
    print(figures_table(columns))
    print(f"AUROC, clean minus photo: {shown(paired_auroc_difference(labels, p['clean'], p['photo'], groups))}")
    for kind in ("clean", "photo"):
        decisions = [row[kind]["decision"] or "refer" for row in rows]
        everything = [row[kind]["p_abnormal"] if row[kind]["p_abnormal"] is not None else 0.5 for row in rows]
        figures = classification_metrics(
            [row["label"] for row in rows], everything, decisions, [row["group"] for row in rows]
        )
        print(
            f"{kind}, refused pages as referred: AUROC {shown(figures['auroc'])}, refer {shown(figures['refer_rate'])}"
        )


def main() -> None:
    """Draw, photograph, screen and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    for name in ("ludb", "ptbxl", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--ludb-pages", type=int, default=100)
    parser.add_argument("--ptbxl-pages", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    bundle = load_bundle(options.bundle)
    parts = {
        "ludb": (
            held_out_ludb(options.ludb, bundle),
            render_boxed_page,
            options.ludb_pages,
            partial(print_beats, bundle),
        ),
        "ptbxl": (held_out_ptbxl(options.ptbxl, bundle), render_page, options.ptbxl_pages, print_verdicts),
    }
    for name, (records, draw, n_pages, tell) in parts.items():
        if n_pages == 0:
            continue
        kept = options.out / f"{name}-{options.seed}"
        kept.mkdir(parents=True, exist_ok=True)
        rows = []
        for row in rows_of(bundle, records, draw, n_pages, options.seed, kept):
            rows.append(row)
            print(f"{name} {len(rows)}: {row['photo']['reason'] or row['photo']['decision']}", flush=True)
        tell(rows)


if __name__ == "__main__":
    main()
