"""Trains the network that finds handwriting (``ecgcore/networks/handwriting.safetensors``).

    python -m fits.handwriting.weights --ptbxl DIR --khan DIR --hand FONT... --machine FONT... --pages DIR

Rendered pages, half of them of records of PTB-XL that starters train on, as scans and photographed, and Khan pages that
starters train on; most are written on, some with machines' text besides. Every page is kept in ``--pages``, so that the
command goes on where it was stopped. Fonts must not be those of the report.
"""

import argparse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn.functional import binary_cross_entropy_with_logits

from ecgcore.networks.handwriting import CELL_PX, WEIGHTS, HandwritingNet
from ecgcore.types import ByteArray, FloatArray
from fits.handwriting.pages import Case, Fonts, cases

SEED = 300
COUNTS = {"scan": 260, "photo": 260, "real": 160}
CROP_PX, BATCH, STEPS = 384, 8, 1500
LEARNING_RATE, DECAY = 3e-3, 1e-2
WRITTEN_WEIGHT = 2.0
SHADED_SHARE, SOFT_SHARE, NOISY_SHARE = 0.5, 0.3, 0.3
WRITTEN_CROPS = 0.6
"""Share of the crops that are taken round something written, from pages that have it."""


def crops(pages: list[Case], rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch: pictures ``[n, 4, CROP_PX, CROP_PX]`` and cells ``[n, CROP_PX / 4, CROP_PX / 4]``, 0..1."""
    pictures, cells = [], []
    for _ in range(BATCH):
        page = pages[rng.integers(len(pages))]
        picture, truth = _window(page, rng)
        light = rng.uniform(0.7, 1.25) * rng.uniform(0.88, 1.12, 3)
        scaled = picture.astype(np.float32) * np.array([*light, rng.uniform(0.9, 1.1)], np.float32)
        if rng.random() < SHADED_SHARE:
            scaled[..., :3] += _shade(rng)[..., None] * rng.uniform(0.9, 1.1, 3).astype(np.float32)
        if rng.random() < SOFT_SHARE:
            scaled = cv2.GaussianBlur(scaled, (0, 0), rng.uniform(0.3, 1.2))
        if rng.random() < NOISY_SHARE:
            grain = rng.standard_normal(scaled.shape[:2], dtype=np.float32)[..., None] * rng.uniform(1, 9)
            scaled += np.where(scaled > 2, grain, 0)
        pictures.append(np.clip(scaled, 0, 255).transpose(2, 0, 1) / 255)
        cells.append(truth)
    return torch.from_numpy(np.stack(pictures)), torch.from_numpy(np.stack(cells).astype(np.float32))


def _shade(rng: np.random.Generator) -> FloatArray:
    """What division by the paper leaves of a shadow, stain or fold: smooth but for one edge and creases."""
    smooth = cv2.resize(rng.normal(0, 18, (5, 5)).astype(np.float32), (CROP_PX, CROP_PX), interpolation=cv2.INTER_CUBIC)
    turn, place = rng.uniform(0, 2 * np.pi), rng.uniform(-0.4, 0.4) * CROP_PX
    rows, columns = np.indices(smooth.shape, dtype=np.float32) - CROP_PX / 2
    beyond = np.cos(turn) * columns + np.sin(turn) * rows - place
    edge = rng.uniform(0, 70) / (1 + np.exp(-np.clip(beyond / rng.uniform(0.5, 12), -30, 30)))
    shade = smooth + edge * np.exp(-np.maximum(beyond, 0) / rng.uniform(20, 300))
    for _ in range(int(rng.integers(0, 4))):
        shade += rng.uniform(15, 80) * _crease(rng)
    return np.asarray(shade, dtype=np.float32)


def _crease(rng: np.random.Generator) -> FloatArray:
    """A thin dark line where the paper was bent, nearly straight and fading, 0..1."""
    start, along = rng.uniform(0, CROP_PX, 2), rng.uniform(0, 2 * np.pi)
    steps = np.linspace(0, rng.uniform(30, 300), 40)
    turn = along + rng.normal(0, 0.3) * np.linspace(0, 1, 40) + np.cumsum(rng.normal(0, 0.03, 40))
    points = start + np.cumsum(
        np.column_stack([np.cos(turn), np.sin(turn)]) * np.diff(steps, prepend=0)[:, None], axis=0
    )
    line = np.zeros((CROP_PX, CROP_PX), np.float32)
    for place, (a, b) in enumerate(pairwise(points)):
        strength = float(np.sin(np.pi * (place + 1) / 40) * rng.uniform(0.5, 1))
        ends = [np.round(end * 16).astype(int).tolist() for end in (a, b)]
        cv2.line(line, ends[0], ends[1], strength, int(rng.integers(1, 3)), cv2.LINE_8, shift=4)
    return np.asarray(cv2.GaussianBlur(line, (0, 0), rng.uniform(0.5, 2.0)))


def _window(page: Case, rng: np.random.Generator) -> tuple[ByteArray, ByteArray]:
    """A square of a page, on whole cells, padded with paper where the page is smaller."""
    side = CROP_PX // CELL_PX
    rows, columns = page.cells.shape
    written = np.argwhere(page.cells)
    if len(written) and rng.random() < WRITTEN_CROPS:
        top, left = written[rng.integers(len(written))] - rng.integers(0, side, 2)
    else:
        top, left = rng.integers(0, max(1, rows - side + 1)), rng.integers(0, max(1, columns - side + 1))
    top, left = (int(np.clip(at, 0, max(0, n - side))) for at, n in ((top, rows), (left, columns)))
    truth = page.cells[top : top + side, left : left + side]
    y, x = top * CELL_PX, left * CELL_PX
    picture = page.picture[y : y + CROP_PX, x : x + CROP_PX]
    below, right = (CROP_PX - n for n in picture.shape[:2])
    picture = cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_CONSTANT, value=0)
    truth = np.pad(truth, ((0, side - truth.shape[0]), (0, side - truth.shape[1])))
    return picture, truth


def fit(pages: list[Case], steps: int = STEPS) -> HandwritingNet:
    """Train from random weights; the same pages and threads give the same network."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    net = HandwritingNet().train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    weight, spent = torch.tensor(WRITTEN_WEIGHT), []
    for step in range(1, steps + 1):
        pictures, cells = crops(pages, rng)
        logits = net(pictures.to(memory_format=torch.channels_last))
        loss = binary_cross_entropy_with_logits(logits, cells, pos_weight=weight)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        spent.append(loss.item())
        if step % 100 == 0:
            print(f"step {step} of {steps}, loss {np.mean(spent[-100:]):.4f}", flush=True)
    return net.eval()


def main() -> None:
    """Draw, train, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("ptbxl", "khan", "pages"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("hand", "machine"):
        parser.add_argument(f"--{name}", type=Path, nargs="+", required=True, metavar="FONT")
    options = parser.parse_args()
    fonts = Fonts(options.hand, options.machine)
    found: Iterator[Case] = cases(COUNTS, SEED, fonts, options.ptbxl, options.khan, options.pages, held_out=False)
    net = fit(list(found))
    save_file({name: value.contiguous() for name, value in net.state_dict().items()}, WEIGHTS)


if __name__ == "__main__":
    main()
