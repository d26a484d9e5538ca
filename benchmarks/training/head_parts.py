"""What each part brings to the fused answer, and how the beats of a page are best put together: real pages out of fold.

python -m benchmarks.training.head_parts OUT0 OUT1 ... --bundle DIR --detector DIR --khan DIR --ptbxl DIR --cache DIR
    [--only-pools]

OUT0, OUT1, ... are what ``python -m trainer starter --keep-trunks`` wrote for the folds, with the same bundle, detector
and cache. Their waveform networks are taken as they are; heads are trained anew, by the starter's plan, on every choice
of parts, and then on all parts with other pools of the beats: the mean (as shipped), the sum (as published), and the
mean beside the 0.9 quantile of every feature, or beside a mean that is weighted by the beat's own answer, so that one
bad beat is not drowned.
"""

import argparse
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor

from benchmarks.training.held_out_figures import shown
from benchmarks.training.signal_folds import is_3x4
from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.measurements import MEASUREMENT_NAMES
from ecgcore.networks.fusion import FusionHead
from ecgcore.types import FloatArray
from trainer.data.page import PreparedPage
from trainer.metrics.classification import classification_metrics, paired_auroc_difference
from trainer.runs.files import read_json
from trainer.stages.context import RunContext, StageContext
from trainer.stages.fusion import new_head, train_head
from trainer.stages.head_features import HeadFeatures, Trunks, frozen_features, with_beats, with_signals
from trainer.stages.inference import fused_logits
from trainer.stages.inference_cache import InferenceCache
from trainer.stages.supervision import labels_of
from trainer.starter.build import SETTINGS
from trainer.starter.pages import khan_pages, ptbxl_pages, ptbxl_records
from trainer.starter.plan import STARTER
from trainer.starter.stages import StarterData, train_signals
from trainer.starter.training_sets import TrainingSet, diagnosis_of

PARTS = ("page", "beats", "signal", "measurements")
Pool = Callable[[HeadFeatures, Bundle], HeadFeatures]
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Fold:
    """One starter's features: what its head learnt from, was stopped by, and is judged on."""

    trunks: Trunks
    train_features: HeadFeatures
    val_features: HeadFeatures
    judged: HeadFeatures
    pages: list[PreparedPage]


def features_of(out: Path, bundle: Bundle, detector: Bundle, options: argparse.Namespace) -> Fold:
    """The features of a starter's pages, by its own networks; nothing is trained."""
    settings = read_json(out / SETTINGS)
    assert isinstance(settings, dict)
    real = khan_pages(options.khan, options.cache / "pages", options.cache / "cache", settings["fold"])
    records = ptbxl_records(options.ptbxl, bundle)
    of_head = records.unseen(bundle)[: STARTER.fusion_rendered]
    drawn = ptbxl_pages(records, options.cache / "pages", of_head)
    inference_cache = InferenceCache(options.cache / "looks", has_frozen_detector=True, has_frozen_trunks=True)

    def beats(pages: Sequence[PreparedPage]) -> list[FloatArray]:
        return inference_cache.beats(detector.nets.detector, pages, detector.operating_point.min_score)

    training_sets = [TrainingSet(p.train, beats(p.train), p.inner, beats(p.inner)) for p in (drawn, real)]
    starter_data = StarterData(training_sets[0], training_sets[1], records.signals, records.inner, inference_cache)
    seed = settings["seed"]
    cross = train_signals(starter_data, STARTER, None, RunContext(CPU, seed, workdir=out))
    assert cross is not None
    nets = bundle.nets
    trunks = Trunks(nets.global_, nets.local, cross.net, MEASUREMENT_NAMES, cross)
    last = starter_data.of_head(STARTER.fusion_rendered)
    train, val = (last.train, last.train_beats), (last.inner, last.inner_beats)
    train_features, val_features = frozen_features(inference_cache, trunks, train, val, seed)
    gridded = [page for page in real.test if page.has_grid]
    pages, boxes = with_beats(gridded, beats(gridded))
    seen = HeadFeatures(*inference_cache.features(nets.global_, nets.local, pages, boxes), labels_of(pages))
    return Fold(trunks, train_features, val_features, with_signals(seen, trunks, pages), pages)


def only(features: HeadFeatures, parts: Sequence[str]) -> HeadFeatures:
    """The features with the other parts blanked."""
    beats = features.f_beats if "beats" in parts else [torch.zeros_like(f[:1]) for f in features.f_beats]
    return replace(
        features,
        f_global=features.f_global * ("page" in parts),
        f_beats=beats,
        f_waveform=features.f_waveform if "signal" in parts else None,
        measured=features.measured if "measurements" in parts else None,
    )


def with_quantile(features: HeadFeatures, bundle: Bundle) -> HeadFeatures:
    """Beside every beat's features the 0.9 quantile of each over the page."""
    return _beside(features, lambda f: torch.quantile(f, 0.9, dim=0))


def with_weighted_mean(features: HeadFeatures, bundle: Bundle) -> HeadFeatures:
    """Beside every beat's features their mean over the page, weighted by the beat's own odds of being abnormal."""

    @torch.inference_mode()
    def weighted(f: Tensor) -> Tensor:
        return (torch.softmax(bundle.nets.local.fc(f), dim=0) * f).sum(dim=0)

    return _beside(features, weighted)


def _beside(features: HeadFeatures, of_page: Callable[[Tensor], Tensor]) -> HeadFeatures:
    return replace(features, f_beats=[torch.cat([f, of_page(f).expand_as(f)], dim=1) for f in features.f_beats])


def judge(fold: Fold, bundle: Bundle, change: Pool, parts: Sequence[str], pool: str, seed: int) -> FloatArray:
    """Logits of a head that is trained on some parts."""
    train_features, val_features, judged = (
        only(change(part, bundle), parts) for part in (fold.train_features, fold.val_features, fold.judged)
    )
    torch.manual_seed(seed)
    stage = replace(STARTER.recipe.fusion, pool=pool)
    trunks = replace(fold.trunks, measurements=MEASUREMENT_NAMES if "measurements" in parts else ())
    trunks = trunks if "signal" in parts else replace(trunks, waveform=None)
    shape = new_head(trunks, stage).config
    torch.manual_seed(seed)
    head = FusionHead(replace(shape, local_dim=train_features.f_beats[0].shape[1]))
    train_head(head, train_features, stage, StageContext(None, "fusion", CPU, seed), val=val_features)
    return fused_logits(head, judged.pooled())


def variants() -> Iterator[tuple[str, Pool, tuple[str, ...], str]]:
    """Name, what is done to the beats, parts, pool."""
    for size in range(1, len(PARTS) + 1):
        for parts in itertools.combinations(PARTS, size):
            yield " + ".join(parts), lambda features, _: features, parts, "mean"
    yield "all, sum of beats", lambda features, _: features, PARTS, "sum"
    yield "all, mean and 0.9 quantile of beats", with_quantile, PARTS, "mean"
    yield "all, mean and weighted mean of beats", with_weighted_mean, PARTS, "mean"


def main() -> None:
    """Train the heads of every fold, pool, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("starters", type=Path, nargs="+")
    for name in ("bundle", "detector", "khan", "ptbxl", "cache"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=1, help="so many heads, their logits averaged")
    parser.add_argument("--only-pools", action="store_true", help="all parts alone, with each pool of the beats")
    options = parser.parse_args()
    bundle, detector = load_bundle(options.bundle), load_bundle(options.detector)
    folds = [features_of(out, bundle, detector, options) for out in options.starters]
    pages = [page for fold in folds for page in fold.pages]
    labels, groups = [int(page.label == 1) for page in pages], [page.group_key for page in pages]
    parts_of_set = rows_of(pages)
    print(f"{len(pages)} gridded pages, {len(parts_of_set['3x4'])} of them 3x4, {len(set(groups))} groups")
    print("AUROC of", ", ".join(parts_of_set))
    whole = None
    for name, change, parts, pool in variants():
        if options.only_pools and parts != PARTS:
            continue
        by_fold = [
            np.mean([judge(fold, bundle, change, parts, pool, seed) for seed in range(options.seeds)], axis=0)
            for fold in folds
        ]
        logits, told = np.concatenate(by_fold), [name]
        for rows in parts_of_set.values():
            some = [labels[r] for r in rows], expit(logits[rows]), None, [groups[r] for r in rows]
            told.append(shown(classification_metrics(*some)["auroc"]))
        if whole is not None:
            told.append(f"all parts, mean, better by {shown(paired_auroc_difference(labels, whole, logits, groups))}")
        elif parts == PARTS:
            whole = logits
        print(" | ".join(told), flush=True)


def rows_of(pages: Sequence[PreparedPage]) -> dict[str, np.ndarray]:
    """Numbers of the gridded pages, of those in 3x4, and there of each diagnosis with the normal pages."""
    is_3x4_page = np.array([is_3x4(page) for page in pages])
    diagnoses = [diagnosis_of(page) for page in pages]
    result = {"gridded": np.arange(len(pages)), "3x4": np.flatnonzero(is_3x4_page)}
    for diagnosis in ("abnormal_heartbeat", "mi", "history_mi"):
        belongs = [page.label == 0 or of == diagnosis for page, of in zip(pages, diagnoses, strict=True)]
        result[diagnosis] = np.flatnonzero(is_3x4_page & np.array(belongs))
    return result


if __name__ == "__main__":
    main()
