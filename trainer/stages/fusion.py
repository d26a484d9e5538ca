"""The last stages of training: the fusion head on cached features, then page, beats and head as one network."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ecgcore.device import mixed_precision
from ecgcore.errors import BadData
from ecgcore.fusion import FusedNet, FusionConfig, FusionHead, freeze_batch_norm
from ecgcore.global_model import GlobalNet, page_canvas
from ecgcore.local_model import LocalNet, cut_beats
from ecgcore.networks.waveform_net import WaveformNet
from ecgcore.types import FloatArray
from trainer.augment import balanced_order, jitter_boxes, vary_page, vary_pen
from trainer.config import FusionStage
from trainer.data import PreparedPage
from trainer.engine import StageContext, Task, train
from trainer.predict import (
    PageFeatures,
    beat_features,
    features_of_leads,
    fused_logits,
    global_features,
    network_leads,
    page_features,
    waveform_features,
)
from trainer.stages.classifiers import PagesAndBeats, binary_loss, labels_of, mean_log_loss
from trainer.stages.lead_augment import vary_leads

BOX_JITTER = 0.05
_BEATS_KEPT = (0.8, 1.0)
"""Share of a page's beats that the head sees in one draw: a detector misses some too."""
_UNREAD = 0.1
"""Share of pages whose signal the head does not see in one draw."""
_JOINT_BEATS = 24
"""Beats of one page in one joint step; their sum is scaled to all of the page's beats."""


def train_fusion(
    global_net: GlobalNet,
    local_net: LocalNet,
    pages: Sequence[PreparedPage],
    beats: Sequence[FloatArray],
    stage: FusionStage,
    context: StageContext,
    *,
    init: FusionHead | None = None,
    val: PagesAndBeats | None = None,
    waveform_net: WaveformNet | None = None,
) -> FusionHead:
    """Train the head; with ``stage.joint_epochs`` then ``global_net``, ``local_net`` and head together, in place.

    Args:
        global_net, local_net: trained stages 2 and 3.
        pages: labelled pages; those without a beat are left out, since such a page is referred.
        beats: boxes of each page, ``[n, 4]`` in panel pixels.
        stage: how.
        context: where and for whom.
        init: a head to go on from.
        val: pages and beats for early stopping.
        waveform_net: the trained waveform network; it stays as it is in the joint training too.

    Raises:
        BadData: no page has a beat, or all have one label.
    """
    pages, beats = with_beats(pages, beats)
    torch.manual_seed(context.seed)
    head = init or new_head(global_net, local_net, waveform_net, stage)
    context.progress({"stage": context.name, "step": 0, "message": "computing features"})
    learnt = varied_features(global_net, local_net, pages, beats, context.seed, waveform_net)
    checked = None if val is None else still_features(global_net, local_net, *val, waveform_net)
    train_head(head, learnt, stage, context, val=checked)
    if stage.joint_epochs:
        net = FusedNet(global_net, local_net, head)
        of_signals = None if checked is None else checked.f_waveform
        _train_jointly(net, pages, beats, learnt, stage, context, val, of_signals)
    return head


def new_head(
    global_net: GlobalNet, local_net: LocalNet, waveform_net: WaveformNet | None, stage: FusionStage
) -> FusionHead:
    """A head with random weights that fits the networks."""
    return FusionHead(
        FusionConfig(
            pool=stage.pool,
            hidden=stage.hidden,
            global_dim=global_net.config.feature_dim,
            local_dim=local_net.config.feature_dim,
            dropout=stage.dropout,
            waveform_dim=0 if waveform_net is None else waveform_net.config.feature_dim,
        )
    )


def with_beats(
    pages: Sequence[PreparedPage], beats: Sequence[FloatArray]
) -> tuple[list[PreparedPage], list[FloatArray]]:
    """Leave out pages without a beat, since such a page is referred.

    Raises:
        BadData: no page has a beat.
    """
    kept = [index for index, boxes in enumerate(beats) if len(boxes)]
    if not kept:
        raise BadData("No page has a beat to learn from.", "Train the detector first, or box the beats.")
    return [pages[i] for i in kept], [beats[i] for i in kept]


@dataclass(frozen=True)
class HeadFeatures:
    """What a head learns from, N pages.

    Args:
        f_global: page features, ``[N, D]``.
        f_beats: beat features of each page, ``[n, D]``.
        labels: 0.0 or 1.0, ``[N]``.
        f_waveform: waveform features, ``[N, D]``, a row of NaN where no lead was read; None without such a network.
    """

    f_global: Tensor
    f_beats: list[Tensor]
    labels: FloatArray
    f_waveform: Tensor | None = None

    def pooled(self) -> PageFeatures:
        """As the head takes them."""
        return page_features(self.f_global, self.f_beats, self.f_waveform)


def varied_features(
    global_net: GlobalNet,
    local_net: LocalNet,
    pages: Sequence[PreparedPage],
    beats: Sequence[FloatArray],
    seed: int,
    waveform_net: WaveformNet | None = None,
) -> HeadFeatures:
    """Features of varied pages, boxes and leads, for training: the trunks know their own training pages too well."""
    rng = np.random.default_rng(seed)
    varied = [replace(page, ink=vary_page(page.ink, rng)) for page in pages]
    f_global = global_features(global_net, varied)
    f_beats = beat_features(local_net, pages, [jitter_boxes(boxes, BOX_JITTER, rng) for boxes in beats])
    f_waveform = None if waveform_net is None else varied_waveform_features(waveform_net, pages, rng)
    return HeadFeatures(f_global, f_beats, labels_of(pages), f_waveform)


def still_features(
    global_net: GlobalNet,
    local_net: LocalNet,
    pages: Sequence[PreparedPage],
    beats: Sequence[FloatArray],
    waveform_net: WaveformNet | None = None,
) -> HeadFeatures:
    """Features of pages, beats and leads as they are, for validation and measuring."""
    f_waveform = None if waveform_net is None else waveform_features(waveform_net, pages)
    f_beats = beat_features(local_net, pages, beats)
    return HeadFeatures(global_features(global_net, pages), f_beats, labels_of(pages), f_waveform)


def train_head(
    head: FusionHead,
    learnt: HeadFeatures,
    stage: FusionStage,
    context: StageContext,
    *,
    val: HeadFeatures | None = None,
) -> None:
    """Train the head alone on features that are computed once; see ``train_fusion``."""
    labels = learnt.labels
    checked = None if val is None else val.pooled()
    steps = stage.steps_per_epoch or max(
        1, len(balanced_order(labels, np.random.default_rng(context.seed))) // stage.batch
    )

    def batches(epoch: int) -> Iterator[tuple[PageFeatures, Tensor]]:
        rng = np.random.default_rng([context.seed, epoch])
        order = np.concatenate([balanced_order(labels, rng) for _ in range(1 + steps * stage.batch // len(labels))])
        for step in range(steps):
            chosen = order[step * stage.batch : (step + 1) * stage.batch]
            subsets = [_some(learnt.f_beats[i], rng) for i in chosen]
            signals = None if learnt.f_waveform is None else _some_unread(learnt.f_waveform[chosen], rng)
            yield (
                page_features(learnt.f_global[chosen], subsets, signals),
                torch.as_tensor(labels[chosen], dtype=torch.float32),
            )

    def loss(batch: tuple[PageFeatures, Tensor]) -> Tensor:
        features, target = batch
        return binary_loss(head(*features.on(context.device)), target.to(context.device))

    def validate() -> float:
        assert checked is not None and val is not None
        return _head_loss(head, checked, val.labels)

    train(head, Task(batches, steps, loss, validate if val else None), stage, context)


def _train_jointly(
    net: FusedNet,
    pages: Sequence[PreparedPage],
    beats: Sequence[FloatArray],
    learnt: HeadFeatures,
    stage: FusionStage,
    context: StageContext,
    val: PagesAndBeats | None,
    val_signals: Tensor | None,
) -> None:
    labels = learnt.labels
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
        rng = np.random.default_rng([context.seed, index, torch.randint(2**31, ()).item()])
        boxes = beats[index]
        chosen = boxes[rng.choice(len(boxes), min(_JOINT_BEATS, len(boxes)), replace=False)]
        crops = cut_beats(vary_pen(pages[index].ink, rng), jitter_boxes(chosen, BOX_JITTER, rng), net.local_net.config)
        canvas = page_canvas(vary_page(pages[index].ink, rng), net.global_net.config)[None]
        with mixed_precision(context.device, stage.precision):
            f_beats = net.local_net.features(crops.to(context.device, memory_format=torch.channels_last))
            f_global = net.global_net.features(canvas.to(context.device, memory_format=torch.channels_last))
        total = f_beats.float().sum(dim=0, keepdim=True) * (len(boxes) / len(chosen))
        f_waveform = None if learnt.f_waveform is None else learnt.f_waveform[[index]].to(context.device)
        logit = net.head(f_global.float(), total, torch.tensor([len(boxes)], device=context.device), f_waveform)
        return binary_loss(logit, torch.tensor([labels[index]], dtype=torch.float32, device=context.device))

    def validate() -> float:
        assert val is not None
        checked = still_features(net.global_net, net.local_net, *val)
        return _head_loss(net.head, replace(checked, f_waveform=val_signals).pooled(), checked.labels)

    train(net, Task(batches, steps, loss, validate if val else None, stage.joint_batch), joint, context)


def _head_loss(head: FusionHead, features: PageFeatures, labels: FloatArray) -> float:
    logits = fused_logits(head, features)
    seen = np.isfinite(logits)
    return mean_log_loss(logits[seen], labels[seen])


def varied_waveform_features(net: WaveformNet, pages: Sequence[PreparedPage], rng: np.random.Generator) -> Tensor:
    """Features ``[N, D]`` of varied leads, a row of NaN where none was read."""
    leads = [network_leads(page, net.config) for page in pages]
    return features_of_leads(net, [None if one is None else vary_leads(one, net.config.fs_hz, rng) for one in leads])


def _some_unread(f_waveform: Tensor, rng: np.random.Generator) -> Tensor:
    """The waveform features of a batch, some as if no lead had been read, so that the head can do without."""
    unread = torch.as_tensor(rng.random(len(f_waveform)) < _UNREAD)
    return torch.where(unread[:, None], torch.nan, f_waveform)


def _some(f_beats: Tensor, rng: np.random.Generator) -> Tensor:
    """A random part of a page's beats, at least one."""
    kept = max(1, round(len(f_beats) * rng.uniform(*_BEATS_KEPT)))
    return f_beats[torch.as_tensor(rng.choice(len(f_beats), kept, replace=False))]
