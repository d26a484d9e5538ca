"""Grad-CAM points at what decides and depends on the weights."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from ecgcore.explain.gradcam import HeatArray, crop_heat, grad_cam, page_heat
from ecgcore.geometry.warp import to_photo
from ecgcore.networks.configs import GlobalConfig
from ecgcore.networks.global_net import GlobalNet
from ecgcore.types import ByteArray, PanelFrame
from tests.support.tiny import tiny_networks

CONFIG = GlobalConfig((256.0, 192.0), 1.0, growth_rate=8, block_config=(1, 1, 1, 1), init_features=8)
CELL = 32
"""Pixels of the canvas under one cell of the last maps."""


def _page(rng: np.random.Generator, abnormal: bool) -> tuple[ByteArray, tuple[int, int]]:
    """A canvas of faint noise; an abnormal one has a bright blob in one cell, which it returns as (row, column)."""
    page = rng.integers(0, 20, (192, 256), dtype=np.uint8)
    row, column = int(rng.integers(6)), int(rng.integers(8))
    if abnormal:
        page[row * CELL + 8 : row * CELL + 24, column * CELL + 8 : column * CELL + 24] = 255
    return page, (row, column)


@pytest.fixture(scope="module")
def trained() -> GlobalNet:
    """A tiny global network that tells pages with a blob from pages without."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net = GlobalNet(CONFIG).train()
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(60):
        labels = rng.random(16) < 0.5
        pages = np.stack([_page(rng, label)[0] for label in labels])
        logits = net(torch.from_numpy(pages).float()[:, None] / 255)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(labels).float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.2
    return net.eval()


def _heats(net: GlobalNet, n: int = 12) -> tuple[HeatArray, list[tuple[int, int]]]:
    """Heat on the cells of ``n`` abnormal pages, and where their blobs lie."""
    rng = np.random.default_rng(1)
    pages, blobs = zip(*[_page(rng, True) for _ in range(n)], strict=True)
    heats = grad_cam(net, torch.from_numpy(np.stack(pages)).float()[:, None] / 255)
    return heats.numpy(), list(blobs)


def _share_of_hits(heats: HeatArray, blobs: list[tuple[int, int]]) -> float:
    """How often the one hottest cell is the blob's or its neighbour; a map without a single peak never hits."""
    hits = []
    for heat, (row, column) in zip(heats, blobs, strict=True):
        y, x = np.unravel_index(heat.argmax(), heat.shape)
        single_peak = (heat == heat.max()).sum() == 1
        hits.append(bool(single_peak and abs(y - row) <= 1 and abs(x - column) <= 1))
    return float(np.mean(hits))


def _mean_rank_correlation(first: HeatArray, second: HeatArray) -> float:
    """Spearman's correlation, page by page; a constant map correlates fully, since it explains nothing."""
    pairs = [(a.ravel(), b.ravel()) for a, b in zip(first, second, strict=True)]
    ranks = [(a.argsort().argsort(), b.argsort().argsort()) for a, b in pairs]
    constant = [np.ptp(a) == 0 or np.ptp(b) == 0 for a, b in pairs]
    return float(np.mean([1.0 if flat else np.corrcoef(r)[0, 1] for r, flat in zip(ranks, constant, strict=True)]))


def test_heat_lies_where_the_abnormality_is(trained: GlobalNet) -> None:
    heats, blobs = _heats(trained)
    assert heats.min() >= 0
    assert heats.max() == pytest.approx(1.0)
    assert _share_of_hits(heats, blobs) >= 0.9


@pytest.mark.parametrize("spoil", [lambda heat: -heat, np.ones_like, np.zeros_like])
def test_a_wrong_map_would_be_noticed(trained: GlobalNet, spoil: Callable[[HeatArray], HeatArray]) -> None:
    """The check above fails a map of the wrong sign and a constant one."""
    heats, blobs = _heats(trained)
    assert _share_of_hits(spoil(heats), blobs) < 0.5


def test_heat_depends_on_the_weights(trained: GlobalNet) -> None:
    """Weight randomisation (Adebayo et al. 2018): a map that survives other weights is no explanation."""
    torch.manual_seed(7)
    heats, _ = _heats(trained)
    random_heats, _ = _heats(GlobalNet(CONFIG).eval())
    assert _mean_rank_correlation(heats, heats) == pytest.approx(1.0)
    assert _mean_rank_correlation(heats, random_heats) < 0.5
    assert _mean_rank_correlation(np.ones_like(heats), np.ones_like(heats)) > 0.5


def test_toward_normal_is_the_other_side(trained: GlobalNet) -> None:
    page, (row, column) = _page(np.random.default_rng(3), True)
    pages = torch.from_numpy(page).float()[None, None] / 255
    assert grad_cam(trained, pages)[0, row, column] > grad_cam(trained, pages, toward="normal")[0, row, column]


def test_page_heat_lies_pixel_for_pixel_on_the_ink(trained: GlobalNet) -> None:
    ink = np.zeros((400, 800), dtype=np.uint8)  # 4 px/mm: four times the canvas' resolution
    ink[280:344, 600:664] = 255
    heat = page_heat(trained, ink)
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    assert heat.shape == ink.shape
    assert abs(y - 312) <= 128
    assert abs(x - 632) <= 128


def test_heat_moves_to_the_photo_with_the_frame() -> None:
    frame = PanelFrame(np.array([[2.0, 0, 30], [0, 2.0, 10], [0, 0, 1]]), (40, 20))
    heat = np.zeros((20, 40), dtype=np.float32)
    heat[5:10, 10:20] = 1
    photo = to_photo(heat, frame, (150, 80))
    ys, xs = np.nonzero(photo > 0.5)
    assert (xs.min(), xs.max() + 1, ys.min(), ys.max() + 1) == (50, 70, 20, 30)


def test_crop_heat_has_the_crops_size() -> None:
    heat = crop_heat(tiny_networks().local.eval(), torch.rand(3, 1, 32, 32))
    assert heat.shape == (3, 32, 32)
    assert heat.dtype == np.float32
