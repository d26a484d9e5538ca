"""Calibration recovers a known scale and bias; thresholds keep their promises and their order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from trainer.metrics.calibration import Calibration, calibrate, choose_thresholds, decide_probabilities, fit_temperature


def test_temperature_and_bias_are_recovered() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, 20000)
    labels = rng.random(20000) < expit((logits + 1.5) / 2.5)
    temperature, bias = fit_temperature(logits, labels)
    assert temperature == pytest.approx(2.5, rel=0.05)
    assert bias == pytest.approx(1.5, abs=0.15)


def test_two_calibrations_one_after_the_other_are_one() -> None:
    first, second = Calibration(2.0, 1.0, 0.3, 0.6), Calibration(0.5, -0.2, 0.1, 0.9)
    logits = np.array([-3.0, 0.0, 0.5, 4.0])
    p_first = first.probabilities(logits)
    one_by_one = second.probabilities(np.log(p_first / (1 - p_first)))
    both = first.then(second)
    assert both.probabilities(logits) == pytest.approx(one_by_one)
    assert (both.p_normal_below, both.p_abnormal_from) == (0.1, 0.9)


def test_answers_stay_where_neither_temperature_nor_bias_is_applied() -> None:
    fitted, logits = Calibration(2.0, 1.0, 0.3, 0.6), np.linspace(-8, 8, 200)
    own = fitted.on_own_probabilities()
    assert (own.temperature, own.bias) == (1.0, 0.0)
    assert own.decisions(own.probabilities(logits)) == fitted.decisions(fitted.probabilities(logits))
    assert Calibration(2.0, 1.0, 0.0, 1.0).on_own_probabilities() == Calibration(1.0, 0.0, 0.0, 1.0)


def test_separable_and_tiny_samples_stay_finite() -> None:
    temperature, bias = fit_temperature([-3.0] * 20 + [3.0] * 20, [0] * 20 + [1] * 20)
    assert 0.05 <= temperature <= 20
    assert abs(bias) < 1
    assert fit_temperature([1.0, -1.0], [1, 0]) == (1.0, 0.0)
    assert fit_temperature([1.0] * 9, [1] * 9) == (1.0, 0.0)


def test_a_network_that_is_worse_than_chance_is_flattened_not_turned_round() -> None:
    temperature, _ = fit_temperature(np.linspace(-3, 3, 40), [1] * 20 + [0] * 20)
    assert temperature == pytest.approx(20)


@settings(max_examples=60)
@given(n_normal=st.integers(0, 80), n_abnormal=st.integers(0, 80), gap=st.floats(-0.3, 0.6), seed=st.integers(0, 999))
def test_thresholds_are_ordered_and_keep_both_targets(n_normal: int, n_abnormal: int, gap: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.array([0] * n_normal + [1] * n_abnormal)
    p = np.clip(rng.normal(0.4 + gap * labels, 0.15), 0, 1).round(2)
    below, start = choose_thresholds(p, labels)
    assert 0 <= below <= start <= 1
    answers = np.array(decide_probabilities(p, (below, start)))
    missed = np.count_nonzero(answers[labels == 1] == "normal")
    alarmed = np.count_nonzero((answers[labels == 0] == "abnormal") & (p[labels == 0] < 1))
    assert missed <= 0.05 * n_abnormal
    assert alarmed <= 0.05 * n_normal


def test_wide_gap_refers_nothing() -> None:
    below, start = choose_thresholds([0.1] * 30 + [0.9] * 30, [0] * 30 + [1] * 30)
    assert below == start == 0.5


def test_missing_answers_are_referred_and_not_fitted() -> None:
    logits = [-2.0, -1.5, -1.0, -2.5, -3.0, -1.2, 2.0, 1.5, 1.0, 2.5, 3.0, 1.2, np.nan]
    found = calibrate(logits, [0] * 6 + [1] * 6 + [1])
    p = found.probabilities(logits)
    assert np.isnan(p[-1])
    assert found.decisions(p)[-1] == "refer"
    assert set(found.decisions(p)[:6]) == {"normal"}
