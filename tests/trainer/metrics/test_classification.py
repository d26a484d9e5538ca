"""Classification figures agree with scikit-learn, and their intervals behave like group-bootstrap intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from trainer.metrics.classification import classification_metrics, paired_auroc_difference


def some_scores(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    return labels, np.round(np.clip(0.5 + 0.2 * (labels - 0.5) + 0.2 * rng.standard_normal(n), 0, 1), 2)


@pytest.mark.parametrize("seed", range(5))
def test_values_agree_with_scikit_learn(seed: int) -> None:
    labels, p = some_scores(157, seed)
    decisions = np.where(p < 0.4, "normal", np.where(p < 0.6, "refer", "abnormal")).tolist()
    found = {k: v["value"] for k, v in classification_metrics(labels, p, decisions, [""] * 157, n_boot=10).items()}
    called = p >= 0.5
    expected = {
        "accuracy": sk.accuracy_score(labels, called),
        "majority_rate": max(labels.mean(), 1 - labels.mean()),
        "auroc": sk.roc_auc_score(labels, p),
        "auprc": sk.average_precision_score(labels, p),
        "sensitivity": sk.recall_score(labels, p >= 0.4),
        "specificity": sk.recall_score(labels, p >= 0.4, pos_label=0),
        "f1": sk.f1_score(labels, called),
        "brier": sk.brier_score_loss(labels, p),
        "refer_rate": np.mean((p >= 0.4) & (p < 0.6)),
    }
    assert set(found) == {*expected, "ece", "n_abnormal", "n_normal"}
    assert (found["n_abnormal"], found["n_normal"]) == (labels.sum(), 157 - labels.sum())
    for name, value in expected.items():
        assert found[name] == pytest.approx(value), name


def test_ece_is_the_mean_gap_of_ten_equal_bins() -> None:
    labels, _ = some_scores(200, 3)
    p = np.random.default_rng(1).permutation(np.linspace(0.01, 0.99, 200))
    expected = np.mean([abs(p[b].mean() - labels[b].mean()) for b in np.array_split(np.argsort(p), 10)])
    found = classification_metrics(labels, p, None, [""] * 200, n_boot=1)["ece"]["plug_in"]
    assert found == pytest.approx(expected)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1), st.integers(0, 12)), min_size=1, max_size=60),
    st.integers(0, 5),
)
def test_calibration_error_lies_within_its_interval_whatever_the_pages(
    pages: list[tuple[int, float, int]], seed: int
) -> None:
    labels, p, groups = zip(*pages, strict=True)
    ece = classification_metrics(labels, p, None, [f"g{group}" for group in groups], n_boot=40, seed=seed)["ece"]
    assert 0 <= ece["low"] <= ece["value"] <= ece["high"] <= 1


@pytest.mark.parametrize("n", [60, 200, 1000])
def test_every_figure_of_an_ordinary_network_lies_within_its_interval(n: int) -> None:
    rng = np.random.default_rng(n)
    p = rng.beta(1.2, 1.2, n)
    labels = (rng.random(n) < p).astype(int)  # perfectly calibrated: where the plug-in figure is most wrong
    groups = [f"g{i // 2}" for i in range(n)]
    for name, figure in classification_metrics(labels, p, None, groups, n_boot=300).items():
        if not name.startswith("n_"):
            assert figure["low"] - 1e-9 <= figure["value"] <= figure["high"] + 1e-9, name


def test_the_calibration_error_is_nearer_to_the_truth_than_without_correction() -> None:
    corrected, plain = [], []
    rng = np.random.default_rng(8)
    for _ in range(40):
        p = rng.beta(1.2, 1.2, 200)
        labels = (rng.random(200) < p).astype(int)
        ece = classification_metrics(labels, p, None, [""] * 200, n_boot=100)["ece"]
        corrected.append(ece["value"])
        plain.append(ece["plug_in"])
    assert np.mean(plain) > 0.06, "of a network whose true calibration error is 0"
    assert np.mean(corrected) < 0.7 * np.mean(plain)


def test_the_majority_is_a_class_not_whichever_is_drawn_more() -> None:
    found = classification_metrics([0, 1] * 50, [0.5] * 100, None, [""] * 100, n_boot=300)["majority_rate"]
    assert found["low"] < 0.45 < found["value"] == 0.5 < found["high"]


def test_interval_is_that_of_resampled_groups() -> None:
    labels, p = some_scores(120, 7)
    groups = [f"g{i // 4}" for i in range(120)]
    found = classification_metrics(labels, p, None, groups, n_boot=1000, seed=1)["auroc"]
    rng = np.random.default_rng(2)
    drawn = []
    for _ in range(500):
        rows = np.concatenate([np.arange(4 * g, 4 * g + 4) for g in rng.integers(0, 30, 30)])
        drawn.append(sk.roc_auc_score(labels[rows], p[rows]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert found["low"] == pytest.approx(low, abs=0.02)
    assert found["high"] == pytest.approx(high, abs=0.02)


def test_copies_in_one_group_do_not_narrow_the_interval() -> None:
    labels, p = some_scores(60, 4)
    once = classification_metrics(labels, p, None, [f"g{i}" for i in range(60)], seed=5)
    thrice = classification_metrics(
        np.repeat(labels, 3), np.repeat(p, 3), None, [f"g{i // 3:02d}" for i in range(180)], seed=5
    )
    for name in ("auroc", "brier", "accuracy"):
        once_width, thrice_width = (m[name]["high"] - m[name]["low"] for m in (once, thrice))
        assert thrice_width == pytest.approx(once_width, rel=0.15)


def test_same_seed_same_interval() -> None:
    labels, p = some_scores(50, 0)
    runs = [classification_metrics(labels, p, None, ["a", "b"] * 25, n_boot=50, seed=9) for _ in range(2)]
    assert runs[0] == runs[1]


def test_one_class_has_no_ranking_figures() -> None:
    found = classification_metrics([1, 1, 1], [0.2, 0.7, 0.9], None, ["a", "b", "c"])
    undefined = {"value": None, "low": None, "high": None}
    assert found["auroc"] == found["auprc"] == found["specificity"] == undefined
    assert found["sensitivity"]["value"] == pytest.approx(2 / 3)


def test_missing_probability_counts_as_undecided() -> None:
    found = classification_metrics([0, 1], [np.nan, 0.9], ["refer", "abnormal"], ["a", "b"], n_boot=5)
    assert found["auroc"]["value"] == 1.0
    assert found["refer_rate"]["value"] == 0.5


def test_paired_difference_of_a_better_score_excludes_zero() -> None:
    labels, p = some_scores(300, 2)
    better = np.clip(p + 0.3 * (labels - 0.5), 0, 1)
    found = paired_auroc_difference(labels, better, p, [f"g{i // 2}" for i in range(300)], n_boot=300)
    assert found["value"] == pytest.approx(sk.roc_auc_score(labels, better) - sk.roc_auc_score(labels, p))
    assert found["low"] > 0
    assert paired_auroc_difference(labels, p, p, [""] * 300, n_boot=20) == {"value": 0.0, "low": 0.0, "high": 0.0}
