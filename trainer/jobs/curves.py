"""The points of the curves that a report draws from out-of-fold answers; loads no network."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ecgcore.types import FloatArray
from trainer.jobs.results import PageResult
from trainer.runs.files import PROBABILITY_OF

Network = Literal["fused", "global", "local", "waveform"]


def roc_points(pages: Sequence[PageResult], network: Network) -> FloatArray:
    """The ROC curve: one row a threshold that some page reaches, from strict to lax.

    Args:
        pages: out-of-fold answers; no answer counts as 0.5, as in every figure.
        network: whose answers.

    Returns:
        ``[n, 3]``: threshold (infinite in the first row), false positive rate, true positive rate; no rows where a
        class is missing.
    """
    thresholds, true, false = _counts(pages, network)
    if not true[-1] or not false[-1]:
        return np.empty((0, 3))
    return np.column_stack([thresholds, false / false[-1], true / true[-1]])


def precision_recall_points(pages: Sequence[PageResult], network: Network) -> FloatArray:
    """The precision-recall curve, as ``roc_points``.

    Returns:
        ``[n, 3]``: threshold, recall, precision; no rows without an abnormal page.
    """
    thresholds, true, false = (column[1:] for column in _counts(pages, network))
    if not len(true) or not true[-1]:
        return np.empty((0, 3))
    return np.column_stack([thresholds, true / true[-1], true / (true + false)])


def _counts(pages: Sequence[PageResult], network: Network) -> tuple[FloatArray, FloatArray, FloatArray]:
    """How many abnormal and how many normal pages reach each threshold; none at the infinite one, the first."""
    answers = [getattr(page, PROBABILITY_OF[network]) for page in pages]
    p = np.array([0.5 if answer is None else answer for answer in answers])
    is_abnormal = np.array([page.label == "abnormal" for page in pages], dtype=bool)
    thresholds, place = np.unique(-p, return_inverse=True)
    true, false = (
        np.bincount(place, weights=of_class, minlength=len(thresholds)).cumsum()
        for of_class in (is_abnormal, ~is_abnormal)
    )
    return np.r_[np.inf, -thresholds], np.r_[0.0, true], np.r_[0.0, false]
