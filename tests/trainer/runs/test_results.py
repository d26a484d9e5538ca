"""What a training found out is written with the same keys as ever, and read back, older files among them."""

import json
from pathlib import Path

import pytest

from ecgcore.errors import DataError
from trainer.runs.results import (
    ChangedPage,
    Comparison,
    FoldFacts,
    RunSummary,
    StartFacts,
    read_comparison,
    read_fold,
    read_summary,
)

FOLD = FoldFacts(
    pages={"train": 6, "val": 2, "test": 2},
    answers=2,
    start=StartFacts("bundle", "in-use", "in-use", {"newer": 3}),
    min_score=0.4,
    thresholds={"fused": (0.2, 0.8)},
    seconds=9.5,
    seconds_of_stages={"local": 4.0},
    pages_shown={"local": 60.0},
)
SUMMARY = RunSummary(
    folds=({"fused": {"auroc": {"value": 0.9, "low": 0.8, "high": 1.0}}},),
    pooled={"fused": {"n_normal": {"value": 80, "low": None, "high": None}}},
    auroc_differences={"fused minus local": {"value": 0.1, "low": -0.1, "high": 0.2}},
    fold_facts=(FOLD,),
)
COMPARISON = Comparison(
    pages_from="folds",
    candidate="new",
    active="old",
    pages=2,
    decisions={"candidate": {"normal": 2}, "active": {"refer": 2}},
    changed=(ChangedPage("a.png", None, "normal", "refer", 0.1, None),),
)


def test_files_keep_the_keys_and_the_order_that_they_always_had() -> None:
    assert list(FOLD.to_json()) == [
        "pages", "answers", "start", "min_score", "thresholds", "seconds", "seconds_of_stages", "pages_shown",
        "was_resumed",
    ]  # fmt: skip
    assert FOLD.start is not None
    assert list(FOLD.start.to_json()) == ["from", "bundle", "detector", "passed_over"]
    assert list(SUMMARY.to_json()) == ["folds", "pooled", "auroc_differences", "fold_facts"]
    assert list(COMPARISON.to_json()) == [
        "pages_from", "explanation", "candidate", "active", "pages", "left_out_as_seen", "candidate_figures",
        "active_figures", "differences", "decisions", "verdict", "because", "changed",
    ]  # fmt: skip
    assert COMPARISON.to_json()["candidate_figures"] is None, "nothing was compared"


def test_what_is_written_is_read_back() -> None:
    assert FoldFacts.from_json(json.dumps(FOLD.to_json())) == FOLD
    assert RunSummary.from_json(json.dumps(SUMMARY.to_json())) == SUMMARY
    assert Comparison.from_json(json.dumps(COMPARISON.to_json())) == COMPARISON


def test_a_count_stays_a_whole_number() -> None:
    read = RunSummary.from_json(json.dumps(SUMMARY.to_json()))
    assert isinstance(read.pooled["fused"]["n_normal"]["value"], int)


def test_files_of_other_versions_open(tmp_path: Path) -> None:
    """Keys are missing that came later, figures are null, and there are keys that this version does not know."""
    (tmp_path / "summary.json").write_text(
        '{"pooled": {"detector": null, "fused": {"auroc": null, "f1": {"value": 0.5, "note": "x"}}}, "snapshot": 3,'
        ' "fold_facts": [{"start": null, "seconds_of_stages": null, "answers": 4}, {"start": {"from": "random"}}]}'
    )
    summary = read_summary(tmp_path / "summary.json")
    assert summary is not None
    assert summary.pooled["detector"] == {}
    assert summary.pooled["fused"]["auroc"]["value"] is None
    assert summary.pooled["fused"]["f1"]["value"] == 0.5
    assert [fold.answers for fold in summary.fold_facts] == [4, None]
    (tmp_path / "comparison.json").write_text(
        '{"candidate": "new", "active": "old", "candidate_figures": null, "decisions": null, "from_later": [1]}'
    )
    assert read_comparison(tmp_path / "comparison.json") == Comparison(candidate="new", active="old")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pages": 7}', '{"candidate": "a", "active": "b", "pages": "7"}'])
def test_a_damaged_file_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "comparison.json"
    assert read_comparison(path) is None
    path.write_text(text)
    with pytest.raises(DataError, match=r"comparison\.json of run .* is damaged"):
        read_comparison(path)
    path.write_text('{"pooled": {"fused": {"auroc": {"value": NaN}}}}')
    with pytest.raises(DataError, match="is damaged"):
        read_summary(path)


def test_a_fold_that_was_half_written_is_none(tmp_path: Path) -> None:
    assert read_fold(tmp_path / "fold.json") is None
    (tmp_path / "fold.json").write_text('{"answers": 4')
    assert read_fold(tmp_path / "fold.json") is None
