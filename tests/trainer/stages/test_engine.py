"""The training loop: resume equals an undisturbed run, the best epoch is kept, a broken loss is refused by name."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import JsonValue
from torch import Tensor, nn

from ecgcore.errors import DataError, StageCancelledError
from trainer.progress import ProgressEvent
from trainer.recipes import Stage
from trainer.stages.checkpoint import History
from trainer.stages.context import StageContext
from trainer.stages.engine import Task, learning_rate, train

STAGE = Stage(epochs=4, batch=4, lr=0.05)
CPU = torch.device("cpu")


def _line_task(model: nn.Module, validate: Callable[[], float] | None = None) -> Task:
    def batches(epoch: int) -> Iterator[Tensor]:
        generator = torch.Generator().manual_seed(epoch)
        yield from torch.rand(3, 4, 1, generator=generator)

    def loss(x: Tensor) -> Tensor:
        return ((model(x) - 2 * x) ** 2).mean()

    return Task(batches, 3, loss, validate)


def _model() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


def test_a_stopped_run_that_goes_on_equals_an_undisturbed_one(tmp_path: Path) -> None:
    undisturbed = _model()
    train(undisturbed, _line_task(undisturbed), STAGE, StageContext(None, "line", CPU))
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 8  # in the middle of the third epoch

    first = _model()
    with pytest.raises(StageCancelledError):
        train(first, _line_task(first), STAGE, StageContext(tmp_path, "line", CPU, cancelled=cancelled))
    second = _model()
    history = train(second, _line_task(second), STAGE, StageContext(tmp_path, "line", CPU))
    assert len(history.train_loss) == 4
    for name, tensor in undisturbed.state_dict().items():
        assert torch.allclose(tensor, second.state_dict()[name]), name


def test_the_best_epoch_is_kept_and_patience_ends_the_run() -> None:
    model, losses, seen = _model(), iter([3.0, 1.0, 2.0, 2.0, 2.0]), []

    def validate() -> float:
        seen.append({k: v.clone() for k, v in model.state_dict().items()})
        return next(losses)

    history = train(
        model, _line_task(model, validate), replace(STAGE, epochs=9, patience=2), StageContext(None, "line", CPU)
    )
    assert history.best_epoch == 1
    assert len(history.val_loss) == 4
    assert all(torch.equal(model.state_dict()[k], v) for k, v in seen[1].items())


def test_the_start_stays_where_no_epoch_is_better(tmp_path: Path) -> None:
    for name, losses, best in (("better", [3.0, 4.0, 2.0], 1), ("worse", [3.0, 4.0, 5.0], -1)):
        model, told = _model(), iter(losses)
        seen = [{k: v.clone() for k, v in model.state_dict().items()}]

        def validate(model: nn.Module = model, seen: list[Any] = seen, told: Iterator[float] = told) -> float:
            seen.append({k: v.clone() for k, v in model.state_dict().items()})
            return next(told)

        context = StageContext(tmp_path, name, CPU, keeps_start=True)
        history = train(model, _line_task(model, validate), replace(STAGE, epochs=2), context)
        assert (history.start_loss, history.best_epoch, len(history.val_loss)) == (3.0, best, 2)
        kept = seen[0] if best < 0 else seen[-1]
        assert all(torch.equal(model.state_dict()[k], v) for k, v in kept.items())
        # A run that went on after the power came back keeps the same weights, without asking again.
        again = _model()
        train(again, _line_task(again, validate), replace(STAGE, epochs=2), context)
        assert all(torch.equal(again.state_dict()[k], v) for k, v in kept.items())


def test_a_loss_that_is_not_finite_names_stage_and_epoch() -> None:
    model = _model()
    task = replace(_line_task(model), loss=lambda x: model(x).sum() * float("nan"))
    with pytest.raises(DataError, match="line became nan in epoch 1"):
        train(model, task, STAGE, StageContext(None, "line", CPU))


def test_accumulated_gradients_equal_one_large_batch() -> None:
    torch.manual_seed(0)
    data = torch.rand(4, 2, 1)
    stage = replace(STAGE, epochs=1, optimiser="sgd", momentum=0.0, weight_decay=0.0, schedule="step")

    def run(parts: Tensor, accumulate: int) -> Tensor:
        torch.manual_seed(3)
        model = nn.Linear(1, 1)
        task = Task(lambda _: iter(parts), len(parts), lambda x: ((model(x) - 2 * x) ** 2).mean(), None, accumulate)
        train(model, task, stage, StageContext(None, "line", CPU))
        return model.weight.detach()

    assert torch.allclose(run(data, 4), run(data.reshape(1, 8, 1), 1))


def test_schedules() -> None:
    step = replace(STAGE, schedule="step", step_epochs=2)
    assert [learning_rate(step, 1.0, s, 5, 6) for s in (0, 9, 10, 20)] == pytest.approx([1, 1, 0.1, 0.01])
    rates = [learning_rate(STAGE, 1.0, s, 50, 4) for s in range(200)]
    assert max(rates) == pytest.approx(1.0, abs=0.01)
    assert rates[0] < 0.1
    assert rates[-1] < 0.01


def test_a_damaged_checkpoint_falls_back_to_the_one_before_and_ends_the_same(tmp_path: Path) -> None:
    """As a power cut leaves them: cut short, zeroed in the middle, or both of the two."""
    undisturbed = _model()
    train(undisturbed, _line_task(undisturbed), STAGE, StageContext(None, "line", CPU))
    newest, before = (tmp_path / f"line.checkpoint{name}.safetensors" for name in ("", ".before"))
    for damaged, went_on in (
        ((newest,), "after epoch 2"),
        ((newest, before), "from its beginning"),
    ):
        first = _model()
        with pytest.raises(StageCancelledError):
            train(first, _line_task(first), STAGE, StageContext(tmp_path, "line", CPU, cancelled=_after(10)))
        for file in damaged:
            content = bytearray(file.read_bytes())
            content[-40:] = bytes(40)
            file.write_bytes(content if file is newest else content[: len(content) // 2])
        told: list[ProgressEvent] = []
        second = _model()
        context = StageContext(tmp_path, "line", CPU, progress=told.append)
        history = train(second, _line_task(second), STAGE, context)
        assert len(history.train_loss) == 4
        said = [event.message for event in told if event.message is not None]
        assert said[-1].endswith(f"is damaged, or of another network; the stage goes on {went_on}.")
        for name, tensor in undisturbed.state_dict().items():
            assert torch.allclose(tensor, second.state_dict()[name]), name
        for file in tmp_path.iterdir():
            file.unlink()


def test_the_checkpoint_of_another_network_is_left_out(tmp_path: Path) -> None:
    """As where a later version builds a larger one: the stage is trained again, and nothing fails."""
    smaller = nn.Sequential(nn.Linear(1, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
    train(smaller, _line_task(smaller), STAGE, StageContext(tmp_path, "line", CPU))
    told: list[ProgressEvent] = []
    model, alone = _model(), _model()
    history = train(model, _line_task(model), STAGE, StageContext(tmp_path, "line", CPU, progress=told.append))
    assert len(history.train_loss) == 4
    assert any("of another network; the stage goes on from its beginning." in str(event) for event in told)
    train(alone, _line_task(alone), STAGE, StageContext(None, "line", CPU))
    for name, tensor in alone.state_dict().items():
        assert torch.allclose(tensor, model.state_dict()[name]), name


def test_a_validation_that_says_nothing_leaves_the_training_loss_to_decide() -> None:
    model = _model()
    history = train(model, _line_task(model, lambda: float("nan")), STAGE, StageContext(None, "line", CPU))
    assert history.val_loss == history.train_loss


def _after(steps: int) -> Callable[[], bool]:
    """Asked between steps; true once so many were done."""
    asked = iter(range(steps))
    return lambda: next(asked, None) is None


def test_the_history_of_an_earlier_version_is_read() -> None:
    written: dict[str, JsonValue] = {"train_loss": [2.0], "val_loss": [3], "seconds": [4.5], "best_epoch": 0}
    read = History.from_json({**written, "epochs_done": 1})
    assert read == History(train_loss=(2.0,), val_loss=(3.0,), seconds=(4.5,), best_epoch=0)
    assert read.to_json() == {**written, "epochs_done": 1}
