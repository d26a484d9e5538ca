"""Can the class be told from what is left of a page when its traces are gone? It should not: 0.5 is ideal.

    python -m benchmarks.training.shortcut_probe --khan DIR --cache DIR

A small network is trained and tested, in grouped folds, on the very panels that the global network sees, with every
stroke painted over by the paper around it and what faint marks remain made ten times stronger.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from ecgcore.networks.configs import GlobalConfig
from ecgcore.networks.global_net import GlobalNet
from ecgcore.types import ByteArray
from trainer.data.folds import assign_folds
from trainer.data.page import PreparedPage
from trainer.data.prepare import prepare_pages
from trainer.metrics.classification import classification_metrics
from trainer.recipes import GlobalStage
from trainer.stages.classifiers import train_global
from trainer.stages.context import StageContext
from trainer.stages.inference import page_logits
from trainer.starter.pages import khan_items

STROKE_FROM = 50
"""Ink from here on (of 255) is taken for a stroke."""

PROBE = GlobalConfig(px_per_mm=1.0, growth_rate=12, block_config=(2, 3, 4, 3), init_features=24)
STAGE = GlobalStage(epochs=6, batch=16, lr=2e-3)


def without_traces(page: PreparedPage) -> PreparedPage:
    """The page with its strokes, and two pixels round them, painted over; the rest ten times stronger."""
    strokes = cv2.dilate((page.ink >= STROKE_FROM).astype(np.uint8), np.ones((5, 5), np.uint8))
    painted = cv2.inpaint(page.ink, strokes, 3, cv2.INPAINT_TELEA)
    ink: ByteArray = np.clip(painted.astype(np.int32) * 10, 0, 255).astype(np.uint8)
    return replace(page, ink=ink)


def main() -> None:
    """Probe the gridded pages and print the AUROC."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--khan", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=5)
    options = parser.parse_args()
    prepared = prepare_pages(khan_items(options.khan), options.cache).pages
    pages = [without_traces(page) for page in prepared if page.has_grid]
    labels, groups = [page.label for page in pages], [page.group_key for page in pages]
    folds = assign_folds(labels, groups, options.folds, seed=0)
    logits = np.zeros(len(pages))
    for fold in range(options.folds):
        torch.manual_seed(fold)
        train = [page for page, of in zip(pages, folds, strict=True) if of != fold]
        context = StageContext(None, "probe", torch.device("cpu"), fold)
        model = train_global(train, STAGE, context, init=GlobalNet(PROBE))
        logits[folds == fold] = page_logits(model, [pages[i] for i in np.flatnonzero(folds == fold)])
        print(f"fold {fold} done", flush=True)
    auroc = classification_metrics(labels, 1 / (1 + np.exp(-logits)), None, groups)["auroc"]
    heights = np.array([page.ink.shape[0] for page in pages])
    by_height = classification_metrics(labels, -heights / heights.max() + 1, None, groups)["auroc"]
    print(f"{len(pages)} gridded pages, {len(set(groups))} groups")
    print(f"traces painted over: AUROC {auroc['value']:.3f} ({auroc['low']:.3f} to {auroc['high']:.3f})")
    print(f"panel height alone:  AUROC {by_height['value']:.3f} ({by_height['low']:.3f} to {by_height['high']:.3f})")


if __name__ == "__main__":
    main()
