"""Draw pages with known traces and fit the network that follows the pen: ``ecgcore/waveform/pen/network.safetensors``.

python -m fits.pen --ptbxl DIR --out FILE [--pages 720] [--steps 5000]

Pages are papersim's, a third of them photographed, from PTB-XL's folds 1 to 7 and 10 and records without one. What is
lowered is the mean over stretches of 2.5 s of 10 log10 of the error's share of the signal's energy. Some minutes
of one core.
"""

import argparse
import csv
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save_file
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.errors import NotScreenableError
from ecgcore.output.printable import print_escaped
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import random_style
from ecgcore.papersim.photo.photograph import photograph, random_damage
from ecgcore.types import FloatArray
from ecgcore.waveform.page_rows import PageRows
from ecgcore.waveform.pen.features import pen_columns
from ecgcore.waveform.pen.network import STEPS
from ecgcore.waveform.pen.path import ROOM_PX
from trainer.starter.public_datasets import Record, load_ptbxl
from trainer.starter.synthetic_pages import render_page

CHOOSING_AND_REPORTING_FOLDS = {"8", "9"}
PHOTOGRAPHED_EVERY = 3
STRETCH_PX = 256
BATCH, HIDDEN, REACH = 32, 56, 5
LEAST_TRUE = 0.7
"""A stretch is learned from where the truth covers this share of it."""
FINEST_PX2 = 0.02
"""Errors of less energy are not worth learning from."""
RATE = 4e-3
Batch = tuple[Tensor, Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class PenPage:
    """A page's columns and where the pen truly ran, ``[r, w * STEPS]`` in pixels of the panel, NaN where it did not."""

    features: npt.NDArray[np.float16]
    middle_y: FloatArray
    half_px: FloatArray
    true_y: FloatArray


class PenNet(nn.Module):
    """Layers along the row; :mod:`ecgcore.waveform.pen.network` runs them without torch."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        reach = REACH // 2
        self.layers = nn.ModuleList(
            [
                nn.Conv1d(inputs, HIDDEN, 1),
                nn.Conv1d(HIDDEN, HIDDEN, REACH, padding=reach),
                nn.Conv1d(HIDDEN, HIDDEN, REACH, padding=reach),
                nn.Conv1d(HIDDEN, STEPS, REACH, padding=reach),
            ]
        )

    def forward(self, features: Tensor) -> Tensor:
        """``[n, w, f]`` to ``[n, w, STEPS]``."""
        values = features.transpose(1, 2)
        for number, layer in enumerate(self.layers):
            values = layer(values)
            values = functional.relu(values) if number < len(self.layers) - 1 else values
        return values.transpose(1, 2)


def pen_pages(records: list[Record], count: int) -> Iterator[PenPage]:
    """Draw, prepare and describe pages; those whose rows were not all found are left out."""
    for number in range(count):
        rng = np.random.default_rng([number, 77])
        style = random_style(rng)
        is_photo = number % PHOTOGRAPHED_EVERY == PHOTOGRAPHED_EVERY - 1
        if is_photo:
            style = dataclasses.replace(style, rotation_deg=0.0)
        page = render_page(records[number % len(records)], number, style)
        photo = photograph(page, random_damage(rng), number) if is_photo else None
        try:
            prepared = prepare_page(page.image_rgb if photo is None else photo.image_rgb)
        except NotScreenableError:
            continue
        rows = PageRows(prepared.ink).traces
        if len(rows.baseline_y) != 1 + max(trace.row for trace in page.traces):
            continue
        columns = pen_columns(rows, prepared.ink)
        places = (np.arange(rows.panel_w * STEPS) + 0.5) / STEPS
        true_y = np.full((len(rows.baseline_y), len(places)), np.nan)
        for trace in page.traces:
            points = trace.points_xy if photo is None else photo.points_to_photo(trace.points_xy)
            x, y = prepared.frame.points_to_panel(points).T
            order = np.argsort(x)
            inside = (places >= x.min()) & (places <= x.max())
            true_y[trace.row, inside] = np.interp(places[inside], x[order], y[order])
        yield PenPage(columns.features.astype(np.float16), columns.middle_y, columns.half_px, true_y)


def stretches(pages: list[PenPage], rng: np.random.Generator) -> Batch:
    """So many stretches of rows, drawn at random: features, middles, halves and truth."""
    drawn: list[tuple[FloatArray, ...]] = []
    while len(drawn) < BATCH:
        page = pages[rng.integers(len(pages))]
        rows, width = page.middle_y.shape
        if width <= STRETCH_PX:
            continue
        row, first = rng.integers(rows), rng.integers(width - STRETCH_PX)
        within = slice(first, first + STRETCH_PX)
        true_y = page.true_y[row, first * STEPS : (first + STRETCH_PX) * STEPS]
        if np.isfinite(true_y).mean() >= LEAST_TRUE:
            drawn.append((page.features[row, within], page.middle_y[row, within], page.half_px[row, within], true_y))
    features, middle, half, true = (torch.from_numpy(np.stack(v).astype(np.float32)) for v in zip(*drawn, strict=True))
    return features, middle, half, true


def error_db(net: PenNet, batch: Batch) -> Tensor:
    """The error's share of each stretch's energy in dB, ``[n]``; lower is better."""
    features, middle, half, true = batch
    found = (middle[..., None] + net(features) * (half[..., None] + ROOM_PX)).flatten(1)
    known = torch.isfinite(true)
    count = known.sum(dim=1, keepdim=True)
    signal, error = torch.where(known, true, 0.0), torch.where(known, found - true, 0.0)
    powers = []
    for values in (error, signal):
        apart = torch.where(known, values - values.sum(dim=1, keepdim=True) / count, 0.0)
        powers.append((apart**2).sum(dim=1) / count[:, 0] + FINEST_PX2)
    return 10 * torch.log10(powers[0] / powers[1])


def fit(pages: list[PenPage], steps: int) -> PenNet:
    """Train a network on the pages; the same pages give the same weights on one machine."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net = PenNet(pages[0].features.shape[-1])
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for step in range(steps):
        loss = error_db(net, stretches(pages, rng)).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        if step % 500 == 0:
            print_escaped(f"step {step}: {-loss.item():.1f} dB")
    return net


def write(net: PenNet, path: Path) -> None:
    """Write the weights as :mod:`ecgcore.waveform.pen.network` reads them."""
    weights = {}
    for number, layer in enumerate(net.layers):
        kernel = layer.weight.detach().numpy().transpose(2, 1, 0)
        weights[f"{number}.kernel"] = np.ascontiguousarray(kernel, dtype=np.float16)
        weights[f"{number}.bias"] = layer.bias.detach().numpy().astype(np.float16)
    save_file(weights, path)


def main() -> None:
    """Draw, fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ptbxl", type=Path, required=True, help="holds ptbxl.npz and ptbxl.csv")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=720)
    parser.add_argument("--steps", type=int, default=5000)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with (options.ptbxl / "ptbxl.csv").open(newline="", encoding="utf-8") as handle:
        folds = {row["ecg_id"]: row["fold"] for row in csv.DictReader(handle)}
    records = load_ptbxl(options.ptbxl)
    records = [r for r in records if folds[r.source_record.split(":")[1]] not in CHOOSING_AND_REPORTING_FOLDS]
    order = np.random.default_rng(11).permutation(len(records))
    net = fit(list(pen_pages([records[i] for i in order], options.pages)), options.steps)
    write(net, options.out)


if __name__ == "__main__":
    main()
