"""Comparisons that runs have written: which one holds for two bundles, and how it reads; loads no network."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal

from annotations.runs.training_runs import COMPARED, runs_of_bundle
from annotations.store import Store
from ecgcore.errors import BadData
from trainer.metrics.classification import Interval
from trainer.runs.files import COMPARISON, run_folder
from trainer.runs.results_schema import read_comparison

Verdict = Literal["better", "same", "worse", "unknown"]

_NAMES = {
    "auroc": "AUROC",
    "sensitivity": "sensitivity (a referred page counts as found)",
    "ap50": "AP50 of the beat finder",
}


def comparison_of(store: Store, version: str, other: str) -> dict[str, Any] | None:
    """The newest comparison of two bundles, with ``version`` as the candidate, whichever of them was it then.

    Returns:
        As ``trainer.evaluation.compare.report``; None where nobody has compared the two.
    """
    for found in _written(store, version, other):
        if {found.get("candidate"), found.get("active")} == {version, other}:
            return found if found["candidate"] == version else _from_the_other_side(found)
    return None


def newest_comparison(store: Store, version: str) -> dict[str, Any] | None:
    """The newest comparison of a bundle as a candidate, whatever it was compared with."""
    return next((found for found in _written(store, version) if found.get("candidate") == version), None)


def verdict_of(differences: Mapping[str, Interval]) -> tuple[Verdict, str]:
    """Worse where any difference is surely below 0, better where one is surely above, by the 95 % interval."""
    surely_below = [name for name, d in differences.items() if d["high"] is not None and d["high"] < 0]
    surely_above = [name for name, d in differences.items() if d["low"] is not None and d["low"] > 0]
    if surely_below:
        return "worse", f"Lower: {', '.join(_NAMES[name] for name in surely_below)}."
    if surely_above:
        return "better", f"Higher: {', '.join(_NAMES[name] for name in surely_above)}; nothing is surely lower."
    return "same", "Every interval of a difference contains 0: no difference is shown."


def _written(store: Store, *versions: str) -> list[dict[str, Any]]:
    """What the finished runs of these bundles have written, the newest first; damaged files are left out."""
    runs = {run.id: run for version in versions for run in runs_of_bundle(store, version) if run.state in COMPARED}
    found = []
    for run_id in sorted(runs, reverse=True):
        with suppress(BadData):
            found.append(read_comparison(run_folder(store.folder, run_id) / COMPARISON))
    return [comparison for comparison in found if comparison is not None]


def _from_the_other_side(comparison: Mapping[str, Any]) -> dict[str, Any]:
    """The same comparison with the two bundles in each other's places."""
    differences = {name: _negated(d) for name, d in (comparison.get("differences") or {}).items()}
    turned = {**comparison, "differences": differences}
    for name in ("{}", "{}_figures"):
        one, other = name.format("candidate"), name.format("active")
        turned |= {one: comparison.get(other), other: comparison.get(one)}
    for name in ("decisions", "left_out_as_seen"):
        both = comparison.get(name) or {}
        turned[name] = {"candidate": both.get("active") or {}, "active": both.get("candidate") or {}}
    turned["changed"] = [
        page | {"candidate": page["active"], "active": page["candidate"],
                "p_candidate": page.get("p_active"), "p_active": page.get("p_candidate")}
        for page in comparison.get("changed") or []
    ]  # fmt: skip
    turned["explanation"] = (
        f"Measured when {comparison['candidate']} was the candidate. {comparison.get('explanation')}"
    )
    if comparison.get("verdict") != "unknown":
        turned["verdict"], turned["because"] = verdict_of(differences)
    return turned


def _negated(difference: Interval) -> Interval:
    value, low, high = (difference.get(name) for name in ("value", "low", "high"))
    return {
        "value": None if value is None else -value,
        "low": None if high is None else -high,
        "high": None if low is None else -low,
    }
