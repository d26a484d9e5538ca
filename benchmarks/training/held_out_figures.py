"""A starter on the groups that it left aside: every network, calibration out of fold, sum against mean over beats.

python -m benchmarks.training.held_out_figures BUNDLE --ludb DIR --ptbxl DIR --khan DIR --cache DIR [--pools]

Each data set is reported on its own. "cross-fitted" fits temperature, bias and thresholds on four fifths of the
held-out groups and judges the last fifth, pooled over five folds: what calibration is worth on pages that no network
and no threshold has seen. With --pools two heads are trained on the bundle's training pages, one on the sum and one on
the mean of the beats' features.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import expit

from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.errors import DataError
from ecgcore.networks.fusion import FusionHead
from ecgcore.types import FloatArray
from trainer.data.folds import assign_folds
from trainer.data.page import PreparedPage
from trainer.evaluation.evaluate import exclude_trained_on, figures_table
from trainer.metrics.calibration import calibrate, decide_probabilities
from trainer.metrics.classification import classification_metrics, paired_auroc_difference
from trainer.metrics.detection import detection_metrics
from trainer.metrics.figures import Interval
from trainer.stages.context import StageContext
from trainer.stages.fusion import train_head
from trainer.stages.head_features import HeadFeatures, Trunks, augmented_features, unaugmented_features, with_beats
from trainer.stages.inference import LOWEST_SCORE, detect_pages, fused_logits
from trainer.starter.pages import khan_pages, ludb_pages, ptbxl_pages, ptbxl_records
from trainer.starter.plan import STARTER

FOLDS, SEED = 5, 0


PARTS: dict[str, Callable[[PreparedPage], bool]] = {
    "Khan, gridded": lambda page: page.source == "khan" and page.has_grid,
    "Khan, all": lambda page: page.source == "khan",
    "Khan, acute infarctions": lambda page: page.key.startswith("mi/"),
    "PTB-XL, rendered": lambda page: page.source == "ptbxl",
}
"""What is reported on its own; rendered and real pages are never put together."""


@dataclass(frozen=True)
class Judged:
    """Held-out pages, what the networks say of them, and their features."""

    pages: list[PreparedPage]
    logits: dict[str, FloatArray]
    features: HeadFeatures

    def part(self, belongs: Callable[[PreparedPage], bool]) -> "Judged":
        """Some of the pages."""
        rows = [row for row, page in enumerate(self.pages) if belongs(page)]
        logits = {name: values[rows] for name, values in self.logits.items()}
        return Judged([self.pages[row] for row in rows], logits, self.features.rows(rows))

    @property
    def labels(self) -> np.ndarray:
        """0 or 1, ``[N]``."""
        return self.features.labels.astype(int)

    @property
    def groups(self) -> list[str]:
        """One a page."""
        return [page.group_key for page in self.pages]


def judge(bundle: Bundle, pages: Sequence[PreparedPage]) -> Judged:
    """Find beats, compute features and logits, each once.

    Raises:
        DataError: the bundle has seen one of the pages.
    """
    seen = exclude_trained_on(bundle, pages).excluded
    if seen:
        raise DataError(f"Bundle {bundle.version} has seen some of these pages: {seen}.", "Name another bundle.")
    nets = bundle.nets
    beats = found_beats(bundle, pages)
    features = unaugmented_features(Trunks.of(nets), pages, beats)
    with torch.inference_mode():
        logits = {
            "local": np.array([float(nets.local.fc(f).mean()) if len(f) else np.nan for f in features.f_beats]),
            "global": nets.global_.fc(features.f_global).squeeze(1).double().numpy(),
            "fused": fused_logits(nets.fusion, features.pooled()),
        }
    return Judged(list(pages), logits, features)


def found_beats(bundle: Bundle, pages: Sequence[PreparedPage]) -> list[FloatArray]:
    """Boxes of each page at the bundle's operating score."""
    return [boxes for boxes, _ in detect_pages(bundle.nets.detector, pages, bundle.operating_point.min_score)]


def as_it_screens(bundle: Bundle, judged: Judged) -> dict[str, Any]:
    """Figures with the bundle's own temperature and thresholds; local and global alone decide at 0.5."""
    operating_point = bundle.operating_point
    result = {
        name: classification_metrics(judged.labels, expit(judged.logits[name]), None, judged.groups)
        for name in ("local", "global")
    }
    p = expit(judged.logits["fused"] / operating_point.temperature)
    decisions = decide_probabilities(p, (operating_point.p_normal_below, operating_point.p_abnormal_from))
    return result | {"fused": classification_metrics(judged.labels, p, decisions, judged.groups)}


def cross_fitted(judged: Judged) -> dict[str, Any]:
    """Figures of the fused answer with calibration and thresholds fitted on other folds of the same pages."""
    labels, logits = judged.labels, judged.logits["fused"]
    folds = assign_folds(labels.tolist(), judged.groups, FOLDS, seed=SEED)
    p, decisions = np.full(len(labels), np.nan), np.full(len(labels), "refer", dtype=object)
    recipe = STARTER.recipe
    for fold in range(FOLDS):
        there = folds == fold
        fitted = calibrate(logits[~there], labels[~there], recipe.sensitivity_target, recipe.specificity_target)
        p[there] = fitted.probabilities(logits[there])
        decisions[there] = fitted.decisions(p[there])
    return classification_metrics(labels, p, decisions.tolist(), judged.groups)


def compare_pools(
    bundle: Bundle, train: Sequence[PreparedPage], inner: Sequence[PreparedPage], judged: dict[str, Judged]
) -> None:
    """Train a head on sums and one on means of the same features, and print both with the paired difference."""
    nets = bundle.nets

    def found(pages: Sequence[PreparedPage]) -> tuple[list[PreparedPage], list[FloatArray]]:
        return with_beats(pages, found_beats(bundle, pages))

    learnt = augmented_features(Trunks.of(nets), *found(train), SEED)
    checked = unaugmented_features(Trunks.of(nets), *found(inner))
    heads: dict[str, FusionHead] = {}
    for pool in ("sum", "mean"):
        torch.manual_seed(SEED)
        heads[pool] = FusionHead(replace(nets.fusion.config, pool=pool))
        context = StageContext(None, f"fusion-{pool}", torch.device("cpu"), SEED)
        train_head(heads[pool], learnt, STARTER.recipe.fusion, context, val=checked)
    for name, part in judged.items():
        pooled = part.features.pooled()
        p = {pool: expit(fused_logits(head, pooled)) for pool, head in heads.items()}
        for pool, values in p.items():
            auroc = classification_metrics(part.labels, values, None, part.groups)["auroc"]
            print(f"{name}, {pool}: AUROC {shown(auroc)}")
        print(
            f"{name}, sum minus mean: {shown(paired_auroc_difference(part.labels, p['sum'], p['mean'], part.groups))}"
        )


def shown(interval: Interval) -> str:
    """``0.912 (0.871 to 0.947)``."""
    return "-" if interval["value"] is None else "{value:.3f} ({low:.3f} to {high:.3f})".format(**interval)


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
    boxed = ludb_pages(options.ludb, pages_dir, STARTER.styles)
    rendered = ptbxl_pages(ptbxl_records(options.ptbxl), pages_dir)
    real = khan_pages(options.khan, pages_dir, options.cache / "cache")
    found = detect_pages(bundle.nets.detector, boxed.test, LOWEST_SCORE)
    rows = [(boxes, scores, page.boxes_panel_xyxy) for (boxes, scores), page in zip(found, boxed.test, strict=True)]
    beats = detection_metrics(rows, [page.group_key for page in boxed.test], bundle.operating_point.min_score)
    print(f"{bundle.version}; LUDB, rendered, {len(boxed.test)} pages")
    print(figures_table({"detector": beats}))
    everything = judge(bundle, [*real.test, *rendered.test])
    judged = {name: everything.part(belongs) for name, belongs in PARTS.items()}
    for name, part in judged.items():
        columns = as_it_screens(bundle, part)
        if len(set(part.labels.tolist())) == 2:
            columns["fused, cross-fitted"] = cross_fitted(part)
        print(f"\n{name}: {len(part.pages)} pages, {len(set(part.groups))} groups")
        print(figures_table(columns))
    if options.pools:
        train = [*(page for page in real.train if page.has_grid), *rendered.train]
        inner = [*(page for page in real.inner if page.has_grid), *rendered.inner]
        both = {name: part for name, part in judged.items() if len(set(part.labels.tolist())) == 2}
        compare_pools(bundle, train, inner, both)


if __name__ == "__main__":
    main()
