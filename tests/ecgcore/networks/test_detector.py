"""The detector: the published trunk, exact coordinates both ways, and learning on one page."""

import numpy as np
import pytest
import torch
from torch import nn

from ecgcore.networks.configs import DetectorConfig
from ecgcore.networks.detector import BeatDetector, detect_beats, panel_tensor


@pytest.mark.parametrize("neck", ["none", "fuse8"])
def test_the_trunk_has_13_convolutions_13_relu_and_4_poolings(neck: str) -> None:
    model = BeatDetector(DetectorConfig(width=0.03, neck=neck))  # type: ignore[arg-type]
    trunk = [*model.trunk_to_conv4, *model.trunk_conv5]
    assert sum(isinstance(layer, nn.Conv2d) for layer in trunk) == 13
    assert sum(isinstance(layer, nn.ReLU) for layer in trunk) == 13
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in trunk) == 4
    stride = 96 // model.features(torch.zeros(1, 1, 96, 96)).shape[-1]
    assert stride == {"none": 16, "fuse8": 8}[neck]


def test_full_width_is_vgg16() -> None:
    model = BeatDetector(DetectorConfig(width=1.0, neck="none", hidden=8))
    channels = [c.out_channels for c in [*model.trunk_to_conv4, *model.trunk_conv5] if isinstance(c, nn.Conv2d)]
    assert channels == [64, 64, 128, 128, *[256] * 3, *[512] * 6]


def test_the_panel_keeps_its_scale_and_is_padded_with_paper() -> None:
    ink = np.full((100, 203), 255, np.uint8)
    panel, scale_x, scale_y = panel_tensor(ink, 3.0)
    assert panel.shape[-2] % 32 == 0
    assert panel.shape[-1] % 32 == 0
    width, height = round(203 * scale_x), round(100 * scale_y)
    assert (width, height) == (152, 75)
    assert panel[0, :height, :width].min() == 1
    assert panel[0, height:].sum() + panel[0, :, width:].sum() == 0


def test_a_page_without_ink_or_boxes_gives_no_error() -> None:
    torch.manual_seed(0)
    model = BeatDetector(DetectorConfig(width=0.03, hidden=16)).eval()
    boxes, scores = detect_beats(model, np.zeros((60, 80), np.uint8), 0.99)
    assert boxes.shape == (len(scores), 4)


def test_it_learns_to_find_a_bump_where_it_stands() -> None:
    torch.manual_seed(0)
    model = BeatDetector(DetectorConfig(width=0.06, px_per_mm=4.0, hidden=32))
    ink = np.zeros((96, 192), np.uint8)
    true_xyxy = np.array([[20.0, 30.0, 68.0, 62.0], [110.0, 34.0, 160.0, 66.0]])
    for x1, y1, x2, y2 in true_xyxy.astype(int):
        ink[y2 - 6 : y2 - 3, x1:x2] = 255
        ink[y1:y2, (x1 + x2) // 2 - 2 : (x1 + x2) // 2 + 2] = 255
    panel, scale_x, scale_y = panel_tensor(ink, 4.0)
    target = {
        "boxes": torch.tensor(true_xyxy * [scale_x, scale_y, scale_x, scale_y], dtype=torch.float32),
        "labels": torch.ones(2, dtype=torch.int64),
    }
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(45):
        _, losses = model(panel[None].repeat(2, 1, 1, 1), [target, target], "float32")
        optimiser.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimiser.step()
    boxes, scores = detect_beats(model.eval(), ink, 0.0)
    found = boxes[np.argsort(-scores)[:2]]
    found = found[np.argsort(found[:, 0])]
    assert np.abs(found - true_xyxy).max() < 6
