"""A written comparison read from the other bundle's side."""

import json

from annotations.runs.training_runs import move_run
from annotations.store import Store
from tests.support.training_store import IN_USE, queue
from trainer.metrics.figures import Interval
from trainer.registry.comparisons import comparison_of, newest_comparison, verdict_of
from trainer.runs.files import COMPARISON, run_folder
from trainer.runs.results import Comparison

WRITTEN = {
    "candidate": "new",
    "active": IN_USE,
    "verdict": "worse",
    "because": "Lower: sensitivity.",
    "explanation": "On 9 pages.",
    "pages": 9,
    "differences": {
        "auroc": {"value": 0.1, "low": 0.05, "high": 0.2},
        "sensitivity": {"value": -0.3, "low": -0.4, "high": -0.1},
        "ap50": {"value": None, "low": None, "high": None},
    },
    "candidate_figures": {"fused": {"auroc": {"value": 0.9}}},
    "active_figures": {"fused": {"auroc": {"value": 0.8}}},
    "decisions": {"candidate": {"normal": 5, "refer": 4}, "active": {"refer": 9}},
    "left_out_as_seen": {"candidate": {"same group": 2}, "active": {}},
    "changed": [{"file": "a", "label": "normal", "candidate": "normal", "active": "refer", "p_candidate": 0.1,
                 "p_active": 0.4}],
}  # fmt: skip


def write(store: Store, **changes: object) -> None:
    """The comparison of a finished run."""
    run = queue(store, kind="compare", candidate_version="new")
    move_run(store, run.id, "candidate")
    folder = run_folder(store.folder, run.id)
    folder.mkdir(parents=True)
    (folder / COMPARISON).write_text(json.dumps(WRITTEN | changes))


def test_the_other_side_is_told_with_every_sign_turned(prepared: Store) -> None:
    write(prepared)
    told = Comparison.from_json(json.dumps(WRITTEN))
    assert comparison_of(prepared, "new", IN_USE) == told
    turned = comparison_of(prepared, IN_USE, "new")
    assert turned is not None
    assert (turned.candidate, turned.active) == (IN_USE, "new")
    assert turned.differences["auroc"] == {"value": -0.1, "low": -0.2, "high": -0.05}
    assert turned.differences["ap50"] == {"value": None, "low": None, "high": None}
    assert turned.verdict == "worse", "lower AUROC: better in one and worse in another is worse from both sides"
    assert "AUROC" in (turned.because or "")
    assert turned.candidate_figures == told.active_figures
    assert turned.decisions == {"candidate": {"refer": 9}, "active": {"normal": 5, "refer": 4}}
    assert turned.left_out_as_seen == {"candidate": {}, "active": {"same group": 2}}
    (page,) = turned.changed
    assert (page.candidate, page.active, page.p_candidate) == ("refer", "normal", 0.4)


def test_what_nobody_can_tell_stays_so_from_both_sides(prepared: Store) -> None:
    write(prepared, verdict="unknown", because="Too few.")
    turned = comparison_of(prepared, IN_USE, "new")
    assert turned is not None
    assert (turned.verdict, turned.because) == ("unknown", "Too few.")


def test_the_newest_holds_and_a_broken_file_is_none(prepared: Store) -> None:
    write(prepared)
    write(prepared, verdict="better")
    found = comparison_of(prepared, "new", IN_USE)
    assert found is not None and found.verdict == "better"
    write(prepared, active="another")
    newest = newest_comparison(prepared, "new")
    assert newest is not None and newest.active == "another"
    for file in prepared.folder.glob(f"runs/*/{COMPARISON}"):
        file.write_text("{")
    assert comparison_of(prepared, "new", IN_USE) is None
    assert newest_comparison(prepared, "new") is None


def test_one_surely_lower_difference_outweighs_a_higher_one() -> None:
    differences: list[Interval] = [{"value": v, "low": v - 0.05, "high": v + 0.05} for v in (0.1, -0.1, 0.0)]
    up, down, even = differences
    assert verdict_of({"auroc": up, "sensitivity": down})[0] == "worse"
    assert verdict_of({"auroc": up, "sensitivity": even})[0] == "better"
    assert verdict_of({"auroc": even})[0] == "same"
