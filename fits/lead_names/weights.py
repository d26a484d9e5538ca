"""Trains the network that finds lead names (``ecgcore/printed/lead_names.safetensors``).

    python -m fits.lead_names.weights --ptbxl DIR --fonts DIR [--pages N] [--steps N] [--begin FILE]
        [--rate X] [--seed N] [--out FILE]

Names in many fonts and sizes are written at random places over pages that papersim draws without any, beside and across
the traces and in each page's own resolution, and words that are no names with them. Records and fonts must not be those
of the report: folds 8 and 9 and DejaVu, in which matplotlib writes, are left out.
"""

import argparse
import dataclasses
import functools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from ecgcore.geometry.arrays import ByteArray, FloatArray, FloatPixels
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
JPEG_SHARE, BOLD_PX = 0.4, 12.0
"""Lower letters would fill up if their strokes were two pixels wide."""
PENS_SHARE = 0.4
"""Share of the words that are written in OpenCV's stroke fonts, as machines with plotting pens do."""
CROWDED_SHARE, CROWDED_PITCH_MM = 0.5, (9.0, 14.0)
"""Share of pages of twelve or of seven rows that stand so near to each other that names lie on traces."""
NOTHING_WEIGHT = 0.25
LIKE = {"I": ("I", "I", "DI"), "II": ("II", "II", "DII"), "III": ("III", "III", "DIII")}
LIKE |= {f"V{k}": (f"V{k}", f"V{k}", f"V{k}", f"C{k}") for k in range(1, 7)}
LIKE |= {name: (name, name, name, name.upper()) for name in ("aVL", "aVF")}
LIKE["aVR"] = ("aVR", "aVR", "aVR", "AVR", "-aVR")


@dataclass(frozen=True)
class BasePage:
    """A page without lead names: its darkness ``uint8 [h, w]`` in its own resolution."""

    darkness: ByteArray
    px_per_mm: float

    @property
    def crop_px(self) -> int:
        """Side of a crop that is ``CROP_PX`` at ``READ_PX_PER_MM``."""
        return round(CROP_PX * self.px_per_mm / READ_PX_PER_MM)


def base_pages(ptbxl: Path, count: int, rng: np.random.Generator) -> list[BasePage]:
    """Pages without lead names, of every layout, half of them crowded."""
    records = [record for record in load_ptbxl(ptbxl) if record.fold not in (8, 9)]
    pages = []
    for number in range(count):
        record = records[int(rng.integers(len(records)))]
        style = dataclasses.replace(random_style(rng), labels=False)
        if rng.random() < CROWDED_SHARE:
            style = random_style(rng, layout=str(rng.choice(["12x1", "12x1", "6x2+1"])))
            style = dataclasses.replace(
                style,
                labels=False,
                row_pitch_mm=float(rng.uniform(*CROWDED_PITCH_MM)),
                gain_mm_mv=float(rng.choice([5.0, 10.0, 20.0])),
            )
        image = render_page(record, number, style).image_rgb
        pages.append(BasePage(darkness_rgb(image).max(axis=2), style.px_per_mm))
    return [page for page in pages if min(page.darkness.shape) > page.crop_px]


@functools.lru_cache(4000)
def font_of(path: Path, size_px: int) -> ImageFont.FreeTypeFont:
    """A font, opened once for each size."""
    return ImageFont.truetype(str(path), size_px)


def word_mask(word: str, height_px: float, fonts: list[Path], rng: np.random.Generator) -> ByteArray:
    """A word's ink as tall as its capitals, cut to its letters, ``uint8 [h, w]``."""
    if rng.random() < PENS_SHARE:
        font = int(rng.choice([0, 1, 2, 3, 4, 5, 6]))
        scale = height_px / cv2.getTextSize("V", font, 1.0, 1)[0][1]
        thick = int(rng.choice([1, 1, 2])) if height_px >= BOLD_PX else 1
        (width, height), below = cv2.getTextSize(word, font, scale, thick)
        mask = np.zeros((height + below + 8, width + 8), np.uint8)
        cv2.putText(mask, word, (4, height + 4), font, scale, 255, thick, cv2.LINE_AA)
    else:
        font_file = font_of(fonts[int(rng.integers(len(fonts)))], max(8, round(height_px / 0.7)))
        x1, y1, x2, y2 = font_file.getbbox(word)
        picture = Image.new("L", (int(x2 - x1) + 8, int(y2 - y1) + 8))
        ImageDraw.Draw(picture).text((4 - x1, 4 - y1), word, font=font_file, fill=255)
        mask = np.asarray(picture)
    rows, columns = np.nonzero(mask > 64)
    if len(rows) == 0:
        return np.zeros((1, 1), np.uint8)
    return mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def crop(pages: list[BasePage], fonts: list[Path], rng: np.random.Generator) -> tuple[FloatArray, ByteArray]:
    """A piece of a page with names on it, ``[CROP_PX, CROP_PX]`` 0..1, and the class of every cell; 255: either."""
    page = pages[int(rng.integers(len(pages)))]
    side = page.crop_px
    y, x = (int(rng.integers(length - side + 1)) for length in page.darkness.shape)
    picture = page.darkness[y : y + side, x : x + side].copy()
    cells = written(picture, page.px_per_mm, fonts, rng)
    if rng.random() < JPEG_SHARE:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 90))])
        picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    way = cv2.INTER_AREA if side > CROP_PX else cv2.INTER_LINEAR
    return worn(cv2.resize(picture, (CROP_PX, CROP_PX), interpolation=way).astype(np.float32), rng), cells


def written(picture: ByteArray, px_per_mm: float, fonts: list[Path], rng: np.random.Generator) -> ByteArray:
    """Write names and other words into a picture ``uint8 [s, s]``, in place; the class of every cell comes back."""
    side, cells = len(picture), np.zeros((CROP_PX // CELL_PX,) * 2, np.uint8)
    cell_px = side / len(cells)
    height_px = rng.uniform(*LETTER_MM) * px_per_mm
    strength, taken = rng.uniform(0.35, 1.0), np.zeros((side, side), bool)
    words = [(name, NAMES.index(name) + 1) for name in rng.choice(NAMES, int(rng.integers(1, MOST_NAMES + 1)))]
    words += [(str(word), 0) for word in rng.choice(OTHERS, int(rng.integers(MOST_OTHERS + 1)))]
    for name, number in words:
        spelling = str(rng.choice(LIKE[name])) if number else name
        mask = word_mask(spelling, height_px * rng.uniform(0.95, 1.05), fonts, rng)
        high, wide = mask.shape
        if high + 4 >= side or wide + 4 >= side:
            continue
        top, left = int(rng.integers(2, side - high - 2)), int(rng.integers(2, side - wide - 2))
        margin = round(0.6 * height_px)
        if taken[max(0, top - margin) : top + high + margin, max(0, left - margin) : left + wide + margin].any():
            continue
        taken[top : top + high, left : left + wide] = True
        place = picture[top : top + high, left : left + wide]
        np.maximum(place, (mask * strength).astype(np.uint8), out=place)
        if number:
            row, column = int((top + high / 2) / cell_px), int((left + wide / 2) / cell_px)
            around = cells[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
            around[around == 0] = 255
            cells[row, column] = number
    return cells


def worn(seen: FloatPixels, rng: np.random.Generator) -> FloatArray:
    """A crop as blurred, shaded, creased and grainy as photos are, 0..1."""
    if rng.random() < 0.6:
        seen = cv2.GaussianBlur(seen, (0, 0), float(rng.uniform(0.3, 1.6)))
    if rng.random() < 0.4:  # a shadow or a crease, as photos have them
        shade = cv2.resize(rng.normal(0, 25, (4, 4)).astype(np.float32), seen.shape, interpolation=cv2.INTER_CUBIC)
        seen += np.maximum(shade, 0)
        if rng.random() < 0.5:
            ends = rng.integers(0, CROP_PX, 4).tolist()
            cv2.line(seen, ends[:2], ends[2:], float(rng.uniform(40, 160)), int(rng.integers(1, 4)), cv2.LINE_AA)
    seen = seen * rng.uniform(0.6, 1.3) + rng.standard_normal(seen.shape, dtype=np.float32) * rng.uniform(0, 10)
    return np.clip(seen, 0, 255) / 255


def train(
    pages: list[BasePage],
    fonts: list[Path],
    steps: int,
    rng: np.random.Generator,
    begin: Path | None = None,
    rate: float = LEARNING_RATE,
) -> NameNet:
    """Train from nothing or from other weights, with one cycle of the learning rate."""
    torch.manual_seed(SEED)
    net = NameNet().train()
    if begin is not None:
        known = load_file(begin)
        answer = {name: value[: 1 + len(NAMES)] for name, value in known.items() if name.startswith("answer.")}
        net.load_state_dict({**known, **answer})
    optimizer = torch.optim.AdamW(net.parameters(), rate, weight_decay=DECAY)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
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
    parser.add_argument("--rate", type=float, default=LEARNING_RATE, help="highest; less to go on from other weights")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    fonts = sorted(font for font in options.fonts.rglob("*.ttf") if "DejaVu" not in font.name)
    pages = base_pages(options.ptbxl, options.pages, rng)
    print(f"{len(pages)} pages, {len(fonts)} fonts", flush=True)
    net = train(pages, fonts, options.steps, rng, options.begin, options.rate)
    save_file({name: value.contiguous() for name, value in net.state_dict().items()}, options.out)


if __name__ == "__main__":
    main()
