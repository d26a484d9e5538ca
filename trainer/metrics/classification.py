"""Figures of a classifier, each with an interval from resampling whole groups; what every report prints.

Pages of one patient are not independent, so the bootstrap draws groups, not pages, with replacement (Field and Welsh
2007, *Bootstrapping clustered data*). The interval is the percentile one, but for figures that chance alone pushes up
(``BIASED``): drawing anew pushes them up once more, so that the percentile interval may lie above the figure itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ecgcore.geometry.arrays import FloatArray, IntArray
from trainer.metrics.figures import Interval

Figures = Callable[[FloatArray], Mapping[str, FloatArray]]
"""From weights ``[b, n]`` (how often each row was drawn) to ``{name: [b]}``, NaN where undefined."""

BIASED = frozenset({"ece"})
"""Sums of absolute gaps: even of a perfectly calibrated network they are above 0, by as much as bins are small.

Such a figure is corrected for its bias and bears the uncorrected one too.
"""
COUNTS = ("n_abnormal", "n_normal")
"""Not figures but how many pages of each class they stand on: what sensitivity and specificity are shares of."""

ECE_BINS = 10
_RESAMPLINGS = 1000
CHUNK_CELLS = 4_000_000
"""Resampled weights held at a time, which bounds the memory of a bootstrap."""


def classification_metrics(
    labels: npt.ArrayLike,
    p_abnormal: npt.ArrayLike,
    decisions: Sequence[str] | None,
    groups: Sequence[str],
    *,
    n_boot: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Every classification figure of contract 1.

    ``accuracy`` and ``f1`` force an answer at 0.5 (abnormal is the positive class). ``sensitivity`` is the share of
    abnormal pages that were not decided "normal", ``specificity`` the share of normal pages that were: both at the
    lower threshold, where a referred page counts as found; ``refer_rate`` stands beside them. ``ece`` has 10 bins of
    equal mass and is corrected for its bias. ``auprc`` is the average precision. ``majority_rate`` is the share of the
    class that is the commoner one among all pages.

    Args:
        labels: 0 normal, 1 abnormal, ``[n]``.
        p_abnormal: calibrated probabilities ``[n]``; NaN (no answer) counts as 0.5.
        decisions: "normal", "abnormal" or "refer" per page, or None to decide at 0.5 without referring.
        groups: one per page; an empty group is a group of its own.
        n_boot: resamplings of the groups.
        seed: of the resampling.

    Returns:
        ``{metric: {"value", "low", "high"}}``; a figure that needs both classes is None without them. ``n_abnormal``
        and ``n_normal`` are the numbers of pages, without an interval.
    """
    if not groups:
        return {}
    figures = bootstrap(classification_figures(labels, p_abnormal, decisions), groups, n_boot=n_boot, seed=seed)
    n_abnormal = int(np.count_nonzero(np.asarray(labels) == 1))
    for name, n in zip(COUNTS, (n_abnormal, len(groups) - n_abnormal), strict=True):
        figures[name] = {"value": n, "low": None, "high": None}
    return figures


def classification_figures(
    labels: npt.ArrayLike, p_abnormal: npt.ArrayLike, decisions: Sequence[str] | None
) -> Figures:
    """The figures of ``classification_metrics`` as a function of how often each page is drawn."""
    y = np.asarray(labels, dtype=np.int64)
    p = np.nan_to_num(np.asarray(p_abnormal, dtype=np.float64), nan=0.5)
    called = np.asarray(decisions if decisions is not None else np.where(p >= 0.5, "abnormal", "normal"))

    def figures(weights: FloatArray) -> dict[str, FloatArray]:
        return _classification_figures(weights, y, p, called)

    return figures


def paired_differences(
    first: Figures, second: Figures, groups: Sequence[str], names: Sequence[str]
) -> dict[str, Interval]:
    """The first's figures minus the second's on the same pages, resampled together.

    Args:
        first: figures of one network, as ``classification_figures`` and ``detection_figures`` give them.
        second: of the other.
        groups: one per page.
        names: of the figures to compare.
    """

    def differences(weights: FloatArray) -> dict[str, FloatArray]:
        one, other = first(weights), second(weights)
        return {name: one[name] - other[name] for name in names}

    return bootstrap(differences, groups, n_boot=_RESAMPLINGS, seed=0)


def paired_auroc_difference(
    labels: npt.ArrayLike,
    p_first: npt.ArrayLike,
    p_second: npt.ArrayLike,
    groups: Sequence[str],
    *,
    n_boot: int = _RESAMPLINGS,
) -> Interval:
    """AUROC of the first minus AUROC of the second on the same pages, resampled together.

    Args:
        labels: 0 normal, 1 abnormal, ``[n]``.
        p_first: scores ``[n]``; NaN counts as 0.5.
        p_second: scores ``[n]``; NaN counts as 0.5.
        groups: one per page.
        n_boot: resamplings of the groups.
    """
    y = np.asarray(labels, dtype=np.int64)
    scores = [np.nan_to_num(np.asarray(p, dtype=np.float64), nan=0.5) for p in (p_first, p_second)]

    def figures(weights: FloatArray) -> dict[str, FloatArray]:
        first, second = (_auroc(*_masses(weights, y, p)[:2]) for p in scores)
        return {"difference": first - second}

    return bootstrap(figures, groups, n_boot=n_boot, seed=0)["difference"]


def bootstrap(figures: Figures, groups: Sequence[str], *, n_boot: int, seed: int) -> dict[str, Interval]:
    """Value and 95 % interval of figures that are functions of row weights.

    Args:
        figures: what to compute.
        groups: one per row.
        n_boot: resamplings of the groups.
        seed: of the resampling.
    """
    values = {name: float(v[0]) for name, v in figures(np.ones((1, len(groups)))).items()} if groups else {}
    drawn: dict[str, list[FloatArray]] = {name: [] for name in values}
    if groups:
        for weights in _resampled(groups, n_boot, seed):
            for name, value in figures(weights).items():
                drawn[name].append(value)
    all_drawn = {name: np.concatenate([*drawn[name], np.empty(0)]) for name in values}
    return {
        name: (_corrected if name in BIASED else _percentiles)(value, all_drawn[name][np.isfinite(all_drawn[name])])
        for name, value in values.items()
    }


def _percentiles(value: float, drawn: FloatArray) -> Interval:
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    if len(drawn) == 0:
        return {"value": value, "low": None, "high": None}
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"value": value, "low": float(low), "high": float(high)}


def _corrected(value: float, drawn: FloatArray) -> Interval:
    """The figure less its bootstrapped bias, with the basic bootstrap interval (Davison and Hinkley 1997, 2.2 and 5.2).

    All three are the plug-in figure reflected: ``2 value - quantile``, of the median and of both ends, so the figure
    lies within its interval. Both are cut at 0 and 1, which such a figure cannot leave.
    """
    if not np.isfinite(value) or len(drawn) == 0:
        return {**_percentiles(value, drawn), "plug_in": value if np.isfinite(value) else None}
    high, middle, low = np.clip(2 * value - np.percentile(drawn, [2.5, 50.0, 97.5]), 0.0, 1.0)
    return {"value": float(middle), "low": float(low), "high": float(high), "plug_in": value}


def _resampled(groups: Sequence[str], n_boot: int, seed: int) -> Iterator[FloatArray]:
    names, group_of_row = np.unique(
        np.array([group or f"\0{row}" for row, group in enumerate(groups)], dtype=object), return_inverse=True
    )
    rng = np.random.default_rng(seed)
    chunk = max(1, CHUNK_CELLS // len(groups))
    for start in range(0, n_boot, chunk):
        size = min(chunk, n_boot - start)
        times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=size).astype(np.float64)
        yield times[:, group_of_row]


def _classification_figures(
    weights: FloatArray, y: IntArray, p: FloatArray, called: npt.NDArray[np.str_]
) -> dict[str, FloatArray]:
    normal, abnormal, score = _masses(weights, y, p)
    n_normal, n_abnormal = normal.sum(axis=1), abnormal.sum(axis=1)
    total = n_normal + n_abnormal
    above = score >= 0.5
    true_abnormal, false_abnormal = abnormal[:, above].sum(axis=1), normal[:, above].sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "accuracy": (true_abnormal + n_normal - false_abnormal) / total,
            "majority_rate": weights @ (y == _commoner(y)).astype(np.float64) / total,
            "auroc": _auroc(normal, abnormal),
            "auprc": _average_precision(normal, abnormal),
            "sensitivity": weights @ ((y == 1) & (called != "normal")) / n_abnormal,
            "specificity": weights @ ((y == 0) & (called == "normal")) / n_normal,
            "f1": 2 * true_abnormal / (true_abnormal + false_abnormal + n_abnormal),
            "brier": (abnormal @ (1 - score) ** 2 + normal @ score**2) / total,
            "ece": _equal_mass_ece(normal, abnormal, score),
            "refer_rate": weights @ (called == "refer").astype(np.float64) / total,
        }


def _commoner(y: IntArray) -> int:
    """The class of most rows; which it is does not change when rows are drawn anew."""
    return int(2 * np.count_nonzero(y == 1) > len(y))


def _masses(weights: FloatArray, y: IntArray, p: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weight of normal and of abnormal rows at each distinct score, ascending: ``[b, k], [b, k], [k]``."""
    order = np.argsort(p, kind="stable")
    score, starts = np.unique(p[order], return_index=True)
    ordered, is_abnormal = weights[:, order], y[order] == 1
    abnormal = np.add.reduceat(ordered * is_abnormal, starts, axis=1)
    normal = np.add.reduceat(ordered * ~is_abnormal, starts, axis=1)
    return normal, abnormal, score


def _auroc(normal: FloatArray, abnormal: FloatArray) -> FloatArray:
    """Mann-Whitney: the chance that an abnormal page scores above a normal one, ties counting half."""
    below = np.cumsum(normal, axis=1) - normal / 2
    pairs = normal.sum(axis=1) * abnormal.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        result: FloatArray = (abnormal * below).sum(axis=1) / pairs
    return result


def _average_precision(normal: FloatArray, abnormal: FloatArray) -> FloatArray:
    """Sum of precision times the step in recall, from the highest score down."""
    found = np.cumsum(abnormal[:, ::-1], axis=1)
    false = np.cumsum(normal[:, ::-1], axis=1)
    precision = found / np.maximum(found + false, 1e-300)
    n_abnormal, n_normal = found[:, -1], false[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        result: FloatArray = (abnormal[:, ::-1] * precision).sum(axis=1) / n_abnormal
    return np.where(n_normal > 0, result, np.nan)


def _equal_mass_ece(normal: FloatArray, abnormal: FloatArray, score: FloatArray) -> FloatArray:
    """Expected calibration error (Naeini 2015) over bins of equal mass; equal scores share a bin."""
    mass = normal + abnormal
    total = mass.sum(axis=1, keepdims=True)
    middle = (np.cumsum(mass, axis=1) - mass / 2) / total
    bins = np.minimum((middle * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    gap = mass * score - abnormal
    gaps = [np.abs(np.where(bins == b, gap, 0.0).sum(axis=1)) for b in range(ECE_BINS)]
    result: FloatArray = np.sum(gaps, axis=0) / total[:, 0]
    return result
