"""Stages 2 to 5 of training: labelled pages and their beats -> local, global and fused classifiers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ecgcore.networks.configs import GlobalConfig, LocalConfig
from ecgcore.networks.device import mixed_precision
from ecgcore.networks.global_net import GlobalNet, page_canvas
from ecgcore.networks.local_net import LocalNet, cut_beats
from ecgcore.types import FloatArray
from trainer.data.augment import augment_page, augment_pen, balanced_order, jitter_boxes
from trainer.data.page import PreparedPage
from trainer.recipes import GlobalStage, LocalStage
from trainer.stages.context import StageContext
from trainer.stages.engine import Task, train
from trainer.stages.inference import local_logits, page_logits
from trainer.stages.start import network_config
from trainer.stages.supervision import (
    PagesAndBeats,
    balanced_batches,
    binary_loss,
    fresh_head,
    labels_of,
    mean_log_loss,
    pages_with_beats,
    steps_of,
)
from trainer.workload import PAGES_A_LOCAL_STEP

_BeatBatch = tuple[Tensor, Tensor, Tensor, list[int]]
"""Crops, the label of each, the label of each page, and how many crops each page has."""


def train_global(
    pages: Sequence[PreparedPage],
    stage: GlobalStage,
    context: StageContext,
    *,
    init: GlobalNet | None = None,
    val: Sequence[PreparedPage] = (),
    weights: FloatArray | None = None,
) -> GlobalNet:
    """Train DenseNet121 on whole pages.

    Args:
        pages: labelled pages, both classes.
        stage: how long and how fast.
        context: where and for whom.
        init: start from these weights; None starts anew.
        val: labelled pages for early stopping.
        weights: chance of each page to be drawn, relative to its class (``[N]``); even by default.

    Raises:
        DataError: a page has no label, or all have one.
    """
    labels = labels_of(pages)
    torch.manual_seed(context.seed)
    model = init or GlobalNet(network_config(GlobalConfig, stage))
    if stage.fresh_head:
        fresh_head(model.fc)
    at_once = min(stage.at_once or stage.batch, stage.batch)
    parts = -(-stage.batch // at_once)
    steps = steps_of(stage, labels) * parts
    frozen = _first_blocks(model, 0 if init is None else stage.frozen_blocks)
    frozen.requires_grad_(False)

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        rng = np.random.default_rng([context.seed, epoch])
        for chosen in balanced_batches(labels, at_once, steps, rng, weights):
            canvases = [page_canvas(augment_page(pages[i].ink, rng), model.config) for i in chosen]
            yield torch.stack(canvases), torch.as_tensor(labels[chosen], dtype=torch.float32)

    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        canvases, target = (part.to(context.device) for part in batch)
        frozen.eval()  # the loop has put the whole network into training mode
        with mixed_precision(context.device, stage.precision):
            logits = model(canvases.contiguous(memory_format=torch.channels_last))
        return binary_loss(logits, target)

    model.to(memory_format=torch.channels_last)
    validate = (lambda: mean_log_loss(page_logits(model, val), labels_of(val))) if val else None
    train(model, Task(batches, steps, loss, validate, parts), stage, context)
    frozen.requires_grad_(True)
    return model


def _first_blocks(model: GlobalNet, blocks: int) -> nn.Sequential:
    """What lies before the dense block of number ``blocks + 1``; nothing for 0."""
    layers = dict(model.trunk.named_children())
    end = list(layers).index(f"denseblock{blocks + 1}") if blocks else 0
    return nn.Sequential(*list(layers.values())[:end])


def train_local(
    pages: Sequence[PreparedPage],
    beats: Sequence[FloatArray],
    stage: LocalStage,
    context: StageContext,
    *,
    init: LocalNet | None = None,
    val: PagesAndBeats | None = None,
    weights: FloatArray | None = None,
    beat_labels: Sequence[FloatArray] | None = None,
) -> LocalNet:
    """Train ResNet18 on beats, each with its own or its page's label, and on the page's mean beat logit.

    Args:
        pages: labelled pages, both classes.
        beats: for each page its boxes ``[n, 4]`` in panel pixels; pages without a beat are left out.
        stage: how long and how fast.
        context: where and for whom.
        init: start from these weights; None starts anew.
        val: pages and their beats for early stopping.
        weights: chance of each page to be drawn, relative to its class (``[N]``); even by default.
        beat_labels: for each page the labels of its beats ``[n]``, NaN where a beat inherits its page's, as all do by
            default.

    Raises:
        DataError: no page has a beat, or all have one label.
    """
    taught = _LabelledBeats.of(pages, beats, beat_labels, weights)
    torch.manual_seed(context.seed)
    model = init or LocalNet(network_config(LocalConfig, stage))
    if stage.fresh_head:
        fresh_head(model.fc)
    steps = stage.steps_per_epoch or taught.steps_of_a_pass(stage)

    def batches(epoch: int) -> Iterator[_BeatBatch]:
        rng = np.random.default_rng([context.seed, epoch])
        for chosen in balanced_batches(taught.labels, PAGES_A_LOCAL_STEP, steps, rng, taught.weights):
            yield taught.batch(chosen, stage, model.config, rng)

    def loss(batch: _BeatBatch) -> Tensor:
        crops, of_beats, of_pages = (part.to(context.device) for part in batch[:3])
        with mixed_precision(context.device, stage.precision):
            logits = model(crops.contiguous(memory_format=torch.channels_last)).float()
        beat_loss = binary_loss(logits, of_beats)
        if not stage.page_loss:
            return beat_loss
        means = torch.stack([part.mean() for part in logits.split(batch[3])])
        return 0.5 * beat_loss + 0.5 * binary_loss(means, of_pages)

    def validate() -> float:
        assert val is not None
        logits = local_logits(model, *val)
        seen = np.isfinite(logits)
        return mean_log_loss(logits[seen], labels_of(val[0])[seen])

    model.to(memory_format=torch.channels_last)
    train(model, Task(batches, steps, loss, validate if val else None), stage, context)
    return model


@dataclass(frozen=True)
class _LabelledBeats:
    """Pages with a beat, and what is known of them.

    Args:
        pages, beats: N pages, and the boxes ``[n, 4]`` of each.
        labels: of the pages, ``[N]``.
        own: the labels ``[n]`` of each page's beats, NaN where one inherits its page's.
        weights: see ``train_local``.
    """

    pages: list[PreparedPage]
    beats: list[FloatArray]
    labels: FloatArray
    own: list[FloatArray]
    weights: FloatArray | None

    @classmethod
    def of(
        cls,
        pages: Sequence[PreparedPage],
        beats: Sequence[FloatArray],
        beat_labels: Sequence[FloatArray] | None,
        weights: FloatArray | None,
    ) -> "_LabelledBeats":
        kept = pages_with_beats(beats)
        taught = [pages[i] for i in kept]
        return cls(
            taught,
            [beats[i] for i in kept],
            labels_of(taught),
            [np.full(len(beats[i]), np.nan) if beat_labels is None else beat_labels[i] for i in kept],
            None if weights is None else weights[kept],
        )

    def steps_of_a_pass(self, stage: LocalStage) -> int:
        """Optimiser steps in which each page is shown so often that about ``beats_per_page`` of its beats are."""
        beats_of_page = stage.beats_per_page or np.mean([len(boxes) for boxes in self.beats])
        visits = max(1, round(beats_of_page / _beats_of_a_visit(stage)))
        return max(1, visits * len(balanced_order(self.labels, np.random.default_rng(0))) // PAGES_A_LOCAL_STEP)

    def batch(
        self, chosen: npt.NDArray[np.intp], stage: LocalStage, config: LocalConfig, rng: np.random.Generator
    ) -> _BeatBatch:
        """Some beats of the chosen pages, boxes moved and pens varied."""
        crops, counts, targets = [], [], []
        for index in chosen:
            n = min(_beats_of_a_visit(stage), len(self.beats[index]))
            drawn = rng.choice(len(self.beats[index]), n, replace=False)
            boxes, own = self.beats[index][drawn], self.own[index][drawn]
            targets.append(np.where(np.isnan(own), self.labels[index], own))
            if stage.box_jitter:
                boxes = jitter_boxes(boxes, stage.box_jitter, rng)
            crops.append(cut_beats(augment_pen(self.pages[index].ink, rng), boxes, config))
            counts.append(len(boxes))
        of_beats = torch.as_tensor(np.concatenate(targets), dtype=torch.float32)
        of_pages = torch.as_tensor(self.labels[chosen], dtype=torch.float32)
        return torch.cat(crops), of_beats, of_pages, counts


def _beats_of_a_visit(stage: LocalStage) -> int:
    """Beats that one page gives to one step, at most."""
    return max(1, stage.batch // PAGES_A_LOCAL_STEP)
