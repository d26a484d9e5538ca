"""What a page's signal and its measurements tell without its picture: every real page judged out of fold.

python -m benchmarks.training.signal_folds --khan DIR --ptbxl DIR --cache DIR --waveform FILE
    [--pages 3x4|all] [--out FILE]

FILE holds the weights of a waveform network that has seen no real page (a starter's stage "waveform-signals"). In each
fold of the starters it is tuned to the other folds' gridded pages; heads are trained on its features, on the
measurements, and on both, by the starter's plan. "Trees" are gradient boosted trees on the same measurements: what a
head that learns from numbers alone could reach. "Missing" sees only which measurements could not be taken, which tells
what layout and wear give away.
"""

import argparse
import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.training.held_out_figures import shown
from ecgcore.measurements import MEASUREMENT_NAMES
from ecgcore.networks.configs import FusionConfig, WaveformConfig
from ecgcore.networks.fusion import FusionHead
from ecgcore.networks.waveform_net import WaveformNet
from ecgcore.types import FloatArray
from trainer.data.page import PreparedPage
from trainer.evaluation.evaluate import figures_table
from trainer.metrics.calibration import calibrate
from trainer.metrics.classification import classification_metrics
from trainer.stages.context import StageContext
from trainer.stages.cross_fit import CrossFitted
from trainer.stages.fusion import train_head
from trainer.stages.head_features import HeadFeatures
from trainer.stages.inference import fused_logits, measured_values, waveform_features, waveform_logits
from trainer.stages.supervision import labels_of
from trainer.stages.waveform import read_share
from trainer.starter.pages import khan_pages, ptbxl_records
from trainer.starter.plan import STARTER
from trainer.starter.public_datasets import Record
from trainer.starter.training_sets import diagnosis_of
from trainer.starter.waveform import tune_waveform

SEED = 1
QUARTER = 0.3
"""A median lead that fills no more of its page stands in one of four columns."""
VARIANTS = {"waveform": (True, False), "measurements": (False, True), "both": (True, True), "missing": (False, True)}
"""What each head sees: the waveform features, the measurements."""


@dataclass(frozen=True)
class Judged:
    """Out-of-fold answers to N pages: logits, decisions and probabilities of each way to answer."""

    pages: list[PreparedPage]
    logits: dict[str, FloatArray]
    p: dict[str, FloatArray]
    decisions: dict[str, list[str]]


def is_3x4(page: PreparedPage) -> bool:
    """Whether the page's leads stand in four columns."""
    return page.leads_mv is not None and float(np.median(read_share(page))) <= QUARTER


def head_features(
    net: WaveformNet, pages: Sequence[PreparedPage], name: str, rng: np.random.Generator | None
) -> HeadFeatures:
    """What one head sees of the pages; no picture."""
    has_waveform, has_measurements = VARIANTS[name]
    f_waveform = measured = None
    if has_waveform:
        f_waveform = waveform_features(net, pages) if rng is None else CrossFitted(net).augmented_features(pages, rng)
    if has_measurements:
        measured = measured_values(pages, MEASUREMENT_NAMES)
        assert measured is not None
        measured = torch.where(measured.isnan(), measured, 0.0) if name == "missing" else measured
    nothing = torch.zeros(len(pages), 1)
    return HeadFeatures(nothing, [torch.zeros(1, 1)] * len(pages), labels_of(pages), f_waveform, measured)


def head_logits(
    net: WaveformNet, train: Sequence[PreparedPage], inner: Sequence[PreparedPage], name: str
) -> tuple[FusionHead, FloatArray]:
    """A trained head, and its answers to the inner pages."""
    torch.manual_seed(SEED)
    has_waveform, has_measurements = VARIANTS[name]
    head = FusionHead(
        FusionConfig(
            pool="mean",
            hidden=STARTER.recipe.fusion.hidden,
            global_dim=1,
            local_dim=1,
            waveform_dim=net.config.feature_dim if has_waveform else 0,
            measurements=MEASUREMENT_NAMES if has_measurements else (),
        )
    )
    stage = StageContext(None, name, torch.device("cpu"), SEED)
    checked = head_features(net, inner, name, None)
    learnt = head_features(net, train, name, np.random.default_rng(SEED))
    train_head(head, learnt, STARTER.recipe.fusion, stage, val=checked)
    return head, fused_logits(head, checked.pooled())


def trees(train: Sequence[PreparedPage]) -> HistGradientBoostingClassifier:
    """Gradient boosted trees on the measurements."""
    model = HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.05,
        max_leaf_nodes=8,
        min_samples_leaf=20,
        l2_regularization=1.0,
        random_state=SEED,
    )
    return model.fit(measured_values(train, MEASUREMENT_NAMES), labels_of(train))


def judge_fold(
    pretrained: WaveformNet,
    records: Sequence[Record],
    train: list[PreparedPage],
    inner: list[PreparedPage],
    test: list[PreparedPage],
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Logits of every way to answer, of the inner pages and of those that are measured."""
    context = StageContext(None, "waveform", torch.device("cpu"), SEED)
    of_inner = {"untuned": waveform_logits(pretrained, inner)}
    of_test = {"untuned": waveform_logits(pretrained, test)}
    net = tune_waveform(copy.deepcopy(pretrained), train, records, STARTER.real_waveform, context)
    of_inner["waveform network"], of_test["waveform network"] = waveform_logits(net, inner), waveform_logits(net, test)
    for name in VARIANTS:
        head, of_inner[name] = head_logits(net, train, inner, name)
        of_test[name] = fused_logits(head, head_features(net, test, name, None).pooled())
    model = trees(train)
    for pages, logits in ((inner, of_inner), (test, of_test)):
        logits["trees"] = model.decision_function(measured_values(pages, MEASUREMENT_NAMES))
    return of_inner, of_test


@dataclass(frozen=True)
class Fold:
    """One fold's pages and the logits of each way to answer: those that stop and decide, those that are measured."""

    inner: list[PreparedPage]
    test: list[PreparedPage]
    of_inner: dict[str, FloatArray]
    of_test: dict[str, FloatArray]


def pool(folds: Sequence[Fold]) -> Judged:
    """Put the folds together, each decided by its own inner pages."""
    judged = Judged([page for fold in folds for page in fold.test], {}, {}, {})
    for name in folds[0].of_test:
        judged.logits[name] = np.concatenate([fold.of_test[name] for fold in folds])
        judged.p[name], judged.decisions[name] = np.zeros(0), []
        for fold in folds:
            fitted = calibrate(fold.of_inner[name], labels_of(fold.inner))
            p = fitted.probabilities(fold.of_test[name])
            judged.p[name] = np.concatenate([judged.p[name], p])
            judged.decisions[name] += fitted.decisions(p)
    return judged


def report(judged: Judged) -> None:
    """Print the figures of each way to answer, then AUROC on 3x4 pages alone, and there of each diagnosis."""
    labels, groups = labels_of(judged.pages), [page.group_key for page in judged.pages]
    figures = {
        name: classification_metrics(labels, judged.p[name], judged.decisions[name], groups) for name in judged.p
    }
    print(f"{len(groups)} pages, {len(set(groups))} groups, out of fold\n{figures_table(figures)}")
    kinds = np.array([diagnosis_of(page) for page in judged.pages])
    has_3x4 = np.array([is_3x4(page) for page in judged.pages])
    sets = {"all pages": np.ones(len(labels), dtype=np.bool_), "3x4": has_3x4}
    for kind in sorted(set(kinds[labels == 1])):
        sets[f"3x4, {kind} against normal"] = has_3x4 & ((kinds == kind) | (labels == 0))
    for title, belongs in sets.items():
        rows = np.flatnonzero(belongs)
        of = [groups[row] for row in rows]
        for name, logits in judged.logits.items():
            auroc = classification_metrics(labels[rows], expit(logits[rows]), None, of)["auroc"]
            print(f"{title}, {name}: AUROC of the log-odds {shown(auroc)}")


def main() -> None:
    """Tune, judge, pool, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--khan", type=Path, required=True)
    parser.add_argument("--ptbxl", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--waveform", type=Path, required=True)
    parser.add_argument("--pages", choices=("3x4", "all"), default="3x4", help="gridded pages of this layout")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write logits and labels there (npz)")
    options = parser.parse_args()
    pretrained = WaveformNet(WaveformConfig())
    pretrained.load_state_dict(load_file(options.waveform))
    records = ptbxl_records(options.ptbxl).signals
    folds = []
    for fold in range(options.folds):
        split = khan_pages(options.khan, options.cache / "pages", options.cache / "cache", fold)
        parts = [
            [page for page in part if page.has_grid and (options.pages == "all" or is_3x4(page))]
            for part in (split.train, split.inner, split.test)
        ]
        folds.append(Fold(parts[1], parts[2], *judge_fold(pretrained, records, *parts)))
        print(f"fold {fold}: {len(parts[0])} train, {len(parts[1])} stop, {len(parts[2])} are measured", flush=True)
    judged = pool(folds)
    report(judged)
    if options.out is not None:
        keys = np.array([page.key for page in judged.pages])
        np.savez(options.out, keys=keys, labels=labels_of(judged.pages), **judged.logits)


if __name__ == "__main__":
    main()
