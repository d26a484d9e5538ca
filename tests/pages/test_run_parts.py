"""A training's own small functions: its words, its grid, its figures."""

from dataclasses import replace
from typing import Any

import pytest

from annotations.training_runs import RunEvent, TrainingRun
from pages.parts.run_follow import grid_html
from pages.parts.run_plots import confusion_figure, difference_figure, loss_figure, reliability_figure, roc_figure
from pages.parts.run_words import duration, where_it_stands
from pages.parts.scores import comparison_rows, fold_rows, headline
from trainer.jobs_results import PageResult

RUN = TrainingRun(
    id=3, state="running", kind="retrain", recipe="quick", stages=("detector", "fusion"), seed=0, folds=2,
    device="cpu", snapshot_id=1, parent_version="a", candidate_version=None, person="Ada", message="",
    created_at="2026-11-25T10:00:00.000+00:00", started_at=None, heartbeat_at=None, finished_at=None,
    stop_requested=False,
)  # fmt: skip


def page(label: str, p: float | None, decision: str) -> PageResult:
    return PageResult(1, "a.png", label, "g", 0, p, p, p, decision)


PAGES = [page("abnormal", 0.9, "abnormal"), page("abnormal", 0.4, "refer"), page("normal", 0.1, "normal"),
         page("normal", None, "refer")]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (40, "40 s"),
        (100, "2 min"),
        (2090, "35 min"),
        (6000, "1 h 40 min"),
        (7190, "2 h"),
        (93_000, "26 h"),
    ],
)
def test_durations_have_the_digits_that_mean_something(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_where_it_stands_in_words() -> None:
    step = {"part": "folds", "fold": 1, "folds": 5, "stage": "local", "epoch": 3, "epochs": 6, "step": 4, "steps": 9}
    assert where_it_stands(step) == "Fold 2 of 5 · beats · epoch 3 of 6 · step 4 of 9"
    assert where_it_stands({"part": "prepare", "stage": "prepare pages", "step": 4, "steps": 9}) == (
        "Reads the pages · step 4 of 9"
    )
    assert where_it_stands({"part": "final", "stage": "looking"}) == (
        "Final training on all pages · finds beats and judges pages"
    )
    assert where_it_stands({}) == "Starts"


def cells(happened: list[dict[str, Any]], progress: dict[str, Any], run: TrainingRun = RUN) -> list[str]:
    html = grid_html(run, [RunEvent(i, "", event) for i, event in enumerate(happened)], progress)
    return [cell.split(">")[1] for cell in html.split("<td ")[1:] if "</td" in cell for cell in [cell.split("</td")[0]]]


def test_the_grid_fills() -> None:
    stage = {"kind": "stage", "part": "folds", "fold": 0, "stage": "detector", "seconds": 120.0}
    assert cells([], {}) == ["· "] * 6
    assert cells([stage], {"part": "folds", "fold": 0, "stage": "fusion", "epoch": 2, "epochs": 5}) == [
        "✓ 2 min", "▶ 2/5", "· ", "· ", "· ", "· ",
    ]  # fmt: skip
    joint = [{**stage, "stage": "fusion", "seconds": 60.0}, {**stage, "stage": "fusion-joint", "seconds": 240.0}]
    assert cells([stage, *joint], {"part": "folds", "fold": 1, "stage": "detector"})[:3] == [
        "✓ 2 min", "✓ 5 min", "▶ at work",
    ]  # fmt: skip
    assert cells([stage], {"part": "folds", "fold": 0, "stage": "fusion-joint", "epoch": 1, "epochs": 2})[1] == "▶ 1/2"
    assert cells([{"kind": "fold", "fold": 0}], {})[:2] == ["✓ done", "✓ done"]
    assert cells([{**stage, "part": "final", "fold": None}], {})[4] == "✓ 2 min"
    assert len(cells([], {}, replace(RUN, folds=5))) == 12


def test_figures_have_titles_units_and_hover_values() -> None:
    epochs = [
        {"part": part, "fold": fold, "stage": "local", "epoch": n, "epochs": 2, "train_loss": 1 / n, "val_loss": val}
        for part, fold, val in (("folds", 0, 0.5), ("folds", 1, None), ("final", None, 0.4))
        for n in (1, 2)
    ]
    losses = loss_figure(epochs, "local")
    assert [trace.hovertemplate.split("<")[0] for trace in losses.data] == [
        "fold 1, validation", "fold 1, training", "fold 2, training", "all pages, validation", "all pages, training",
    ]  # fmt: skip
    assert [trace.name for trace in losses.data if trace.showlegend] == ["fold 1", "fold 2", "all pages"]
    assert len({(t.line.color, t.line.dash, t.marker.symbol) for t in losses.data}) == 5, "each looks different"
    assert not loss_figure(epochs, "global").data
    differences = {
        "auroc": {"value": 0.1, "low": -0.1, "high": 0.2},
        "ap50": {"value": None, "low": None, "high": None},
    }
    assert list(difference_figure(differences).data[0].y) == ["AUROC"]
    for figure in (losses, roc_figure(PAGES), reliability_figure(PAGES), confusion_figure(PAGES)):
        assert figure.layout.xaxis.title.text
        assert figure.layout.yaxis.title.text
        assert all(trace.hovertemplate or trace.hoverinfo == "skip" for trace in figure.data)


def test_the_confusion_matrix_counts_decisions_by_label() -> None:
    matrix = confusion_figure(PAGES).data[0]
    assert (list(matrix.y), list(matrix.x)) == (["normal", "abnormal"], ["normal", "refer", "abnormal"])
    assert [[text.split("<")[1] for text in row] for row in matrix.text] == [
        ["b>1", "b>1", "b>0"],
        ["b>0", "b>1", "b>1"],
    ]
    assert list(matrix.z[0]) == [0.5, 0.5, 0.0]


def test_tables_of_folds_and_of_two_bundles() -> None:
    interval = {"value": 0.9, "low": 0.8, "high": 0.95}
    block = {"fused": {"majority_rate": {"value": 0.6}, "accuracy": interval}}
    assert fold_rows(block, [block, {}], "fused") == [
        {"": "accuracy", "all folds": "0.90 (0.80 to 0.95)", "fold 1": "0.90 (0.80 to 0.95)", "fold 2": "–"},
        {"": "majority rate", "all folds": "0.60", "fold 1": "0.60", "fold 2": "–"},
    ]
    assert comparison_rows({"auroc": interval}, None) == [
        {"": "AUROC", "candidate": "0.90 (0.80 to 0.95)", "in use": "–"}
    ]


def test_the_headline_is_the_verdicts_auroc() -> None:
    auroc = {"auroc": {"value": 0.9, "low": 0.8, "high": 0.95}}
    assert headline({"drawn": {"fused": auroc}, "beats": {"detector": {"ap50": {"value": 1.0}}}}) == (
        "AUROC 0.90 (0.80 to 0.95), drawn"
    )
    assert headline({"cross_validation": {"fused": auroc}}) == "AUROC 0.90 (0.80 to 0.95), folds of its training"
    assert headline({"drawn": {"local": auroc}}) == ""
    assert headline({"inner_split": {"fused": auroc}}) == "", "what tuned it does not praise it"
