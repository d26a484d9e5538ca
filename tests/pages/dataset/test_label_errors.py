"""Suspected label errors: pages whose label networks that had not seen them would not have guessed."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from annotations import readings
from annotations.store import Store
from tests.support.app_pages import APP, sound, texts
from tests.support.review_app import press
from trainer.jobs.results import out_of_fold


def dataset(store: Store, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("ECG_DATA_DIR", str(store.folder))
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.session_state["person"] = "Ada"
    return sound(app.run().switch_page("pages/dataset.py").run())


def listed(app: AppTest) -> list[int]:
    prefix = "look-again-review-"
    return [int(str(b.key).removeprefix(prefix)) for b in app.button if str(b.key).startswith(prefix)]


def test_before_any_training_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "data")
    store.add_person("Ada")
    app = dataset(store, monkeypatch)
    assert any("No training has finished yet." in info.value for info in app.info)


def test_doubtful_labels_are_listed_until_somebody_reads_them_again(
    finished: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = [page for page in out_of_fold(finished, 1) if page.distance >= 0.5]
    assert far, "half-trained networks are wrong somewhere"
    app = dataset(finished, monkeypatch)
    sound(app.slider(key="look-again-least").set_value(0.5).run())
    assert listed(app) == [page.image_id for page in far]
    assert f"label **{far[0].label}**" in texts(app)
    assert f"distance {far[0].distance:.2f}" in texts(app)
    assert "read by Ada" in texts(app)

    first = listed(app)[0]
    head = readings.head(finished, first)
    assert head is not None
    with monkeypatch.context() as patch:  # by a clock that goes wrong, which makes it no older
        patch.setattr("annotations.readings.saving.now", lambda: "2001-01-01T00:00:00.000+00:00")
        readings.save(finished, first, "Ada", head.reading, base_revision_id=head.id)
    sound(app.run())
    assert first not in listed(app)
    assert "1 of these were re-read" in texts(app)
    for image_id in listed(app):
        head = readings.head(finished, image_id)
        assert head is not None
        readings.save(finished, image_id, "Ada", head.reading, base_revision_id=head.id)
    sound(app.run())
    assert any("No suspected label errors" in success.value for success in app.success)


def test_the_button_opens_review(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = dataset(finished, monkeypatch)
    sound(app.slider(key="look-again-least").set_value(0.5).run())
    first = listed(app)[0]
    press(app, f"look-again-review-{first}")
    assert app.query_params["page"] == str(first)
