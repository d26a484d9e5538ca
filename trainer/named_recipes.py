"""The recipes that can be asked for by name.

``patent`` is the training published in CN110731773A; ``quick`` is what learned fastest here; ``tiny`` serves the tests.
"""

from collections.abc import Mapping
from typing import TypedDict

from ecgcore.errors import DataError
from trainer.recipes import (
    FEWEST_STRIDED_1X1_CHANNELS,
    DetectorStage,
    FusionStage,
    GlobalStage,
    LocalStage,
    Optimiser,
    Recipe,
    Schedule,
    WaveformStage,
)


class _Published(TypedDict):
    """What the published stages share."""

    epochs: int
    lr: float
    schedule: Schedule
    step_epochs: int
    optimiser: Optimiser
    momentum: float
    weight_decay: float


# CN110731773A: SGD, learning rate 0.001 divided by 10 every 10 epochs, at most 100 epochs, batch 64, L2 weight decay,
# convolutions from pretrained weights and fully connected layers from a random normal. Momentum 0.9 and the decay's
# 5e-4 are not in the text; both are the usual companions of that schedule.
_PUBLISHED: _Published = {
    "epochs": 100,
    "lr": 1e-3,
    "schedule": "step",
    "step_epochs": 10,
    "optimiser": "sgd",
    "momentum": 0.9,
    "weight_decay": 5e-4,
}

RECIPES: Mapping[str, Recipe] = {
    "patent": Recipe(
        name="patent",
        detector=DetectorStage(**_PUBLISHED, batch=2, width=1.0),
        local=LocalStage(**_PUBLISHED, batch=64, fresh_head=True, beats_per_page=None, page_loss=False, box_jitter=0.0),
        global_=GlobalStage(**_PUBLISHED, batch=64, fresh_head=True, at_once=16),
        fusion=FusionStage(
            **_PUBLISHED,
            batch=64,
            fresh_head=True,
            pool="sum",
            joint_epochs=100,
            joint_lr=1e-3,
            joint_batch=64,
            measures=False,
        ),
    ),
    "quick": Recipe(
        name="quick",
        detector=DetectorStage(epochs=4, least_steps=150, batch=2, lr=5e-4, patience=2),
        local=LocalStage(epochs=4, batch=64, lr=5e-4, patience=3, beats_per_page=8),
        global_=GlobalStage(epochs=6, batch=16, lr=5e-4, patience=4, frozen_blocks=1),
        fusion=FusionStage(epochs=40, batch=64, lr=1e-3, patience=8, joint_epochs=1),
        waveform=WaveformStage(epochs=12, batch=32, lr=1e-3, patience=5, weight_decay=0.05),
    ),
    "tiny": Recipe(
        name="tiny",
        detector=DetectorStage(epochs=1, steps_per_epoch=2, batch=1, lr=1e-3, width=0.0625, px_per_mm=1.5, hidden=32),
        local=LocalStage(
            epochs=1, steps_per_epoch=2, batch=8, lr=1e-3, px=32, width=FEWEST_STRIDED_1X1_CHANNELS, beats_per_page=4
        ),
        global_=GlobalStage(
            epochs=1,
            steps_per_epoch=2,
            batch=4,
            lr=1e-3,
            px_per_mm=0.5,
            growth_rate=8,
            block_config=(2, 2, 2, 2),
            init_features=16,
        ),
        fusion=FusionStage(epochs=2, batch=8, lr=1e-3, hidden=16, joint_epochs=1, joint_batch=2),
        waveform=WaveformStage(epochs=1, steps_per_epoch=2, batch=8, lr=1e-3, fs_hz=50.0, width=2, kernel=3),
        min_score=0.05,
    ),
}


def recipe_named(name: str) -> Recipe:
    """Look a recipe up by a key of ``RECIPES``.

    Raises:
        DataError: there is no such recipe.
    """
    if name not in RECIPES:
        raise DataError(f"There is no recipe named {name!r}.", f"Choose one of: {', '.join(sorted(RECIPES))}.")
    return RECIPES[name]
