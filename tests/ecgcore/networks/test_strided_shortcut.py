"""The shortcut of a strided block: the answers of a strided 1x1 convolution, and a gradient sound on any processor."""

import copy
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from benchmarks.training.shortcut_probe import PROBE
from ecgcore.bundle.folder import load_bundle
from ecgcore.bundle.manifest import starter_folder
from ecgcore.networks.configs import DetectorConfig, GlobalConfig, LocalConfig
from ecgcore.networks.detector import BeatDetector
from ecgcore.networks.device import mixed_precision
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.handwriting import HandwritingNet
from ecgcore.networks.local_net import LocalNet, Shortcut1x1
from fits.orientation.weights import OrientationNet
from tests.support.strided_convolutions import refuse_unsound
from tests.support.tiny import TINY_LOCAL, tiny_networks
from trainer.named_recipes import RECIPES
from trainer.recipes import FEWEST_STRIDED_1X1_CHANNELS, Recipe
from trainer.stages.start import network_config
from trainer.starter.plan import STARTER

CPU = torch.device("cpu")


def of_recipe(recipe: Recipe) -> list[nn.Module]:
    """The networks that a training of the recipe draws anew."""
    return [
        BeatDetector(network_config(DetectorConfig, recipe.detector)),
        LocalNet(network_config(LocalConfig, recipe.local)),
        GlobalNet(network_config(GlobalConfig, recipe.global_)),
    ]


NETWORKS: dict[str, Callable[[], list[nn.Module]]] = {
    **{f"recipe {name}": lambda recipe=recipe: of_recipe(recipe) for name, recipe in RECIPES.items()},
    "recipe starter": lambda: [
        *of_recipe(STARTER.recipe),
        GlobalNet(network_config(GlobalConfig, STARTER.real_global)),
        LocalNet(network_config(LocalConfig, STARTER.real_local)),
    ],
    "the starter": lambda: list(load_bundle(starter_folder()).nets.by_part().values()),
    "the tests' tiny networks": lambda: list(tiny_networks().by_part().values()),
    "handwriting": lambda: [HandwritingNet()],
    "page turn": lambda: [OrientationNet()],
    "shortcut probe": lambda: [GlobalNet(PROBE)],
}


def strided(net: LocalNet) -> LocalNet:
    """A copy with torchvision's own shortcuts: 1x1 convolutions of stride 2."""
    net = copy.deepcopy(net)
    for block in net.modules():
        shortcut = getattr(block, "downsample", None)
        if shortcut is not None:
            ours = shortcut[0]
            shortcut[0] = nn.Conv2d(ours.in_channels, ours.out_channels, 1, stride=ours.nth, bias=False)
            shortcut[0].weight = ours.weight
    return net


@pytest.mark.parametrize("name", NETWORKS)
def test_no_network_here_has_a_strided_1x1_convolution_of_few_channels(name: str) -> None:
    for net in NETWORKS[name]():
        for module in net.modules():
            refuse_unsound(module)


def test_recipes_and_tests_are_wide_enough_even_for_a_strided_one() -> None:
    for width in (TINY_LOCAL.width, *(recipe.local.width for recipe in RECIPES.values())):
        assert width >= FEWEST_STRIDED_1X1_CHANNELS


@pytest.mark.parametrize(("width", "is_refused"), [(4, True), (8, True), (15, True), (16, False)])
def test_the_mistake_is_refused_on_every_processor_when_it_comes_back(width: int, is_refused: bool) -> None:
    """In a network that is only walked, and, by the hook that all tests run with, in one that is used."""
    net = strided(LocalNet(LocalConfig(px=32, width=width)).eval())
    crops = torch.rand(2, 1, 32, 32)
    if not is_refused:
        assert net(crops).shape == (2,)
        return
    with pytest.raises(AssertionError, match="Shortcut1x1"):
        list(map(refuse_unsound, net.modules()))
    with pytest.raises(AssertionError, match="Shortcut1x1"):
        net(crops)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("n", [1, 3, 24])
def test_the_starter_answers_to_the_bit_as_with_strided_shortcuts(n: int, precision: str) -> None:
    """As it was trained and measured: also 3 crops, where another kernel of oneDNN would round otherwise."""
    ours = load_bundle(starter_folder()).nets.local
    theirs = strided(ours)
    assert {name.removeprefix("trunk.") for name in ours.trunk.state_dict()} == {
        name for name in resnet18().state_dict() if not name.startswith("fc.")
    }
    crops = torch.rand(n, ours.config.channels, *ours.config.crop_wh_px, generator=torch.Generator().manual_seed(n))
    with torch.inference_mode(), mixed_precision(CPU, precision):
        assert torch.equal(ours(crops), theirs(crops))


def test_the_gradient_is_that_of_a_strided_convolution() -> None:
    """In double precision, which oneDNN does not compute."""
    torch.manual_seed(0)
    ours = LocalNet(TINY_LOCAL).double()
    theirs = strided(ours)
    crops = torch.rand(4, 1, 32, 32, dtype=torch.float64)
    found = [torch.autograd.grad(net(crops).square().sum(), list(net.trunk.parameters())) for net in (ours, theirs)]
    for mine, its in zip(*found, strict=True):
        torch.testing.assert_close(mine, its)


GRADIENTS = """
import torch
from ecgcore.networks.local_net import Shortcut1x1
for threads in (1, 2):
    torch.set_num_threads(threads)
    for width in (4, 8, 12, 16):
        layer = Shortcut1x1(width, 2 * width, 2).to(memory_format=torch.channels_last)
        maps = torch.randn(8, width, 8, 8)
        exact = torch.autograd.grad((layer.double()(maps.double()) ** 2).sum(), layer.weight)[0].float()
        layer.float()
        for _ in range(10):
            sheets = maps.contiguous(memory_format=torch.channels_last)
            torch.testing.assert_close(torch.autograd.grad((layer(sheets) ** 2).sum(), layer.weight)[0], exact)
"""


@pytest.mark.parametrize("processor", ["AVX2", "AVX512_CORE"])
def test_its_gradient_is_right_on_lesser_processors(processor: str) -> None:
    """Where the strided one ends the process by a damaged heap, or gives a wrong gradient; of any width."""
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": processor, "OMP_NUM_THREADS": "2"}
    ended = subprocess.run(
        [sys.executable, "-c", GRADIENTS], check=False, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr


def test_every_strided_block_has_such_a_shortcut() -> None:
    assert sum(isinstance(module, Shortcut1x1) for module in LocalNet(LocalConfig()).modules()) == 3
