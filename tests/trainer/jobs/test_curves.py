"""The curves' points are scikit-learn's."""

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from trainer.jobs.curves import precision_recall_points, roc_points
from trainer.jobs.results import PageResult


def page(is_abnormal: bool, p: float | None) -> PageResult:
    label = "abnormal" if is_abnormal else "normal"
    return PageResult(None, "a.png", label, "", 0, p_global=p, p_local=None, p_abnormal=p, decision="refer")


def test_points_are_those_of_scikit_learn_with_ties() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    p = np.round(0.3 * labels + 0.7 * rng.random(200), 2)
    assert len(np.unique(p)) < 200, "there are ties"
    pages = [page(bool(label), float(value)) for label, value in zip(labels, p, strict=True)]
    false, true, thresholds = roc_curve(labels, p, drop_intermediate=False)
    np.testing.assert_allclose(roc_points(pages, "fused"), np.column_stack([thresholds, false, true]))
    precision, recall, thresholds = precision_recall_curve(labels, p)
    ours = precision_recall_points(pages, "global")[::-1]
    np.testing.assert_allclose(ours, np.column_stack([thresholds, recall[:-1], precision[:-1]]))


def test_no_answer_counts_as_one_half() -> None:
    pages = [page(True, 0.9), page(False, None), page(False, 0.1)]
    assert roc_points(pages, "fused").tolist() == [[np.inf, 0, 0], [0.9, 0, 1], [0.5, 0.5, 1], [0.1, 1, 1]]
    assert roc_points(pages, "local").tolist() == [[np.inf, 0, 0], [0.5, 1, 1]]


def test_without_a_class_there_is_no_curve() -> None:
    normal = [page(False, 0.2)]
    assert roc_points(normal, "fused").shape == precision_recall_points(normal, "fused").shape == (0, 3)
    assert roc_points([], "fused").shape == precision_recall_points([], "fused").shape == (0, 3)
    assert precision_recall_points([page(True, 0.2)], "fused").tolist() == [[0.2, 1.0, 1.0]]
