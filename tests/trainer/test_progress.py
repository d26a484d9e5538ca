"""What a training tells is written in one order, and read as it comes: whole, of an older version, or broken."""

import pytest

from trainer.progress import ProgressEvent, RunProgress

EPOCH = ProgressEvent(part="folds", fold=0, folds=2, stage="local", epoch=1, epochs=3, train_loss=0.5, seconds=2.0)
STEP = ProgressEvent(part="final", stage="detector", epoch=1, epochs=3, step=4, steps=9, loss=0.25)


def test_an_event_keeps_the_keys_and_the_order_that_it_always_had() -> None:
    assert list(EPOCH.to_json()) == ["part", "fold", "folds", "stage", "epoch", "epochs", "train_loss", "seconds"]
    assert list(STEP.to_json()) == ["part", "stage", "epoch", "epochs", "step", "steps", "loss"]
    assert ProgressEvent(stage="local", is_finished=True, seconds=1.0, stage_seconds=1.01).to_json() == {
        "stage": "local",
        "finished": True,
        "seconds": 1.0,
    }
    assert ProgressEvent().to_json() == {}


def test_a_number_that_is_none_is_written_as_null() -> None:
    assert ProgressEvent(stage="local", train_loss=float("nan")).to_json() == {"stage": "local", "train_loss": None}


@pytest.mark.parametrize("event", [EPOCH, STEP, ProgressEvent(stage="fold", is_finished=True), ProgressEvent()])
def test_an_event_is_read_back(event: ProgressEvent) -> None:
    assert ProgressEvent.from_json(event.to_json()) == event


def test_where_a_run_stands_follows_its_newest_step() -> None:
    stands = RunProgress(EPOCH, share=0.5, seconds=60.0, seconds_left=61.0, memory_mb=900)
    written = stands.to_json()
    assert list(written) == [*EPOCH.to_json(), "share", "seconds_left", "memory_mb"]
    assert written["seconds"] == 60.0, "of the run, not of the epoch"
    assert RunProgress.from_json(written).seconds == 60.0
    assert RunProgress.from_json(written).newest.train_loss == 0.5


@pytest.mark.parametrize("content", [None, [], "seconds", {}, {"share": "half", "seconds": None, "later": [1]}])
def test_without_a_whole_file_a_run_has_not_begun(content: object) -> None:
    assert RunProgress.from_json(content) == RunProgress()


def test_what_is_no_such_value_is_not_told() -> None:
    odd = {"stage": 3, "fold": "0", "epoch": True, "loss": "low", "step": 2, "added later": 1}
    assert ProgressEvent.from_json(odd) == ProgressEvent(step=2)
