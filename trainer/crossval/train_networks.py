"""All stages on one split of the pages: train on one part, calibrate on the other, then predict pages of neither."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

from ecgcore.errors import DataError
from ecgcore.networks.build import Networks
from ecgcore.networks.configs import DetectorConfig, GlobalConfig, LocalConfig
from ecgcore.networks.detector import BeatDetector
from ecgcore.networks.fusion import FusionHead
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.networks.waveform_net import WaveformNet
from ecgcore.types import FloatArray
from trainer.crossval.trained import Trained
from trainer.data.beat_labels import with_labelled_beats
from trainer.data.page import PreparedPage
from trainer.progress import ProgressEvent
from trainer.recipes import Recipe
from trainer.stages.classifiers import train_global, train_local
from trainer.stages.context import RunContext, StageContext
from trainer.stages.detector import train_detector
from trainer.stages.fusion import new_head, train_fusion, train_head
from trainer.stages.head_features import Trunks, frozen_features
from trainer.stages.inference_cache import InferenceCache
from trainer.stages.predictions import calibrate_networks
from trainer.stages.start import Start, network_config
from trainer.stages.supervision import PagesAndBeats
from trainer.stages.waveform import train_waveform, trainable_pages
from trainer.workload import INFERENCE, STAGES, pages_shown

_Net = TypeVar("_Net", bound=nn.Module)


@dataclass(frozen=True)
class _TrainingSets:
    """Labelled pages with their beats, to learn from and to stop by."""

    train: list[PreparedPage]
    beats: list[FloatArray]
    val: list[PreparedPage]
    val_beats: list[FloatArray]

    @property
    def val_pages_and_beats(self) -> PagesAndBeats:
        """What stops a stage."""
        return self.val, self.val_beats


def train_networks(
    train: Sequence[PreparedPage], val: Sequence[PreparedPage], recipe: Recipe, start: Start, context: RunContext
) -> Trained:
    """Train the stages and fit the decisions.

    The detector learns from the boxed pages of ``train``; where there is none, or the recipe gives it no epoch, the
    bundle's is used as it is. The classifiers learn from the labelled pages.

    Args:
        train: pages, labelled ones of both classes among them.
        val: pages of other groups, for early stopping, temperatures and thresholds.
        recipe: how.
        start: from where.
        context: where and for whom; the stages are "detector", "local", "global", "waveform" and "fusion".

    Raises:
        DataError: there is neither a boxed page nor a bundle, or a stage cannot learn from its pages.
        StageCancelledError: training was stopped.
    """
    is_boxed = any(page.boxes_panel_xyxy is not None for page in train)
    trains_detector = is_boxed and recipe.detector.epochs > 0
    if trains_detector:
        detector, min_score = _train_detector(train, val, recipe, start, context), recipe.min_score
    elif start.bundle is not None:
        detector, min_score = start.bundle.nets.detector, start.bundle.operating_point.min_score
    else:
        raise DataError("No page has beat boxes and there is no bundle.", "Box some pages, or name a bundle.")
    context.progress(ProgressEvent(stage=INFERENCE, message="finding beats"))
    is_frozen = recipe.local.epochs == recipe.global_.epochs == recipe.fusion.joint_epochs == 0
    inference_cache = InferenceCache(
        context.cache, not trains_detector, is_frozen and start.from_bundle, context.progress
    )
    training_sets = _with_beats(labelled(train), labelled(val), inference_cache, detector, min_score)
    local = _train_local(training_sets, recipe, start, context)
    global_ = _train_global(training_sets, recipe, start, context)
    waveform = _train_waveform(training_sets, recipe, start, context)
    trunks = Trunks(global_, local, waveform, start.measurements_of(recipe))
    fusion = _train_fusion(trunks, training_sets, inference_cache, recipe, start, context)
    nets = Networks(detector, local, global_, fusion, waveform)
    for net in nets.by_part().values():
        net.to(context.device).eval()
    operating_point, calibrations = calibrate_networks(nets, min_score, training_sets.val, recipe, inference_cache)
    parent = start.bundle if start.from_bundle or not trains_detector else None
    return Trained(nets, operating_point, calibrations, is_boxed, parent, inference_cache)


def shown_in_training(recipe: Recipe, train: Sequence[PreparedPage]) -> dict[str, float]:
    """How often a training shows a page to each stage, at most.

    Args:
        recipe: of the training.
        train: the pages that train.
    """
    boxes = [page.boxes_panel_xyxy for page in train if page.boxes_panel_xyxy is not None]
    labels = [page.label for page in train]
    return pages_shown(
        recipe,
        STAGES,
        boxed=len(boxes),
        normal=labels.count(0),
        abnormal=labels.count(1),
        beats=sum(len(of_page) for of_page in boxes),
    )


def labelled(pages: Sequence[PreparedPage]) -> list[PreparedPage]:
    """Pages that are normal or abnormal; the others serve the detector alone."""
    return [page for page in pages if page.label is not None]


def _with_beats(
    train: list[PreparedPage],
    val: list[PreparedPage],
    inference_cache: InferenceCache,
    detector: BeatDetector,
    min_score: float,
) -> _TrainingSets:
    beats, val_beats = (inference_cache.beats(detector, pages, min_score) for pages in (train, val))
    if not any(len(boxes) for boxes in beats):
        raise DataError(
            f"The beat detector found no beat on any of the {len(train)} training pages, so that stages local and "
            "fusion have nothing to learn from.",
            "Box all beats of some of these pages and train the detector too, or start from another bundle.",
        )
    return _TrainingSets(train, beats, val, val_beats)


def _train_detector(
    train: Sequence[PreparedPage], val: Sequence[PreparedPage], recipe: Recipe, start: Start, context: RunContext
) -> BeatDetector:
    stage = context.stage("detector", keeps_start=start.detector is not None)
    detector = _own(start.detector, stage) or BeatDetector(network_config(DetectorConfig, recipe.detector))
    return train_detector(train, recipe.detector, stage, init=detector, val=val)


def _train_local(training_sets: _TrainingSets, recipe: Recipe, start: Start, context: RunContext) -> LocalNet:
    stage = context.stage("local", keeps_start=start.local is not None)
    local = _own(start.local, stage) or LocalNet(network_config(LocalConfig, recipe.local))
    targets = [
        with_labelled_beats(found, page.beat_labels_panel)
        for page, found in zip(training_sets.train, training_sets.beats, strict=True)
    ]
    boxes, labels = [of_page for of_page, _ in targets], [own for _, own in targets]
    return train_local(
        training_sets.train,
        boxes,
        recipe.local,
        stage,
        init=local,
        val=training_sets.val_pages_and_beats,
        beat_labels=labels,
    )


def _train_global(training_sets: _TrainingSets, recipe: Recipe, start: Start, context: RunContext) -> GlobalNet:
    stage = context.stage("global", keeps_start=start.global_ is not None)
    global_ = _own(start.global_, stage) or GlobalNet(network_config(GlobalConfig, recipe.global_))
    return train_global(training_sets.train, recipe.global_, stage, init=global_, val=training_sets.val)


def _train_waveform(
    training_sets: _TrainingSets, recipe: Recipe, start: Start, context: RunContext
) -> WaveformNet | None:
    """The waveform network; the start's, or none, where the pages whose leads were read cannot teach one.

    A bundle without one stays so: its few pages would teach a network from nothing, and its head would be drawn anew.
    """
    if recipe.waveform is None or (start.waveform is None and not start.draws_waveform):
        return None
    stage = context.stage("waveform", keeps_start=start.waveform is not None)
    init = _own(start.waveform, stage)
    if not trainable_pages(training_sets.train) or not recipe.waveform.epochs:
        return init
    return train_waveform(training_sets.train, recipe.waveform, stage, init=init, val=training_sets.val)


def _train_fusion(
    trunks: Trunks,
    training_sets: _TrainingSets,
    inference_cache: InferenceCache,
    recipe: Recipe,
    start: Start,
    context: RunContext,
) -> FusionHead:
    stage = context.stage("fusion", keeps_start=start.fusion is not None)
    head = _own(start.fusion, stage)
    if head is None or not trunks.fit(head):
        head = new_head(trunks, recipe.fusion)
    targets = training_sets.train, training_sets.beats
    if not inference_cache.has_frozen_trunks or inference_cache.folder is None:
        return train_fusion(trunks, *targets, recipe.fusion, stage, init=head, val=training_sets.val_pages_and_beats)
    train_features, val_features = frozen_features(
        inference_cache, trunks, targets, training_sets.val_pages_and_beats, stage.seed
    )
    train_head(head, train_features, recipe.fusion, stage, val=val_features)
    return head


def _own(net: _Net | None, context: StageContext) -> _Net | None:
    """A copy that may be trained; the seed is set either way, for a network that is drawn anew."""
    torch.manual_seed(context.seed)
    return None if net is None else copy.deepcopy(net).requires_grad_(True)
