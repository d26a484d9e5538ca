"""Where a training works and whom it tells: all of its stages, and each of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from trainer.progress import Progress, silent


@dataclass(frozen=True)
class StageContext:
    """Where a stage runs and whom it tells.

    Args:
        workdir: checkpoints are kept here, in files that start with ``name``; None keeps none.
        name: the stage's name, for files and progress.
        device: where the network is trained.
        seed: of everything drawn at random.
        progress: told of every step.
        cancelled: asked between steps; true stops the stage at once, its last finished epoch is kept.
        keeps_start: whether the weights that the stage starts from, a bundle's say, stay where no epoch is better on
            the pages that do not train: a few pages can teach less than they make forget.
    """

    workdir: Path | None
    name: str
    device: torch.device
    seed: int = 0
    progress: Progress = silent
    cancelled: Callable[[], bool] = field(default=lambda: False)
    keeps_start: bool = False

    def file(self, kind: str) -> Path | None:
        """Path of this stage's file of one kind, for example ``checkpoint.safetensors``."""
        return None if self.workdir is None else self.workdir / f"{self.name}.{kind}"


@dataclass(frozen=True)
class RunContext:
    """Where a training of several stages works, and whom it tells.

    Args:
        device: where the networks are trained.
        seed: of everything drawn at random.
        progress: as of ``StageContext``.
        cancelled: as of ``StageContext``.
        workdir: the stages' checkpoints are kept here; None keeps none.
        cache: where to keep what networks see that are not trained; None keeps nothing.
    """

    device: torch.device
    seed: int = 0
    progress: Progress = silent
    cancelled: Callable[[], bool] = field(default=lambda: False)
    workdir: Path | None = None
    cache: Path | None = None

    def stage(self, name: str, *, keeps_start: bool = False) -> StageContext:
        """The context of the stage of a name.

        Args:
            name: as of ``StageContext``.
            keeps_start: as of ``StageContext``.
        """
        return StageContext(
            self.workdir, name, self.device, self.seed, self.progress, self.cancelled, keeps_start=keeps_start
        )
