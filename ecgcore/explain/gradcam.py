"""Grad-CAM of a page and of its beats: where the networks looked."""

from typing import Literal, Protocol

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ecgcore.geometry.arrays import ByteArray
from ecgcore.networks.global_net import GlobalNet, page_canvas, place_on_canvas

HeatArray = npt.NDArray[np.float32]
Toward = Literal["abnormal", "normal"]


class Explainable(Protocol):
    """A network that shows its last maps and can go on from them."""

    def feature_maps(self, pictures: Tensor, /) -> Tensor: ...

    def classify(self, maps: Tensor, /) -> Tensor: ...


def grad_cam(net: Explainable, pictures: Tensor, toward: Toward = "abnormal") -> Tensor:
    """Grad-CAM (Selvaraju et al. 2017) on a network's last maps.

    Ours rather than captum's: the networks hand out their last maps, so no hook is needed and only the last layer is
    differentiated.

    Args:
        net: the network, in eval mode.
        pictures: ``[n, channels, H, W]``, or leads ``[n, channels, samples]``; what the network takes.
        toward: the answer that the heat speaks for; abnormal unless asked, so that maps can be compared.

    Returns:
        ``float32 [n, h, w]`` (``[n, samples]`` of leads) on the grid of the last maps, each scaled to a maximum of 1;
        all 0 where nothing speaks for the answer.
    """
    with torch.no_grad():
        maps = net.feature_maps(pictures).float()
    with torch.enable_grad():
        maps.requires_grad_()
        logits = net.classify(maps)
        (slopes,) = torch.autograd.grad(logits.sum() if toward == "abnormal" else -logits.sum(), maps)
    channel_weights = slopes.mean(dim=tuple(range(2, slopes.ndim)), keepdim=True)
    heat = torch.relu((channel_weights * maps.detach()).sum(dim=1))
    return heat / heat.amax(dim=tuple(range(1, heat.ndim)), keepdim=True).clamp(min=1e-12)


def page_heat(net: GlobalNet, ink: ByteArray) -> HeatArray:
    """Grad-CAM of the global network, laid back on the panel.

    Args:
        net: the global network, in eval mode.
        ink: standard panel raster, ``uint8 [h, w]``.

    Returns:
        ``float32 [h, w]``, 0..1, pixel for pixel on ``ink``.
    """
    device = next(net.parameters()).device
    heat = grad_cam(net, page_canvas(ink, net.config)[None].to(device))[0]
    height, width = ink.shape
    placement = place_on_canvas((width, height), net.config)
    left, top = placement.offset_panel_xy
    paper = cv2.resize(heat.cpu().numpy(), placement.paper_wh, interpolation=cv2.INTER_LINEAR)
    return np.asarray(paper[top : top + height, left : left + width], dtype=np.float32)


def crop_heat(net: Explainable, crops: Tensor) -> HeatArray:
    """Grad-CAM of the local network on beat crops: ``[n, channels, H, W]`` to ``float32 [n, H, W]``, 0..1.

    Args:
        net: the local network.
        crops: as ``cut_beats`` gives them.
    """
    heat = grad_cam(net, crops)[:, None]
    large = nn.functional.interpolate(heat, size=crops.shape[2:], mode="bilinear", align_corners=False)
    return np.asarray(large[:, 0].cpu().numpy(), dtype=np.float32)
