"""The optimisers of a training, without the compiler of torch, which no training here uses.

Whatever an optimiser of torch does asks the compiler to leave it alone, and so loads it: 877 modules and a third of the
time until a training begins (torch 2.15). The methods that ask are wrapped; what they wrap is taken here.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from trainer.recipes import Stage


class _WithoutCompiler(torch.optim.Optimizer):
    """The methods that every optimiser of torch shares, unwrapped."""

    add_param_group: Any = torch.optim.Optimizer.add_param_group.__wrapped__  # type: ignore[attr-defined]
    load_state_dict: Any = torch.optim.Optimizer.load_state_dict.__wrapped__  # type: ignore[attr-defined]
    state_dict: Any = torch.optim.Optimizer.state_dict.__wrapped__  # type: ignore[attr-defined]
    zero_grad: Any = torch.optim.Optimizer.zero_grad.__wrapped__  # type: ignore[attr-defined]


class Sgd(_WithoutCompiler, torch.optim.SGD):
    """Stochastic gradient descent."""

    step: Any = torch.no_grad()(torch.optim.SGD.step.__wrapped__)  # type: ignore[attr-defined]


class AdamW(_WithoutCompiler, torch.optim.AdamW):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    step: Any = torch.no_grad()(torch.optim.AdamW.step.__wrapped__)  # type: ignore[attr-defined]


def make_optimiser(parameters: Iterable[Tensor], stage: Stage) -> torch.optim.Optimizer:
    """The stage's optimiser; biases and batch norm scales are not decayed by AdamW.

    Args:
        parameters: of the network; those that need no gradient are left out.
        stage: says which, how fast, and how much is decayed.
    """
    trainable = [p for p in parameters if p.requires_grad]
    if stage.optimiser == "sgd":
        return Sgd(trainable, lr=stage.lr, momentum=stage.momentum, weight_decay=stage.weight_decay)
    groups = [
        {"params": [p for p in trainable if p.ndim > 1], "weight_decay": stage.weight_decay},
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=stage.lr)
