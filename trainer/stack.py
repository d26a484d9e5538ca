"""All stages on one split of the pages: train on one part, calibrate on the other, then predict pages of neither."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.error import URLError

import torch
from torch import nn

from ecgcore.bundle import Bundle, Networks, Operating
from ecgcore.detector import BeatDetector, DetectorConfig
from ecgcore.errors import BadData, EcgError
from ecgcore.fusion import FusionConfig, FusionHead
from ecgcore.global_model import GlobalConfig, GlobalNet
from ecgcore.local_model import LocalConfig, LocalNet
from ecgcore.types import FloatArray
from trainer.beat_labels import with_labelled_beats
from trainer.calibrate import Calibration, calibrate
from trainer.config import Recipe, Stage
from trainer.data import PreparedPage
from trainer.engine import StageContext
from trainer.looking import AS_IT_COMES, LOWEST_SCORE, Found, Looking
from trainer.predict import fused_logits, logits_of_pages, mean_logits_of_beats, page_features
from trainer.stage_detector import train_detector
from trainer.stage_fusion import HeadFeatures, train_fusion, train_head, with_beats
from trainer.stages import labels_of, train_global, train_local
from trainer.workload import LOOKING

__all__ = ["LOWEST_SCORE", "Answers", "Found", "Start", "StartFrom", "Trained", "answer_pages", "train_stack"]

StartFrom = Literal["bundle", "imagenet", "random"]
ContextOf = Callable[[str], StageContext]
_Net = TypeVar("_Net", bound=nn.Module)


@dataclass(frozen=True)
class Answers:
    """What the networks say of N pages.

    Args:
        found: boxes and scores of each page.
        logits: "global", "local" (mean over beats) and "fused", each ``[N]``; the latter two NaN without a beat.
    """

    found: list[Found]
    logits: dict[str, FloatArray]


@dataclass(frozen=True)
class Trained:
    """Networks with their calibration folded in: ``sigmoid`` of the global and of the mean local logit, and ``sigmoid``
    of the fused logit over ``operating.temperature``, are probabilities.

    Args:
        nets: on the training device, in eval mode.
        operating: of the fused answer.
        calibrations: of "global", "local" and "fused", as they apply to ``nets`` now.
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


@dataclass(frozen=True)
class Start:
    """Where a training starts; networks that are None are drawn anew.

    Args:
        bundle: whose detector is used as it is where no page is boxed, whatever else is None.
        detector, local, global_, fusion: weights to go on from; they are copied, never changed.
        from_bundle: whether these are the bundle's.
    """

    bundle: Bundle | None = None
    detector: BeatDetector | None = None
    local: LocalNet | None = None
    global_: GlobalNet | None = None
    fusion: FusionHead | None = None
    from_bundle: bool = False


def choose_start(start_from: StartFrom, bundle: Bundle | None, recipe: Recipe) -> Start:
    """Weights to start from.

    Args:
        start_from: "bundle" goes on from the bundle's weights, "imagenet" from torchvision's, "random" from none.
        bundle: needed for "bundle", and wherever no page is boxed.
        recipe: shapes of networks that do not come from the bundle.

    Raises:
        BadData: the bundle is needed and missing.
        EcgError: the ImageNet weights cannot be fetched.
    """
    if start_from == "random":
        return Start(bundle)
    if start_from == "imagenet":
        try:
            local = LocalNet(network_config(LocalConfig, recipe.local), imagenet=True)
            global_ = GlobalNet(network_config(GlobalConfig, recipe.global_), imagenet=True)
        except URLError as error:
            raise EcgError(f"The ImageNet weights cannot be fetched: {error.reason}.", "Use --start bundle.") from error
        return Start(bundle, local=local, global_=global_)
    if bundle is None:
        raise BadData("There is no bundle to start from.", "Name one with --bundle.")
    nets = bundle.nets
    keeps_head = (nets.fusion.config.pool, nets.fusion.config.hidden) == (recipe.fusion.pool, recipe.fusion.hidden)
    return Start(bundle, nets.detector, nets.local, nets.global_, nets.fusion if keeps_head else None, True)


def train_stack(
    train: Sequence[PreparedPage],
    val: Sequence[PreparedPage],
    recipe: Recipe,
    start: Start,
    context_of: ContextOf,
    cache: Path | None = None,
) -> Trained:
    """Train the four stages and fit the decisions.

    The detector learns from the boxed pages of ``train``; where there is none, or the recipe gives it no epoch, the
    bundle's is used as it is. The classifiers learn from the labelled pages.

    Args:
        train: pages, labelled ones of both classes among them.
        val: pages of other groups, for early stopping, temperatures and thresholds.
        recipe: how.
        start: from where.
        context_of: the context of the stage of a name ("detector", "local", "global", "fusion").
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

    progress({"stage": LOOKING, "message": "finding beats"})
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
    context = context_from("fusion", start.fusion)
    fusion = _own(start.fusion, context) or FusionHead(
        FusionConfig(
            pool=recipe.fusion.pool,
            hidden=recipe.fusion.hidden,
            global_dim=global_.config.feature_dim,
            local_dim=local.config.feature_dim,
            dropout=recipe.fusion.dropout,
        )
    )
    if looking.has_frozen_trunks and cache is not None:
        seen, beats_seen = with_beats(train, beats)
        learnt = HeadFeatures(*looking.varied_features(global_, local, seen, beats_seen), labels_of(seen))
        checked = HeadFeatures(*looking.features(global_, local, val, beats_val), labels_of(val))
        train_head(fusion, learnt, recipe.fusion, context, val=checked)
    else:
        fusion = train_fusion(global_, local, train, beats, recipe.fusion, context, init=fusion, val=(val, beats_val))
    nets = Networks(detector, local, global_, fusion)
    for net in nets.by_part().values():
        net.to(context.device).eval()
    operating, calibrations = calibrate_networks(nets, min_score, val, recipe, looking)
    parent = start.bundle if start.from_bundle or not trains_detector else None
    return Trained(nets, operating, calibrations, is_boxed, parent, looking)


def labelled(pages: Sequence[PreparedPage]) -> list[PreparedPage]:
    """Pages that are normal or abnormal; the others serve the detector alone."""
    return [page for page in pages if page.label is not None]


def answer_pages(
    nets: Networks, min_score: float, pages: Sequence[PreparedPage], looking: Looking = AS_IT_COMES
) -> Answers:
    """Find the beats of pages and judge them.

    Args:
        nets: in eval mode.
        min_score: boxes from this score on are beats.
        pages: any, labelled or not.
        looking: how the networks look at them.
    """
    found = looking.found(nets.detector, pages)
    beats = [boxes[scores >= min_score] for boxes, scores in found]
    f_global, f_beats = looking.features(nets.global_, nets.local, pages, beats)
    return Answers(
        found,
        {
            "global": logits_of_pages(nets.global_, f_global),
            "local": mean_logits_of_beats(nets.local, f_beats),
            "fused": fused_logits(nets.fusion, page_features(f_global, f_beats)),
        },
    )


def _train_detector(
    train: Sequence[PreparedPage], val: Sequence[PreparedPage], recipe: Recipe, start: Start, context: StageContext
) -> BeatDetector:
    context = replace(context, keeps_start=start.detector is not None)
    detector = _own(start.detector, context) or BeatDetector(network_config(DetectorConfig, recipe.detector))
    return train_detector(train, recipe.detector, context, init=detector, val=val)


def _own(net: _Net | None, context: StageContext) -> _Net | None:
    """A copy that may be trained; the seed is set either way, for a network that is drawn anew."""
    torch.manual_seed(context.seed)
    return None if net is None else copy.deepcopy(net).requires_grad_(True)


def network_config(config_class: Any, stage: Stage) -> Any:
    """The network's config out of the stage's fields of the same name."""
    return config_class(**{f.name: getattr(stage, f.name) for f in fields(config_class) if hasattr(stage, f.name)})


def calibrate_networks(
    nets: Networks, min_score: float, val: Sequence[PreparedPage], recipe: Recipe, looking: Looking = AS_IT_COMES
) -> tuple[Operating, dict[str, Calibration]]:
    """Fit the decisions on ``val`` and fold them into the networks."""
    return apply_calibrations(nets, min_score, fit_calibrations(nets, min_score, val, recipe, looking))


def fit_calibrations(
    nets: Networks, min_score: float, val: Sequence[PreparedPage], recipe: Recipe, looking: Looking = AS_IT_COMES
) -> dict[str, Calibration]:
    """Decisions of "global", "local" and "fused", fitted on ``val``; the networks stay as they are."""
    labels = [int(page.label == 1) for page in val]
    return {
        name: calibrate(logits, labels, recipe.sensitivity_target, recipe.specificity_target)
        for name, logits in answer_pages(nets, min_score, val, looking).logits.items()
    }


def apply_calibrations(
    nets: Networks, min_score: float, fitted: dict[str, Calibration]
) -> tuple[Operating, dict[str, Calibration]]:
    """Fold biases, and the unfused temperatures, into the networks' last layers; returns what is left to apply."""
    operating = Operating(
        min_score, fitted["fused"].temperature, fitted["fused"].p_normal_below, fitted["fused"].p_abnormal_from
    )
    calibrations: dict[str, Calibration] = {}
    for layer, name in ((nets.global_.fc, "global"), (nets.local.fc, "local"), (nets.fusion.fc2, "fused")):
        fit = fitted[name]
        kept, folded = (fit.temperature, 1.0) if name == "fused" else (1.0, fit.temperature)
        with torch.no_grad():
            layer.weight.div_(folded)
            layer.bias.add_(fit.bias).div_(folded)
        calibrations[name] = Calibration(kept, 0.0, fit.p_normal_below, fit.p_abnormal_from)
    return operating, calibrations
