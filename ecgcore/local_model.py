"""Stage 2: one beat crop -> 1024 features and a normal/abnormal logit (ResNet18 on ink at a fixed paper scale)."""

from collections import OrderedDict
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torchvision.models import ResNet18_Weights, resnet18
from torchvision.models.resnet import BasicBlock

from ecgcore.types import STANDARD_PX_PER_MM, ByteArray


@dataclass(frozen=True)
class LocalConfig:
    """Shape of the local network and of the window that it sees.

    Args:
        crop_mm: side of the square of paper round a beat, millimetres.
        px: side of the crop in pixels, whatever ``crop_mm`` is.
        width: channels of the first stage; 64 is ResNet18, less is for tests.
    """

    crop_mm: float = 24.0
    px: int = 96
    width: int = 64

    @property
    def feature_dim(self) -> int:
        """Features of one beat: average and maximum of the last stage's ``8 * width`` channels."""
        return 16 * self.width


class LocalNet(nn.Module):
    """ResNet18 (He et al. 2015) with one input channel; ``[n, 1, px, px]`` ink 0..1 to logits ``[n]``.

    The last stage's 512 channels are pooled twice, average and maximum, which gives the 1,024 features that the patent
    CN110731773A asks for without a layer of its own. The submodules bear torchvision's names.

    Args:
        config: the network's shape.
        imagenet: start the convolutions from torchvision's ImageNet weights (needs the download or its cache).
    """

    def __init__(self, config: LocalConfig, imagenet: bool = False) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.trunk = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(1, width, 7, stride=2, padding=3, bias=False),
                bn1=nn.BatchNorm2d(width),
                relu=nn.ReLU(inplace=True),
                maxpool=nn.MaxPool2d(3, stride=2, padding=1),
                layer1=_stage(width, width, stride=1),
                layer2=_stage(width, 2 * width, stride=2),
                layer3=_stage(2 * width, 4 * width, stride=2),
                layer4=_stage(4 * width, 8 * width, stride=2),
            )
        )
        self.fc = nn.Linear(config.feature_dim, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.fc.weight, std=0.01)
        nn.init.zeros_(self.fc.bias)
        if imagenet:
            weights = resnet18(weights=ResNet18_Weights.DEFAULT).state_dict()
            weights = {name: weight for name, weight in weights.items() if not name.startswith("fc.")}
            weights["conv1.weight"] = weights["conv1.weight"].sum(dim=1, keepdim=True)
            self.trunk.load_state_dict(weights)

    def feature_maps(self, crops: Tensor) -> Tensor:
        """Last convolutional maps ``[n, 512, px / 32, px / 32]``, where Grad-CAM looks."""
        maps: Tensor = self.trunk(crops)
        return maps

    def pool(self, maps: Tensor) -> Tensor:
        """Features ``[n, 1024]`` of the last maps: channel averages, then channel maxima."""
        return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)

    def features(self, crops: Tensor) -> Tensor:
        """Features ``F_k``, ``[n, 1024]``, one row a beat."""
        return self.pool(self.feature_maps(crops))

    def classify(self, maps: Tensor) -> Tensor:
        """Logits ``[n]`` of the last maps."""
        logits: Tensor = self.fc(self.pool(maps)).squeeze(1)
        return logits

    def forward(self, crops: Tensor) -> Tensor:
        """Log-odds of abnormal, ``[n]``."""
        return self.classify(self.feature_maps(crops))


def _stage(channels_in: int, channels_out: int, stride: int) -> nn.Sequential:
    """Two basic blocks; the shortcut is projected where the shape changes."""
    shortcut = None
    if stride != 1 or channels_in != channels_out:
        shortcut = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 1, stride=stride, bias=False), nn.BatchNorm2d(channels_out)
        )
    return nn.Sequential(
        BasicBlock(channels_in, channels_out, stride, shortcut), BasicBlock(channels_out, channels_out)
    )


def cut_beats(ink: ByteArray, boxes_panel_xyxy: npt.ArrayLike, config: LocalConfig) -> Tensor:
    """Cut one square window of paper round each beat, at one scale for all pages.

    A window is ``crop_mm`` wide, or as wide as the box where that is larger (the crop is then shrunk evenly). It is
    padded with paper at the panel's edge and never stretched.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        boxes_panel_xyxy: beat boxes in its pixels, ``[n, 4]``.
        config: window and crop size.

    Returns:
        ``float32 [n, 1, px, px]``, 0 = paper, 1 = full pen.
    """
    boxes = np.asarray(boxes_panel_xyxy, dtype=np.float64).reshape(-1, 4)
    crops = np.zeros((len(boxes), 1, config.px, config.px), dtype=np.uint8)
    for crop, box in zip(crops, boxes, strict=True):
        x1, y1, side_px = beat_window(box, config)
        window = _cut_padded(ink, x1, y1, side_px)
        crop[0] = cv2.resize(window, (config.px, config.px), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(crops).float() / 255


def beat_window(box_panel_xyxy: npt.ArrayLike, config: LocalConfig) -> tuple[int, int, int]:
    """Left, top and side, in panel pixels, of the square window that ``cut_beats`` cuts round one box."""
    x1, y1, x2, y2 = np.asarray(box_panel_xyxy, dtype=np.float64)
    side_px = int(np.ceil(max(config.crop_mm * STANDARD_PX_PER_MM, x2 - x1, y2 - y1)))
    return round((x1 + x2 - side_px) / 2), round((y1 + y2 - side_px) / 2), side_px


def _cut_padded(ink: ByteArray, left: int, top: int, side_px: int) -> ByteArray:
    height, width = ink.shape
    window = np.zeros((side_px, side_px), dtype=np.uint8)
    x1, x2 = np.clip([left, left + side_px], 0, width)
    y1, y2 = np.clip([top, top + side_px], 0, height)
    window[y1 - top : y2 - top, x1 - left : x2 - left] = ink[y1:y2, x1:x2]
    return window
