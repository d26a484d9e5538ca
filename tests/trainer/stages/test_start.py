"""Where networks start: a start from ImageNet reaches every network for which torchvision has weights."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import densenet121, resnet18
from torchvision.models.vgg import cfgs, make_layers

from ecgcore.errors import DataError
from ecgcore.networks import detector, global_net, local_net
from trainer.named_recipes import RECIPES
from trainer.stages.start import choose_start, imagenet_parts

PATENT, QUICK, TINY = (RECIPES[name] for name in ("patent", "quick", "tiny"))


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Networks in the place of torchvision's trained ones, by part; only those that were asked for are in it."""
    made: dict[str, Any] = {}

    def stand_in(part: str, make: Any) -> Any:
        def fetch(weights: object) -> nn.Module:
            assert weights is not None
            return made.setdefault(part, make())  # type: ignore[no-any-return]

        return fetch

    vgg16 = stand_in("detector", lambda: SimpleNamespace(features=make_layers(cfgs["D"], batch_norm=True)))
    monkeypatch.setattr(detector, "vgg16_bn", vgg16)
    monkeypatch.setattr(local_net, "resnet18", stand_in("local", resnet18))
    monkeypatch.setattr(global_net, "densenet121", stand_in("global", densenet121))
    return made


def test_all_networks_of_the_published_method_start_from_imagenet(fetched: dict[str, Any]) -> None:
    start = choose_start("imagenet", None, PATENT)
    assert set(fetched) == set(imagenet_parts(PATENT)) == {"detector", "local", "global"}
    assert start.detector is not None and start.local is not None and start.global_ is not None
    last = [layer for layer in fetched["detector"].features if isinstance(layer, nn.Conv2d)][-1]
    ours = [layer for layer in start.detector.trunk_conv5.modules() if isinstance(layer, nn.Conv2d)][-1]
    assert torch.equal(ours.weight, last.weight)
    assert torch.equal(start.local.trunk.layer4[1].conv2.weight, fetched["local"].layer4[1].conv2.weight)
    norm = fetched["global"].features.norm5.weight
    assert torch.equal(start.global_.trunk.norm5.weight, norm)


def test_a_narrow_detector_is_drawn_anew(fetched: dict[str, Any]) -> None:
    start = choose_start("imagenet", None, QUICK)
    assert start.detector is None
    assert set(fetched) == set(imagenet_parts(QUICK)) == {"local", "global"}


@pytest.mark.parametrize("trains_detector", [True, False])
def test_nothing_is_fetched_for_a_detector_that_is_not_trained(fetched: dict[str, Any], trains_detector: bool) -> None:
    kept = replace(PATENT, detector=replace(PATENT.detector, epochs=0))
    choose_start("imagenet", None, kept if trains_detector else PATENT, trains_detector=trains_detector)
    assert set(fetched) == {"local", "global"}


def test_networks_without_such_weights_are_refused() -> None:
    with pytest.raises(DataError, match="no ImageNet weights for the small networks of recipe tiny"):
        choose_start("imagenet", None, TINY)
