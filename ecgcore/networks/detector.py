"""Stage 1: the panel -> a box round every complete beat (Faster R-CNN on a VGG16-shaped trunk).

Ren, He, Girshick and Sun 2015, with the trunk of Simonyan and Zisserman 2015 up to conv5_3: 13 convolutions, 13 ReLU,
4 poolings, as the patent CN110731773A has it; region proposals, RoI pooling and the two heads are torchvision's.
"""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.networks.configs import DetectorConfig
from ecgcore.networks.device import mixed_precision
from ecgcore.networks.vision import (
    AnchorGenerator,
    FastRCNNPredictor,
    ImageList,
    MultiScaleRoIAlign,
    RegionProposalNetwork,
    RoIHeads,
    RPNHead,
    TwoMLPHead,
    VGG16_BN_Weights,
    vgg16_bn,
)

_VGG16_CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
PAD_TO_PX = 32
"""Panels are as many pixels high and wide, or a multiple."""

MANY_BEATS = 150
"""A page with more beats is looked at again with more proposals, since those of the first look, some ten a beat, leave
beats without any: of 228 on a drawn 12x1 page at 120 bpm 205 were found, now 214 (D-222). Others are as they were."""
MOST_BEATS = 1000
"""12 rows of 10 s and three rhythm strips hold 750 at 300 bpm."""
_FIRST_LOOK, _SECOND_LOOK = (1200, 500), (2500, 1000)
"""Proposals before and after overlapping ones are dropped."""

# Beats in millimetres of paper, width x height: 25 mm/s makes them 10 to 20 wide and, trace and margins, 3 to 40 high;
# 50 mm/s, which only a page that tells no speed still has, twice as wide. Chosen by these sizes, not fitted to data
# (docs/decisions/networks.md, D-013).
ANCHORS_MM = ((11, 4), (16, 4), (11, 8), (16, 8), (11, 16), (16, 16), (13, 30), (28, 7), (28, 18))


class BeatDetector(nn.Module):
    """Faster R-CNN for one class, the complete beat.

    Args:
        config: the network's shape.
        imagenet: start the trunk from torchvision's VGG16 weights (full width only; needs the download or its cache).
    """

    def __init__(self, config: DetectorConfig, imagenet: bool = False) -> None:
        super().__init__()
        self.config = config
        channels = [[max(4, round(c * config.width)) for c in block] for block in _VGG16_CHANNELS]
        self.trunk_to_conv4 = _trunk_blocks(1, channels[:4])
        self.trunk_conv5 = nn.Sequential(nn.MaxPool2d(2), *_trunk_blocks(channels[3][-1], channels[4:]))
        out = channels[4][-1]
        if config.neck == "fuse8":
            self.lateral = nn.Conv2d(channels[3][-1], out, 1)
            self.smooth = nn.Conv2d(out, out, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        anchors = AnchorGenerator(sizes=((1,),), aspect_ratios=((1.0,) * len(ANCHORS_MM),))
        anchors.cell_anchors = [_cell_anchors(config.px_per_mm)]
        head = RPNHead(out, len(ANCHORS_MM))
        self.rpn = _proposal_network(anchors, head, _FIRST_LOOK)
        # the same weights with other bounds; in a tuple, so that they are not saved twice
        self._second_look = (_proposal_network(anchors, head, _SECOND_LOOK).eval(),)
        self.roi_heads = RoIHeads(
            MultiScaleRoIAlign(featmap_names=["0"], output_size=7, sampling_ratio=2),
            TwoMLPHead(out * 49, config.hidden),
            FastRCNNPredictor(config.hidden, 2),
            fg_iou_thresh=0.5,
            bg_iou_thresh=0.5,
            batch_size_per_image=128,
            positive_fraction=0.5,
            bbox_reg_weights=(10.0, 10.0, 5.0, 5.0),
            score_thresh=0.05,
            nms_thresh=0.5,
            detections_per_img=MOST_BEATS,
        )
        if imagenet:
            self._load_imagenet()

    def _load_imagenet(self) -> None:
        pretrained = [m for m in vgg16_bn(weights=VGG16_BN_Weights.DEFAULT).features if not isinstance(m, nn.MaxPool2d)]
        ours = [m for m in [*self.trunk_to_conv4, *self.trunk_conv5] if not isinstance(m, nn.MaxPool2d)]
        for target, source in zip(ours, pretrained, strict=True):
            weights = source.state_dict()
            if isinstance(target, nn.Conv2d) and target.in_channels == 1:
                weights["weight"] = weights["weight"].sum(dim=1, keepdim=True)
            target.load_state_dict(weights)

    def features(self, panels: Tensor) -> Tensor:
        """Feature map of ``[B, 1, H, W]`` ink 0..1, at stride 8 (fuse8) or 16 (none)."""
        conv4: Tensor = self.trunk_to_conv4(panels)
        conv5: Tensor = self.trunk_conv5(conv4)
        if self.config.neck == "none":
            return conv5
        upsampled = nn.functional.interpolate(conv5, size=conv4.shape[-2:], mode="nearest")
        return torch.relu(self.smooth(torch.relu(self.lateral(conv4) + upsampled)))

    def forward(
        self, panels: Tensor, targets: list[dict[str, Tensor]] | None = None, precision: str = "auto"
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """Detections and, while training, the four losses.

        Args:
            panels: ``[B, 1, H, W]`` ink 0..1; H and W multiples of 32.
            targets: per page ``boxes`` ``[n, 4]`` in pixels of ``panels`` and ``labels`` ``[n]`` of ones.
            precision: as in ``ecgcore.networks.device.mixed_precision``, for the trunk; boxes are always float32.
        """
        with mixed_precision(panels.device, precision):
            feature_map = self.features(panels.contiguous(memory_format=torch.channels_last))
        return self.from_features(panels, feature_map.float(), targets)

    def from_features(
        self, panels: Tensor, feature_map: Tensor, targets: list[dict[str, Tensor]] | None = None
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """As ``forward``, from the panels' feature map.

        Args:
            panels: ``[B, 1, H, W]``.
            feature_map: ``float32 [B, D, H / 8, W / 8]``, or ``/ 16`` without a neck, as ``features`` gives it.
            targets: as in ``forward``.
        """
        feature_maps = {"0": feature_map}
        sizes = [(panels.shape[-2], panels.shape[-1])] * len(panels)
        proposals, proposal_losses = self.rpn(ImageList(panels, sizes), feature_maps, targets)
        detections, losses = self.roi_heads(feature_maps, proposals, sizes, targets)
        most = self.config.max_beats
        detections = [
            self._looked_at_again(panels[page : page + 1], feature_maps["0"][page : page + 1])
            if int((found["scores"][:most] > 0.5).sum()) > MANY_BEATS
            else {name: values[:most] for name, values in found.items()}
            for page, found in enumerate(detections)
        ]
        return detections, {**losses, **proposal_losses}

    def _looked_at_again(self, panel: Tensor, feature_map: Tensor) -> dict[str, Tensor]:
        """The detections of one page of very many beats, ``[1, 1, H, W]``, from its features."""
        sizes = [(panel.shape[-2], panel.shape[-1])]
        (proposal_network,) = self._second_look
        proposals, _ = proposal_network(ImageList(panel, sizes), {"0": feature_map})
        detections, _ = self.roi_heads({"0": feature_map}, proposals, sizes)
        found: dict[str, Tensor] = detections[0]
        return found


def _proposal_network(anchors: AnchorGenerator, head: RPNHead, most: tuple[int, int]) -> RegionProposalNetwork:
    """Proposes boxes; at most so many before and after overlapping ones are dropped, in testing."""
    return RegionProposalNetwork(
        anchors,
        head,
        fg_iou_thresh=0.6,
        bg_iou_thresh=0.3,
        batch_size_per_image=256,
        positive_fraction=0.5,
        pre_nms_top_n={"training": 1200, "testing": most[0]},
        post_nms_top_n={"training": 600, "testing": most[1]},
        nms_thresh=0.7,
    )


def _trunk_blocks(channels_in: int, blocks: list[list[int]]) -> nn.Sequential:
    """VGG blocks of 3x3 convolution, batch norm, ReLU, with a pooling between (not after) the blocks."""
    layers: list[nn.Module] = []
    for index, block in enumerate(blocks):
        if index:
            layers.append(nn.MaxPool2d(2))
        for channels in block:
            layers += [nn.Conv2d(channels_in, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
            channels_in = channels
    return nn.Sequential(*layers)


def _cell_anchors(px_per_mm: float) -> Tensor:
    sizes = torch.tensor(ANCHORS_MM, dtype=torch.float32) * px_per_mm
    return torch.cat([-sizes / 2, sizes / 2], dim=1)


def panel_tensor(ink: ByteArray, px_per_mm: float) -> tuple[Tensor, float, float]:
    """Resample the standard panel raster and pad it with paper to whole strides.

    Args:
        ink: ``uint8 [h, w]`` at ``STANDARD_PX_PER_MM``.
        px_per_mm: resolution that the network sees.

    Returns:
        ``[1, H, W]`` ink 0..1 and the factors from standard pixels to its pixels, along x and y.
    """
    height, width = ink.shape
    scale = px_per_mm / STANDARD_PX_PER_MM
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resampled = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
    padded = np.pad(resampled, ((0, -size[1] % PAD_TO_PX), (0, -size[0] % PAD_TO_PX)))
    return torch.from_numpy(padded)[None].float() / 255, size[0] / width, size[1] / height


@torch.inference_mode()
def detect_beats(
    model: BeatDetector, ink: ByteArray, min_score: float, features: Callable[[Tensor], Tensor] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Find the complete beats of one panel.

    Args:
        model: a detector in eval mode.
        ink: standard panel raster, ``uint8 [h, w]``.
        min_score: boxes scored lower are left out.
        features: computes the panel's feature map in the model's place, ``[1, 1, H, W]`` to ``float32 [1, D, h, w]``.

    Returns:
        Boxes ``[n, 4]`` in standard panel pixels, clipped to the panel, and scores ``[n]``, best first.
    """
    device = next(model.parameters()).device
    panel, scale_x, scale_y = panel_tensor(ink, model.config.px_per_mm)
    panels = panel[None].to(device)
    (found,), _ = model(panels) if features is None else model.from_features(panels, features(panels))
    boxes = found["boxes"].cpu().double().numpy() / [scale_x, scale_y, scale_x, scale_y]
    scores = found["scores"].cpu().double().numpy()
    height, width = ink.shape
    boxes = np.clip(boxes, 0, [width, height, width, height])
    keep = (scores >= min_score) & (boxes[:, 2] - boxes[:, 0] > 1) & (boxes[:, 3] - boxes[:, 1] > 1)
    return boxes[keep], scores[keep]
