"""What a stage may change, and what it must leave alone."""

from dataclasses import replace

import numpy as np
import torch

from tests.trainer.pages import prepared_page
from trainer.config import RECIPES
from trainer.engine import StageContext
from trainer.stages import train_global


def test_frozen_blocks_keep_weights_and_statistics() -> None:
    stage = replace(RECIPES["tiny"].global_, frozen_blocks=2)
    ink = np.random.default_rng(0).integers(0, 256, (300, 500), dtype=np.uint8)
    pages = [replace(prepared_page(str(number), number % 2), ink=ink) for number in range(4)]
    context = StageContext(None, "global", torch.device("cpu"))
    started = train_global(pages, replace(stage, epochs=0), context)
    before = {name: value.clone() for name, value in started.state_dict().items()}
    trained = train_global(pages, stage, context, init=started)
    changed = {name for name, value in trained.state_dict().items() if not torch.equal(value, before[name])}
    frozen = ("trunk.conv0", "trunk.norm0", "trunk.denseblock1", "trunk.denseblock2", "trunk.transition")
    assert not [name for name in changed if name.startswith(frozen) and "transition3" not in name]
    assert {"fc.weight", "trunk.denseblock3.denselayer1.conv1.weight", "trunk.norm5.running_mean"} <= changed
    assert all(parameter.requires_grad for parameter in trained.parameters())
