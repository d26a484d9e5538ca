"""A training's own small functions: its words, its grid, its figures."""

from dataclasses import replace

import pytest

from annotations.runs.training_runs import RunState, TrainingRun
from pages.parts.common.figure_words import figure_text
from pages.parts.common.runs.plots import (
    confusion_figure,
    confusion_text,
    difference_figure,
    differences_text,
    loss_figure,
    loss_text,
    reliability_figure,
    roc_figure,
)
from pages.parts.common.runs.progress import grid_html
from pages.parts.common.runs.words import duration, run_name, state_name, where_it_stands
from pages.parts.common.score_tables import classes_of, comparison_rows, fold_rows, headline, stand_on
from pages.parts.models.activation_effect import change_rows, refer_rows
from pages.parts.training.findings import started_from
from pages.parts.training.plan import time_words
from trainer.jobs.plan import Estimate
from trainer.jobs.results import PageResult
from trainer.metrics.figures import Block
from trainer.progress import ProgressEvent
from trainer.runs.results import ChangedPage, Comparison, FoldFacts, RunSummary, StartFacts

NOTHING = ProgressEvent()

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
    step = ProgressEvent(part="folds", fold=1, folds=5, stage="local", epoch=3, epochs=6, step=4, steps=9)
    assert where_it_stands(step) == "Fold 2 of 5 · beat network · epoch 3 of 6 · step 4 of 9"
    assert where_it_stands(ProgressEvent(part="prepare", stage="prepare pages", step=4, steps=9)) == (
        "Preparing the pages · step 4 of 9"
    )
    assert where_it_stands(ProgressEvent(part="final", stage="looking")) == (
        "Final training on all pages · detecting beats and scoring pages"
    )
    assert where_it_stands(NOTHING) == "Starting"


def cells(ended: list[ProgressEvent], newest: ProgressEvent, run: TrainingRun = RUN) -> list[str]:
    html = grid_html(run, ended, newest)
    return [cell.split(">")[1] for cell in html.split("<td ")[1:] if "</td" in cell for cell in [cell.split("</td")[0]]]


def test_the_grid_fills() -> None:
    stage = ProgressEvent(part="folds", fold=0, stage="detector", is_finished=True, seconds=120.0)
    assert cells([], NOTHING) == ["· "] * 6
    assert cells([stage], ProgressEvent(part="folds", fold=0, stage="fusion", epoch=2, epochs=5)) == [
        "✓ 2 min", "▶ 2/5", "· ", "· ", "· ", "· ",
    ]  # fmt: skip
    joint = [replace(stage, stage="fusion", seconds=60.0), replace(stage, stage="fusion-joint", seconds=240.0)]
    assert cells([stage, *joint], ProgressEvent(part="folds", fold=1, stage="detector"))[:3] == [
        "✓ 2 min", "✓ 5 min", "▶ running",
    ]  # fmt: skip
    together = ProgressEvent(part="folds", fold=0, stage="fusion-joint", epoch=1, epochs=2)
    assert cells([stage], together)[1] == "▶ 1/2"
    assert cells([ProgressEvent(fold=0, stage="fold", is_finished=True)], NOTHING)[:2] == ["✓ done", "✓ done"]
    assert cells([replace(stage, part="final", fold=None)], NOTHING)[4] == "✓ 2 min"
    assert len(cells([], NOTHING, replace(RUN, folds=5))) == 12


def test_figures_have_titles_units_and_hover_values() -> None:
    epochs = [
        ProgressEvent(part=part, fold=fold, stage="local", epoch=n, epochs=2, train_loss=1 / n, val_loss=val)
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
        {"Figure": "accuracy", "all folds": "0.90 (0.80 to 0.95)", "fold 1": "0.90 (0.80 to 0.95)", "fold 2": "–"},
        {"Figure": "majority rate", "all folds": "0.60", "fold 1": "0.60", "fold 2": "–"},
    ]
    assert comparison_rows({"auroc": interval}, {}) == [
        {"Figure": "AUROC", "candidate": "0.90 (0.80 to 0.95)", "in use": "–"}
    ]


def test_the_headline_is_the_verdicts_auroc() -> None:
    auroc = {"auroc": {"value": 0.9, "low": 0.8, "high": 0.95}}
    assert headline({"drawn": {"fused": auroc}, "beats": {"detector": {"ap50": {"value": 1.0}}}}) == (
        "AUROC 0.90 (0.80 to 0.95), drawn"
    )
    assert headline({"cross_validation": {"fused": auroc}}) == "AUROC 0.90 (0.80 to 0.95), cross-validation"
    assert headline({"drawn": {"local": auroc}}) == ""
    assert headline({"inner_split": {"fused": auroc}}) == "", "what tuned it does not praise it"


STATES: list[RunState] = ["queued", "snapshotting", "running", "evaluating", "candidate", "active", "rejected",
                          "failed", "cancelled", "interrupted"]  # fmt: skip


def test_the_name_of_a_run_in_a_list_stays_the_same_whatever_becomes_of_it() -> None:
    """A select box goes on showing the words that were chosen, so they must not say what may change."""
    assert len({run_name(replace(RUN, state=state, message=state)) for state in STATES}) == 1
    assert "Fine-tune" in run_name(RUN)


def test_what_became_of_the_model_is_no_state_of_its_run() -> None:
    assert {state_name(replace(RUN, state=state)) for state in ("candidate", "active", "rejected")} == {"Finished"}
    assert state_name(replace(RUN, state="interrupted")) == "Interrupted"
    assert len({state_name(replace(RUN, state=state)) for state in STATES}) == 8


COMPARED = Comparison(candidate="new", active="old")


def changed(active: str, candidate: str, label: str | None) -> ChangedPage:
    return ChangedPage("a", label, candidate, active)


def test_pages_that_change_sides_are_counted_worst_first() -> None:
    pages = (changed("refer", "abnormal", "abnormal"), changed("abnormal", "normal", "abnormal"),
             changed("refer", "normal", "normal"), changed("refer", "normal", None))  # fmt: skip
    rows = [list(row.values()) for row in change_rows(replace(COMPARED, changed=pages))]
    assert rows == [
        ["▲ abnormal → ● normal", 1, 0, 1],
        ["◆ refer → ● normal", 2, 1, 0],
        ["◆ refer → ▲ abnormal", 1, 0, 1],
    ]
    assert change_rows(COMPARED) == []


def test_the_refer_rate_now_and_after() -> None:
    decisions = {"active": {"normal": 6, "refer": 4}, "candidate": {"normal": 8, "abnormal": 1, "refer": 1}}
    assert refer_rows(replace(COMPARED, decisions=decisions)) == [
        {"Result": "Referred", "now": "40% (4 of 10)", "after": "10% (1 of 10)"}
    ]
    rate: Block = {"fused": {"refer_rate": {"value": 0.25, "low": None, "high": None}}}
    older = replace(COMPARED, active_figures=rate, candidate_figures=rate)
    assert refer_rows(older) == [{"Result": "Referred", "now": "25%", "after": "25%"}]
    assert refer_rows(COMPARED) == []


def test_an_interval_that_was_not_corrected_for_bias_is_not_shown() -> None:
    ece = {"value": 0.049, "low": 0.056, "high": 0.143}
    assert figure_text("ece", ece) == "0.05 (uncorrected)"
    assert figure_text("ece", ece | {"value": 0.03, "low": 0.0, "high": 0.06, "plug_in": 0.05}) == "0.03 (0.00 to 0.06)"
    assert figure_text("brier", ece) == "0.05 (0.06 to 0.14)"
    assert figure_text("n_normal", {"value": 1142, "low": None, "high": None}) == "1,142"


def test_sensitivity_says_that_a_refer_is_found_and_of_how_many_pages() -> None:
    block = {name: {"value": n, "low": None, "high": None} for name, n in (("n_abnormal", 80), ("n_normal", 1))}
    block["sensitivity"] = {"value": 0.9, "low": 0.8, "high": 1.0}
    rows = comparison_rows(block, {})
    assert [row["Figure"] for row in rows] == ["abnormal pages (n)", "normal pages (n)", "sensitivity (refer = found)"]
    assert [row["candidate"] for row in rows] == ["80", "1", "0.90 (0.80 to 1.00)"]
    assert classes_of(block) == "80 abnormal and 1 normal page"
    assert classes_of({"sensitivity": block["sensitivity"]}) == classes_of({}) == ""


@pytest.mark.parametrize(("abnormal", "is_uncertain"), [(9, True), (10, False)])
def test_figures_of_few_pages_are_said_to_be_uncertain(abnormal: int, is_uncertain: bool) -> None:
    words = stand_on({"n_abnormal": {"value": abnormal}, "n_normal": {"value": 50}})
    assert words.startswith(f"On {abnormal} abnormal and 50 normal pages.")
    assert ("Uncertain" in words) == is_uncertain
    assert stand_on({}) == ""


def test_a_time_says_whether_this_machine_was_measured() -> None:
    seconds = {"stages": {}, "trainings": (), "before": 0.0, "beside": 0.0, "after": 0.0}
    measured = time_words(Estimate(600, 720, 900, **seconds, source="measured"))
    assert "**About 12 min** (10 min to 15 min), from this machine's earlier trainings." in measured
    rough = time_words(Estimate(600, 720, 900, **seconds, source="typical"))
    assert "**Roughly 12 min**" in rough and "nothing was trained here yet" in rough


def test_folds_say_what_they_started_from() -> None:
    folds = FoldFacts(start=StartFacts("bundle", "in-use")), FoldFacts(start=StartFacts("random"))
    assert started_from(RunSummary(fold_facts=folds)) == {
        "Fold 1 started from": "in-use",
        "Fold 2 started from": "new weights",
    }
    assert started_from(RunSummary()) == {}


def test_plots_say_in_words_what_they_show() -> None:
    assert confusion_text(PAGES) == (
        "Of the normal pages 1 called normal, 1 called refer, 0 called abnormal; "
        "of the abnormal pages 0 called normal, 1 called refer, 1 called abnormal."
    )
    differences = {"auroc": {"value": 0.1, "low": -0.1, "high": 0.2}, "ap50": {"value": None}}
    assert differences_text(differences) == "Candidate minus model in use: AUROC +0.100 (-0.100 to +0.200)."
    row = ProgressEvent(part="folds", fold=0, stage="local", epoch=2, train_loss=0.5)
    assert loss_text([replace(row, epoch=1), row], "local") == "Loss by epoch; newest: fold 1 epoch 2, training 0.500."


def test_the_grid_is_a_table_with_headings() -> None:
    html = grid_html(RUN, [], NOTHING)
    assert html.count('scope="row"') == 3 and html.count('scope="col"') == 2
    assert 'role="img"' not in html, "which would hide its cells from a screen reader"
