"""Stage 2: one beat crop -> 1024 features and a normal/abnormal logit (ResNet18 on ink at a fixed paper scale)."""

from collections import OrderedDict

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray
from ecgcore.networks.configs import LocalConfig
from ecgcore.networks.vision import BasicBlock, ResNet18_Weights, resnet18


class LocalNet(nn.Module):
    """ResNet18 (He et al. 2015) on ink; crops ``[n, channels, H, W]`` as ``cut_beats`` gives them to logits ``[n]``.

    The last stage's 512 channels are pooled twice, average and maximum, which gives the 1,024 features that the patent
    CN110731773A asks for without a layer of its own. The submodules bear torchvision's names. A beat's place, where
    the network is told it, is added to the maps of the middle stages: an inverted T wave is normal in aVR only.

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
        self.place: nn.Sequential | None = None
        if config.places:
            placed = sum(_PLACED.values()) * width
            first, second, last = nn.Linear(2, 64), nn.Linear(64, 64), nn.Linear(64, placed)
            self.place = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
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
        """Last convolutional maps ``[n, 512, H / 32, W / 32]``, where Grad-CAM looks."""
        maps = crops[:, :1]
        placed = None if self.place is None else self.place(2 * crops[:, 1:, 0, 0] - 1)
        start = 0
        for name, layer in self.trunk.named_children():
            maps = layer(maps)
            if placed is not None and name in _PLACED:
                maps = maps + placed[:, start : start + maps.shape[1], None, None]
                start += maps.shape[1]
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


class Shortcut1x1(nn.Conv2d):
    """A 1x1 convolution of every ``nth`` row and column, whose weights are trained without one of stride ``nth``.

    oneDNN's weight gradient of a strided 1x1 convolution writes past its workspace where the channels come last and
    are fewer than 8 with AVX2, or 16 with AVX-512 (issue 6035): a crash or, silently, a wrong gradient follows. So a
    gradient goes through a convolution of stride 1, on the pixels that the other would read. Forward the strided one
    is sound, and stays: its rounding is that of all answers so far.
    """

    def __init__(self, channels_in: int, channels_out: int, nth: int) -> None:
        super().__init__(channels_in, channels_out, 1, bias=False)
        self.nth = nth

    def forward(self, maps: Tensor) -> Tensor:
        """Maps ``[n, channels_in, H, W]`` to ``[n, channels_out, ceil(H / nth), ceil(W / nth)]``."""
        if torch.is_grad_enabled():
            return super().forward(maps[:, :, :: self.nth, :: self.nth])
        return nn.functional.conv2d(maps, self.weight, stride=self.nth)


_PLACED = {"layer1": 1, "layer2": 2, "layer3": 4}
"""Stages whose maps are told the beat's place, and their channels as multiples of the first one's."""


def _stage(channels_in: int, channels_out: int, stride: int) -> nn.Sequential:
    """Two basic blocks; the shortcut is projected where the shape changes."""
    shortcut = None
    if stride != 1 or channels_in != channels_out:
        shortcut = nn.Sequential(Shortcut1x1(channels_in, channels_out, stride), nn.BatchNorm2d(channels_out))
    return nn.Sequential(
        BasicBlock(channels_in, channels_out, stride, shortcut), BasicBlock(channels_out, channels_out)
    )


def cut_beats(ink: ByteArray, boxes_panel_xyxy: npt.ArrayLike, config: LocalConfig) -> Tensor:
    """Cut one window of paper round each beat, at one scale for all pages.

    A window is ``crop_mm`` high, or as high or wide as the box where that is larger (the crop is then shrunk evenly).
    It is padded with paper at the panel's edge and never stretched.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        boxes_panel_xyxy: beat boxes in its pixels, ``[n, 4]``.
        config: window and crop size.

    Returns:
        ``float32 [n, channels, H, W]``: ink, 0 = paper, 1 = full pen; then, where the network is told it, the place of
        the beat's middle on the panel, 0 left or top, 1 right or bottom.
    """
    boxes = np.asarray(boxes_panel_xyxy, dtype=np.float64).reshape(-1, 4)
    width_px, height_px = config.crop_wh_px
    crops = np.zeros((len(boxes), 1, height_px, width_px), dtype=np.uint8)
    for crop, box in zip(crops, boxes, strict=True):
        window = _cut_padded(ink, *beat_window(box, config))
        crop[0] = cv2.resize(window, (width_px, height_px), interpolation=cv2.INTER_AREA)
    pens = torch.from_numpy(crops).float() / 255
    if not config.places:
        return pens
    middles = torch.from_numpy((boxes[:, :2] + boxes[:, 2:]) / 2 / ink.shape[::-1]).float()
    return torch.cat([pens, middles[:, :, None, None].expand(-1, -1, height_px, width_px)], dim=1)


def beat_window(box_panel_xyxy: npt.ArrayLike, config: LocalConfig) -> tuple[int, int, int, int]:
    """Left, top, width and height, in panel pixels, of the window that ``cut_beats`` cuts round one box.

    Args:
        box_panel_xyxy: ``[4]``, panel pixels.
        config: of the network that sees the window.
    """
    x1, y1, x2, y2 = np.asarray(box_panel_xyxy, dtype=np.float64)
    height_px = int(np.ceil(max(config.crop_mm * STANDARD_PX_PER_MM, (x2 - x1) / config.aspect, y2 - y1)))
    width_px = round(height_px * config.aspect)
    return round((x1 + x2 - width_px) / 2), round((y1 + y2 - height_px) / 2), width_px, height_px


def _cut_padded(ink: ByteArray, left: int, top: int, width_px: int, height_px: int) -> ByteArray:
    panel_height, panel_width = ink.shape
    window = np.zeros((height_px, width_px), dtype=np.uint8)
    x1, x2 = np.clip([left, left + width_px], 0, panel_width)
    y1, y2 = np.clip([top, top + height_px], 0, panel_height)
    window[y1 - top : y2 - top, x1 - left : x2 - left] = ink[y1:y2, x1:x2]
    return window
