"""What the pages say where a patient is erased that trainings have learnt from: before, and ever after."""

import pytest

from annotations.maintenance.check_and_erase import erase_group
from annotations.runs.training_runs import run_of
from annotations.store import Store
from tests.support.app_pages import models, sound, texts, training

ERASED = "patient 1"


def test_before_it_is_erased_it_says_what_cannot_be_reached_and_what_stops(
    finished: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = training(finished, monkeypatch)
    sound(app.switch_page("pages/dataset.py").run())
    sound(app.text_input(key="erase-typed-0").set_value(ERASED).run())
    shown = texts(app)
    assert "Models that were exported to other computers cannot be reached and still list them" in shown
    assert "is not finished" not in shown
    with finished.writing() as connection:
        connection.execute("UPDATE train_run SET state = 'interrupted'")
    assert "Training 1 is not finished and learns from these pages" in texts(sound(app.run()))


def test_figures_say_that_they_include_erased_pages(finished: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "erased since" not in texts(training(finished, monkeypatch))
    erase_group(finished, ERASED, "Ada")
    shown = texts(training(finished, monkeypatch))
    assert "1 page of this training was erased since: the figures include it" in shown
    app = models(finished, monkeypatch)
    version = str(run_of(finished, 1).candidate_version)
    assert f"About {version}" in [expander.label for expander in app.expander]
    assert "9 (including those of the models it started from, and 1 erased since)" in texts(app)
