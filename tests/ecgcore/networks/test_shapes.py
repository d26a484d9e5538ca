"""Crops and canvases keep the paper's scale; the networks have the published shapes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.networks.configs import FusionConfig, GlobalConfig, LocalConfig
from ecgcore.networks.fusion import FusedNet, FusionHead, freeze_batch_norm, sum_beats
from ecgcore.networks.global_net import GlobalNet, page_canvas, place_on_canvas
from ecgcore.networks.local_net import LocalNet, beat_window, cut_beats
from tests.support.tiny import TINY_GLOBAL, TINY_LOCAL, tiny_networks


def test_published_shapes() -> None:
    """1,024 features of ResNet18 and DenseNet121, 2,048 into two fully connected layers."""
    local, global_ = LocalNet(LocalConfig()).eval(), GlobalNet(GlobalConfig()).eval()
    with torch.inference_mode():
        f_beats = local.features(torch.rand(3, 1, 64, 64))
        f_page = global_.features(torch.rand(1, 1, 64, 96))
    assert f_beats.shape == (3, 1024)
    assert f_page.shape == (1, 1024)
    assert LocalConfig().feature_dim == GlobalConfig().feature_dim == 1024
    head = FusionHead(FusionConfig())
    assert (head.fc1.in_features, head.fc2.out_features, head.dropout.p) == (2048, 1, 0.5)


def test_crop_is_the_ink_itself_at_the_standard_scale() -> None:
    ink = np.random.default_rng(0).integers(0, 256, (300, 400), dtype=np.uint8)
    box = [180.0, 100.0, 220.0, 140.0]
    crop = cut_beats(ink, [box], LocalConfig())[0, 0]
    assert beat_window(box, LocalConfig()) == (152, 72, 96, 96)
    assert np.array_equal(np.round(crop.numpy() * 255), ink[72:168, 152:248])


@pytest.mark.parametrize("aspect", [1.0, 2.5])
@pytest.mark.parametrize("box", [[-20, -10, 20, 30], [390, 290, 420, 330], [100, 100, 340, 120], [50, 20, 60, 290]])
def test_crops_are_never_stretched(box: list[float], aspect: float) -> None:
    """A square on the paper stays a square in the crop, at the border and in boxes larger than the window too."""
    config = LocalConfig(aspect=aspect)
    ink = np.zeros((300, 400), dtype=np.uint8)
    x, y = (max(20, min(370, int((box[0] + box[2]) / 2))), max(20, min(270, int((box[1] + box[3]) / 2))))
    ink[y - 20 : y + 20, x - 20 : x + 20] = 255
    crop = cut_beats(ink, [box], config)[0, 0].numpy() > 0.5
    left, top, width, height = beat_window(box, config)
    assert height == max(96, np.ceil((box[2] - box[0]) / aspect), np.ceil(box[3] - box[1]))
    assert width == round(height * aspect)
    visible_w = min(x + 20, left + width) - max(x - 20, left)
    visible_h = min(y + 20, top + height) - max(y - 20, top)
    assert crop.any(axis=0).sum() == pytest.approx(visible_w * 96 / height, abs=1.01)
    assert crop.any(axis=1).sum() == pytest.approx(visible_h * 96 / height, abs=1.01)


def test_no_beats_give_no_crops() -> None:
    blank = np.zeros((50, 50), dtype=np.uint8)
    assert cut_beats(blank, [], LocalConfig()).shape == (0, 1, 96, 96)
    assert cut_beats(blank, [], LocalConfig(px=64, aspect=2.5, places=True)).shape == (0, 3, 64, 160)


def test_the_place_of_a_beat_travels_with_its_crop_and_is_heard() -> None:
    """The middle of the box as shares of the panel; equal ink in another place may then be judged otherwise."""
    blank = np.zeros((200, 400), dtype=np.uint8)
    config = replace(TINY_LOCAL, places=True)
    crops = cut_beats(blank, [[90, 40, 110, 60], [290, 140, 310, 160]], config)
    assert crops[:, 1:, 5, 7].tolist() == [[0.25, 0.25], [0.75, 0.75]]
    assert crops[:, 0].abs().max() == 0
    net = LocalNet(config).eval()
    with torch.inference_mode():
        assert net(crops)[0] == net(crops)[1]  # before it has learnt anything of places
        assert net.place is not None
        torch.nn.init.normal_(net.place[-1].weight)
        assert net(crops)[0] != net(crops)[1]


@settings(max_examples=30)
@given(width=st.integers(8, 2400), height=st.integers(8, 1600), seed=st.integers(0, 999))
def test_canvas_mapping_is_exact(width: int, height: int, seed: int) -> None:
    """A filled rectangle lies on the canvas where the placement says, to the pixel's share of ink."""
    config = GlobalConfig()
    rng = np.random.default_rng(seed)
    x1, y1 = rng.integers(0, width), rng.integers(0, height)
    x2, y2 = rng.integers(x1 + 1, width + 1), rng.integers(y1 + 1, height + 1)
    ink = np.zeros((height, width), dtype=np.uint8)
    ink[y1:y2, x1:x2] = 255
    canvas = page_canvas(ink, config)[0].double().numpy()
    place = place_on_canvas((width, height), config)
    assert canvas.shape == config.canvas_wh_px[::-1]
    assert place.scale <= config.px_per_mm / 4 + 1e-12
    assert place.paper_wh[0] * place.scale == pytest.approx(config.canvas_wh_px[0])
    assert place.paper_wh[1] * place.scale == pytest.approx(config.canvas_wh_px[1])
    assert canvas.sum() == pytest.approx((x2 - x1) * (y2 - y1) * place.scale**2, rel=0.02, abs=0.3)
    ys, xs = np.indices(canvas.shape) + 0.5
    center_x = (xs * canvas).sum() / canvas.sum() / place.scale - place.offset_panel_xy[0]
    center_y = (ys * canvas).sum() / canvas.sum() / place.scale - place.offset_panel_xy[1]
    assert center_x == pytest.approx((x1 + x2) / 2, abs=0.6 / place.scale)
    assert center_y == pytest.approx((y1 + y2) / 2, abs=0.6 / place.scale)


def test_a_panel_that_fits_is_not_shrunk() -> None:
    assert place_on_canvas((1068, 624), GlobalConfig()).scale == 0.5
    assert place_on_canvas((2304, 624), GlobalConfig()).scale == 0.25


@pytest.mark.parametrize("pool", ["sum", "mean"])
def test_fused_network_matches_its_parts(pool: str) -> None:
    nets = tiny_networks()
    config = FusionConfig(pool, 8, TINY_GLOBAL.feature_dim, TINY_LOCAL.feature_dim)  # type: ignore[arg-type]
    fused = FusedNet(nets.global_, nets.local, FusionHead(config)).eval()
    pages, crops = torch.rand(2, 1, 88, 144), [torch.rand(3, 1, 32, 32), torch.rand(1, 1, 32, 32)]
    with torch.inference_mode():
        logits = fused(pages, crops)
        one_by_one = torch.cat([fused(pages[i : i + 1], crops[i : i + 1]) for i in range(2)])
    assert torch.allclose(logits, one_by_one, atol=1e-6)


def test_joint_training_leaves_the_trunks_batch_norm_alone() -> None:
    nets = tiny_networks()
    fused = FusedNet(nets.global_, nets.local, nets.fusion).train()
    before = {name: value.clone() for name, value in fused.named_buffers()}
    fused(torch.rand(2, 1, 88, 144), [torch.rand(2, 1, 32, 32)] * 2).sum().backward()
    changed = {name for name, value in fused.named_buffers() if not torch.equal(value, before[name])}
    assert changed == {"head.bn.running_mean", "head.bn.running_var", "head.bn.num_batches_tracked"}


def test_freeze_batch_norm_leaves_other_layers_trainable() -> None:
    net = tiny_networks().local
    freeze_batch_norm(net)
    assert not net.trunk.bn1.weight.requires_grad
    assert net.trunk.conv1.weight.requires_grad


def test_sum_beats_follows_the_counts() -> None:
    summed = sum_beats(torch.tensor([[1.0], [2.0], [4.0]]), [2, 1])
    assert summed.tolist() == [[3.0], [4.0]]
