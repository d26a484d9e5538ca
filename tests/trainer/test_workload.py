"""How much work a training is, and where its time went."""

import pytest

from trainer import workload
from trainer.crossval.lineage import untrained_stages
from trainer.named_recipes import RECIPES
from trainer.progress import ProgressEvent
from trainer.recipes import only_stages
from trainer.workload import STAGES, StageClock, pages_shown


def test_time_goes_to_the_step_that_was_done_or_the_work_that_was_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    time_s = 0.0
    monkeypatch.setattr(workload.time, "monotonic", lambda: time_s)
    told: list[ProgressEvent] = []
    clock = StageClock(told.append)
    for seconds, event in (
        (3, ProgressEvent(stage="detector", step=1)),
        (2, ProgressEvent(stage="detector", step=2)),
        (0, ProgressEvent(stage="looking", message="finding beats")),
        (7, ProgressEvent(stage="local", step=1)),  # that took a moment; the beats took the rest
        (1, ProgressEvent(stage="local", step=2)),
        (0, ProgressEvent(stage="looking", message="judging")),
    ):
        time_s += seconds
        clock(event)
    time_s += 4
    assert clock.stop() == {"detector": 5, "looking": 11, "local": 1}
    finished = [(event.stage, event.seconds) for event in told if event.is_finished]
    assert finished == [("detector", 5), ("looking", 7), ("local", 1), ("looking", 11)]


def test_pages_shown_follow_the_recipe() -> None:
    recipe = RECIPES["quick"]
    shown = pages_shown(recipe, STAGES, boxed=40, normal=10, abnormal=30, beats=2000)
    assert shown["detector"] == recipe.detector.epochs * recipe.detector.least_steps * recipe.detector.batch
    assert pages_shown(recipe, STAGES, boxed=400, normal=1, abnormal=1, beats=9)["detector"] == 1600
    assert pages_shown(recipe, STAGES, boxed=0, normal=1, abnormal=1, beats=0)["detector"] == 0
    # Copies bring the smaller class to the larger one's size: 60 pages, in whole batches of 16 and of 8.
    assert shown["global"] == recipe.global_.epochs * 48
    assert shown["fusion-joint"] == recipe.fusion.joint_epochs * 56
    few = pages_shown(recipe, STAGES, boxed=0, normal=2, abnormal=2, beats=0)
    assert few["global"] == recipe.global_.epochs * 16, "a batch is filled by showing pages again"
    assert set(pages_shown(recipe, ("fusion",), boxed=0, normal=5, abnormal=5, beats=0)) == {"fusion"}


def test_stages_that_are_not_chosen_get_no_epoch() -> None:
    head = only_stages(RECIPES["patent"], ("fusion",))
    assert [head.detector.epochs, head.local.epochs, head.global_.epochs, head.fusion.joint_epochs] == [0, 0, 0, 0]
    assert head.fusion.epochs == RECIPES["patent"].fusion.epochs
    assert not head.local.fresh_head
    assert only_stages(RECIPES["quick"], STAGES) == RECIPES["quick"]


def test_a_network_that_is_not_trained_is_told() -> None:
    assert untrained_stages(RECIPES["quick"]) == []
    assert untrained_stages(only_stages(RECIPES["quick"], ("local", "global", "fusion"))) == ["waveform"]
    assert "waveform" not in untrained_stages(RECIPES["patent"]), "as published there is none"
