"""The Models page on a real store: the bundle in use, its line, comparison, activation, the way back, one file."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.overlay import NOTICE
from tests.pages.test_review_app import sound
from tests.pages.test_screen_app import APP, texts


def test_the_bundle_that_the_environment_names_with_its_figures_and_limits(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "measured"
    folder.mkdir()
    for file in tiny_bundle.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["metrics"] = {"some_set": {"fused": {"auroc": {"value": 0.923, "low": 0.9, "high": 0.94}}}}
    (folder / "bundle.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(folder))
    monkeypatch.setenv("ECG_DATA_DIR", str(tmp_path / "data"))
    app = sound(AppTest.from_file(str(APP), default_timeout=60).run().switch_page("pages/models.py").run())
    shown = texts(app)
    assert "Bundle tiny-1 answers" in shown
    assert "ECG_BUNDLE_DIR" in app.info[0].value
    assert "starter-real-0" in app.info[0].value, "what would answer without the variable"
    assert "some set" in shown
    assert app.dataframe[0].value.iloc[0].tolist() == ["AUROC", "0.92 (0.90 to 0.94)"]
    assert "names no diagnosis" in shown
    assert NOTICE in shown
