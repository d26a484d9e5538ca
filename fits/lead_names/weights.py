"""Trains the network that finds lead names (``ecgcore/printed/lead_names.safetensors``).

    python -m fits.lead_names.weights --ptbxl DIR --fonts DIR [--pages N] [--steps N] [--begin FILE]
        [--seed N] [--out FILE]

Names in many fonts and sizes are written at random places over pages that papersim draws without any, beside and across
the traces, and words that are no names with them. Records and fonts must not be those of the report: folds 8 and 9 and
DejaVu, in which matplotlib writes, are left out.
"""

import argparse
import dataclasses
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.page.ink import darkness_rgb
from ecgcore.papersim import random_style
from ecgcore.printed.names import CELL_PX, NAMES, READ_PX_PER_MM, WEIGHTS, NameNet
from trainer.starter.public_datasets import load_ptbxl
from trainer.starter.synthetic_pages import render_page

SEED, CROP_PX, BATCH, LEARNING_RATE, DECAY = 11, 256, 16, 3e-3, 1e-2
LETTER_MM = (1.6, 4.2)
MOST_NAMES, MOST_OTHERS = 7, 3
OTHERS = (
    "HR",
    "PR",
    "QT",
    "mV",
    "mm/s",
    "25",
    "10",
    "Hz",
    "aV",
    "V",
    "VI",
    "IV",
    "V7",
    "V8",
    "P",
    "T",
    "ms",
    "AC",
    "LA",
)
OTHERS += ("0", "1", "2", "3", "5", "RV5", "SV1", "bpm", "Age", "ID", "II+", "x1", "4*2.5s", "Vent", "F", "N")
PENS_SHARE = 0.3
"""Share of the words that are written in OpenCV's stroke fonts, as machines with plotting pens do."""
NOTHING_WEIGHT = 0.25
LIKE = {"I": ("I", "I", "DI"), "II": ("II", "II", "DII"), "III": ("III", "III", "DIII")}
LIKE |= {f"V{k}": (f"V{k}", f"V{k}", f"V{k}", f"C{k}") for k in range(1, 7)}
LIKE |= {name: (name, name, name, name.upper()) for name in ("aVL", "aVF")}
LIKE["aVR"] = ("aVR", "aVR", "aVR", "AVR", "-aVR")


def base_pages(ptbxl: Path, count: int, rng: np.random.Generator) -> list[ByteArray]:
    """Darkness of pages without lead names at ``READ_PX_PER_MM``, ``uint8 [h, w]`` each."""
    records = [record for record in load_ptbxl(ptbxl) if record.fold not in (8, 9)]
    pages = []
    for number in range(count):
        record = records[int(rng.integers(len(records)))]
        style = dataclasses.replace(random_style(rng), labels=False)
        image = render_page(record, number, style).image_rgb
        scale = READ_PX_PER_MM / style.px_per_mm
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        pages.append(
            darkness_rgb(np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=way))).max(axis=2)
        )
    return [page for page in pages if min(page.shape) >= CROP_PX]


def word_mask(word: str, height_px: float, fonts: list[Path], rng: np.random.Generator) -> ByteArray:
    """A word's ink as tall as its capitals, cut to its letters, ``uint8 [h, w]``."""
    if rng.random() < PENS_SHARE:
        font = int(rng.choice([0, 1, 2, 3, 4, 6]))
        scale = height_px / cv2.getTextSize("V", font, 1.0, 1)[0][1]
        thick = int(rng.choice([1, 1, 2]))
        (width, height), below = cv2.getTextSize(word, font, scale, thick)
        mask = np.zeros((height + below + 8, width + 8), np.uint8)
        cv2.putText(mask, word, (4, height + 4), font, scale, 255, thick, cv2.LINE_AA)
    else:
        font_file = ImageFont.truetype(str(fonts[int(rng.integers(len(fonts)))]), max(8, round(height_px / 0.7)))
        x1, y1, x2, y2 = font_file.getbbox(word)
        picture = Image.new("L", (int(x2 - x1) + 8, int(y2 - y1) + 8))
        ImageDraw.Draw(picture).text((4 - x1, 4 - y1), word, font=font_file, fill=255)
        mask = np.asarray(picture)
    rows, columns = np.nonzero(mask > 64)
    if len(rows) == 0:
        return np.zeros((1, 1), np.uint8)
    return mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def crop(pages: list[ByteArray], fonts: list[Path], rng: np.random.Generator) -> tuple[FloatArray, ByteArray]:
    """A piece of a page with names on it, ``[CROP_PX, CROP_PX]`` 0..1, and the class of every cell; 255: either."""
    page = pages[int(rng.integers(len(pages)))]
    y, x = (int(rng.integers(side - CROP_PX + 1)) for side in page.shape)
    picture = page[y : y + CROP_PX, x : x + CROP_PX].copy()
    cells = np.zeros((CROP_PX // CELL_PX,) * 2, np.uint8)
    height_px = rng.uniform(*LETTER_MM) * READ_PX_PER_MM
    strength, taken = rng.uniform(0.35, 1.0), np.zeros((CROP_PX, CROP_PX), bool)
    words = [(name, NAMES.index(name) + 1) for name in rng.choice(NAMES, int(rng.integers(1, MOST_NAMES + 1)))]
    words += [(str(word), 0) for word in rng.choice(OTHERS, int(rng.integers(MOST_OTHERS + 1)))]
    for name, number in words:
        spelling = str(rng.choice(LIKE[name])) if number else name
        mask = word_mask(spelling, height_px * rng.uniform(0.95, 1.05), fonts, rng)
        high, wide = mask.shape
        if high + 4 >= CROP_PX or wide + 4 >= CROP_PX:
            continue
        top, left = int(rng.integers(2, CROP_PX - high - 2)), int(rng.integers(2, CROP_PX - wide - 2))
        margin = round(0.6 * height_px)
        if taken[max(0, top - margin) : top + high + margin, max(0, left - margin) : left + wide + margin].any():
            continue
        taken[top : top + high, left : left + wide] = True
        place = picture[top : top + high, left : left + wide]
        np.maximum(place, (mask * strength).astype(np.uint8), out=place)
        if number:
            row, column = int((top + high / 2) // CELL_PX), int((left + wide / 2) // CELL_PX)
            around = cells[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
            around[around == 0] = 255
            cells[row, column] = number
    seen = picture.astype(np.float32)
    if rng.random() < 0.6:
        seen = cv2.GaussianBlur(seen, (0, 0), float(rng.uniform(0.3, 1.6)))
    if rng.random() < 0.4:  # a shadow or a crease, as photos have them
        shade = cv2.resize(rng.normal(0, 25, (4, 4)).astype(np.float32), seen.shape, interpolation=cv2.INTER_CUBIC)
        seen += np.maximum(shade, 0)
        if rng.random() < 0.5:
            ends = rng.integers(0, CROP_PX, 4).tolist()
            cv2.line(seen, ends[:2], ends[2:], float(rng.uniform(40, 160)), int(rng.integers(1, 4)), cv2.LINE_AA)
    seen = seen * rng.uniform(0.6, 1.3) + rng.standard_normal(seen.shape, dtype=np.float32) * rng.uniform(0, 10)
    return np.clip(seen, 0, 255) / 255, cells


def train(
    pages: list[ByteArray], fonts: list[Path], steps: int, rng: np.random.Generator, begin: Path | None = None
) -> NameNet:
    """Train from nothing or from other weights, with one cycle of the learning rate."""
    torch.manual_seed(SEED)
    net = NameNet().train()
    if begin is not None:
        known = load_file(begin)
        answer = {name: value[: 1 + len(NAMES)] for name, value in known.items() if name.startswith("answer.")}
        net.load_state_dict({**known, **answer})
    optimizer = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=DECAY)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    weight = torch.ones(1 + len(NAMES))
    weight[0] = NOTHING_WEIGHT
    for step in range(steps):
        pictures, cells = zip(*(crop(pages, fonts, rng) for _ in range(BATCH)), strict=True)
        logits = net(torch.from_numpy(np.stack(pictures)).float()[:, None])
        truth = torch.from_numpy(np.stack(cells)).long()
        losses = cross_entropy(logits, truth, weight, ignore_index=255, reduction="none")
        hard = losses[truth == 0].topk(40 * BATCH).values  # most of a page is nothing, and easy
        named = losses[(truth > 0) & (truth < 255)]
        loss = (named.sum() + hard.sum()) / (len(named) + 0.25 * len(hard))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        cycle.step()
        if step % 50 == 0:
            print(f"step {step}: loss {loss.item():.3f}, names {named.mean().item():.3f}", flush=True)
    return net.eval()


def main() -> None:
    """Draw, train, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ptbxl", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, required=True, help="folder of TrueType fonts")
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--begin", type=Path, help="weights to go on from")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    fonts = sorted(font for font in options.fonts.rglob("*.ttf") if "DejaVu" not in font.name)
    pages = base_pages(options.ptbxl, options.pages, rng)
    print(f"{len(pages)} pages, {len(fonts)} fonts", flush=True)
    net = train(pages, fonts, options.steps, rng, options.begin)
    save_file({name: value.contiguous() for name, value in net.state_dict().items()}, options.out)


if __name__ == "__main__":
    main()
