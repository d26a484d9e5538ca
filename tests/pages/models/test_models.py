"""The Models page on a real store: the bundle in use, its line, comparison, activation, the way back, one file."""

import json
import shutil
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from annotations.runs.training_runs import run_of, runs
from annotations.store import Store
from ecgcore.overlay import NOTICE
from ecgcore.types import ByteArray
from tests.support.app_pages import APP, drop, models, png, sound, texts
from tests.support.review_app import press
from tests.support.tiny import save_tiny_bundle
from tests.support.training_store import IN_USE
from trainer import jobs
from trainer.registry import bundle, bundles_folder, present_version
from trainer.registry.activation import activate, history
from trainer.registry.bundle_file import export_bundle
from trainer.runs.files import COMPARISON, run_folder

STARTER = "starter-real-1"


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes that a test starts compute with one thread."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def candidate_of(store: Store) -> str:
    return str(run_of(store, 1).candidate_version)


def decide(app: AppTest, button: str, reason: str) -> AppTest:
    app.text_input(key="decide-reason").set_value(reason)
    return press(app, button)


def said(app: AppTest) -> str:
    return "\n".join(element.value for kind in (app.success, app.info, app.warning, app.error) for element in kind)


def put(app: AppTest, content: bytes) -> AppTest:
    """Drop a file and import it."""
    app.file_uploader(key="bundle-file").set_value(("bundle.zip", content, "application/zip"))
    return press(sound(app.run()), "bundle-import")


def test_the_starter_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = models(Store(tmp_path / "data"), monkeypatch, who="")
    shown = texts(app)
    assert f"Model in use: {STARTER}" in shown
    assert "real pages of the Khan set" in shown
    assert "There is no other model yet." in said(app)
    assert "No other model has been activated yet." in shown
    assert "names no diagnosis" in shown
    assert NOTICE in shown
    assert "Who are you?" not in shown, "looking needs no name"


def test_the_bundle_that_the_environment_names_with_its_figures(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(tiny_bundle, tmp_path / "measured"))
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["metrics"] = {"some_set": {"fused": {"auroc": {"value": 0.923, "low": 0.9, "high": 0.94}}}}
    (folder / "bundle.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(folder))
    app = models(Store(tmp_path / "data"), monkeypatch, who="")
    shown = texts(app)
    assert "Model in use: tiny-1" in shown
    assert "ECG_BUNDLE_DIR" in said(app)
    assert STARTER in said(app), "what would be in use without the variable"
    assert "some set" in shown
    assert app.dataframe[0].value.iloc[0].tolist() == ["AUROC", "0.92 (0.90 to 0.94)"]


def test_a_bundle_in_use_that_is_damaged_is_named_and_can_be_left(
    finished: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bundles_folder(finished.folder) / IN_USE / "bundle.json").write_text("{")
    app = models(finished, monkeypatch)
    assert "bundle.json cannot be used: it is no valid JSON" in app.error[0].value
    press(app, "rollback")
    assert present_version(finished) == STARTER
    assert not app.error


def test_a_damaged_bundle_says_why_it_cannot_be_exported(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = bundles_folder(finished.folder) / candidate_of(finished) / "local.safetensors"
    app = models(finished, monkeypatch)
    offered = len(app.get("download_button"))
    assert offered and not app.error
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    sound(app.run())
    (told,) = (element.value for element in app.error)
    assert "cannot be exported" in told and weights.name in told
    assert len(app.get("download_button")) == offered - 1


def test_the_line_leads_to_the_candidate(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = models(finished, monkeypatch)
    candidate = candidate_of(finished)
    cards = [element.value.strip("*") for element in app.markdown]
    assert [name for name in cards if name in (IN_USE, candidate, STARTER)] == [IN_USE, candidate, STARTER]
    assert f"Model in use: {IN_USE}" in texts(app)
    assert bundle(finished, candidate).parent == IN_USE
    assert app.selectbox(key="models-chosen").value == candidate
    press(app, f"look-{STARTER}")
    assert app.selectbox(key="models-chosen").value == STARTER


def test_a_comparison_is_read_without_a_name_and_a_decision_needs_one(
    finished: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = models(finished, monkeypatch, who="")
    shown = texts(app)
    assert "Inconclusive (too few pages)" in shown
    assert f"{candidate_of(finished)} compared with {IN_USE} on 2 pages of the permanent test set" in shown
    assert "1 abnormal and 1 normal page." in shown, "what the sensitivity is a share of"
    assert any(list(table.value.columns) == ["Figure", "candidate", "in use"] for table in app.dataframe)
    assert "names no diagnosis" in shown
    assert "Who are you?" in shown
    assert not {"activate", "reject", "rollback"} & {button.key for button in app.button}


def test_activate_asks_why_and_roll_back_is_one_click(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = models(finished, monkeypatch)
    candidate = candidate_of(finished)
    decide(app, "activate", "  ")
    assert "needs a reason" in app.error[0].value
    assert present_version(finished) == IN_USE
    decide(app, "activate", "Better on our pages")
    assert present_version(finished) == IN_USE, "two pages tell nothing, so a second click is asked for"
    assert f"The comparison of {candidate} with {IN_USE} is inconclusive" in said(app)
    press(app, "activate-cancel")
    assert "activate-confirm" not in [button.key for button in app.button]
    decide(app, "activate", "Better on our pages")
    press(app, "activate-confirm")
    assert f"{candidate} is now in use." in said(app)
    assert f"Model in use: {candidate}" in texts(app)
    sound(app.selectbox(key="models-chosen").set_value(IN_USE).run())
    assert "was not compared" not in said(app), "the two were compared, whichever is in use"
    assert f"{IN_USE} compared with {candidate} on 2 pages" in texts(app)
    press(app, "rollback")
    assert f"{IN_USE} is in use again." in said(app)
    assert present_version(finished) == IN_USE
    assert bundle(finished, candidate).status == "earlier in use", "nobody rejected it"
    decided = next(table.value for table in app.dataframe if "why" in table.value)
    assert list(decided["to"]) == [IN_USE, candidate, IN_USE]
    assert list(decided["how"]) == ["rolled back", "activated", "activated"]
    assert decided["why"][1] == "Better on our pages"
    assert [decision.person for decision in history(finished)] == ["Ada"] * 3


def test_what_activating_changes_stands_beside_the_button(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    file = run_folder(finished.folder, 1) / COMPARISON
    report = json.loads(file.read_text())
    report["decisions"] = {"active": {"refer": 2}, "candidate": {"normal": 1, "refer": 1}}
    report["changed"] = [{"file": "a", "label": "abnormal", "active": "refer", "candidate": "normal"}]
    file.write_text(json.dumps(report))
    app = models(finished, monkeypatch)
    effect, changes = (table.value for table in app.table)
    assert list(effect["Result"]) == ["Normal", "Abnormal", "Referred"]
    manifests = [bundle(finished, version).folder / "bundle.json" for version in (IN_USE, candidate_of(finished))]
    limits = [json.loads(manifest.read_text())["thresholds"]["p_normal_below"] for manifest in manifests]
    assert [effect[when][0] for when in ("now", "after")] == [f"below {limit:.2f}" for limit in limits]
    assert (effect["now"][2], effect["after"][2]) == ("100% (2 of 2)", "50% (1 of 2)")
    assert changes.iloc[0].tolist() == ["◆ refer → ● normal", 1, 0, 1]
    assert "Unchanged: 1 page." in texts(app)


def test_a_rejected_candidate_stays_and_is_called_so(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = models(finished, monkeypatch)
    candidate = candidate_of(finished)
    decide(app, "reject", "Sensitivity fell")
    assert f"{candidate} was rejected." in said(app)
    assert run_of(finished, 1).message == "Ada: Sensitivity fell"
    sound(app.selectbox(key="models-chosen").set_value(candidate).run())
    assert app.button(key="reject").disabled
    assert {"1 other model", "2 other models"} & {expander.label for expander in app.expander}


def test_nothing_is_used_before_it_was_compared(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    save_tiny_bundle(bundles_folder(finished.folder) / "elsewhere-1", version="elsewhere-1")
    app = models(finished, monkeypatch)
    sound(app.selectbox(key="models-chosen").set_value("elsewhere-1").run())
    assert f"It was not compared with {IN_USE}, the model in use." in said(app)
    decide(app, "activate", "It is said to be good")
    assert "elsewhere-1 was not compared with in-use, the model in use." in app.error[0].value
    assert present_version(finished) == IN_USE


def test_from_one_file_to_a_comparison_to_an_activation(
    finished: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Store(tmp_path / "another computer")
    save_tiny_bundle(bundles_folder(other.folder) / "elsewhere-1", version="elsewhere-1")
    export_bundle(other, "elsewhere-1", tmp_path / "bundle.zip")
    content = (tmp_path / "bundle.zip").read_bytes()
    app = put(models(finished, monkeypatch), content)
    assert "elsewhere-1 was imported." in said(app)
    assert app.selectbox(key="models-chosen").value == "elsewhere-1"
    put(app, content)
    assert "Model elsewhere-1 is here already." in app.error[0].value
    press(app, "compare")
    run = runs(finished)[0]
    assert (run.kind, run.candidate_version, run.person) == ("compare", "elsewhere-1", "Ada")
    ended = jobs.follow(finished, run.id)
    assert ended.state == "candidate", ended.message
    sound(app.run())
    assert f"elsewhere-1 compared with {IN_USE} on 2 pages" in texts(app)
    decide(app, "activate", "Tried on another computer")
    press(app, "activate-confirm")
    assert present_version(finished) == "elsewhere-1"


def test_a_file_that_is_no_bundle_is_refused(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = put(models(finished, monkeypatch), b"no zip at all")
    assert "This is not a model file" in app.error[0].value
    outside = BytesIO()
    with zipfile.ZipFile(outside, "w") as archive:
        archive.writestr("../../outside.txt", "x")
    put(app, outside.getvalue())
    assert "exactly the files" in app.error[0].value
    assert not list(finished.folder.rglob("outside.txt"))
    assert present_version(finished) == IN_USE


def test_the_next_screening_uses_what_was_activated(
    finished: Store, ecg_page_rgb: ByteArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_DATA_DIR", str(finished.folder))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    drop(app, ("a.png", png(ecg_page_rgb)))
    assert f"Model {IN_USE}" in texts(app)
    activate(finished, candidate_of(finished), "Ada", "Better", is_confirmed=True)
    sound(app.run())
    assert f"Screened with {IN_USE}. {candidate_of(finished)} is now in use" in texts(app)
    sound(app.toggle(key="show-heat").set_value(True).run())
    drop(app, ("b.png", png(ecg_page_rgb[:, ::-1].copy())))
    said_by = {item.title: item.prediction.bundle for item in app.session_state["screened"].values()}
    assert said_by == {"a.png": IN_USE, "b.png": candidate_of(finished)}
    drop(app, ("a.png", png(ecg_page_rgb)))
    assert len(app.session_state["screened"]) == 3, "the new bundle is asked anew"


def test_another_bundle_in_the_same_folder_is_loaded_anew(
    tmp_path: Path, ecg_page_rgb: ByteArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bundle"
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(folder))
    monkeypatch.setenv("ECG_DATA_DIR", str(tmp_path / "data"))
    for version in ("first", "second"):
        shutil.rmtree(folder, ignore_errors=True)
        save_tiny_bundle(folder, version=version)
        app = AppTest.from_file(str(APP), default_timeout=60).run()
        drop(app, ("a.png", png(ecg_page_rgb)))
        assert f"Model {version}" in texts(app)
