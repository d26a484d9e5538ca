"""All stages on one split of the pages: train on one part, calibrate on the other, then predict pages of neither."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from ecgcore.bundle.folder import Bundle
from ecgcore.errors import BadData
from ecgcore.networks.build import Networks
from ecgcore.networks.configs import DetectorConfig, GlobalConfig, LocalConfig
from ecgcore.networks.detector import BeatDetector
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.networks.waveform_net import WaveformNet
from ecgcore.operating import Operating
from trainer.data.beat_labels import with_labelled_beats
from trainer.data.page import PreparedPage
from trainer.metrics.calibration import Calibration
from trainer.progress import ProgressEvent
from trainer.recipes import Recipe
from trainer.stages.answers import Answers, answer_pages, calibrate_networks
from trainer.stages.classifiers import train_global, train_local
from trainer.stages.detector import train_detector
from trainer.stages.engine import StageContext
from trainer.stages.fusion import new_head, train_fusion, train_head
from trainer.stages.head_features import Trunks
from trainer.stages.inference_cache import AS_IT_COMES, Looking, kept_features
from trainer.stages.start import Start, network_config
from trainer.stages.waveform import teaching_pages, train_waveform
from trainer.workload import LOOKING

ContextOf = Callable[[str], StageContext]
_Net = TypeVar("_Net", bound=nn.Module)


@dataclass(frozen=True)
class Trained:
    """Networks with their calibration folded in: ``sigmoid`` of the global, waveform and mean local logit is a
    probability, and so is ``sigmoid`` of the fused logit over ``operating.temperature``.

    Args:
        nets: on the training device, in eval mode.
        operating: of the fused answer.
        calibrations: of each network and of the fused answer, as they apply to ``nets`` now.
        has_own_detector: whether there were boxed pages; without them the bundle's detector has no figures here.
        parent: the bundle whose weights went in, if any.
        looking: how the networks look at pages.
    """

    nets: Networks
    operating: Operating
    calibrations: dict[str, Calibration]
    has_own_detector: bool
    parent: Bundle | None
    looking: Looking = AS_IT_COMES

    def answer(self, pages: Sequence[PreparedPage]) -> Answers:
        """Find the beats and judge the pages."""
        return answer_pages(self.nets, self.operating.min_score, pages, self.looking)


def train_stack(
    train: Sequence[PreparedPage],
    val: Sequence[PreparedPage],
    recipe: Recipe,
    start: Start,
    context_of: ContextOf,
    cache: Path | None = None,
) -> Trained:
    """Train the stages and fit the decisions.

    The detector learns from the boxed pages of ``train``; where there is none, or the recipe gives it no epoch, the
    bundle's is used as it is. The classifiers learn from the labelled pages.

    Args:
        train: pages, labelled ones of both classes among them.
        val: pages of other groups, for early stopping, temperatures and thresholds.
        recipe: how.
        start: from where.
        context_of: the context of the stage of a name ("detector", "local", "global", "waveform", "fusion").
        cache: where to keep what networks see that are not trained.

    Raises:
        BadData: there is neither a boxed page nor a bundle, or a stage cannot learn from its pages.
    """
    is_boxed = any(page.boxes_panel_xyxy is not None for page in train)
    trains_detector = is_boxed and recipe.detector.epochs > 0
    if trains_detector:
        detector, min_score = _train_detector(train, val, recipe, start, context_of("detector")), recipe.min_score
    elif start.bundle is not None:
        detector, min_score = start.bundle.nets.detector, start.bundle.operating.min_score
    else:
        raise BadData("No page has beat boxes and there is no bundle.", "Box some pages, or name a bundle.")
    train, val = labelled(train), labelled(val)
    progress = context_of(LOOKING).progress

    def context_from(stage: str, begins_with: nn.Module | None) -> StageContext:
        return replace(context_of(stage), keeps_start=begins_with is not None)

    progress(ProgressEvent(stage=LOOKING, message="finding beats"))
    is_frozen = recipe.local.epochs == recipe.global_.epochs == recipe.fusion.joint_epochs == 0
    looking = Looking(cache, not trains_detector, is_frozen and start.from_bundle, progress)
    beats, beats_val = (
        [boxes[scores >= min_score] for boxes, scores in looking.found(detector, pages)] for pages in (train, val)
    )
    if not any(len(boxes) for boxes in beats):
        raise BadData(
            f"The beat detector found no beat on any of the {len(train)} training pages, so that stages local and "
            "fusion have nothing to learn from.",
            "Box all beats of some of these pages and train the detector too, or start from another bundle.",
        )
    context = context_from("local", start.local)
    local = _own(start.local, context) or LocalNet(network_config(LocalConfig, recipe.local))
    taught = [with_labelled_beats(found, page.beat_labels_panel) for page, found in zip(train, beats, strict=True)]
    local = train_local(
        train,
        [boxes for boxes, _ in taught],
        recipe.local,
        context,
        init=local,
        val=(val, beats_val),
        beat_labels=[labels for _, labels in taught],
    )
    context = context_from("global", start.global_)
    global_ = _own(start.global_, context) or GlobalNet(network_config(GlobalConfig, recipe.global_))
    global_ = train_global(train, recipe.global_, context, init=global_, val=val)
    waveform = _train_waveform(train, val, recipe, start, context_from("waveform", start.waveform))
    context = context_from("fusion", start.fusion)
    trunks = Trunks(global_, local, waveform, start.measurements_of(recipe))
    fusion = _own(start.fusion, context)
    if fusion is None or not trunks.fit(fusion):
        fusion = new_head(trunks, recipe.fusion)
    if looking.has_frozen_trunks and cache is not None:
        learnt, checked = kept_features(looking, trunks, (train, beats), (val, beats_val), context.seed)
        train_head(fusion, learnt, recipe.fusion, context, val=checked)
    else:
        fusion = train_fusion(trunks, train, beats, recipe.fusion, context, init=fusion, val=(val, beats_val))
    nets = Networks(detector, local, global_, fusion, waveform)
    for net in nets.by_part().values():
        net.to(context.device).eval()
    operating, calibrations = calibrate_networks(nets, min_score, val, recipe, looking)
    parent = start.bundle if start.from_bundle or not trains_detector else None
    return Trained(nets, operating, calibrations, is_boxed, parent, looking)


def labelled(pages: Sequence[PreparedPage]) -> list[PreparedPage]:
    """Pages that are normal or abnormal; the others serve the detector alone."""
    return [page for page in pages if page.label is not None]


def _train_detector(
    train: Sequence[PreparedPage], val: Sequence[PreparedPage], recipe: Recipe, start: Start, context: StageContext
) -> BeatDetector:
    context = replace(context, keeps_start=start.detector is not None)
    detector = _own(start.detector, context) or BeatDetector(network_config(DetectorConfig, recipe.detector))
    return train_detector(train, recipe.detector, context, init=detector, val=val)


def _train_waveform(
    train: Sequence[PreparedPage], val: Sequence[PreparedPage], recipe: Recipe, start: Start, context: StageContext
) -> WaveformNet | None:
    """The waveform network; the start's, or none, where the pages whose leads were read cannot teach one.

    A bundle without one stays so: its few pages would teach a network from nothing, and its head would be drawn anew.
    """
    if recipe.waveform is None or (start.waveform is None and not start.draws_waveform):
        return None
    init = _own(start.waveform, context)
    if not teaching_pages(train) or not recipe.waveform.epochs:
        return init
    return train_waveform(train, recipe.waveform, context, init=init, val=val)


def _own(net: _Net | None, context: StageContext) -> _Net | None:
    """A copy that may be trained; the seed is set either way, for a network that is drawn anew."""
    torch.manual_seed(context.seed)
    return None if net is None else copy.deepcopy(net).requires_grad_(True)
