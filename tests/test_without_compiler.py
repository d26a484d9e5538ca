"""Whatever screens and trains is loaded without torch's compiler, and nothing is missing for it."""

import subprocess
import sys

SCREENS_THEN_TRAINS = """
import sys
import ecgcore.pipeline
assert "torchvision" in sys.modules
assert "torch._dynamo" not in sys.modules, "whatever screens waits for a compiler that it does not use"

import torch
import trainer.worker.retrain
from dataclasses import replace
from trainer.named_recipes import RECIPES
from trainer.stages.optimisers import make_optimiser

STAGES = [replace(RECIPES["tiny"].global_, optimiser=name, weight_decay=0.1) for name in ("sgd", "adamw")]

def network():
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2)

def trained(model, optimiser):
    for _ in range(3):
        optimiser.zero_grad()
        model(torch.arange(6.0).reshape(2, 3)).square().sum().backward()
        optimiser.step()
        optimiser.load_state_dict(optimiser.state_dict())
    return torch.cat([parameter.flatten() for parameter in model.parameters()])

def weights(stage):
    model = network()
    return trained(model, make_optimiser(model.parameters(), stage))

ours = [weights(stage) for stage in STAGES]
assert "torch._dynamo" not in sys.modules, "a training waits for a compiler that it does not use"

from torchvision.ops import roi_align
asks = sys.modules["torchvision.ops.roi_align"].is_compile_supported("cpu")
import torch._dynamo
assert torch._dynamo.utils.is_compile_supported("cpu") == asks, "the stand-in must give the compiler's own answer"
assert callable(torch._dynamo.disable)

sgd, adamw = STAGES
models = network(), network()
plain = (
    torch.optim.SGD(models[0].parameters(), lr=sgd.lr, momentum=sgd.momentum, weight_decay=sgd.weight_decay),
    torch.optim.AdamW(
        [
            {"params": [models[1].weight], "weight_decay": adamw.weight_decay},
            {"params": [models[1].bias], "weight_decay": 0.0},
        ],
        lr=adamw.lr,
    ),
)
for weights_here, model, optimiser in zip(ours, models, plain, strict=True):
    assert torch.equal(weights_here, trained(model, optimiser)), "torch's own optimiser must do the same to the bit"
"""


def test_whatever_screens_and_trains_starts_without_the_compiler_which_stays_whole() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCREENS_THEN_TRAINS], capture_output=True, text=True, timeout=300, check=False
    )
    assert not done.returncode, done.stderr
