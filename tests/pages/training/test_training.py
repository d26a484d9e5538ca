"""The Training page on a real store and real processes: plan, start, follow, stop, go on, findings."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from annotations import readings
from annotations.model import Reading
from annotations.readings.snapshots import take_snapshot
from annotations.runs.run_events import add_events
from annotations.runs.training_runs import RunSettings, RunState, add_run, move_run, run_of, runs
from annotations.store import Store
from ecgcore.overlay import NOTICE
from tests.support.app_pages import sound, texts, training
from tests.support.review_app import press
from tests.support.training_store import IN_USE, use_tiny_bundle
from trainer import jobs
from trainer.jobs import plan
from trainer.registry.activation import activate, rollback
from trainer.runs.files import run_folder


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes that a test starts compute with one thread."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def empty(tmp_path: Path) -> Store:
    store = Store(tmp_path / "data")
    store.add_person("Ada")
    return store


@pytest.fixture
def ending(prepared: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store whose training, if one is at work, is ended with the test; stopping it takes no long patience."""
    monkeypatch.setattr("trainer.jobs.control.STOP_GRACE_S", 1.0)
    yield prepared
    for run in runs(prepared):
        jobs.stop(prepared, run.id, by="Ada")
        jobs.follow(prepared, run.id)


def queue(store: Store, state: RunState, message: str = "") -> int:
    """A run without a process, in some state."""
    settings = RunSettings("quick", jobs.STAGES, folds=2, device="cpu")
    run = add_run(store, settings, kind="retrain", person="Ada", parent_version=IN_USE)
    move_run(store, run.id, state, message=message)
    return run.id


def charts(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def test_without_data_it_says_what_to_do(empty: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = training(empty, monkeypatch)
    assert "Nobody has read a page that may train." in app.info[0].value
    assert "Label some pages on the Review page." in app.info[0].value
    assert app.button(key="training-start").disabled
    assert NOTICE in texts(app)
    assert not app.dataframe


def test_a_name_is_asked_for(empty: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = training(empty, monkeypatch, who="")
    assert "Who are you?" in texts(app)
    assert not app.error


def test_a_class_that_is_missing_stands_in_the_way(prepared: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for row in prepared.rows("SELECT image_id, head_revision_id FROM annotation"):
        unsure = Reading(label="unsure", boxes_complete=False)
        head = readings.head(prepared, row["image_id"])
        if head is not None and head.reading.label == "abnormal":
            readings.save(prepared, row["image_id"], "Ada", unsure, base_revision_id=head.id)
    app = training(prepared, monkeypatch)
    assert "No page is labelled abnormal." in app.info[0].value
    assert app.button(key="training-start").disabled
    assert "labelled unsure" in texts(app)


def test_one_sentence_says_what_will_happen_and_how_long_it_takes(
    prepared: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = training(prepared, monkeypatch)
    sentence = next(element.value for element in app.markdown if element.value.startswith("A run trains"))
    assert "**all networks** in 5 folds and then once more on **all 8 pages**" in sentence
    assert f"compares the result with **{IN_USE}**" in sentence
    assert "nothing was trained here yet" in sentence
    table = app.dataframe[0].value
    assert list(table["Pages of"]) == [
        "Training total", "Fold 1", "Fold 2", "Fold 3", "Fold 4", "Fold 5", "Permanent test set",
    ]  # fmt: skip
    assert (table["pages"][0], table["pages"][6], sum(table["pages"][1:6])) == (8, 2, 8)
    assert "very uncertain" in texts(app)
    sound(app.button_group(key="training-stages").set_value(["local", "fusion"]).run())
    assert "trains **beat network and verdict (fused)**" in texts(app)
    sound(app.button_group(key="training-stages").set_value([]).run())
    assert app.button(key="training-start").disabled
    assert any("at least one network" in info.value for info in app.info)
    assert not runs(prepared), "nothing starts by itself"


@pytest.mark.parametrize(("patients", "says"), [(range(1), "**Fold "), (range(8), "**All folds start")])
def test_folds_that_no_bundle_is_clean_for_are_named_before_the_start(
    prepared: Store, monkeypatch: pytest.MonkeyPatch, patients: range, says: str
) -> None:
    assert not training(prepared, monkeypatch).warning
    seen = [("", f"patient {patient}", "") for patient in patients]
    use_tiny_bundle(prepared, "knows-them", trained_on=seen)
    (warning,) = training(prepared, monkeypatch).warning
    assert warning.value.startswith(says)
    assert "import it on Models" in warning.value


def test_it_may_learn_from_a_snapshot(prepared: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = take_snapshot(prepared, "before", "Ada")
    head = readings.head(prepared, 1)
    assert head is not None
    readings.save(prepared, 1, "Ada", Reading(label="unsure"), base_revision_id=head.id)
    app = training(prepared, monkeypatch)
    assert "all 7 pages" in texts(app)
    sound(app.selectbox(key="training-snapshot").select_index(1).run())
    assert app.selectbox(key="training-snapshot").value.id == frozen.id
    assert "all 8 pages" in texts(app)


def test_start_follow_stop_and_go_on(ending: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = training(ending, monkeypatch)
    press(app, "training-start")
    (run,) = runs(ending)
    assert (run.recipe, run.stages, run.person, run.parent_version) == ("quick", jobs.STAGES, "Ada", IN_USE)
    assert "Started by Ada" in texts(app)
    assert "Fold 1" in texts(app), "the grid"
    assert "All pages" in texts(app)

    other = training(ending, monkeypatch, who="Ben")  # another browser, or the same after the server was killed
    assert "Started by Ada" in texts(other)
    sound(other.button_group(key="training-view").set_value("New run").run())
    assert any("Only one training runs at a time." in info.value for info in other.info)
    assert other.button(key="training-start").disabled

    press(app, "training-stop")
    jobs.follow(ending, run.id)
    sound(app.run())
    assert "Stopped" in app.warning[0].value
    assert run_of(ending, run.id).state == "cancelled"
    press(app, "training-resume")
    assert run_of(ending, run.id).is_unfinished
    assert "Started by Ada" in texts(app)


@pytest.mark.parametrize(
    ("state", "words"), [("failed", "Failed"), ("cancelled", "Stopped"), ("interrupted", "Interrupted")]
)
def test_what_was_interrupted_says_why_and_can_be_resumed(
    prepared: Store, monkeypatch: pytest.MonkeyPatch, state: RunState, words: str
) -> None:
    run_id = queue(prepared, state, "The disk is full. Free some space, then resume.")
    add_events(prepared, run_id, [
        {"kind": "epoch", "part": "folds", "fold": 0, "stage": "detector", "epoch": 1, "epochs": 4,
         "train_loss": 0.5, "val_loss": 0.6, "seconds": 3.0},
        {"kind": "stage", "part": "folds", "fold": 0, "stage": "detector", "seconds": 61.0},
    ])  # fmt: skip
    (run_folder(prepared.folder, run_id) / "log.txt").parent.mkdir(parents=True)
    (run_folder(prepared.folder, run_id) / "log.txt").write_text("the last line")
    app = training(prepared, monkeypatch)
    (told,) = [element.value for kind in (app.error, app.warning) for element in kind]
    assert f"**Run {run_id} · {words}.** The disk is full. Free some space" in told
    assert not app.button(key="training-resume").disabled
    assert "✓ 61 s" in texts(app)
    assert len(charts(app)) == 1
    assert app.code[0].value == "the last line"


def test_a_run_whose_process_died_is_found_broken_off(prepared: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    queue(prepared, "running")
    app = training(prepared, monkeypatch)
    assert "ended without a word" in app.warning[0].value


def test_findings_verdict_first(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = training(finished, monkeypatch)
    shown = texts(app)
    version = str(run_of(finished, 1).candidate_version)
    assert "Inconclusive (too few pages)" in shown
    assert f"{version} compared with {IN_USE} on 2 pages of the permanent test set" in shown
    assert f"**Run 1 · Finished.** Model {version}:" in shown
    assert "4 abnormal and 4 normal pages" in shown
    first_html, first_table = app.html[0], app.dataframe[0]
    assert "Inconclusive" in first_html.proto.body
    assert list(first_table.value.columns) == ["Figure", "candidate", "in use"]
    figures = app.dataframe[1].value
    assert list(figures.columns) == ["Figure", "all folds", "fold 1", "fold 2"]
    names = list(figures["Figure"])
    assert names.index("majority rate") == names.index("accuracy") + 1
    assert {"AUROC", "AUPRC", "sensitivity (refer = found)", "F1", "Brier score", "refer rate"} <= set(names)
    sound(app.button_group(key="run-1-figures").set_value("detector").run())
    assert list(app.dataframe[1].value["Figure"]) == ["recall", "precision", "AP50", "AP50:95"]
    assert "snapshot run 1, 10 pages" in shown
    assert "Test run, seed 0, 2 folds, device cpu" in shown


def test_every_plot_has_titles_and_says_what_a_good_one_looks_like(
    finished: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = training(finished, monkeypatch)
    drawn = charts(app)
    titles = {chart["layout"]["xaxis"]["title"]["text"] for chart in drawn}
    assert {"AUROC", "decision", "predicted p(abnormal), mean of the group"} <= titles
    assert len(drawn) >= 6
    captions = [caption.value for caption in app.caption]
    assert sum(caption.startswith("Good ") or "Good is" in caption for caption in captions) >= len(drawn) - 1


def test_worst_pages_lead_to_review_and_the_decision_to_models(
    finished: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = training(finished, monkeypatch)
    worst = next(button for button in app.button if str(button.key).startswith("worst-review-"))
    image_id = str(worst.key).removeprefix("worst-review-")
    sound(worst.click().run())
    assert app.query_params["page"] == image_id
    sound(app.switch_page("pages/training.py").run())
    press(app, "training-decide")
    assert app.selectbox(key="models-chosen").value == run_of(finished, 1).candidate_version


def test_earlier_runs_are_in_the_list(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    queue(finished, "failed", "Too little memory.")
    app = training(finished, monkeypatch)
    assert "Too little memory." in app.error[0].value
    sound(app.selectbox(key="training-run").set_value(1).run())
    assert not app.error
    assert "Inconclusive" in texts(app)


def test_a_run_says_what_its_model_is_now_and_not_what_it_was(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    version = str(run_of(finished, 1).candidate_version)
    assert _badges(training(finished, monkeypatch)) == ["candidate"]
    activate(finished, version, "Ada", "Better", is_confirmed=True)
    app = training(finished, monkeypatch)
    assert _badges(app) == ["in use"]
    rollback(finished, "Ada")
    assert _badges(sound(app.run())) == ["earlier in use"]


def _badges(app: AppTest) -> list[str]:
    return [
        word for element in app.markdown for word in re.findall(r"-badge\[.*?:[a-z_/]+: ([a-z ]+)\]", element.value)
    ]


def test_enough_new_pages_suggest_a_run(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SUGGESTED_NEW_PAGES", 2)
    for image_id in (1, 2):
        app = training(finished, monkeypatch)
        assert not app.info, "one page is not enough"
        head = readings.head(finished, image_id)
        assert head is not None
        readings.save(finished, image_id, "Ada", head.reading, base_revision_id=head.id)
    sound(app.run())
    assert "2 pages corrected since the last run" in app.info[0].value
    assert len(runs(finished)) == 1, "nothing starts by itself"


def test_measured_times_are_named_as_such(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # The finished run was of the recipe for tests; its folds' times stand for those of the recipe on offer.
    with finished.writing() as connection:
        connection.execute("UPDATE train_run SET recipe = 'quick', device = 'auto'")
    app = training(finished, monkeypatch)
    sound(app.button_group(key="training-view").set_value("New run").run())
    assert "from this machine's earlier trainings" in texts(app)


def test_another_bundle_in_use_is_named(prepared: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    use_tiny_bundle(prepared, "another")
    assert "compares the result with **another**" in texts(training(prepared, monkeypatch))
