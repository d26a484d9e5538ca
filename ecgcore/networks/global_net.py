"""Stage 3: the whole panel -> 1024 features and a normal/abnormal logit (DenseNet121 on a canvas of fixed scale)."""

from dataclasses import dataclass
from math import ceil, gcd

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray
from ecgcore.networks.configs import GlobalConfig
from ecgcore.networks.vision import DenseNet, DenseNet121_Weights, densenet121


class GlobalNet(nn.Module):
    """DenseNet121 (Huang et al. 2016) with one input channel; ``[B, 1, H, W]`` ink 0..1 to logits ``[B]``.

    Args:
        config: the network's shape.
        imagenet: start the convolutions from torchvision's ImageNet weights (needs the download or its cache).
    """

    def __init__(self, config: GlobalConfig, imagenet: bool = False) -> None:
        super().__init__()
        self.config = config
        self.trunk = DenseNet(config.growth_rate, config.block_config, config.init_features).features
        first = nn.Conv2d(1, config.init_features, 7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(first.weight)
        self.trunk.conv0 = first
        self.fc = nn.Linear(config.feature_dim, 1)
        nn.init.normal_(self.fc.weight, std=0.01)
        nn.init.zeros_(self.fc.bias)
        if imagenet:
            weights = densenet121(weights=DenseNet121_Weights.DEFAULT).features.state_dict()
            weights["conv0.weight"] = weights["conv0.weight"].sum(dim=1, keepdim=True)
            self.trunk.load_state_dict(weights)

    def feature_maps(self, pages: Tensor) -> Tensor:
        """Last maps after their ReLU, ``[B, 1024, H / 32, W / 32]``, where Grad-CAM looks."""
        return torch.relu(self.trunk(pages))

    def pool(self, maps: Tensor) -> Tensor:
        """Features ``[B, 1024]`` of the last maps: channel averages."""
        return maps.mean(dim=(2, 3))

    def features(self, pages: Tensor) -> Tensor:
        """Features ``F_0``, ``[B, 1024]``, one row a page."""
        return self.pool(self.feature_maps(pages))

    def classify(self, maps: Tensor) -> Tensor:
        """Logits ``[B]`` of the last maps."""
        logits: Tensor = self.fc(self.pool(maps)).squeeze(1)
        return logits

    def forward(self, pages: Tensor) -> Tensor:
        """Log-odds of abnormal, ``[B]``."""
        return self.classify(self.feature_maps(pages))


@dataclass(frozen=True)
class CanvasPlacement:
    """Where a panel lies on the canvas: ``canvas = (panel + offset) * scale``, one scale for both axes.

    Args:
        offset_panel_xy: paper left of and above the panel, in panel pixels.
        paper_wh: the paper that the canvas shows, in panel pixels.
        scale: canvas pixels per panel pixel.
    """

    offset_panel_xy: tuple[int, int]
    paper_wh: tuple[int, int]
    scale: float


def place_on_canvas(panel_wh: tuple[int, int], config: GlobalConfig) -> CanvasPlacement:
    """Centre a panel on the canvas at ``px_per_mm``; shrink it evenly only where it does not fit.

    The paper's size keeps the canvas' aspect in whole panel pixels, so nothing is stretched by rounding either.

    Args:
        panel_wh: size of the standard panel raster, pixels.
        config: of the network that sees the canvas.
    """
    canvas_wh = config.canvas_wh_px
    divisor = gcd(*canvas_wh)
    unit_wh = canvas_wh[0] // divisor, canvas_wh[1] // divisor
    units = max(
        ceil(divisor * STANDARD_PX_PER_MM / config.px_per_mm),
        *(ceil(panel / unit) for panel, unit in zip(panel_wh, unit_wh, strict=True)),
    )
    paper_wh = unit_wh[0] * units, unit_wh[1] * units
    offset = (paper_wh[0] - panel_wh[0]) // 2, (paper_wh[1] - panel_wh[1]) // 2
    return CanvasPlacement(offset, paper_wh, divisor / units)


def page_canvas(ink: ByteArray, config: GlobalConfig) -> Tensor:
    """Lay the panel on the global network's canvas.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        config: the canvas.

    Returns:
        ``float32 [1, H, W]``, 0 = paper, 1 = full pen.
    """
    height, width = ink.shape
    placement = place_on_canvas((width, height), config)
    left, top = placement.offset_panel_xy
    paper = np.zeros(placement.paper_wh[::-1], dtype=np.uint8)
    paper[top : top + height, left : left + width] = ink
    canvas = cv2.resize(paper, config.canvas_wh_px, interpolation=cv2.INTER_AREA)
    return torch.from_numpy(canvas).float()[None] / 255
