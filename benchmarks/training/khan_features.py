"""What a bundle's frozen networks see of the real pages, computed once and kept, for the experiments in this folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from ecgcore.bundle.folder import Bundle
from ecgcore.errors import DataError
from ecgcore.types import FloatArray
from trainer.data.page import PreparedPage
from trainer.stages.inference_cache import InferenceCache
from trainer.starter.pages import khan_pages

PUBLISHED_COUNTS = (148, 482)
"""Normal and abnormal pages of the published experiment (CN110731773A)."""


@dataclass(frozen=True)
class PagesWithFeatures:
    """Real pages with what frozen networks see of them, N pages.

    Args:
        pages: labelled ones.
        f_global: page features, ``[N, D]``.
        f_beats: the beat features of each page, ``[n, D]``.
    """

    pages: list[PreparedPage]
    f_global: Tensor
    f_beats: list[Tensor]

    @property
    def labels(self) -> FloatArray:
        """0.0 and 1.0, ``[N]``."""
        return np.array([page.label for page in self.pages], dtype=np.float64)

    @property
    def groups(self) -> list[str]:
        """What must not be split, one a page."""
        return [page.group_key for page in self.pages]


def all_khan_pages(khan: Path, cache: Path) -> list[PreparedPage]:
    """Every real page, prepared; kept in ``cache/pages``."""
    split = khan_pages(khan, cache / "pages", cache / "cache")
    return [*split.train, *split.inner, *split.test]


def published_sample(pages: Sequence[PreparedPage], seed: int = 0) -> list[PreparedPage]:
    """As many normal and abnormal pages as the published experiment has, drawn by group.

    Groups come in random order, whole, until a class is full; of the last ones only some pages are taken.

    Raises:
        DataError: there are too few pages.
    """
    rng = np.random.default_rng(seed)
    by_group: dict[str, list[PreparedPage]] = {}
    for page in sorted(pages, key=lambda page: page.key):
        by_group.setdefault(page.group_key, []).append(page)
    left = list(PUBLISHED_COUNTS)
    drawn = []
    for name in rng.permutation(sorted(by_group)):
        for page in by_group[name]:
            if page.label is not None and left[page.label]:
                left[page.label] -= 1
                drawn.append(page)
    if any(left):
        raise DataError(f"{left[0]} normal and {left[1]} abnormal pages are missing.", "Give the whole data set.")
    return drawn


def compute_features(bundle: Bundle, pages: Sequence[PreparedPage], cache: Path) -> PagesWithFeatures:
    """Find the beats of pages and compute all features by the bundle's networks; kept in ``cache/looks``.

    Pages without a found beat are left out: the fused network refers them.
    """
    inference_cache = InferenceCache(cache / "looks", has_frozen_detector=True, has_frozen_trunks=True)
    beats = inference_cache.beats(bundle.nets.detector, pages, bundle.operating_point.min_score)
    kept = [row for row, boxes in enumerate(beats) if len(boxes)]
    chosen = [pages[row] for row in kept]
    f_global, f_beats = inference_cache.features(
        bundle.nets.global_, bundle.nets.local, chosen, [beats[row] for row in kept]
    )
    return PagesWithFeatures(chosen, f_global, f_beats)
