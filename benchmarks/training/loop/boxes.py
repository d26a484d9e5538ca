"""Does correcting boxes pay? Pages of a layout that the detector is weak on are boxed, then fresh records are measured.

python -m benchmarks.training.loop.boxes --ludb DIR --bundle DIR --out DIR
    [--pages 0 25 100] [--seeds 0] [--layout NAME]

The bundle should be one that has never seen the layout. Of some gridless layouts the one is taken on which its detector
finds the smallest share of beats, measured on a few pages of the inner records, never on those that are measured in the
end. The simulated annotator draws the true boxes. Training is that of the recipe ``quick``, a fifth of the corrected
pages put aside to stop it, from the bundle's detector. Whatever is finished is kept in ``--out`` and skipped.
"""

import argparse
import copy
import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.training.held_out_figures import shown
from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.networks.detector import BeatDetector
from ecgcore.papersim import PageStyle
from trainer.atomic_files import write_json_atomic
from trainer.data.folds import split_train_validation
from trainer.data.page import PreparedPage
from trainer.metrics.detection import detection_metrics
from trainer.named_recipes import RECIPES
from trainer.progress import ProgressEvent
from trainer.runs.files import read_json
from trainer.stages.context import StageContext
from trainer.stages.detector import train_detector
from trainer.stages.inference import LOWEST_SCORE, detect_pages
from trainer.starter.pages import cached_pages, split_records
from trainer.starter.public_datasets import Record, load_ludb
from trainer.starter.synthetic_pages import drawing_version, page_seed, prepare_rendered, render_boxed_page

_GRIDLESS = {"layout": "6x2+1", "grid": "none", "frame": False, "ticks": False}
LAYOUTS = {
    "wide": PageStyle(**_GRIDLESS, row_pitch_mm=22.0, pulse="left"),
    "no pulse": PageStyle(**_GRIDLESS, row_pitch_mm=16.0, pulse="none", labels=False),
    "crowded": PageStyle(**_GRIDLESS, row_pitch_mm=9.0, pulse="none", pen_mm=0.15),
    "tall": PageStyle(**_GRIDLESS, row_pitch_mm=13.0, pulse="none", gain_mm_mv=20.0),
    "slow": PageStyle(**_GRIDLESS, row_pitch_mm=14.0, pulse="none", paper_speed_mm_s=12.5, gain_mm_mv=5.0),
}
"""Gridless pages of two columns and a rhythm strip, as programs print them that spare ink."""

RECIPE = RECIPES["quick"]
PROBE_SEED, FRESH_SEED, CORRECTED_SEED = 5, 7, 11


def draw(records: Sequence[Record], style: PageStyle, seed: int, kept: Path) -> list[PreparedPage]:
    """One boxed page of every record that is marked enough; drawn once."""

    def drawn() -> Iterator[PreparedPage]:
        for record in records:
            page = render_boxed_page(record, page_seed(record, 0, seed), style)
            if page is not None:
                prepared = prepare_rendered(record, page, boxed=True, key=f"{record.source_record}/{seed}")
                if prepared is not None:
                    yield prepared

    named = hashlib.sha256(repr((style, [record.source_record for record in records])).encode()).hexdigest()[:12]
    return cached_pages(kept, drawn, f"{drawing_version()}-{named}")


def measured(detector: BeatDetector, pages: Sequence[PreparedPage], min_score: float) -> dict[str, Any]:
    """Recall, precision and average precision with intervals by record."""
    found = detect_pages(detector, pages, LOWEST_SCORE)
    rows = [(boxes, scores, page.boxes_panel_xyxy) for page, (boxes, scores) in zip(pages, found, strict=True)]
    return detection_metrics(rows, [page.group_key for page in pages], min_score)  # type: ignore[arg-type]


def retrained(bundle: Bundle, pages: Sequence[PreparedPage], seed: int) -> tuple[BeatDetector, float]:
    """The bundle's detector, trained further on corrected pages, and the seconds that it took."""
    train, val = split_train_validation(pages, RECIPE.inner_share, seed)
    started = time.monotonic()

    def tell(event: ProgressEvent) -> None:
        if event.train_loss is not None:
            checked = 1.0 if event.val_loss is None else event.val_loss
            print(f"  epoch {event.epoch}: loss {event.train_loss:.3f}, 1 - F1 {checked:.3f}", flush=True)

    context = StageContext(None, "detector", torch.device("cpu"), seed, tell, keeps_start=True)
    own = copy.deepcopy(bundle.nets.detector).requires_grad_(True)
    detector = train_detector(train, RECIPE.detector, context, init=own, val=val)
    return detector, time.monotonic() - started


def report(name: str, figures: dict[str, Any]) -> None:
    """Print one line."""
    print(
        f"{name}: {', '.join(f'{key} {shown(figures[key])}' for key in ('recall', 'precision', 'ap50_95'))}", flush=True
    )


def weakest_layout(bundle: Bundle, records: Sequence[Record], out: Path) -> str:
    """The layout with the lowest recall."""
    recall = {}
    for name, style in LAYOUTS.items():
        kept = out / f"probe-{name}.json"
        figures = read_json(kept)
        if figures is None:
            pages = draw(records, style, PROBE_SEED, out / f"probe-{name}.pages")
            figures = measured(bundle.nets.detector, pages, bundle.operating_point.min_score)
            write_json_atomic(kept, figures)
        report(f"layout {name}", figures)
        recall[name] = figures["recall"]["value"]
    return min(recall, key=lambda name: recall[name])


def main() -> None:
    """Choose the layout, then measure before and after."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ludb", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pages", type=int, nargs="+", default=[0, 25, 100])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--layout", choices=sorted(LAYOUTS))
    parser.add_argument("--probe", type=int, default=8, metavar="N", help="inner records that choose the layout")
    parser.add_argument("--fresh", type=int, default=1000, metavar="N", help="unseen records, at most")
    options = parser.parse_args()
    bundle = load_bundle(options.bundle, "cpu")
    train, inner, test = split_records(load_ludb(options.ludb))
    layout = options.layout or weakest_layout(bundle, inner[: options.probe], options.out)
    style = LAYOUTS[layout]
    fresh = draw(test[: options.fresh], style, FRESH_SEED, options.out / f"{layout}-fresh.pages")
    for n in options.pages:
        for seed in options.seeds if n else options.seeds[:1]:
            kept = options.out / f"{layout}-{n}-{seed}.json"
            result = read_json(kept)
            if result is None:
                detector, min_score, seconds = bundle.nets.detector, bundle.operating_point.min_score, 0.0
                if n:
                    order = np.random.default_rng(seed).permutation(len(train))
                    chosen = [train[row] for row in order[: n + n // 4 + 2]]  # some have too little marked
                    name = f"{layout}-corrected-{n}-{seed}.pages"
                    pages = draw(chosen, style, CORRECTED_SEED, options.out / name)[:n]
                    detector, seconds = retrained(bundle, pages, seed)
                    min_score = RECIPE.min_score
                figures = measured(detector, fresh, min_score)
                result = {"pages": n, "seed": seed, "seconds": seconds, "fresh": len(fresh), "figures": figures}
                write_json_atomic(kept, result)
            report(f"{layout}, {n} pages, seed {seed}, {result['seconds'] / 60:.1f} min", result["figures"])


if __name__ == "__main__":
    main()
