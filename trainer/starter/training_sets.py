"""What the starter's classifiers learn from: pages with their beats, and how often each is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgcore.types import FloatArray
from trainer.data.page import PreparedPage

KHAN_SHARE = 0.6
"""Share of real pages among those drawn in the second part, the same in both classes, so that looks tell nothing."""
DIAGNOSIS_WEIGHTS = {"mi": 3.0}
"""Acute infarctions are 51 of 541 abnormal Khan pages, and must not get lost among the others."""


@dataclass(frozen=True)
class TrainingSet:
    """One data set's pages to learn from and to stop by, with their beats."""

    train: list[PreparedPage]
    train_beats: list[FloatArray]
    inner: list[PreparedPage]
    inner_beats: list[FloatArray]

    def __add__(self, other: "TrainingSet") -> "TrainingSet":
        return TrainingSet(
            self.train + other.train,
            self.train_beats + other.train_beats,
            self.inner + other.inner,
            self.inner_beats + other.inner_beats,
        )

    def first(self, pages: int) -> "TrainingSet":
        """Some of the pages that train, and all that stop."""
        return TrainingSet(self.train[:pages], self.train_beats[:pages], self.inner, self.inner_beats)

    def gridded(self) -> "TrainingSet":
        """Without the pages that have no grid: on the real ones its absence tells the class."""
        train = [index for index, page in enumerate(self.train) if page.has_grid]
        inner = [index for index, page in enumerate(self.inner) if page.has_grid]
        return TrainingSet(
            [self.train[i] for i in train],
            [self.train_beats[i] for i in train],
            [self.inner[i] for i in inner],
            [self.inner_beats[i] for i in inner],
        )


def diagnosis_of(page: PreparedPage) -> str:
    """A Khan page's diagnosis, which is the first part of its key; empty for other pages."""
    return page.key.split("/")[0] if page.source == "khan" else ""


def diagnosis_weights(pages: Sequence[PreparedPage]) -> FloatArray:
    """How often each page is drawn relative to its class: rare diagnoses more."""
    return np.array([DIAGNOSIS_WEIGHTS.get(diagnosis_of(page), 1.0) for page in pages], dtype=np.float64)


def sampling_weights(pages: Sequence[PreparedPage]) -> FloatArray:
    """As ``diagnosis_weights``, and real pages are ``KHAN_SHARE`` of each class."""
    weights = diagnosis_weights(pages)
    is_real = np.array([page.source == "khan" for page in pages])
    labels = np.array([page.label for page in pages])
    for label in (0, 1):
        for real, share in ((True, KHAN_SHARE), (False, 1 - KHAN_SHARE)):
            rows = (labels == label) & (is_real == real)
            weights[rows] *= share / weights[rows].sum()
    return weights
