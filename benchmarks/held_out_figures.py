"""A starter on the groups that it left aside: every network, calibration out of fold, sum against mean over beats.

python -m benchmarks.held_out_figures BUNDLE --ludb DIR --ptbxl DIR --khan DIR --cache DIR [--pools]

Each data set is reported on its own. "cross-fitted" fits temperature, bias and thresholds on four fifths of the
held-out groups and judges the last fifth, pooled over five folds: what calibration is worth on pages that no network
and no threshold has seen. With --pools two heads are trained on the bundle's training pages, one on the sum and one on
the mean of the beats' features.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import expit

from ecgcore.bundle import Bundle, load_bundle
from ecgcore.fusion import FusionHead
from trainer.calibrate import calibrate
from trainer.data import PreparedPage
from trainer.engine import StageContext
from trainer.evaluate import evaluate_bundle, figures_table
from trainer.folds import assign_folds
from trainer.metrics import classification_metrics, paired_auroc_difference
from trainer.predict import fused_logits, page_features
from trainer.stack import answer_pages
from trainer.stage_detector import detect_pages
from trainer.stage_fusion import HeadFeatures, still_features, train_head, varied_features, with_beats
from trainer.starter import STARTER, khan_pages, ludb_pages, ptbxl_pages

FOLDS, SEED = 5, 0


def judged_sets(khan: Sequence[PreparedPage], ptbxl: Sequence[PreparedPage]) -> dict[str, list[PreparedPage]]:
    """The held-out pages by what is reported of them."""
    gridded = [page for page in khan if page.has_grid]
    return {
        "Khan, gridded": gridded,
        "Khan, all": list(khan),
        "Khan, acute MI against normal, gridded": [p for p in gridded if p.label == 0 or p.key.startswith("mi/")],
        "PTB-XL, rendered": list(ptbxl),
    }


def cross_fitted(bundle: Bundle, pages: Sequence[PreparedPage]) -> dict[str, Any]:
    """Figures of the fused answer with calibration and thresholds fitted on other folds of the same pages."""
    labels = np.array([int(page.label == 1) for page in pages])
    groups = [page.group_key for page in pages]
    logits = answer_pages(bundle.nets, bundle.operating.min_score, pages).logits["fused"]
    folds = assign_folds(labels.tolist(), groups, FOLDS, seed=SEED)
    p, decisions = np.full(len(pages), np.nan), np.full(len(pages), "refer", dtype=object)
    recipe = STARTER.recipe
    for fold in range(FOLDS):
        there = folds == fold
        fitted = calibrate(logits[~there], labels[~there], recipe.sensitivity_target, recipe.specificity_target)
        p[there] = fitted.probabilities(logits[there])
        decisions[there] = fitted.decisions(p[there])
    return classification_metrics(labels, p, decisions.tolist(), groups)


def not_called_normal(bundle: Bundle, pages: Sequence[PreparedPage]) -> str:
    """Share of abnormal pages whose decision is not "normal", at the bundle's own thresholds, with its interval."""
    figures = evaluate_bundle(bundle, pages)["fused"]
    value = figures["sensitivity"]
    return f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})"


def compare_pools(
    bundle: Bundle,
    train: Sequence[PreparedPage],
    inner: Sequence[PreparedPage],
    judged: dict[str, list[PreparedPage]],
) -> None:
    """Train a head on sums and one on means of the same features, and print both with the paired difference."""
    nets = bundle.nets

    def found(pages: Sequence[PreparedPage]) -> tuple[list[PreparedPage], list[Any]]:
        return with_beats(pages, [boxes for boxes, _ in detect_pages(nets.detector, pages, bundle.operating.min_score)])

    learnt = varied_features(nets.global_, nets.local, *found(train), SEED)
    checked = still_features(nets.global_, nets.local, *found(inner))
    heads: dict[str, FusionHead] = {}
    for pool in ("sum", "mean"):
        torch.manual_seed(SEED)
        heads[pool] = FusionHead(replace(nets.fusion.config, pool=pool))
        context = StageContext(None, f"fusion-{pool}", torch.device("cpu"), SEED)
        train_head(heads[pool], learnt, STARTER.recipe.fusion, context, val=checked)
    for name, pages in judged.items():
        kept, beats = found(pages)
        features: HeadFeatures = still_features(nets.global_, nets.local, kept, beats)
        pooled = page_features(features.f_global, features.f_beats)
        groups = [page.group_key for page in kept]
        logits = {pool: expit(fused_logits(head, pooled)) for pool, head in heads.items()}
        for pool, p in logits.items():
            auroc = classification_metrics(features.labels.astype(int), p, None, groups)["auroc"]
            print(f"{name}, {pool}: AUROC {auroc['value']:.3f} ({auroc['low']:.3f} to {auroc['high']:.3f})")
        gap = paired_auroc_difference(features.labels.astype(int), logits["sum"], logits["mean"], groups)
        print(f"{name}, sum minus mean: {gap['value']:+.3f} ({gap['low']:+.3f} to {gap['high']:+.3f})")


def main() -> None:
    """Prepare, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    for name in ("ludb", "ptbxl", "khan", "cache"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--pools", action="store_true", help="train a head on sums and one on means too")
    options = parser.parse_args()
    bundle = load_bundle(options.bundle)
    pages_dir = options.cache / "pages"
    boxed = ludb_pages(options.ludb, pages_dir, SEED, STARTER.styles)
    rendered = ptbxl_pages(options.ptbxl, pages_dir, SEED)
    real = khan_pages(options.khan, pages_dir, options.cache / "cache")
    report = evaluate_bundle(bundle, boxed.test)
    print(f"{bundle.version}; LUDB, rendered, {len(boxed.test)} pages")
    print(figures_table({"detector": report["detector"]}))
    judged = judged_sets(real.test, rendered.test)
    for name, pages in judged.items():
        report = evaluate_bundle(bundle, pages)
        columns = {part: report[part] for part in ("local", "global", "fused")}
        print(f"\n{name}: {report['pages']} pages, left out as seen: {report['left_out_as_seen'] or 'none'}")
        print(figures_table({**columns, "fused, cross-fitted": cross_fitted(bundle, pages)}))
    mi = [page for page in real.test if page.key.startswith("mi/")]
    if mi:
        print(f"\nKhan, acute MI, {len(mi)} pages: not called normal {not_called_normal(bundle, mi)}")
    if options.pools:
        train = [*(page for page in real.train if page.has_grid), *rendered.train]
        inner = [*(page for page in real.inner if page.has_grid), *rendered.inner]
        compare_pools(bundle, train, inner, judged)


if __name__ == "__main__":
    main()
