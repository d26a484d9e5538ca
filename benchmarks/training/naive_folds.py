"""How much do folds flatter that tear patients apart? The same heads in naive and in grouped folds, copies planted too.

python -m benchmarks.training.naive_folds --khan DIR --cache DIR --bundle DIR --out FILE.json [--pages N] [--repeats 3]
python -m benchmarks.training.naive_folds --khan DIR --cache DIR --thumbnails 1 --out FILE.json   # learning by heart

Naive folds deal pages, stratified by label; grouped folds deal machine IDs. In both a new fusion head learns from what
the bundle's frozen networks see (the bundle should have seen no real page), stopped by an inner split of the same kind.
Or, as the model that knows its pages by heart and nothing else, the labels of the most similar thumbnails of the ink
decide. Then copies are planted: every fifth page comes a second time, rescaled, cropped and with another pen, under
the same group. Copies train; only the pages themselves are judged. Intervals are bootstrapped by group, in pairs.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks.training.khan_features import PagesWithFeatures, all_khan_pages, compute_features, published_sample
from benchmarks.training.loop.labels import mean_auroc, minus
from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.networks.configs import FusionConfig
from ecgcore.networks.fusion import FusionHead
from ecgcore.types import ByteArray, FloatArray
from trainer.atomic_files import write_json_atomic
from trainer.data.augment import augment_page
from trainer.data.folds import assign_folds, split_holdout
from trainer.data.page import PreparedPage
from trainer.metrics.classification import bootstrap
from trainer.named_recipes import RECIPES
from trainer.stages.context import StageContext
from trainer.stages.fusion import train_head
from trainer.stages.head_features import HeadFeatures
from trainer.stages.inference import fused_logits, page_features
from trainer.stages.inference_cache import InferenceCache

FOLDS, COPY_EVERY = 5, 5
THUMBNAIL_WH = (96, 64)
STAGE, INNER_SHARE = RECIPES["quick"].fusion, RECIPES["quick"].inner_share


def with_copies(bundle: Bundle, seen: PagesWithFeatures, cache: Path) -> PagesWithFeatures:
    """The pages, and after them a varied copy of every fifth."""
    inference_cache = InferenceCache(cache / "seen", has_frozen_detector=True, has_frozen_trunks=True)
    copied = seen.pages[::COPY_EVERY]
    beats = inference_cache.beats(bundle.nets.detector, copied, bundle.operating_point.min_score)
    f_global, f_beats = inference_cache.augmented_features(bundle.nets.global_, bundle.nets.local, copied, beats)
    return PagesWithFeatures([*seen.pages, *copied], torch.cat([seen.f_global, f_global]), [*seen.f_beats, *f_beats])


Judge = Callable[[np.ndarray, np.ndarray, int], FloatArray]
"""Rows to learn from, rows to judge, and a seed -> logits of the latter."""


def head_judge(seen: PagesWithFeatures, groups: Sequence[str]) -> Judge:
    """A new fusion head on what frozen networks see; ``groups`` are what its inner split keeps together."""
    labels = [int(label) for label in seen.labels]

    def judge(rest: np.ndarray, test: np.ndarray, seed: int) -> FloatArray:
        aside = split_holdout([labels[row] for row in rest], [groups[row] for row in rest], INNER_SHARE, seed)
        torch.manual_seed(seed)
        dims = seen.f_global.shape[1], seen.f_beats[0].shape[1]
        head = FusionHead(FusionConfig(STAGE.pool, STAGE.hidden, *dims, STAGE.dropout))
        context = StageContext(None, "fusion", torch.device("cpu"), seed)
        train_head(head, _features(seen, rest[~aside]), STAGE, context, val=_features(seen, rest[aside]))
        tested = _features(seen, test)
        return fused_logits(head, page_features(tested.f_global, tested.f_beats))

    return judge


def thumbnail_judge(inks: Sequence[ByteArray], labels: FloatArray, neighbours: int) -> Judge:
    """The labels of the pages whose thumbnails correlate most with a page's, weighted by correlation."""
    thumbnails = np.stack([_thumbnail(ink) for ink in inks])

    def judge(rest: np.ndarray, test: np.ndarray, _seed: int) -> FloatArray:
        alike = thumbnails[test] @ thumbnails[rest].T
        nearest = np.argsort(-alike, axis=1)[:, :neighbours]
        weights = np.take_along_axis(alike, nearest, axis=1)
        votes = weights * (2 * labels[rest][nearest] - 1)
        return np.asarray(votes.sum(axis=1) / np.abs(weights).sum(axis=1))

    return judge


def _thumbnail(ink: ByteArray) -> FloatArray:
    """The softened page as a unit vector without its mean, ``[w * h]``."""
    small = cv2.GaussianBlur(cv2.resize(ink, THUMBNAIL_WH, interpolation=cv2.INTER_AREA).astype(np.float64), (0, 0), 1)
    flat = np.asarray(small - small.mean()).ravel()
    return flat / max(1e-9, float(np.linalg.norm(flat)))


def out_of_fold(judge: Judge, labels: FloatArray, groups: Sequence[str], seed: int) -> FloatArray:
    """Logits of every page by a model that has not learnt from its part; ``groups`` are what is kept together."""
    folds = assign_folds([int(label) for label in labels], groups, FOLDS, seed)
    logits = np.full(len(labels), np.nan)
    for fold in range(FOLDS):
        rest, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        of_fold = judge(rest, test, seed + fold)
        # Models of different folds have different scales, and one ranking is made of all: compare at equal spread.
        logits[test] = (of_fold - np.mean(of_fold)) / np.std(of_fold)
    return logits


def _features(seen: PagesWithFeatures, rows: np.ndarray) -> HeadFeatures:
    return HeadFeatures(seen.f_global[rows], [seen.f_beats[row] for row in rows], seen.labels[rows])


JudgeOf = Callable[[Sequence[str]], Judge]
"""From what a dealing keeps together to the model that it is tried with."""
Variant = tuple[list[PreparedPage], JudgeOf]


def head_variants(bundle: Bundle, pages: Sequence[PreparedPage], cache: Path) -> list[Variant]:
    """Heads, without copies and with them."""
    alone = compute_features(bundle, pages, cache)
    both = (alone, with_copies(bundle, alone, cache))
    return [(seen.pages, lambda groups, seen=seen: head_judge(seen, groups)) for seen in both]  # type: ignore[misc]


def thumbnail_variants(pages: Sequence[PreparedPage], neighbours: int) -> list[Variant]:
    """Thumbnails, without copies and with them."""
    rng = np.random.default_rng(0)
    copied = list(pages[::COPY_EVERY])
    inks = [page.ink for page in pages]
    varied = [augment_page(page.ink, rng) for page in copied]
    variants: list[Variant] = []
    for some, of_some in ((list(pages), inks), ([*pages, *copied], [*inks, *varied])):
        judge = thumbnail_judge(of_some, np.array([page.label for page in some], dtype=np.float64), neighbours)
        variants.append((some, lambda _groups, judge=judge: judge))  # type: ignore[misc]
    return variants


def main() -> None:
    """Both kinds of folds, without and with copies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("khan", "cache", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--bundle", type=Path)
    model.add_argument("--thumbnails", type=int, metavar="NEIGHBOURS")
    parser.add_argument("--pages", type=int, metavar="N", help="only the first N of the published sample")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    everything = all_khan_pages(options.khan, options.cache)
    some = everything if options.pages is None else published_sample(everything)[: options.pages]
    gridded = [page for page in some if page.has_grid]
    if options.thumbnails is None:
        variants = head_variants(load_bundle(options.bundle, "cpu"), gridded, options.cache)
    else:
        variants = thumbnail_variants(gridded, options.thumbnails)
    alone = variants[0][0]
    n, of = len(alone), [page.group_key for page in alone]
    y = np.array([page.label for page in alone], dtype=np.float64)
    found: dict[str, Any] = {
        "pages": n,
        "groups": len(set(of)),
        "repeats": options.repeats,
        "auroc": {},
        "inflation": {},
    }

    def interval(figures: Any) -> dict[str, Any]:
        return dict(bootstrap(figures, of, n_boot=1000, seed=0)["auroc"])

    for title, (pages, judge_of) in zip(("as they are", "copies planted"), variants, strict=True):
        labels = np.array([page.label for page in pages], dtype=np.float64)
        by_kind = {}
        for kind, groups in (("grouped", [page.group_key for page in pages]), ("naive", [""] * len(pages))):
            judge = judge_of(groups)
            logits = [out_of_fold(judge, labels, groups, 100 * repeat)[:n] for repeat in range(options.repeats)]
            by_kind[kind] = mean_auroc(y, [(range(n), of_repeat) for of_repeat in logits])
            found["auroc"][f"{title}, {kind}"] = interval(by_kind[kind])
            print(title, kind, found["auroc"][f"{title}, {kind}"], flush=True)
        found["inflation"][title] = interval(minus(by_kind["naive"], by_kind["grouped"]))
        print(title, "naive minus grouped", found["inflation"][title], flush=True)
        write_json_atomic(options.out, found)


if __name__ == "__main__":
    main()
