"""Comparisons that runs have written: which one holds for two bundles, and how it reads; loads no network."""

from contextlib import suppress
from dataclasses import replace

from annotations.runs.training_runs import COMPARED, runs_of_bundle
from annotations.store import Store
from ecgcore.errors import DataError
from trainer.metrics.figures import Figures, Interval
from trainer.runs.files import COMPARISON, run_folder
from trainer.runs.results import Comparison, ComparisonVerdict, Sides, read_comparison

_NAMES = {
    "auroc": "AUROC",
    "sensitivity": "sensitivity (a referred page counts as found)",
    "ap50": "AP50 of the beat finder",
}


def comparison_of(store: Store, version: str, other: str) -> Comparison | None:
    """The newest comparison of two bundles, with ``version`` as the candidate, whichever of them was it then.

    Args:
        store: the data folder.
        version: the one that counts as the candidate.
        other: the one that counts as in use.

    Returns:
        None where nobody has compared the two.
    """
    for found in _written(store, version, other):
        if {found.candidate, found.active} == {version, other}:
            return found if found.candidate == version else _from_the_other_side(found)
    return None


def newest_comparison(store: Store, version: str) -> Comparison | None:
    """The newest comparison of a bundle as a candidate, whatever it was compared with."""
    return next((found for found in _written(store, version) if found.candidate == version), None)


def verdict_of(differences: Figures) -> tuple[ComparisonVerdict, str]:
    """Worse where any difference is surely below 0, better where one is surely above, by the 95 % interval."""
    surely_below = [name for name, d in differences.items() if (high := d.get("high")) is not None and high < 0]
    surely_above = [name for name, d in differences.items() if (low := d.get("low")) is not None and low > 0]
    if surely_below:
        return "worse", f"Lower: {', '.join(_NAMES[name] for name in surely_below)}."
    if surely_above:
        return "better", f"Higher: {', '.join(_NAMES[name] for name in surely_above)}; nothing is surely lower."
    return "same", "Every interval of a difference contains 0: no difference is shown."


def _written(store: Store, *versions: str) -> list[Comparison]:
    """What the finished runs of these bundles have written, the newest first; damaged files are left out."""
    runs = {run.id: run for version in versions for run in runs_of_bundle(store, version) if run.state in COMPARED}
    found = []
    for run_id in sorted(runs, reverse=True):
        with suppress(DataError):
            found.append(read_comparison(run_folder(store.folder, run_id) / COMPARISON))
    return [comparison for comparison in found if comparison is not None]


def _from_the_other_side(written: Comparison) -> Comparison:
    """The same comparison with the two bundles in each other's places."""
    differences = {name: _negated(difference) for name, difference in written.differences.items()}
    verdict, because = written.verdict, written.because
    if verdict != "unknown":
        verdict, because = verdict_of(differences)
    return replace(
        written,
        explanation=f"Measured when {written.candidate} was the candidate. {written.explanation}",
        candidate=written.active,
        active=written.candidate,
        left_out_as_seen=_swapped(written.left_out_as_seen),
        candidate_figures=written.active_figures,
        active_figures=written.candidate_figures,
        differences=differences,
        decisions=_swapped(written.decisions),
        verdict=verdict,
        because=because,
        changed=tuple(
            replace(page, candidate=page.active, active=page.candidate, p_candidate=page.p_active,
                    p_active=page.p_candidate)
            for page in written.changed
        ),
    )  # fmt: skip


def _swapped(counts: Sides) -> Sides:
    return {"candidate": counts.get("active", {}), "active": counts.get("candidate", {})}


def _negated(difference: Interval) -> Interval:
    value, low, high = difference["value"], difference.get("low"), difference.get("high")
    return {
        "value": None if value is None else -value,
        "low": None if high is None else -high,
        "high": None if low is None else -low,
    }
