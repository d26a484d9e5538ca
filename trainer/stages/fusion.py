"""The last stages of training: the fusion head on cached features, then page, beats and head as one network."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ecgcore.networks.configs import FusionConfig
from ecgcore.networks.device import mixed_precision
from ecgcore.networks.fusion import FusedNet, FusionHead, PageFeatures, freeze_batch_norm
from ecgcore.networks.global_net import page_canvas
from ecgcore.networks.local_net import cut_beats
from ecgcore.types import FloatArray
from trainer.data.augment import BOX_JITTER, augment_page, augment_pen, balanced_order, jitter_boxes
from trainer.data.page import PreparedPage
from trainer.progress import ProgressEvent
from trainer.recipes import FusionStage
from trainer.stages.context import StageContext
from trainer.stages.engine import Task, train
from trainer.stages.head_features import HeadFeatures, Trunks, augmented_features, unaugmented_features, with_beats
from trainer.stages.inference import (
    beat_features,
    fused_logits,
    global_features,
    page_features,
)
from trainer.stages.supervision import PagesAndBeats, binary_loss, fresh_head, mean_log_loss

_BEATS_KEPT = (0.8, 1.0)
"""Share of a page's beats that the head sees in one draw: a detector misses some too."""
_UNREAD = 0.1
"""Share of pages whose signal the head does not see in one draw."""
_JOINT_BEATS = 24
"""Beats of one page in one joint step; their sum is scaled to all of the page's beats."""


def train_fusion(
    trunks: Trunks,
    pages: Sequence[PreparedPage],
    beats: Sequence[FloatArray],
    stage: FusionStage,
    context: StageContext,
    *,
    init: FusionHead | None = None,
    val: PagesAndBeats | None = None,
) -> FusionHead:
    """Train the head; with ``stage.joint_epochs`` then page network, beat network and head together, in place.

    Args:
        trunks: trained stages; the waveform network stays as it is in the joint training too.
        pages: labelled pages; those without a beat are left out, since such a page is referred.
        beats: boxes of each page, ``[n, 4]`` in panel pixels.
        stage: how.
        context: where and for whom.
        init: a head to go on from.
        val: pages and beats for early stopping.

    Raises:
        DataError: no page has a beat, or all have one label.
    """
    pages, beats = with_beats(pages, beats)
    torch.manual_seed(context.seed)
    head = init or new_head(trunks, stage)
    context.progress(ProgressEvent(stage=context.name, step=0, message="computing features"))
    train_features = augmented_features(trunks, pages, beats, context.seed)
    val_features = None if val is None else unaugmented_features(trunks, *val)
    train_head(head, train_features, stage, context, val=val_features)
    if stage.joint_epochs:
        net = FusedNet(trunks.global_, trunks.local, head)
        _train_jointly(net, pages, beats, train_features, stage, context, val, val_features)
    return head


def new_head(trunks: Trunks, stage: FusionStage) -> FusionHead:
    """A head with random weights that fits the networks.

    Args:
        trunks: what it fuses.
        stage: its shape.
    """
    return FusionHead(
        FusionConfig(
            pool=stage.pool,
            hidden=stage.hidden,
            global_dim=trunks.global_.config.feature_dim,
            local_dim=trunks.local.config.feature_dim,
            dropout=stage.dropout,
            waveform_dim=trunks.waveform_dim,
            measurements=trunks.measurements,
        )
    )


def train_head(
    head: FusionHead,
    train_features: HeadFeatures,
    stage: FusionStage,
    context: StageContext,
    *,
    val: HeadFeatures | None = None,
) -> None:
    """Train the head alone, in place, on features that are computed once; see ``train_fusion``.

    Args:
        head: fits the networks that saw the pages.
        train_features: features of labelled pages, both classes.
        stage: how long and how fast.
        context: where and for whom.
        val: features of other pages for early stopping.
    """
    labels = train_features.labels
    if stage.fresh_head:
        _draw_anew(head)
    if head.embedding is not None and train_features.measured is not None and not head.embedding.knows_edges:
        head.embedding.fit_edges(train_features.measured)
    val_features = None if val is None else val.pooled()
    usual = train_features.f_global.mean(dim=0), torch.cat(train_features.f_beats).mean(dim=0)
    steps = stage.steps_per_epoch or max(
        1, len(balanced_order(labels, np.random.default_rng(context.seed))) // stage.batch
    )

    def batches(epoch: int) -> Iterator[tuple[PageFeatures, Tensor]]:
        rng = np.random.default_rng([context.seed, epoch])
        order = np.concatenate([balanced_order(labels, rng) for _ in range(1 + steps * stage.batch // len(labels))])
        for step in range(steps):
            chosen = order[step * stage.batch : (step + 1) * stage.batch]
            subsets = [_some(train_features.f_beats[i], rng) for i in chosen]
            signals = (
                None if train_features.f_waveform is None else _some_unread(train_features.f_waveform[chosen], rng)
            )
            measured = None if train_features.measured is None else train_features.measured[chosen]
            seen = page_features(train_features.f_global[chosen], subsets, signals, measured)
            yield (
                _some_unseen(seen, usual, stage.pictures_hidden, rng),
                torch.as_tensor(labels[chosen], dtype=torch.float32),
            )

    def loss(batch: tuple[PageFeatures, Tensor]) -> Tensor:
        features, target = batch
        return binary_loss(head(features.on(context.device)), target.to(context.device))

    def validate() -> float:
        assert val_features is not None and val is not None
        return _head_loss(head, val_features, val.labels)

    train(head, Task(batches, steps, loss, validate if val else None), stage, context)


def _draw_anew(head: FusionHead) -> None:
    """Its two fully connected layers as published; the pieces into which measurements are cut stay."""
    for layer in (head.fc1, head.fc2):
        fresh_head(layer)
    head.bn.reset_parameters()


def _train_jointly(
    net: FusedNet,
    pages: Sequence[PreparedPage],
    beats: Sequence[FloatArray],
    train_features: HeadFeatures,
    stage: FusionStage,
    context: StageContext,
    val: PagesAndBeats | None,
    val_features: HeadFeatures | None,
) -> None:
    labels = train_features.labels
    joint = replace(stage, epochs=stage.joint_epochs, lr=stage.joint_lr, fresh_head=False)
    context = replace(context, name=f"{context.name}-joint", keeps_start=True)
    steps = stage.joint_batch * max(1, len(balanced_order(labels, np.random.default_rng(0))) // stage.joint_batch)
    if stage.steps_per_epoch is not None:
        steps = min(steps, stage.steps_per_epoch * stage.joint_batch)

    def batches(epoch: int) -> Iterator[int]:
        order = balanced_order(labels, np.random.default_rng([context.seed, epoch]))
        yield from order[np.arange(steps) % len(order)]

    def loss(index: int) -> Tensor:
        # One page at a time, for memory; so the head's batch norm stays as the first part of the stage left it.
        freeze_batch_norm(net)
        rng = np.random.default_rng([context.seed, index, int(torch.randint(2**31, ()))])
        boxes = beats[index]
        chosen = boxes[rng.choice(len(boxes), min(_JOINT_BEATS, len(boxes)), replace=False)]
        crops = cut_beats(
            augment_pen(pages[index].ink, rng), jitter_boxes(chosen, BOX_JITTER, rng), net.local_net.config
        )
        canvas = page_canvas(augment_page(pages[index].ink, rng), net.global_net.config)[None]
        with mixed_precision(context.device, stage.precision):
            f_beats = net.local_net.features(crops.to(context.device, memory_format=torch.channels_last))
            f_global = net.global_net.features(canvas.to(context.device, memory_format=torch.channels_last))
        total = f_beats.float().sum(dim=0, keepdim=True) * (len(boxes) / len(chosen))
        f_waveform = None if train_features.f_waveform is None else train_features.f_waveform[[index]]
        measured = None if train_features.measured is None else train_features.measured[[index]]
        page = PageFeatures(f_global.float(), total, torch.tensor([len(boxes)]), f_waveform, measured)
        return binary_loss(
            net.head(page.on(context.device)), torch.tensor([labels[index]], dtype=torch.float32, device=context.device)
        )

    def validate() -> float:
        assert val is not None and val_features is not None
        pages_, beats_ = val
        seen = replace(
            val_features,
            f_global=global_features(net.global_net, pages_),
            f_beats=beat_features(net.local_net, pages_, beats_),
        )
        return _head_loss(net.head, seen.pooled(), seen.labels)

    train(net, Task(batches, steps, loss, validate if val else None, stage.joint_batch), joint, context)


def _head_loss(head: FusionHead, features: PageFeatures, labels: FloatArray) -> float:
    logits = fused_logits(head, features)
    seen = np.isfinite(logits)
    return mean_log_loss(logits[seen], labels[seen])


def _some_unseen(
    pages: PageFeatures, usual: tuple[Tensor, Tensor], share: float, rng: np.random.Generator
) -> PageFeatures:
    """A batch, some of its pages with the usual picture and beats, where signal or measurements tell of them too."""
    told = torch.zeros(len(pages.f_global), dtype=torch.bool)
    for other in (pages.f_waveform, pages.measured):
        if other is not None:
            told |= other.isfinite().any(dim=1)
    unseen = (told & torch.as_tensor(rng.random(len(told)) < share))[:, None]
    f_global, f_beat = usual
    return replace(
        pages,
        f_global=torch.where(unseen, f_global, pages.f_global),
        f_beats_sum=torch.where(unseen, f_beat * pages.n_beats[:, None], pages.f_beats_sum),
    )


def _some_unread(f_waveform: Tensor, rng: np.random.Generator) -> Tensor:
    """The waveform features of a batch, some as if no lead had been read, so that the head can do without."""
    unread = torch.as_tensor(rng.random(len(f_waveform)) < _UNREAD)
    return torch.where(unread[:, None], torch.nan, f_waveform)


def _some(f_beats: Tensor, rng: np.random.Generator) -> Tensor:
    """A random part of a page's beats, at least one."""
    kept = max(1, round(len(f_beats) * rng.uniform(*_BEATS_KEPT)))
    return f_beats[torch.as_tensor(rng.choice(len(f_beats), kept, replace=False))]
