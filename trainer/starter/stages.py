"""The starter's stages: the beat detector on marked records, then the networks that classify, then their fusion."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from ecgcore.bundle.folder import Bundle
from ecgcore.bundle.manifest import Figures, TrainedOnRow, figures_in
from ecgcore.networks.build import Networks
from ecgcore.networks.configs import LocalConfig
from ecgcore.networks.detector import BeatDetector
from ecgcore.networks.fusion import FusionHead
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.networks.waveform_net import WaveformNet
from trainer.data.page import PreparedPage
from trainer.metrics.figures import plain_figures
from trainer.recipes import DetectorStage
from trainer.runs.folder import trained_on_rows
from trainer.stages.classifiers import train_global, train_local
from trainer.stages.context import RunContext, StageContext
from trainer.stages.cross_fit import CrossFitted, cross_fit
from trainer.stages.detector import best_min_score, train_detector
from trainer.stages.fusion import new_head, train_fusion, train_head
from trainer.stages.head_features import Trunks, frozen_features
from trainer.stages.inference_cache import InferenceCache
from trainer.stages.start import network_config
from trainer.starter.figures import detector_figures
from trainer.starter.last_layers import fit_last_layers
from trainer.starter.pages import Split
from trainer.starter.plan import StarterPlan
from trainer.starter.public_datasets import Record
from trainer.starter.training_sets import TrainingSet, sampling_weights
from trainer.starter.waveform import pretrain_waveform, tune_waveform


@dataclass(frozen=True)
class StarterDetector:
    """The beat detector, its operating score, its figures on held-out pages, and what it has learnt from."""

    detector: BeatDetector
    min_score: float
    figures: Figures
    trained_on: list[TrainedOnRow]


def train_starter_detector(
    boxed: Split, stage: DetectorStage, context: StageContext, init: BeatDetector | None
) -> StarterDetector:
    """Train the beat detector, choose its operating score, and measure it.

    Args:
        boxed: pages that train, stop and choose, and measure.
        stage: how long and how fast.
        context: where and for whom.
        init: weights to go on from; None draws new ones.
    """
    detector = train_detector(boxed.train, stage, context, init=init, val=boxed.inner)
    min_score = best_min_score(detector, boxed.inner)
    return StarterDetector(
        detector,
        min_score,
        plain_figures(detector_figures(detector, boxed.test, min_score)),
        trained_on_rows(boxed.train + boxed.inner),
    )


def starter_detector_of(bundle: Bundle, device: torch.device) -> StarterDetector:
    """A starter's detector has learnt from LUDB alone, whatever its classifiers have seen.

    Args:
        bundle: a starter.
        device: where its detector is to work.
    """
    seen = [(picture, group, record) for picture, group, record in bundle.manifest.seen if record.startswith("ludb:")]
    figures = figures_in(bundle.manifest.metrics, "ludb_rendered", "detector")
    return StarterDetector(bundle.nets.detector.to(device), bundle.operating_point.min_score, figures, seen)


@dataclass(frozen=True)
class StarterData:
    """What the classifiers learn from.

    Args:
        rendered: drawn pages of public records.
        real: real pages; None where drawn ones alone teach.
        signals, signals_inner: the records themselves, to learn from and to stop by.
        inference_cache: of networks that stay as they are.
        has_unseen_pictures: whether beat and page networks stay as they are and have seen none of the real pages: their
            last layers are fitted to these then.
    """

    rendered: TrainingSet
    real: TrainingSet | None
    signals: Sequence[Record]
    signals_inner: Sequence[Record]
    inference_cache: InferenceCache
    has_unseen_pictures: bool = False

    def last(self) -> TrainingSet:
        """What is learnt last: real and rendered pages together, where there are real ones."""
        return self.rendered if self.real is None else self.real.gridded() + self.rendered

    def of_head(self, rendered: int) -> TrainingSet:
        """The head decides on paper, and real paper stops it: a few rendered pages keep it from learning one paper."""
        if self.real is None:
            return self.rendered
        real, drawn = self.real.gridded(), self.rendered.first(rendered)
        return TrainingSet(real.train + drawn.train, real.train_beats + drawn.train_beats, real.inner, real.inner_beats)


def train_trunks(
    starter_data: StarterData, plan: StarterPlan, init: Networks | None, context: RunContext
) -> tuple[GlobalNet, LocalNet]:
    """Rendered pages first, unless ``init`` has learnt them; then, where there are any, real and rendered together.

    Args:
        starter_data: what they learn from.
        plan: how long.
        init: networks to go on from; None draws new ones.
        context: where and for whom.
    """
    rendered, recipe = starter_data.rendered, plan.recipe
    global_, local = (init.global_, init.local) if init is not None else (None, None)
    if init is None or starter_data.real is None:
        val = (rendered.inner, rendered.inner_beats)
        local = train_local(
            rendered.train, rendered.train_beats, recipe.local, context.stage("local-rendered"), init=local, val=val
        )
        global_ = train_global(
            rendered.train, recipe.global_, context.stage("global-rendered"), init=global_, val=rendered.inner
        )
    if starter_data.real is not None:
        last = starter_data.last()
        weights, val = sampling_weights(last.train), (last.inner, last.inner_beats)
        local = train_local(
            last.train,
            last.train_beats,
            plan.real_local,
            context.stage("local-real"),
            init=local,
            val=val,
            weights=weights,
        )
        if global_ is not None:
            global_ = at_resolution(global_, plan.real_global.px_per_mm)
        global_ = train_global(
            last.train, plan.real_global, context.stage("global-real"), init=global_, val=last.inner, weights=weights
        )
    assert global_ is not None and local is not None
    return global_, local


def at_resolution(net: GlobalNet, px_per_mm: float) -> GlobalNet:
    """A network with the same weights that sees pages at another resolution: convolutions do not mind their size.

    Args:
        net: stays as it is.
        px_per_mm: the other resolution.
    """
    finer = GlobalNet(replace(net.config, px_per_mm=px_per_mm))
    finer.load_state_dict(net.state_dict())
    return finer


def train_signals(
    starter_data: StarterData, plan: StarterPlan, init: WaveformNet | None, context: RunContext
) -> CrossFitted | None:
    """Records first, unless ``init`` has learnt them; then what was read off pages, the real ones if there are any.

    Args:
        starter_data: what it learns from.
        plan: how long.
        init: a network to go on from; None draws a new one.
        context: where and for whom.
    """
    stage = plan.recipe.waveform
    if stage is None:
        return None
    net = init or pretrain_waveform(
        starter_data.signals, stage, context.stage("waveform-signals"), val=starter_data.signals_inner
    )
    kind, training_set = (
        ("rendered", starter_data.rendered) if starter_data.real is None else ("real", starter_data.real.gridded())
    )

    def tune(pages: Sequence[PreparedPage], part: int) -> WaveformNet:
        place = context.stage(f"waveform-{kind}-{part}")
        return tune_waveform(copy.deepcopy(net), pages, starter_data.signals, plan.real_waveform, place)

    return cross_fit(training_set.train, plan.waveform_parts, context.seed, tune)


def train_decision(starter_data: StarterData, trunks: Trunks, plan: StarterPlan, context: RunContext) -> FusionHead:
    """The head that fuses page, beats, signal and measurements.

    Args:
        starter_data: what it learns from.
        trunks: what it fuses.
        plan: how long.
        context: where and for whom.
    """
    training_set, stage = starter_data.of_head(plan.fusion_rendered), plan.recipe.fusion
    place = context.stage("fusion-rendered" if starter_data.real is None else "fusion-real")
    val = (training_set.inner, training_set.inner_beats)
    if not starter_data.inference_cache.has_frozen_trunks:
        return train_fusion(trunks, training_set.train, training_set.train_beats, stage, place, val=val)
    train_features, val_features = frozen_features(
        starter_data.inference_cache, trunks, (training_set.train, training_set.train_beats), val, place.seed
    )
    if starter_data.has_unseen_pictures:
        fit_last_layers(trunks, train_features)
    torch.manual_seed(place.seed)
    head = new_head(trunks, stage)
    train_head(head, train_features, stage, place, val=val_features)
    return head


def frozen_copy(start: Bundle, device: torch.device) -> Networks:
    """A copy of the networks as they are; the signal's may be trained.

    Args:
        start: the bundle.
        device: where they are to work.
    """
    nets = copy.deepcopy(start.nets)
    for net in nets.by_part().values():
        net.to(device).eval()
    if nets.waveform is not None:
        nets.waveform.requires_grad_(True)
    return nets


def trainable_copy(start: Bundle, plan: StarterPlan, device: torch.device) -> Networks:
    """A copy of the networks that may be trained; the local one with the window and inputs that the plan asks for.

    Args:
        start: the bundle.
        plan: asks for the local network's window and inputs.
        device: where they are to work.
    """
    nets = copy.deepcopy(start.nets)
    stage = plan.real_local
    wanted = network_config(LocalConfig, stage)
    if nets.local.config != wanted:
        local = LocalNet(wanted)
        local.load_state_dict(nets.local.state_dict(), strict=False)  # what tells the place starts as a zero
        nets = replace(nets, local=local)
    for net in nets.by_part().values():
        net.to(device).requires_grad_(True)
    return nets
