"""The networks of a bundle, built in one way from their shapes."""

from dataclasses import dataclass

import torch
from torch import nn

from ecgcore.networks.configs import NetworkConfigs
from ecgcore.networks.detector import BeatDetector
from ecgcore.networks.fusion import FusionHead
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.networks.waveform_net import WaveformNet


@dataclass(frozen=True)
class Networks:
    """The networks of a bundle; each holds its own ``config``. The published method has no waveform network."""

    detector: BeatDetector
    local: LocalNet
    global_: GlobalNet
    fusion: FusionHead
    waveform: WaveformNet | None = None

    @classmethod
    def build(cls, configs: NetworkConfigs) -> "Networks":
        """Networks with random weights.

        Raises:
            ValueError, RuntimeError: no network has such a shape.
        """
        return cls(
            detector=BeatDetector(configs.detector),
            local=LocalNet(configs.local),
            global_=GlobalNet(configs.global_),
            fusion=FusionHead(configs.fusion),
            waveform=None if configs.waveform is None else WaveformNet(configs.waveform),
        )

    @property
    def configs(self) -> NetworkConfigs:
        """The shapes that :meth:`build` makes such networks of."""
        return NetworkConfigs(
            self.detector.config,
            self.local.config,
            self.global_.config,
            self.fusion.config,
            None if self.waveform is None else self.waveform.config,
        )

    @property
    def device(self) -> torch.device:
        """Where they run: all of them in one place."""
        return next(self.global_.parameters()).device

    def by_part(self) -> dict[str, nn.Module]:
        """The networks under the names that their files and configs bear."""
        parts = {"detector": self.detector, "local": self.local, "global": self.global_, "fusion": self.fusion}
        return parts if self.waveform is None else {**parts, "waveform": self.waveform}
