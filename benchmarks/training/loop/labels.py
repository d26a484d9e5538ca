"""Does labelling pay? Gridded real pages are labelled from a queue, the head is trained on, unseen groups are measured.

python -m benchmarks.training.loop.labels --khan DIR --cache DIR --bundle DIR --out FILE.json
    [--pages N] [--seeds 0 1 2]

The bundle should be one that has seen no real page. Half of the groups wait for a reader, the other half is only
measured; then the halves change places, and the figures are the mean of both. The reader labels 25 pages, the head
learns from them, then 75 more; the queue "uncertain" asks for the pages that the app would ask for first, anew after
each training, "random" for any. Detector, beat and page network stay as they are, what they see is kept; the network of
the signal, where the bundle has one, and the head go on from the bundle's, as ``quick`` trains them with these two
stages chosen: a fifth of the labelled groups stops them where both classes have two groups.
"""

import argparse
import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch

from annotations.readings.predictions import uncertainty
from benchmarks.training.khan_features import PagesWithFeatures, all_khan_pages, compute_features, published_sample
from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.errors import DataError
from ecgcore.networks.fusion import FusionHead
from ecgcore.networks.waveform_net import WaveformNet
from ecgcore.types import FloatArray, Prediction
from trainer.atomic_files import write_json_atomic
from trainer.data.folds import split_holdout
from trainer.data.page import PreparedPage
from trainer.metrics.classification import Figures, bootstrap, classification_figures
from trainer.named_recipes import RECIPES
from trainer.stages.context import StageContext
from trainer.stages.fusion import train_head
from trainer.stages.head_features import HeadFeatures, Trunks, with_signals
from trainer.stages.inference import fused_logits, logits_of_pages, mean_logits_of_beats
from trainer.stages.waveform import train_waveform

RECIPE = RECIPES["quick"]
STEPS = (25, 100)
QUEUES = ("uncertain", "random")
SPLIT_SEED = 5


@dataclass(frozen=True)
class Taught:
    """What is trained anew with every labelled page: the head, and the network of the signal where there is one."""

    head: FusionHead
    waveform: WaveformNet | None


@dataclass(frozen=True)
class Pages:
    """Real pages, what frozen networks see of them, and the two stages' own probabilities, N pages."""

    seen: PagesWithFeatures
    trunks: Trunks
    p_local: FloatArray
    p_global: FloatArray

    def features(self, waveform: WaveformNet | None, rows: Sequence[int]) -> HeadFeatures:
        """What a head learns from."""
        f_beats = [self.seen.f_beats[row] for row in rows]
        pictures = HeadFeatures(self.seen.f_global[list(rows)], f_beats, self.seen.labels[list(rows)])
        return with_signals(pictures, replace(self.trunks, waveform=waveform), self.some(rows))

    def logits(self, starter_data: Taught, rows: Sequence[int]) -> FloatArray:
        """Fused logits of some pages."""
        return fused_logits(starter_data.head, self.features(starter_data.waveform, rows).pooled())

    def some(self, rows: Sequence[int]) -> list[PreparedPage]:
        """Some of the pages."""
        return [self.seen.pages[row] for row in rows]


def look(bundle: Bundle, seen: PagesWithFeatures) -> Pages:
    """The unfused answers of beat and page network do not change, since these stay as they are."""
    local = mean_logits_of_beats(bundle.nets.local, seen.f_beats)
    global_ = logits_of_pages(bundle.nets.global_, seen.f_global)
    return Pages(seen, Trunks.of(bundle.nets), *(1 / (1 + np.exp(-logits)) for logits in (local, global_)))


def most_uncertain(pages: Pages, starter_data: Taught, temperature: float, rows: Sequence[int], n: int) -> list[int]:
    """The pages that the app's queue would give first."""
    p = 1 / (1 + np.exp(-pages.logits(starter_data, rows) / temperature))
    worth = [
        _uncertainty(float(p[i]), float(pages.p_local[row]), float(pages.p_global[row])) for i, row in enumerate(rows)
    ]
    return [rows[i] for i in np.argsort(-np.array(worth), kind="stable")[:n]]


def _uncertainty(p_abnormal: float, p_local: float, p_global: float) -> float:
    said = SimpleNamespace(p_abnormal=p_abnormal, p_local=p_local, p_global=p_global)
    return uncertainty(cast(Prediction, said))


def trained(start: Taught, pages: Pages, rows: Sequence[int], seed: int) -> Taught:
    """Both, trained further on labelled pages."""
    labels, groups = pages.seen.labels[list(rows)], [pages.seen.groups[row] for row in rows]
    try:
        aside = split_holdout([int(label) for label in labels], groups, RECIPE.inner_share, seed)
    except DataError:  # too few groups of a class to stop by
        aside = np.zeros(len(rows), dtype=np.bool_)
    learnt = [row for row, is_aside in zip(rows, aside, strict=True) if not is_aside]
    checked = [row for row, is_aside in zip(rows, aside, strict=True) if is_aside]
    waveform = _trained_waveform(start.waveform, pages.some(learnt), pages.some(checked), seed)
    head = copy.deepcopy(start.head).requires_grad_(True)
    torch.manual_seed(seed)
    train_head(
        head,
        pages.features(waveform, learnt),
        RECIPE.fusion,
        _place("fusion", seed),
        val=pages.features(waveform, checked) if checked else None,
    )
    return Taught(head, waveform)


def _trained_waveform(
    start: WaveformNet | None, learnt: Sequence[PreparedPage], checked: Sequence[PreparedPage], seed: int
) -> WaveformNet | None:
    """The network trained further; as it was where no layout was printed for both classes."""
    if start is None or RECIPE.waveform is None:
        return start
    net = copy.deepcopy(start).requires_grad_(True)
    try:
        return train_waveform(learnt, RECIPE.waveform, _place("waveform", seed), init=net, val=checked)
    except DataError:
        return start


def _place(stage: str, seed: int) -> StageContext:
    return StageContext(None, stage, torch.device("cpu"), seed, keeps_start=True)


def taught_of(bundle: Bundle) -> Taught:
    """A bundle's."""
    return Taught(bundle.nets.fusion, bundle.nets.waveform)


def run_queue(
    queue: str, bundle: Bundle, pages: Pages, pool: Sequence[int], test: Sequence[int], seed: int
) -> dict[int, tuple[FloatArray, float]]:
    """Logits of the unseen pages, and seconds of training, after each number of labels."""
    start = taught_of(bundle)
    starter_data, labelled, results = start, list[int](), dict[int, tuple[FloatArray, float]]()
    rng = np.random.default_rng(seed)
    for wanted in STEPS:
        waiting = [row for row in pool if row not in set(labelled)]
        n = min(wanted - len(labelled), len(waiting))
        if queue == "uncertain":
            labelled += most_uncertain(pages, starter_data, bundle.operating_point.temperature, waiting, n)
        else:
            labelled += [waiting[i] for i in rng.permutation(len(waiting))[:n]]
        started = time.monotonic()
        # From the bundle in the first place, not from the step between: the app goes on from what is in use, and 25
        # pages do not replace a bundle.
        starter_data = trained(start, pages, labelled, seed)
        results[wanted] = (pages.logits(starter_data, test), time.monotonic() - started)
    return results


def mean_auroc(labels: FloatArray, judged: Sequence[tuple[Sequence[int], FloatArray]]) -> Figures:
    """AUROC, averaged over repetitions, as a function of how often each page is drawn.

    Args:
        labels: of all pages, ``[N]``.
        judged: for each repetition which pages were judged, and their logits.
    """
    each = [(list(rows), _auroc_of(labels[list(rows)], logits)) for rows, logits in judged]

    def figures(weights: FloatArray) -> dict[str, FloatArray]:
        return {"auroc": np.mean([figure(weights[:, rows])["auroc"] for rows, figure in each], axis=0)}

    return figures


def _auroc_of(labels: FloatArray, logits: FloatArray) -> Figures:
    return classification_figures(labels, 1 / (1 + np.exp(-logits)), None)


def minus(first: Figures, second: Figures) -> Figures:
    """The difference on the same draws."""
    return lambda weights: {name: value - second(weights)[name] for name, value in first(weights).items()}


def main() -> None:
    """Run all queues, halves and seeds, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("khan", "cache", "bundle", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--pages", type=int, metavar="N", help="only the first N of the published sample")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    bundle = load_bundle(options.bundle, "cpu")
    everything = all_khan_pages(options.khan, options.cache)
    some = everything if options.pages is None else published_sample(everything)[: options.pages]
    pages = look(bundle, compute_features(bundle, [page for page in some if page.has_grid], options.cache))
    labels, groups = pages.seen.labels, pages.seen.groups
    side = split_holdout([int(label) for label in labels], groups, 0.5, SPLIT_SEED)
    halves = [np.flatnonzero(side == value).tolist() for value in (False, True)]
    turns = [(halves[0], halves[1]), (halves[1], halves[0])]

    def interval(figures: Figures) -> dict[str, Any]:
        return dict(bootstrap(figures, groups, n_boot=1000, seed=0)["auroc"])

    before = mean_auroc(labels, [(test, pages.logits(taught_of(bundle), test)) for _, test in turns])
    found: dict[str, Any] = {"pages": len(labels), "groups": len(set(groups)), "waiting": [len(h) for h in halves]}
    found |= {"seeds": options.seeds, "auroc": {"0": interval(before)}, "gain": {}, "gain_of_seeds": {}, "seconds": {}}
    once = np.ones((1, len(labels)))
    after: dict[tuple[str, int], Figures] = {}
    for queue in QUEUES:
        runs = [(test, run_queue(queue, bundle, pages, pool, test, s)) for s in options.seeds for pool, test in turns]
        for n in STEPS:
            after[queue, n] = mean_auroc(labels, [(test, run[n][0]) for test, run in runs])
            found["auroc"][f"{queue} {n}"] = interval(after[queue, n])
            found["gain"][f"{queue} {n}"] = interval(minus(after[queue, n], before))
            # Which pages came first matters as much as which patients there are, and no bootstrap of patients shows it.
            found["gain_of_seeds"][f"{queue} {n}"] = [
                round(float((mean_auroc(labels, two)(once)["auroc"] - before(once)["auroc"])[0]), 3)
                for two in ([(test, run[n][0]) for test, run in runs[i : i + 2]] for i in range(0, len(runs), 2))
            ]
            found["seconds"][f"{queue} {n}"] = [round(run[n][1], 1) for _, run in runs]
            write_json_atomic(options.out, found)
    for n in STEPS:
        found["gain"][f"uncertain minus random {n}"] = interval(minus(after["uncertain", n], after["random", n]))
    write_json_atomic(options.out, found)
    print(f"{len(labels)} gridded pages of {len(set(groups))} groups; halves of {found['waiting']} pages take turns")
    for kind in ("auroc", "gain"):
        for name, value in found[kind].items():
            print(f"{kind:5} {name:24} {value['value']:+.3f} ({value['low']:+.3f} to {value['high']:+.3f})")
    for name, gains in found["gain_of_seeds"].items():
        print(f"gain by seed {name:17} {' '.join(f'{gain:+.3f}' for gain in gains)}")
    print(f"seconds of one training on kept features: {found['seconds']}")


if __name__ == "__main__":
    main()
