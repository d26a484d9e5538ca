"""The convolutions of a bundle's networks, where nearly all of their time goes, behind one interface."""

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ecgcore.networks.detector import PAD_TO_PX, BeatDetector
from ecgcore.networks.device import computes_bfloat16, mixed_precision
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.networks.runtime.onnx_models import INPUT, cached_session

FeatureMaps = Callable[[Tensor], Tensor]
"""Pictures ``[n, channels, H, W]`` to the last maps ``[n, D, h, w]``, float32, on the networks' device."""
Runtime = Literal["onnx", "torch"]


@dataclass(frozen=True)
class Trunks:
    """What computes the feature maps of a bundle's networks. It learns nothing: a training asks the networks.

    Args:
        detector: panels ``[B, 1, H, W]``, as ``BeatDetector.features`` takes them.
        local: crops ``[n, channels, H, W]``, as ``LocalNet.feature_maps`` takes them.
        global_: canvases ``[B, 1, H, W]``, as ``GlobalNet.feature_maps`` takes them.
        runtime: by what.
    """

    detector: FeatureMaps
    local: FeatureMaps
    global_: FeatureMaps
    runtime: Runtime


def best_runtime(device: torch.device) -> Runtime:
    """PyTorch on a GPU and where the processor has bfloat16; elsewhere ONNX Runtime is faster (D-239).

    Args:
        device: where the networks are.
    """
    return "torch" if device.type != "cpu" or computes_bfloat16(device) else "onnx"


def torch_trunks(detector: BeatDetector, local: LocalNet, global_: GlobalNet, device: torch.device) -> Trunks:
    """By PyTorch, where the networks are, in mixed precision.

    Args:
        detector: in eval mode, as are the others.
        local: the beats' network.
        global_: the page's network.
        device: where they are.
    """

    def on_device(compute: FeatureMaps, pictures: Tensor) -> Tensor:
        with torch.inference_mode(), mixed_precision(device):
            maps = compute(pictures.to(device, memory_format=torch.channels_last))
        return maps.float()

    return Trunks(
        detector=functools.partial(on_device, detector.features),
        local=functools.partial(on_device, local.feature_maps),
        global_=functools.partial(on_device, global_.feature_maps),
        runtime="torch",
    )


def onnx_trunks(detector: BeatDetector, local: LocalNet, global_: GlobalNet) -> Trunks:
    """By ONNX Runtime on the processor, in float32; the networks are converted where the cache does not hold them.

    Args:
        detector: in eval mode and on the processor, as are the others.
        local: the beats' network.
        global_: the page's network.

    Raises:
        RuntimeError: PyTorch cannot write a network as ONNX.
    """
    side = 2 * PAD_TO_PX
    crop_wh, canvas_wh = local.config.crop_wh_px, global_.config.canvas_wh_px
    crops = torch.zeros(2, local.config.channels, *crop_wh[::-1])
    return Trunks(
        detector=_by_onnx(detector, detector.features, torch.zeros(1, 1, side, side), {2: "height", 3: "width"}),
        local=_by_onnx(local, local.feature_maps, crops, {0: "beats"}),
        global_=_by_onnx(global_, global_.feature_maps, torch.zeros(1, 1, *canvas_wh[::-1]), {}),
        runtime="onnx",
    )


def _by_onnx(
    network: BeatDetector | LocalNet | GlobalNet, compute: FeatureMaps, example: Tensor, axes: Mapping[int, str]
) -> FeatureMaps:
    """``compute``, a method of the network, by ONNX Runtime; ``axes`` of its input may have any length."""
    made_of = f"{type(network).__name__} {network.config} {_weights_sha256(network)}"
    session = cached_session(_Convolutions(network, compute), example, axes, made_of)

    def feature_maps(pictures: Tensor) -> Tensor:
        (maps,) = session.run(None, {INPUT: pictures.contiguous().numpy()})
        return torch.from_numpy(maps)

    return feature_maps


class _Convolutions(nn.Module):
    """One method of a network as the module that the exporter asks for."""

    def __init__(self, network: nn.Module, compute: FeatureMaps) -> None:
        super().__init__()
        self.network = network
        self.compute = compute

    def forward(self, pictures: Tensor) -> Tensor:
        return self.compute(pictures)


def _weights_sha256(network: nn.Module) -> str:
    """Of the weights as they are now, not of the file that they came from: they may have been changed since."""
    digest = hashlib.sha256()
    for name, values in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(values.contiguous().numpy())
    return digest.hexdigest()
