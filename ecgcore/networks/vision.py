"""What the networks take of torchvision, loaded without the compiler of torch, which nothing here uses.

RoI alignment imports the compiler to ask whether it could compile on a GPU that must compute the same every time. That
loads 866 modules and took a third of the time to load all that screens (torch 2.15, torchvision 0.29), so the question
waits until it is asked.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_COMPILER = "torch._dynamo"


def _asked_now(device_type: str) -> bool:
    from torch._dynamo.utils import is_compile_supported  # the true one, by now

    return bool(is_compile_supported(device_type))


@contextmanager
def _compiler_later() -> Iterator[None]:
    """While it lasts, an import of the compiler finds only the one function that torchvision takes of it."""
    if _COMPILER in sys.modules:
        yield
        return
    package, utils = ModuleType(_COMPILER), ModuleType(f"{_COMPILER}.utils")
    vars(utils)["is_compile_supported"] = _asked_now
    vars(package)["utils"] = utils
    stand_ins = {module.__name__: module for module in (package, utils)}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


with _compiler_later():
    from torchvision import __version__ as torchvision_version
    from torchvision.models import (
        DenseNet,
        DenseNet121_Weights,
        ResNet18_Weights,
        VGG16_BN_Weights,
        densenet121,
        resnet18,
        vgg16_bn,
    )
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
    from torchvision.models.detection.image_list import ImageList
    from torchvision.models.detection.roi_heads import RoIHeads
    from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
    from torchvision.models.resnet import BasicBlock
    from torchvision.ops import MultiScaleRoIAlign, box_iou

__all__ = [
    "AnchorGenerator",
    "BasicBlock",
    "DenseNet",
    "DenseNet121_Weights",
    "FastRCNNPredictor",
    "ImageList",
    "MultiScaleRoIAlign",
    "RPNHead",
    "RegionProposalNetwork",
    "ResNet18_Weights",
    "RoIHeads",
    "TwoMLPHead",
    "VGG16_BN_Weights",
    "box_iou",
    "densenet121",
    "resnet18",
    "torchvision_version",
    "vgg16_bn",
]
