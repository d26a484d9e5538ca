"""Fits the network that tells which way up a page lies (``ecgcore/page/orientation.npz``).

    python -m fits.orientation.weights --khan DIR --ludb DIR --ptbxl DIR --pages DIR

It learns from square pieces of upright pages of the training part: worn, a little askew, half of them without letters.
Each is shown in all four ways, and of the four the upright one is to be named. The limits beside
the network (``ecgcore.page.orientation``) were chosen on the training and the inner part.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ecgcore.page.orientation import STRIDES, WEIGHTS
from ecgcore.types import ByteArray
from fits.orientation.pages import add_folders, upright_inks
from trainer.data.augment import augment_pen


class Phase(NamedTuple):
    """So many steps with so many pieces of this side (in standard panel pixels), at this learning rate at most."""

    steps: int
    batch: int
    side_px: int
    learning_rate: float


CHANNELS = (12, 24, 32, 32, 32, 32)
SHARES = {"khan": 0.3, "ludb": 0.2, "ptbxl": 0.25, "photo": 0.25}
PHASES = (Phase(900, 12, 352, 3e-3), Phase(400, 6, 640, 1e-3))
"""Pieces of 9 cm teach what beats, pulses and letters look like; those of 16 cm, how to weigh them on a page."""
WEIGHT_DECAY = 1e-4
MOST_PAGES = 1150
"""Of one source; of PTB-XL that is one style of each record."""
LETTER_PX = 26
"""Strokes smaller than this both ways (6.5 mm) are letters, or nothing that tells."""


class OrientationNet(nn.Module):
    """Evidence for upright at every place, averaged by a weight that it gives the place."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (1, *CHANNELS[:-1])
        self.convs = nn.ModuleList(
            nn.Conv2d(i, o, 3, stride, 1) for i, o, stride in zip(inputs, CHANNELS, STRIDES, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for o in CHANNELS)
        self.head = nn.Conv2d(CHANNELS[-1], 2, 1)

    def forward(self, ink: Tensor) -> Tensor:
        """Uprightness ``[N]`` of pictures ``[N, 1, h, w]``, 1 full pen."""
        for conv, norm in zip(self.convs, self.norms, strict=True):
            ink = torch.relu(norm(conv(ink)))
        evidence, attention_weight = self.head(ink).flatten(2).unbind(1)
        return (torch.softmax(attention_weight, 1) * evidence).sum(1)


def varied_piece(ink: ByteArray, side_px: int, rng: np.random.Generator) -> ByteArray:
    """A square piece of a page at half its scale, changed as paper, pens, cameras and their straightening change it."""
    height, width = ink.shape
    scale = float(np.exp(rng.uniform(-0.16, 0.16)))
    askew = cv2.getRotationMatrix2D((0, 0), float(rng.normal(0, 1.2)), scale)
    # the piece may reach over the page's edges
    for axis, side in enumerate((width, height)):
        askew[axis, 2] = rng.uniform(*sorted((0.15 * side_px, 0.85 * side_px - scale * side)))
    piece = np.asarray(cv2.warpAffine(ink, askew, (side_px, side_px), flags=cv2.INTER_LINEAR), dtype=np.uint8)
    if rng.random() < 0.5:
        piece = without_letters(piece)
    piece = augment_pen(piece, rng)
    for _ in range(int(rng.integers(4)) if rng.random() < 0.4 else 0):
        w, h = (int(v) for v in rng.uniform(10, 160, 2))
        x, y = int(rng.integers(side_px)), int(rng.integers(side_px))
        piece[y : y + h, x : x + w] = 0
    return np.asarray(cv2.resize(piece, (side_px // 2, side_px // 2), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def without_letters(ink: ByteArray) -> ByteArray:
    """Erase every stroke that is small both ways."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((ink > 40).astype(np.uint8), connectivity=8)
    small = stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(axis=1) < LETTER_PX
    erased = cv2.dilate(small[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(ink * (1 - erased), dtype=np.uint8)


def fit(inks: dict[str, list[ByteArray]], phases: Sequence[Phase] = PHASES, seed: int = 1) -> OrientationNet:
    """Train a network; the same seed gives the same one on the same machine."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = OrientationNet().to(memory_format=torch.channels_last)
    for phase in phases:
        _train(net, inks, phase, rng)
    return net.eval()


def _train(net: OrientationNet, inks: dict[str, list[ByteArray]], phase: Phase, rng: np.random.Generator) -> None:
    optimiser = torch.optim.AdamW(net.parameters(), phase.learning_rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, phase.learning_rate, phase.steps, pct_start=0.15)
    names, shares = list(SHARES), list(SHARES.values())
    upright = torch.tensor([1.0, 0.0, 0.0, 0.0]).expand(phase.batch, 4)
    first = torch.zeros(phase.batch, dtype=torch.long)
    losses, hits = [], []
    for step in range(1, phase.steps + 1):
        sources = [inks[names[n]] for n in rng.choice(len(names), phase.batch, p=shares)]
        pieces = [varied_piece(pages[rng.integers(len(pages))], phase.side_px, rng) for pages in sources]
        batch = torch.from_numpy(np.stack(pieces)).float().div(255)[:, None]
        ways = torch.cat([torch.rot90(batch, -turns, (2, 3)) for turns in range(4)])
        with torch.autocast("cpu", torch.bfloat16):
            scores = net(ways.to(memory_format=torch.channels_last)).float().view(4, phase.batch).T
        # the four ways of a page compete; and each is judged alone, so that one look tells that a page is upright
        loss = cross_entropy(scores, first) + binary_cross_entropy_with_logits(scores, upright)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        hits.append(float((scores.argmax(1) == 0).float().mean()))
        if step % 100 == 0:
            print(
                f"step {step}: loss {np.mean(losses[-100:]):.3f}, pieces right {np.mean(hits[-100:]):.3f}", flush=True
            )


def folded(net: OrientationNet) -> dict[str, np.ndarray]:
    """What ``ecgcore.page.orientation`` computes with: norms folded into the convolutions, at half precision."""
    layers = [fuse_conv_bn_eval(conv, norm) for conv, norm in zip(net.convs, net.norms, strict=True)]
    kept: dict[str, np.ndarray] = {}
    for number, layer in enumerate([*layers, net.head]):
        weights = layer.weight.detach().permute(2, 3, 1, 0).reshape(-1, layer.weight.shape[0])
        kept[f"weights_{number}"] = weights.numpy().astype(np.float16)
        kept[f"bias_{number}"] = layer.bias.detach().numpy().astype(np.float16)
    return kept


def main() -> None:
    """Fit, set the margin, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_folders(parser)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    inks = {name: pages[:MOST_PAGES] for name, pages in upright_inks(options, "train").items()}
    np.savez_compressed(options.out, **folded(fit(inks)))


if __name__ == "__main__":
    main()
