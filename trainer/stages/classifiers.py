"""Stages 2 to 5 of training: labelled pages and their beats -> local, global and fused classifiers."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ecgcore.errors import BadData
from ecgcore.networks.configs import GlobalConfig, LocalConfig
from ecgcore.networks.device import mixed_precision
from ecgcore.networks.global_net import GlobalNet, page_canvas
from ecgcore.networks.local_net import LocalNet, cut_beats
from ecgcore.types import FloatArray
from trainer.data.augment import balanced_order, jitter_boxes, vary_page, vary_pen
from trainer.data.page import PreparedPage
from trainer.recipes import GlobalStage, LocalStage, Stage
from trainer.stages.engine import StageContext, Task, train
from trainer.stages.inference import local_logits, page_logits
from trainer.stages.start import network_config
from trainer.workload import PAGES_A_LOCAL_STEP

LABEL_SMOOTHING = 0.05
"""Some published labels are wrong; a network that need not be certain of them learns the rest better."""

PagesAndBeats = tuple[Sequence[PreparedPage], Sequence[FloatArray]]
_BeatBatch = tuple[Tensor, Tensor, Tensor, list[int]]
"""Crops, the label of each, the label of each page, and how many crops each page has."""


def labels_of(pages: Sequence[PreparedPage]) -> FloatArray:
    """Labels ``[N]`` as 0.0 and 1.0.

    Raises:
        BadData: a page has no label, or all have the same.
    """
    if any(page.label is None for page in pages):
        raise BadData("A page without a label cannot train a classifier.", "Leave such pages out.")
    labels = np.array([page.label for page in pages], dtype=np.float64)
    if len(np.unique(labels)) < 2:
        raise BadData("All training pages have the same label.", "Label pages of both kinds, normal and abnormal.")
    return labels


def binary_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of log-odds against smoothed 0/1 labels."""
    smooth = labels * (1 - 2 * LABEL_SMOOTHING) + LABEL_SMOOTHING
    return nn.functional.binary_cross_entropy_with_logits(logits.float(), smooth)


def mean_log_loss(logits: FloatArray, labels: FloatArray) -> float:
    """Validation loss of page logits."""
    return float(binary_loss(torch.as_tensor(logits), torch.as_tensor(labels)))


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
            canvases = [page_canvas(vary_page(pages[i].ink, rng), model.config) for i in chosen]
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
    """
    kept = [index for index, boxes in enumerate(beats) if len(boxes)]
    if not kept:
        raise BadData("No page has a beat to learn from.", "Train the detector first, or box the beats.")
    pages, beats = [pages[i] for i in kept], [beats[i] for i in kept]
    weights = None if weights is None else weights[kept]
    labels = labels_of(pages)
    own = [np.full(len(boxes), np.nan) for boxes in beats] if beat_labels is None else [beat_labels[i] for i in kept]
    torch.manual_seed(context.seed)
    model = init or LocalNet(network_config(LocalConfig, stage))
    if stage.fresh_head:
        fresh_head(model.fc)
    per_page = max(1, stage.batch // PAGES_A_LOCAL_STEP)
    visits = max(1, round((stage.beats_per_page or np.mean([len(b) for b in beats])) / per_page))
    steps = stage.steps_per_epoch or max(
        1, visits * len(balanced_order(labels, np.random.default_rng(0))) // PAGES_A_LOCAL_STEP
    )

    def batches(epoch: int) -> Iterator[_BeatBatch]:
        rng = np.random.default_rng([context.seed, epoch])
        for chosen in balanced_batches(labels, PAGES_A_LOCAL_STEP, steps, rng, weights):
            crops, counts, targets = [], [], []
            for index in chosen:
                drawn = rng.choice(len(beats[index]), min(per_page, len(beats[index])), replace=False)
                boxes = beats[index][drawn]
                targets.append(np.where(np.isnan(own[index][drawn]), labels[index], own[index][drawn]))
                if stage.box_jitter:
                    boxes = jitter_boxes(boxes, stage.box_jitter, rng)
                crops.append(cut_beats(vary_pen(pages[index].ink, rng), boxes, model.config))
                counts.append(len(boxes))
            of_beats = torch.as_tensor(np.concatenate(targets), dtype=torch.float32)
            yield torch.cat(crops), of_beats, torch.as_tensor(labels[chosen], dtype=torch.float32), counts

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


def steps_of(stage: Stage, labels: FloatArray) -> int:
    """Optimiser steps of an epoch: the recipe's, or a balanced pass over the pages."""
    return stage.steps_per_epoch or max(1, len(balanced_order(labels, np.random.default_rng(0))) // stage.batch)


def balanced_batches(
    labels: FloatArray, batch: int, steps: int, rng: np.random.Generator, weights: FloatArray | None
) -> Iterator[np.ndarray]:
    """Indices of each batch: whole balanced passes, or, with weights, balanced draws by weight inside each class."""
    if weights is not None:
        classes = [np.flatnonzero(labels == value) for value in (0, 1)]
        for _ in range(steps):
            sides = [rng.choice(m, batch // 2, p=weights[m] / weights[m].sum()) for m in classes]
            yield rng.permutation(np.concatenate(sides))
        return
    order = balanced_order(labels, rng)
    while len(order) < steps * batch:
        order = np.concatenate([order, balanced_order(labels, rng)])
    for step in range(steps):
        yield order[step * batch : (step + 1) * batch]


def fresh_head(layer: nn.Linear) -> None:
    """Draw a fully connected layer anew, as published: weights from a random normal, biases 0."""
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
