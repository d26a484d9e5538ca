"""What all classifiers learn by: the labels of pages, the loss, classes that are drawn as often as each other."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ecgcore.errors import DataError
from ecgcore.types import FloatArray
from trainer.data.augment import balanced_order
from trainer.data.page import PreparedPage
from trainer.recipes import Stage

LABEL_SMOOTHING = 0.05
"""Some published labels are wrong; a network that need not be certain of them learns the rest better."""

PagesAndBeats = tuple[Sequence[PreparedPage], Sequence[FloatArray]]


def labels_of(pages: Sequence[PreparedPage]) -> FloatArray:
    """Labels ``[N]`` as 0.0 and 1.0.

    Raises:
        DataError: a page has no label, or all have the same.
    """
    if any(page.label is None for page in pages):
        raise DataError("A page without a label cannot train a classifier.", "Leave such pages out.")
    labels = np.array([page.label for page in pages], dtype=np.float64)
    if len(np.unique(labels)) < 2:
        raise DataError("All training pages have the same label.", "Label pages of both kinds, normal and abnormal.")
    return labels


def binary_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of log-odds against smoothed 0/1 labels.

    Args:
        logits: ``[n]``.
        labels: 0.0 or 1.0, ``[n]``.
    """
    smooth = labels * (1 - 2 * LABEL_SMOOTHING) + LABEL_SMOOTHING
    return nn.functional.binary_cross_entropy_with_logits(logits.float(), smooth)


def mean_log_loss(logits: FloatArray, labels: FloatArray) -> float:
    """Validation loss of page logits.

    Args:
        logits: ``[N]``.
        labels: 0.0 or 1.0, ``[N]``.
    """
    return float(binary_loss(torch.as_tensor(logits), torch.as_tensor(labels)))


def pages_with_beats(beats: Sequence[FloatArray]) -> list[int]:
    """Numbers of the pages with a beat; one without is referred, and teaches nothing.

    Raises:
        DataError: no page has a beat.
    """
    kept = [index for index, boxes in enumerate(beats) if len(boxes)]
    if not kept:
        raise DataError("No page has a beat to learn from.", "Train the detector first, or box the beats.")
    return kept


def steps_of(stage: Stage, labels: FloatArray) -> int:
    """Optimiser steps of an epoch: the recipe's, or a balanced pass over the pages.

    Args:
        stage: its batch, and its steps where the recipe sets them.
        labels: of the pages, ``[N]``.
    """
    return stage.steps_per_epoch or max(1, len(balanced_order(labels, np.random.default_rng(0))) // stage.batch)


def balanced_batches(
    labels: FloatArray, batch: int, steps: int, rng: np.random.Generator, weights: FloatArray | None
) -> Iterator[npt.NDArray[np.intp]]:
    """Indices of each batch: whole balanced passes, or, with weights, balanced draws by weight inside each class.

    Args:
        labels: 0.0 or 1.0, ``[N]``.
        batch: indices in one batch; even where weights are given.
        steps: how many batches.
        rng: draws them.
        weights: chance of each page, relative to its class (``[N]``).
    """
    if weights is not None:
        classes = [np.flatnonzero(labels == value) for value in (0, 1)]
        for _ in range(steps):
            sides = [rng.choice(m, batch // 2, p=weights[m] / weights[m].sum()) for m in classes]
            yield rng.permutation(np.concatenate(sides))
        return
    order = balanced_order(labels, rng)
    while len(order) < steps * batch:
        order = np.concatenate([order, balanced_order(labels, rng)])
    for step in range(steps):
        yield order[step * batch : (step + 1) * batch]


def fresh_head(layer: nn.Linear) -> None:
    """Draw a fully connected layer anew, as published: weights from a random normal, biases 0."""
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
