"""From a validation split's logits to calibrated probabilities and the two thresholds between which a page is referred.

The bias that Platt scaling adds is meant to be folded into the last layer, so a bundle needs a temperature only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logit

from ecgcore.geometry.arrays import FloatArray

TEMPERATURE_RANGE = (0.05, 20.0)
FEWEST_PER_CLASS = 5
"""With fewer pages of a class, logits are left as they are."""


@dataclass(frozen=True)
class Calibration:
    """How one network's logits become answers: ``p = sigmoid((logit + bias) / temperature)``.

    Args:
        temperature: Guo et al. 2017.
        bias: Platt 1999.
        p_normal_below: below it a page is "normal".
        p_abnormal_from: from it on a page is "abnormal"; between the two it is "refer".
    """

    temperature: float
    bias: float
    p_normal_below: float
    p_abnormal_from: float

    def probabilities(self, logits: npt.ArrayLike) -> FloatArray:
        """Calibrated p_abnormal ``[n]``; NaN stays NaN."""
        result: FloatArray = expit((np.asarray(logits, dtype=np.float64) + self.bias) / self.temperature)
        return result

    def then(self, second: "Calibration") -> "Calibration":
        """The calibration that applies this one, then ``second``, which was fitted to this one's log-odds."""
        return Calibration(
            self.temperature * second.temperature,
            self.bias + second.bias * self.temperature,
            second.p_normal_below,
            second.p_abnormal_from,
        )

    def on_own_probabilities(self) -> "Calibration":
        """The same answers from the network's probabilities as they are: neither temperature nor bias, other bounds."""
        low, high = (
            float(expit(self.temperature * logit(bound) - self.bias))
            for bound in (self.p_normal_below, self.p_abnormal_from)
        )
        return Calibration(1.0, 0.0, low, high)

    def decisions(self, p_abnormal: npt.ArrayLike) -> list[str]:
        """The answer for each probability; NaN, no answer, is "refer"."""
        return decide_probabilities(p_abnormal, (self.p_normal_below, self.p_abnormal_from))


def calibrate(
    logits: npt.ArrayLike,
    labels: npt.ArrayLike,
    sensitivity_target: float = 0.95,
    specificity_target: float = 0.95,
) -> Calibration:
    """Fit temperature, bias and thresholds to pages that the network was not trained on.

    Args:
        logits: ``[n]``; NaN (no answer) is ignored.
        labels: 0 normal, 1 abnormal, ``[n]``.
        sensitivity_target: share of abnormal pages not to be called normal.
        specificity_target: share of normal pages not to be called abnormal.
    """
    answered = np.isfinite(np.asarray(logits, dtype=np.float64))
    z, y = np.asarray(logits, dtype=np.float64)[answered], np.asarray(labels)[answered]
    temperature, bias = fit_temperature(z, y)
    p = Calibration(temperature, bias, 0.5, 0.5).probabilities(z)
    return Calibration(temperature, bias, *choose_thresholds(p, y, sensitivity_target, specificity_target))


def fit_temperature(logits: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[float, float]:
    """Temperature and bias of least log loss against Platt's smoothed targets, which keep separable samples finite.

    Args:
        logits: finite, ``[n]``.
        labels: 0 or 1, ``[n]``.

    Returns:
        ``(temperature, bias)`` for ``sigmoid((logit + bias) / temperature)``; ``(1, 0)`` when a class is too small.
    """
    z, y = np.asarray(logits, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    n_abnormal = int(y.sum())
    n_normal = len(y) - n_abnormal
    if min(n_abnormal, n_normal) < FEWEST_PER_CLASS:
        return 1.0, 0.0
    target = np.where(y == 1, (n_abnormal + 1) / (n_abnormal + 2), 1 / (n_normal + 2))

    def loss_and_slope(scale_shift: FloatArray) -> tuple[float, FloatArray]:
        scaled = scale_shift[0] * z + scale_shift[1]
        error = expit(scaled) - target
        return float(np.mean(np.logaddexp(0, scaled) - target * scaled)), np.array([np.mean(error * z), error.mean()])

    coldest, hottest = TEMPERATURE_RANGE
    fitted = minimize(
        loss_and_slope,
        np.array([1.0, 0.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(1 / hottest, 1 / coldest), (-50, 50)],
    )
    scale, shift = (float(value) for value in fitted.x)
    return 1 / scale, shift / scale


def choose_thresholds(
    p_abnormal: npt.ArrayLike,
    labels: npt.ArrayLike,
    sensitivity_target: float = 0.95,
    specificity_target: float = 0.95,
) -> tuple[float, float]:
    """The widest "normal" and "abnormal" that keep both promises on new pages, each by the rank of its own class.

    Of n abnormal pages at most the share ``floor((n + 1) (1 - target)) / (n + 1)`` is expected below the lower
    threshold (Vovk's class-conditional conformal rank), and likewise for normal pages above the upper one. A class of
    fewer than 20 pages promises nothing at 0.95; its extreme page is taken then. Where the classes lie so far
    apart that the two ranges overlap, they meet at the point nearest to 0.5 and nothing is referred.

    Args:
        p_abnormal: calibrated, ``[n]``.
        labels: 0 normal, 1 abnormal, ``[n]``.
        sensitivity_target: share of abnormal pages not to be called normal.
        specificity_target: share of normal pages not to be called abnormal.

    Returns:
        ``(p_normal_below, p_abnormal_from)``, the first never above the second. Without abnormal pages nothing is
        called normal, without normal ones nothing abnormal below certainty.
    """
    p, y = np.asarray(p_abnormal, dtype=np.float64), np.asarray(labels)
    abnormal, normal = np.sort(p[y == 1]), np.sort(p[y == 0])[::-1]
    below = float(abnormal[_rank(len(abnormal), sensitivity_target)]) if len(abnormal) else 0.0
    above = float(normal[_rank(len(normal), specificity_target)]) if len(normal) else 1.0
    start = min(float(np.nextafter(above, 2)), 1.0)
    if below <= start:
        return below, start
    middle = float(np.clip(0.5, start, below))
    return middle, middle


def _rank(n: int, target: float) -> int:
    return max(int((n + 1) * (1 - target) + 1e-9), 1) - 1


def decide_probabilities(p_abnormal: npt.ArrayLike, thresholds: tuple[float, float]) -> list[str]:
    """The decision for each probability, as ``OperatingPoint.decide_probability`` makes it; NaN is "refer"."""
    p = np.atleast_1d(np.asarray(p_abnormal, dtype=np.float64))
    p_normal_below, p_abnormal_from = thresholds
    answers: Sequence[str] = np.select(
        [p >= p_abnormal_from, p < p_normal_below], ["abnormal", "normal"], default="refer"
    ).tolist()
    return list(answers)
