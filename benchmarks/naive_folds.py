"""How much do folds flatter that tear patients apart? The same heads in naive and in grouped folds, copies planted too.

python -m benchmarks.naive_folds --khan DIR --cache DIR --bundle DIR --out FILE.json [--pages N] [--repeats 3]

Naive folds deal pages, stratified by label; grouped folds deal machine IDs. In both a new fusion head learns from what
the bundle's frozen networks see (the bundle should have seen no real page), stopped by an inner split of the same kind.
Then copies are planted: every fifth page comes a second time, rescaled, cropped and with another pen, under the same
group. Copies train; only the pages themselves are judged. Intervals are bootstrapped by group, in pairs.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.khan_features import SeenPages, all_khan_pages, published_sample, see
from benchmarks.loop_labels import mean_auroc, minus
from ecgcore.bundle import Bundle, load_bundle
from ecgcore.fusion import FusionConfig, FusionHead
from ecgcore.types import FloatArray
from trainer.config import RECIPES
from trainer.engine import StageContext
from trainer.files import write_json_atomic
from trainer.folds import assign_folds, split_holdout
from trainer.looking import Looking
from trainer.metrics import bootstrap
from trainer.predict import fused_logits, page_features
from trainer.stage_fusion import HeadFeatures, train_head

FOLDS, COPY_EVERY = 5, 5
STAGE, INNER_SHARE = RECIPES["quick"].fusion, RECIPES["quick"].inner_share


def with_copies(bundle: Bundle, seen: SeenPages, cache: Path) -> SeenPages:
    """The pages, and after them a varied copy of every fifth."""
    looking = Looking(cache / "seen", has_frozen_detector=True, has_frozen_trunks=True)
    copied = seen.pages[::COPY_EVERY]
    beats = [
        boxes[scores >= bundle.operating.min_score] for boxes, scores in looking.found(bundle.nets.detector, copied)
    ]
    f_global, f_beats = looking.varied_features(bundle.nets.global_, bundle.nets.local, copied, beats)
    return SeenPages([*seen.pages, *copied], torch.cat([seen.f_global, f_global]), [*seen.f_beats, *f_beats])


def out_of_fold(seen: SeenPages, groups: Sequence[str], seed: int) -> FloatArray:
    """Logits of every page by a head that has not trained on its part; ``groups`` are what is kept together."""
    labels = [int(label) for label in seen.labels]
    folds = assign_folds(labels, groups, FOLDS, seed)
    logits = np.full(len(labels), np.nan)
    for fold in range(FOLDS):
        rest, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        aside = split_holdout([labels[row] for row in rest], [groups[row] for row in rest], INNER_SHARE, seed + fold)
        torch.manual_seed(seed)
        dims = seen.f_global.shape[1], seen.f_beats[0].shape[1]
        head = FusionHead(FusionConfig(STAGE.pool, STAGE.hidden, *dims, STAGE.dropout))
        context = StageContext(None, "fusion", torch.device("cpu"), seed + fold)
        train_head(head, _features(seen, rest[~aside]), STAGE, context, val=_features(seen, rest[aside]))
        tested = _features(seen, test)
        logits[test] = fused_logits(head, page_features(tested.f_global, tested.f_beats))
        # Heads of different folds have different scales, and one ranking is made of all: compare them at equal spread.
        logits[test] = (logits[test] - np.mean(logits[test])) / np.std(logits[test])
    return logits


def _features(seen: SeenPages, rows: np.ndarray) -> HeadFeatures:
    return HeadFeatures(seen.f_global[rows], [seen.f_beats[row] for row in rows], seen.labels[rows])


def main() -> None:
    """Both kinds of folds, without and with copies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("khan", "cache", "bundle", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--pages", type=int, metavar="N", help="only the first N of the published sample")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    bundle = load_bundle(options.bundle, "cpu")
    everything = all_khan_pages(options.khan, options.cache)
    some = everything if options.pages is None else published_sample(everything)[: options.pages]
    alone = see(bundle, [page for page in some if page.has_grid], options.cache)
    n, y, of = len(alone.pages), alone.labels, alone.groups
    found: dict[str, Any] = {
        "pages": n,
        "groups": len(set(of)),
        "repeats": options.repeats,
        "auroc": {},
        "inflation": {},
    }

    def interval(figures: Any) -> dict[str, Any]:
        return dict(bootstrap(figures, of, n_boot=1000, seed=0)["auroc"])

    for title, seen in (("as they are", alone), ("copies planted", with_copies(bundle, alone, options.cache))):
        by_kind = {}
        for kind, groups in (("grouped", seen.groups), ("naive", [""] * len(seen.pages))):
            logits = [out_of_fold(seen, groups, 100 * repeat)[:n] for repeat in range(options.repeats)]
            by_kind[kind] = mean_auroc(y, [(range(n), of_repeat) for of_repeat in logits])
            found["auroc"][f"{title}, {kind}"] = interval(by_kind[kind])
            print(title, kind, found["auroc"][f"{title}, {kind}"], flush=True)
        found["inflation"][title] = interval(minus(by_kind["naive"], by_kind["grouped"]))
        print(title, "naive minus grouped", found["inflation"][title], flush=True)
        write_json_atomic(options.out, found)


if __name__ == "__main__":
    main()
