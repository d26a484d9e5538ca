"""What a stage may change, and what it must leave alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ecgcore.networks.configs import DetectorConfig, GlobalConfig, LocalConfig
from tests.support.prepared_pages import prepared_page
from trainer.data.page import PreparedPage
from trainer.named_recipes import RECIPES
from trainer.progress import ProgressEvent
from trainer.stages.classifiers import train_global, train_local
from trainer.stages.context import StageContext
from trainer.stages.detector import train_detector
from trainer.stages.optimisers import Sgd
from trainer.stages.start import network_config


def pages_with_ink(n: int) -> list[PreparedPage]:
    """Pages of noise, every other one abnormal, each with one box."""
    ink = np.random.default_rng(0).integers(0, 256, (300, 500), dtype=np.uint8)
    box = np.array([[50.0, 60.0, 120.0, 150.0]])
    return [replace(prepared_page(str(k), k % 2), ink=ink, boxes_panel_xyxy=box) for k in range(n)]


def test_frozen_blocks_keep_weights_and_statistics() -> None:
    stage = replace(RECIPES["tiny"].global_, frozen_blocks=2)
    pages = pages_with_ink(4)
    context = StageContext(None, "global", torch.device("cpu"))
    started = train_global(pages, replace(stage, epochs=0), context)
    before = {name: value.clone() for name, value in started.state_dict().items()}
    trained = train_global(pages, stage, context, init=started)
    changed = {name for name, value in trained.state_dict().items() if not torch.equal(value, before[name])}
    frozen = ("trunk.conv0", "trunk.norm0", "trunk.denseblock1", "trunk.denseblock2", "trunk.transition")
    assert not [name for name in changed if name.startswith(frozen) and "transition3" not in name]
    assert {"fc.weight", "trunk.denseblock3.denselayer1.conv1.weight", "trunk.norm5.running_mean"} <= changed
    assert all(parameter.requires_grad for parameter in trained.parameters())


def test_a_large_batch_passes_in_parts_whose_gradients_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = replace(RECIPES["tiny"].global_, batch=6, at_once=2, steps_per_epoch=3, optimiser="sgd")
    pages, context = pages_with_ink(6), StageContext(None, "global", torch.device("cpu"))
    model = train_global(pages, replace(stage, epochs=0), context)
    passed: list[int] = []
    model.register_forward_pre_hook(lambda _, inputs: passed.append(len(inputs[0])))
    updates: list[int] = []
    step = Sgd.step
    monkeypatch.setattr(Sgd, "step", lambda self: (updates.append(len(passed)), step(self))[1])
    train_global(pages, stage, context, init=model)
    assert passed == [2] * 9
    assert updates == [3, 6, 9]


@pytest.mark.parametrize(("pages", "steps"), [(1, 3), (8, 4)])
def test_few_boxed_pages_are_shown_again_until_an_epoch_has_its_least_steps(pages: int, steps: int) -> None:
    stage = replace(RECIPES["tiny"].detector, steps_per_epoch=None, batch=2, least_steps=3)
    told: list[ProgressEvent] = []
    train_detector(pages_with_ink(pages), stage, StageContext(None, "detector", torch.device("cpu"), 0, told.append))
    assert [event.step for event in told if event.step is not None] == list(range(1, steps + 1))


def test_a_network_that_is_drawn_anew_has_the_whole_shape_of_its_stage() -> None:
    tiny, pages, context = RECIPES["tiny"], pages_with_ink(2), StageContext(None, "x", torch.device("cpu"))
    detector = replace(tiny.detector, epochs=0, neck="none", hidden=24)
    local = replace(tiny.local, epochs=0, crop_mm=30.0, aspect=1.5, places=True)
    global_ = replace(tiny.global_, epochs=0, canvas_wh_mm=(200.0, 100.0), growth_rate=4, block_config=(1, 2, 1, 2))
    beats = [page.boxes_panel_xyxy for page in pages if page.boxes_panel_xyxy is not None]
    assert train_detector(pages, detector, context).config == network_config(DetectorConfig, detector)
    assert train_local(pages, beats, local, context).config == network_config(LocalConfig, local)
    assert train_global(pages, global_, context).config == network_config(GlobalConfig, global_)


@pytest.mark.parametrize("is_fresh", [True, False])
def test_a_detectors_last_layers_are_drawn_anew_where_the_stage_says_so(is_fresh: bool) -> None:
    stage = replace(RECIPES["tiny"].detector, epochs=0)
    pages, context = pages_with_ink(1), StageContext(None, "detector", torch.device("cpu"))
    model = train_detector(pages, stage, context)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    train_detector(pages, replace(stage, fresh_head=is_fresh), context, init=model)
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert all(name.startswith("roi_heads.box_predictor.") for name in changed)
    assert len(changed) == (4 if is_fresh else 0)
