"""Where a training starts: a bundle's networks, torchvision's ImageNet weights, or none."""

from dataclasses import dataclass, fields
from typing import Literal, TypeVar
from urllib.error import URLError

from ecgcore.bundle.folder import Bundle
from ecgcore.errors import DataError, EcgError
from ecgcore.measurements import MEASUREMENT_NAMES
from ecgcore.networks.configs import DetectorConfig, GlobalConfig, LocalConfig, WaveformConfig
from ecgcore.networks.detector import BeatDetector
from ecgcore.networks.fusion import FusionHead
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.networks.waveform_net import WaveformNet
from trainer.recipes import Recipe, Stage

_Config = TypeVar("_Config", DetectorConfig, LocalConfig, GlobalConfig, WaveformConfig)
StartFrom = Literal["bundle", "imagenet", "random"]
VGG16_WIDTH, RESNET18_CHANNELS = 1.0, 64
"""Widths of the detector's trunk and of the beat network for which torchvision has weights."""


@dataclass(frozen=True)
class Start:
    """Where a training starts; networks that are None are drawn anew.

    Args:
        bundle: whose detector is used as it is where no page is boxed, whatever else is None.
        detector, local, global_, fusion, waveform: weights to go on from; they are copied, never changed.
        from_bundle: whether these are the bundle's.
        draws_waveform: whether a waveform network that is None is drawn anew too; else there will be none.
        measurements: those that the bundle's head is told; None tells all. A head that has not been told any stays so:
            it would have to be drawn anew, from the few pages of a clinic.
    """

    bundle: Bundle | None = None
    detector: BeatDetector | None = None
    local: LocalNet | None = None
    global_: GlobalNet | None = None
    fusion: FusionHead | None = None
    waveform: WaveformNet | None = None
    from_bundle: bool = False
    draws_waveform: bool = True
    measurements: tuple[str, ...] | None = None

    def measurements_of(self, recipe: Recipe) -> tuple[str, ...]:
        """Which measurements the head is told; none as published."""
        if not recipe.fusion.measures:
            return ()
        return MEASUREMENT_NAMES if self.measurements is None else self.measurements


def choose_start(
    start_from: StartFrom, bundle: Bundle | None, recipe: Recipe, *, trains_detector: bool = True
) -> Start:
    """Weights to start from.

    Args:
        start_from: "bundle" goes on from the bundle's weights, "imagenet" from torchvision's, "random" from none.
        bundle: needed for "bundle", and wherever no page is boxed.
        recipe: shapes of networks that do not come from the bundle.
        trains_detector: whether a page is boxed; else no weights are fetched for a detector that is not trained.

    Raises:
        DataError: the bundle is needed and missing, or there are no ImageNet weights for the recipe's networks.
        EcgError: the ImageNet weights cannot be fetched.
    """
    if start_from == "random":
        return Start(bundle)
    if start_from == "imagenet":
        return _from_imagenet(bundle, recipe, trains_detector)
    if bundle is None:
        raise DataError("There is no bundle to start from.", "Name one with --bundle.")
    nets = bundle.nets
    waveform = None if recipe.waveform is None else nets.waveform
    head = nets.fusion.config
    keeps_head = (head.pool, head.hidden) == (recipe.fusion.pool, recipe.fusion.hidden)
    keeps_head &= head.waveform_dim == (0 if waveform is None else waveform.config.feature_dim)
    fusion = nets.fusion if keeps_head else None
    return Start(
        bundle,
        nets.detector,
        nets.local,
        nets.global_,
        fusion,
        waveform,
        from_bundle=True,
        draws_waveform=False,
        measurements=head.measurements,
    )


def imagenet_parts(recipe: Recipe) -> tuple[str, ...]:
    """The networks of the recipe for which torchvision has weights: those as wide and as deep as its own."""
    densenet, shape = GlobalConfig(), recipe.global_
    fits = {
        "detector": recipe.detector.width == VGG16_WIDTH,
        "local": recipe.local.width == RESNET18_CHANNELS,
        "global": (shape.growth_rate, shape.block_config, shape.init_features)
        == (densenet.growth_rate, densenet.block_config, densenet.init_features),
    }
    return tuple(part for part, does_fit in fits.items() if does_fit)


def _from_imagenet(bundle: Bundle | None, recipe: Recipe, trains_detector: bool) -> Start:
    """The networks that there are weights for; the others, and all heads, are drawn anew."""
    parts = imagenet_parts(recipe)
    if not parts:
        raise DataError(
            f"There are no ImageNet weights for the small networks of recipe {recipe.name}.", "Use --start bundle."
        )
    trains_detector = trains_detector and recipe.detector.epochs > 0
    detector: BeatDetector | None = None
    local: LocalNet | None = None
    global_: GlobalNet | None = None
    try:
        if "detector" in parts and trains_detector:
            detector = BeatDetector(network_config(DetectorConfig, recipe.detector), imagenet=True)
        if "local" in parts:
            local = LocalNet(network_config(LocalConfig, recipe.local), imagenet=True)
        if "global" in parts:
            global_ = GlobalNet(network_config(GlobalConfig, recipe.global_), imagenet=True)
    except URLError as error:
        raise EcgError(f"The ImageNet weights cannot be fetched: {error.reason}.", "Use --start bundle.") from error
    return Start(bundle, detector, local, global_)


def network_config(config_class: type[_Config], stage: Stage) -> _Config:
    """The network's config out of the stage's fields of the same name.

    Args:
        config_class: of the network.
        stage: its stage.
    """
    return config_class(**{f.name: getattr(stage, f.name) for f in fields(config_class) if hasattr(stage, f.name)})
