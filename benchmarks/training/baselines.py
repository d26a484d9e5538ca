"""What needs no learned encoder: how much of the answer is in the layout, in what could be read, in the boxes.

python -m benchmarks.training.baselines --khan DIR --cache DIR --detector DIR [--answers FILE]

All gridded real pages, out of fold by the machine's patient number, in the starter's own five folds. Numbers go through
a logistic regression; the random encoder's features through a head that is trained by the starter's plan. FILE holds a
starter's own answers to the same pages (``pooled_folds --csv``): by how much they are better, in pairs.
"""

import argparse
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from benchmarks.training.head_parts import rows_of
from benchmarks.training.held_out_figures import shown
from ecgcore.bundle.folder import load_bundle
from ecgcore.measurements import MEASUREMENT_NAMES
from ecgcore.networks.configs import GlobalConfig, LocalConfig, WaveformConfig
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.networks.waveform_net import WaveformNet
from ecgcore.types import STANDARD_PX_PER_MM, FloatArray
from trainer.data.page import PreparedPage
from trainer.metrics.classification import classification_metrics, paired_auroc_difference
from trainer.runs.folder import read_predictions
from trainer.stages.context import StageContext
from trainer.stages.fusion import new_head, train_head
from trainer.stages.head_features import HeadFeatures, Trunks, with_signals
from trainer.stages.inference import fused_logits
from trainer.stages.inference_cache import InferenceCache
from trainer.stages.start import network_config
from trainer.stages.supervision import labels_of
from trainer.stages.waveform import read_share
from trainer.starter.pages import FOLDS, Split, khan_pages
from trainer.starter.plan import STARTER

SEED = 0
Boxes = dict[str, FloatArray]
"""Beat boxes of a page by its key, ``[n, 4]`` in panel pixels."""


def layout(page: PreparedPage, boxes: FloatArray) -> FloatArray:
    """Height and width of the panel in millimetres, and how much of every lead was read."""
    share = np.zeros(12) if page.leads_mv is None else read_share(page)
    return np.array([*(side / STANDARD_PX_PER_MM for side in page.ink.shape), *share])


def missing(page: PreparedPage, boxes: FloatArray) -> FloatArray:
    """Which measurements could not be made."""
    if page.measured is None:
        return np.ones(len(MEASUREMENT_NAMES))
    return np.isnan(page.measured).astype(float)


def box_geometry(page: PreparedPage, boxes: FloatArray) -> FloatArray:
    """How many beat boxes, and the median and spread of their widths and heights in millimetres."""
    if not len(boxes):
        return np.zeros(5)
    sides = np.stack([boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]]) / STANDARD_PX_PER_MM
    return np.array([len(boxes), *np.median(sides, axis=1), *np.subtract(*np.percentile(sides, [75, 25], axis=1))])


NUMBERS: dict[str, Callable[[PreparedPage, FloatArray], FloatArray]] = {
    "layout and what was read of each lead": layout,
    "which measurements are missing": missing,
    "box geometry": box_geometry,
}


def by_numbers(split: Split, boxes: Boxes, numbers: Callable[[PreparedPage, FloatArray], FloatArray]) -> FloatArray:
    """Logits of the pages that are only measured."""

    def table(pages: Sequence[PreparedPage]) -> FloatArray:
        return np.array([numbers(page, boxes[page.key]) for page in pages])

    pages = [*split.train, *split.inner]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, class_weight="balanced", max_iter=2000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(table(pages), labels_of(pages).astype(int))
    logits: FloatArray = model.decision_function(table(split.test))
    return logits


def random_encoder() -> Trunks:
    """The starter's networks with random weights."""
    torch.manual_seed(SEED)
    plan = STARTER
    assert plan.recipe.waveform is not None
    nets: tuple[nn.Module, ...] = (
        GlobalNet(network_config(GlobalConfig, plan.real_global)),
        LocalNet(network_config(LocalConfig, plan.real_local)),
        WaveformNet(network_config(WaveformConfig, plan.recipe.waveform)),
    )
    for net in nets:
        net.eval().requires_grad_(False)
    return Trunks(*nets)  # type: ignore[arg-type]


def by_random_encoder(split: Split, boxes: Boxes, trunks: Trunks, inference_cache: InferenceCache) -> FloatArray:
    """Logits of a head on random features of page, beats and signal."""

    def features(pages: Sequence[PreparedPage]) -> HeadFeatures:
        beats = [boxes[page.key] for page in pages]
        seen = HeadFeatures(*inference_cache.features(trunks.global_, trunks.local, pages, beats), labels_of(pages))
        return with_signals(seen, trunks, pages)

    learnt, checked, judged = (
        features([page for page in pages if len(boxes[page.key])]) for pages in (split.train, split.inner, split.test)
    )
    torch.manual_seed(SEED)
    head = new_head(trunks, STARTER.recipe.fusion)
    train_head(
        head, learnt, STARTER.recipe.fusion, StageContext(None, "fusion", torch.device("cpu"), SEED), val=checked
    )
    return fused_logits(head, judged.pooled())


def fused_answers(path: Path, pages: Sequence[PreparedPage]) -> FloatArray:
    """A starter's probabilities of the pages, out of fold; NaN where it gave none."""
    p_of = {answer.file: answer.p_abnormal for answer in read_predictions(path)}
    return np.array([p_of[page.key] for page in pages])


def main() -> None:
    """Judge every fold by every baseline, pool, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("khan", "cache", "detector"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--answers", type=Path, help="a starter's answers out of fold, to compare with")
    options = parser.parse_args()
    finder = load_bundle(options.detector, "cpu")
    inference_cache = InferenceCache(options.cache / "looks", has_frozen_detector=True, has_frozen_trunks=True)
    splits = []
    for fold in range(FOLDS):
        split = khan_pages(options.khan, options.cache / "pages", options.cache / "cache", fold)
        splits.append(Split(*([p for p in part if p.has_grid] for part in (split.train, split.inner, split.test))))
    pages = [page for split in splits for page in split.test]
    found = inference_cache.detections(finder.nets.detector, pages)
    min_score = finder.operating_point.min_score
    boxes = {page.key: some[scores >= min_score] for page, (some, scores) in zip(pages, found, strict=True)}
    pages = [page for page in pages if len(boxes[page.key])]
    splits = [Split(*([p for p in part if len(boxes[p.key])] for part in (s.train, s.inner, s.test))) for s in splits]
    labels, groups = labels_of(pages).astype(int), [page.group_key for page in pages]
    print(f"{len(pages)} gridded pages with beats; the larger class: {max(labels.mean(), 1 - labels.mean()):.3f}")
    trunks = random_encoder()
    logits = {name: np.concatenate([by_numbers(s, boxes, of) for s in splits]) for name, of in NUMBERS.items()}
    logits["random encoder, trained head"] = np.concatenate(
        [by_random_encoder(split, boxes, trunks, inference_cache) for split in splits]
    )
    p_fused = None if options.answers is None else fused_answers(options.answers, pages)
    for name, odds in logits.items():
        told, better = [name], [f"{name}: fused better by"]
        for rows in rows_of(pages).values():
            some, of, p = labels[rows].tolist(), [groups[r] for r in rows], expit(odds[rows])
            told.append(shown(classification_metrics(some, p, None, of)["auroc"]))
            if p_fused is not None:
                better.append(shown(paired_auroc_difference(some, p_fused[rows], p, of)))
        print(" | ".join(told), flush=True)
        if p_fused is not None:
            print(" | ".join(better), flush=True)


if __name__ == "__main__":
    main()
