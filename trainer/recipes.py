"""Recipes: every number that shapes a training, as frozen values that a run writes down beside its results."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeVar

from pydantic import JsonValue, TypeAdapter

FEWEST_STRIDED_1X1_CHANNELS = 16
"""Input channels under which no strided 1x1 convolution may be trained: oneDNN issue 6035, in every PyTorch from 2.12
to 2.15. Its weight gradient works in blocks of 8 channels with AVX2 and of 16 with AVX-512, but books its workspace by
the true channels, and so writes past it where they are fewer. ``LocalNet`` trains none; its least width is this still.
"""

_JSON = TypeAdapter(dict[str, JsonValue])

Schedule = Literal["onecycle", "step"]
Optimiser = Literal["sgd", "adamw"]
Precision = Literal["auto", "float32", "bfloat16"]
Pool = Literal["sum", "mean"]
_Stage = TypeVar("_Stage", bound="Stage")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What the stages share.

    Args:
        epochs: most passes over the (balanced) training pages; 0 keeps the starting weights as they are.
        steps_per_epoch: optimiser steps that count as one pass, or None for a whole pass.
        batch: pages (detector, global, fusion) or beat crops (local) in one optimiser step.
        lr: the learning rate; with ``onecycle`` its peak.
        schedule: ``onecycle`` (Smith 2018), or ``step``: divided by 10 every ``step_epochs``.
        step_epochs: see ``schedule``.
        optimiser: SGD with ``momentum``, or AdamW.
        momentum: of SGD.
        weight_decay: the L2 penalty.
        patience: epochs without a better validation loss before the stage stops.
        precision: ``auto`` takes bfloat16 where the processor or GPU computes in it.
        fresh_head: draw the last fully connected layers anew (random normal, bias 0) instead of keeping the start's.
    """

    epochs: int
    steps_per_epoch: int | None = None
    batch: int
    lr: float
    schedule: Schedule = "onecycle"
    step_epochs: int = 10
    optimiser: Optimiser = "adamw"
    momentum: float = 0.9
    weight_decay: float = 0.01
    patience: int = 5
    precision: Precision = "auto"
    fresh_head: bool = False


@dataclass(frozen=True, kw_only=True)
class DetectorStage(Stage):
    """Stage 1, the beat detector; the network's shape is used only when no bundle's detector is given to start from.

    Args:
        least_steps: optimiser steps of an epoch at least, where the boxed pages are too few for as many: they are shown
            again and again, each time with another pen, wear and size.
        width, px_per_mm, neck, hidden: as in ``ecgcore.networks.detector.DetectorConfig``.
    """

    least_steps: int = 1
    width: float = 0.25
    px_per_mm: float = 3.0
    neck: Literal["none", "fuse8"] = "fuse8"
    hidden: int = 512


@dataclass(frozen=True, kw_only=True)
class LocalStage(Stage):
    """Stage 2, ResNet18 on beats; the network's shape is used only when starting without a bundle's.

    Args:
        crop_mm, px, width, aspect, places: as in ``ecgcore.networks.local_net.LocalConfig``.
        beats_per_page: beats drawn from one page in one epoch (None: all).
        page_loss: learn from the page's mean beat logit too, which copes with abnormal pages of mostly normal beats.
        box_jitter: standard deviation by which box edges are moved, as a share of the box's size.
    """

    crop_mm: float = 24.0
    px: int = 96
    width: int = 64
    aspect: float = 1.0
    places: bool = False
    beats_per_page: int | None = 16
    page_loss: bool = True
    box_jitter: float = 0.05


@dataclass(frozen=True, kw_only=True)
class GlobalStage(Stage):
    """Stage 3, DenseNet121 on the page; the network's shape is used only when starting without a bundle's.

    Args:
        canvas_wh_mm, px_per_mm, growth_rate, block_config, init_features: as in ``networks.configs.GlobalConfig``.
        at_once: pages that pass through the network together; gradients of a batch's parts are added up, so that a
            large batch fits into a small machine's memory (None: the whole batch). Batch norm sees a part at a time.
        frozen_blocks: dense blocks, counted from the input, that keep the weights of a network that is trained further:
            the first sees strokes more than diagnoses, and is half of the work of a step.
    """

    canvas_wh_mm: tuple[float, float] = (288.0, 176.0)
    px_per_mm: float = 2.0
    growth_rate: int = 32
    block_config: tuple[int, int, int, int] = (6, 12, 24, 16)
    init_features: int = 64
    at_once: int | None = None
    frozen_blocks: int = 0


@dataclass(frozen=True, kw_only=True)
class WaveformStage(Stage):
    """The waveform network, beside the published stages; its shape is used only when starting without a bundle's.

    Args:
        fs_hz, duration_s, width, kernel: as in ``ecgcore.networks.configs.WaveformConfig``.
    """

    fs_hz: float = 125.0
    duration_s: float = 10.0
    width: int = 32
    kernel: Literal[3, 5, 7, 9, 11, 13, 15] = 9


@dataclass(frozen=True, kw_only=True)
class FusionStage(Stage):
    """Stages 4 and 5: the head on cached features, then the joint training of everything.

    Args:
        pool: ``sum`` over beats as published, or ``mean`` with log n as a further feature.
        hidden: width of the first fully connected layer.
        dropout: of the head.
        joint_epochs: passes of joint training (trunks' batch norm frozen); 0 leaves the trunks as they are.
        joint_lr: learning rate of the joint training.
        joint_batch: pages in one joint optimiser step; gradients are accumulated page by page.
        measures: whether a head that is drawn anew is told the measurements; as published it is not.
        pictures_hidden: share of pages of whose picture the head sees nothing in one draw, where signal or measurements
            tell of it too: picture networks that were trained on these pages know them by heart, and a head believes
            them. With such networks, means of three heads: AUROC 0.902 at 0.6, 0.890 without, on the 99 real pages that
            stopped the training.
    """

    pool: Pool = "mean"
    hidden: int = 512
    dropout: float = 0.5
    joint_epochs: int = 0
    joint_lr: float = 1e-5
    joint_batch: int = 8
    measures: bool = True
    pictures_hidden: float = 0.6

    def to_json(self) -> dict[str, JsonValue]:
        """As JSON values; see ``Recipe.to_json`` for what is left out."""
        values = _JSON.validate_json(json.dumps(asdict(self)))
        if not self.measures:
            del values["measures"]
        if self.pictures_hidden == FusionStage.pictures_hidden:
            del values["pictures_hidden"]
        return values


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All stages of one training, with the rules that fit its decisions.

    Args:
        name: as given on the command line.
        inner_share: share of the training groups kept for early stopping, temperature and thresholds.
        min_score: beats scored lower are not used by the later stages.
        sensitivity_target: share of abnormal pages that must not be called normal.
        specificity_target: share of normal pages that must not be called abnormal.
        waveform: None for the published method, which has no such network.
    """

    name: str
    detector: DetectorStage
    local: LocalStage
    global_: GlobalStage
    fusion: FusionStage
    waveform: WaveformStage | None = None
    inner_share: float = 0.2
    min_score: float = 0.5
    sensitivity_target: float = 0.95
    specificity_target: float = 0.95

    def to_json(self) -> dict[str, JsonValue]:
        """The whole recipe as JSON values; ``global_`` loses its underscore.

        What earlier versions did not have is left out where it changes nothing, so that their runs can be resumed.
        """
        values = _JSON.validate_json(json.dumps(asdict(self)))
        values["global"] = values.pop("global_")
        if self.waveform is None:
            del values["waveform"]
        values["fusion"] = self.fusion.to_json()
        return values


def only_stages(recipe: Recipe, stages: Collection[str]) -> Recipe:
    """The recipe with all other stages left as the starting bundle has them.

    Args:
        recipe: to change.
        stages: of "detector", "local", "global", "waveform", "fusion", those that are trained.
    """
    is_joint = {"local", "global", "fusion"} <= set(stages)
    return replace(
        recipe,
        detector=recipe.detector if "detector" in stages else _untrained(recipe.detector),
        local=recipe.local if "local" in stages else _untrained(recipe.local),
        global_=recipe.global_ if "global" in stages else _untrained(recipe.global_),
        waveform=recipe.waveform if "waveform" in stages else recipe.waveform and _untrained(recipe.waveform),
        fusion=replace(
            recipe.fusion if "fusion" in stages else _untrained(recipe.fusion),
            joint_epochs=recipe.fusion.joint_epochs if is_joint else 0,
        ),
    )


def _untrained(stage: _Stage) -> _Stage:
    return replace(stage, epochs=0, fresh_head=False)
