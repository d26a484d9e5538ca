"""Why a page was judged so: Grad-CAM of the page and of its beats, and each beat's share of the fused logit."""

from dataclasses import replace
from typing import Literal, Protocol

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ecgcore.geometry.arrays import ByteArray
from ecgcore.networks.fusion import FusionHead, PageFeatures
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


@torch.no_grad()
def beat_shares(head: FusionHead, page: PageFeatures, f_beats: Tensor) -> Tensor:
    """Each beat's share of the decision: the fused logit minus the fused logit without that beat.

    Args:
        head: the fusion head, in eval mode.
        page: what it sees of one page, with all of its beats.
        f_beats: features of the beats, ``[n, local_dim]``, ``n >= 1``; the last one's rest is the empty sum, zeros.

    Returns:
        ``[n]``, positive toward abnormal.
    """
    each = page.repeated(len(f_beats))
    without: Tensor = head(replace(each, f_beats_sum=each.f_beats_sum - f_beats, n_beats=each.n_beats - 1))
    whole: Tensor = head(page)
    return whole - without


@torch.no_grad()
def part_shares(head: FusionHead, page: PageFeatures) -> tuple[float, float]:
    """The signal's share of the decision and that of all measurements: the fused logit minus that without them.

    Both are 0 where the head does not use them, or nothing was read.

    Args:
        head: the fusion head.
        page: what it is told of one page.
    """
    whole = float(head(page))
    return whole - float(head(page.without_signal())), whole - float(head(page.without_measurements()))


@torch.no_grad()
def measurement_shares(head: FusionHead, page: PageFeatures) -> Tensor:
    """Each measurement's share of the decision: the fused logit minus the fused logit as if it had not been measured.

    Args:
        head: the fusion head, in eval mode.
        page: what it sees of one page, with ``m`` measurements.

    Returns:
        ``[m]``, positive toward abnormal, 0 of what was not measured.
    """
    assert page.measured is not None
    count = page.measured.shape[1]
    is_left_out = torch.eye(count, dtype=torch.bool, device=page.measured.device)
    each = replace(page.repeated(count), measured=page.measured.expand(count, -1).masked_fill(is_left_out, torch.nan))
    shares: Tensor = head(page) - head(each)
    return shares
