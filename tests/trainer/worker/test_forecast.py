"""The time left follows what was expected, until what is seen says better; nothing here is timed."""

from dataclasses import replace

import pytest

from trainer.progress import ProgressEvent
from trainer.worker.forecast import Forecast

EXPECTED = {"detector": 100.0, "looking": 20.0, "local": 50.0, "global": 80.0, "fusion": 10.0, "fusion-joint": 40.0}
WHOLE = sum(EXPECTED.values())
ORDER = ("detector", "looking", "local", "global", "fusion", "fusion-joint", "looking")


def work_on(
    forecast: Forecast, number: int, slower: dict[str, float], *, part: str = "folds", until: str | None = None
) -> None:
    """Tell what a training of two epochs a stage tells, each stage so many times slower than expected."""
    judged = 0.0
    for place, stage in enumerate(ORDER):
        event = ProgressEvent(part=part, fold=number, stage=stage)
        whole = EXPECTED[stage] * slower.get(stage, 1.0)
        if stage == "looking":
            judged += whole * (0.7 if place == 1 else 0.3)
            forecast.note(replace(event, message="looking", stage_seconds=judged))
            forecast.note(replace(event, is_finished=True, stage_seconds=judged))
        else:
            for epoch in (1, 2):
                epochs = replace(event, epoch=epoch, epochs=2)
                forecast.note(replace(epochs, step=1, steps=2, stage_seconds=whole * (epoch - 0.5) / 2))
                forecast.note(replace(epochs, train_loss=0.5, stage_seconds=whole * epoch / 2))
            forecast.note(replace(event, is_finished=True, stage_seconds=whole))
        if stage == until:
            return
    forecast.note(ProgressEvent(part=part, fold=number, stage="fold", is_finished=True))


def real_left_s(slower: dict[str, float], done: float, trainings: int = 3) -> float:
    whole = sum(seconds * slower.get(stage, 1.0) for stage, seconds in EXPECTED.items())
    return trainings * whole - done


def test_before_anything_is_seen_it_is_what_was_expected() -> None:
    forecast = Forecast([EXPECTED] * 3, before_s=30.0, beside_s=2.0, after_s=9.0)
    assert forecast.left_s() == pytest.approx(3 * WHOLE + 45)
    forecast.note(ProgressEvent(part="prepare", stage="prepare pages", step=5, steps=10))
    assert forecast.left_s() == pytest.approx(3 * WHOLE + 30)
    forecast.expect([{stage: 2 * seconds for stage, seconds in EXPECTED.items()}] * 3, after_s=4.0)
    assert forecast.left_s() == pytest.approx(6 * WHOLE + 25)


@pytest.mark.parametrize("slower", [0.2, 0.5, 1.0, 3.0, 10.0])
def test_after_the_first_stage_the_whole_machine_is_known_to_be_slower(slower: float) -> None:
    forecast, all_stages = Forecast([EXPECTED] * 3), dict.fromkeys(EXPECTED, slower)
    work_on(forecast, 0, all_stages, until="detector")
    real = real_left_s(all_stages, slower * EXPECTED["detector"])
    assert 1 / 1.5 < forecast.left_s() / real < 1.5


def test_beats_that_were_found_before_make_no_other_stage_quicker() -> None:
    kept = {stage: seconds for stage, seconds in EXPECTED.items() if stage != "detector"}
    forecast = Forecast([kept] * 3)
    event = ProgressEvent(part="folds", fold=0, stage="looking", stage_seconds=0.2)
    forecast.note(replace(event, message="finding beats"))
    forecast.note(replace(event, is_finished=True))
    assert forecast.left_s() == pytest.approx(3 * sum(kept.values()), rel=0.15)


def test_what_one_stage_took_is_not_held_against_the_others_for_ever() -> None:
    """One stage is five times slower than expected: after one training every stage is known by itself."""
    forecast, slower = Forecast([EXPECTED] * 3), {"global": 5.0}
    work_on(forecast, 0, slower)
    done = real_left_s(slower, 0.0, trainings=1)
    assert forecast.left_s() == pytest.approx(real_left_s(slower, done), rel=0.05)


def test_within_a_stage_it_is_corrected_too() -> None:
    forecast = Forecast([EXPECTED])
    told = ProgressEvent(part="folds", fold=0, stage="detector", epoch=1, epochs=4, step=8, steps=10)
    forecast.note(replace(told, stage_seconds=4 * 20.0))
    assert forecast.left_s() > 2.5 * (WHOLE - 20.0)


def test_epochs_that_were_not_needed_are_not_expected_again() -> None:
    """The detector stops after one epoch of four: the next training's is expected to stop too."""
    forecast = Forecast([EXPECTED] * 2)
    at = ProgressEvent(part="folds", fold=0, stage="detector")
    forecast.note(replace(at, epoch=1, epochs=4, train_loss=0.1, stage_seconds=25.0))
    assert forecast.left_s() == pytest.approx(2 * WHOLE - 25)
    forecast.note(replace(at, is_finished=True, stage_seconds=25.0))
    assert forecast.left_s() == pytest.approx(2 * (WHOLE - 100) + 25)


def test_a_run_that_goes_on_is_not_taken_for_a_fast_one() -> None:
    """Epoch 3 of 4 comes first, the others were done before the run broke off; so was a whole fold."""
    forecast = Forecast([EXPECTED] * 3)
    forecast.note(ProgressEvent(part="folds", fold=0, stage="fold", message="finished before"))
    assert forecast.left_s() == pytest.approx(2 * WHOLE)
    forecast.note(
        ProgressEvent(part="folds", fold=1, stage="global", epoch=3, epochs=4, train_loss=0.1, stage_seconds=20.0)
    )
    assert forecast.left_s() == pytest.approx(WHOLE + 20 + 10 + 40 + 20)


def test_at_the_end_nothing_is_left() -> None:
    forecast = Forecast([EXPECTED] * 2, after_s=5.0)
    work_on(forecast, 0, {})
    work_on(forecast, 0, {}, part="final")
    assert forecast.left_s() == pytest.approx(5.0)
    forecast.note(ProgressEvent(part="comparison", stage="comparison", message="comparing"))
    assert forecast.left_s() == pytest.approx(5.0)
