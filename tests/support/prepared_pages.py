"""Small drawn pages for the trainer's tests."""

import json
from pathlib import Path

import cv2
import numpy as np

from ecgcore.papersim import KINDS, PageStyle, draw_page, synthetic_ecg
from ecgcore.types import FloatArray
from trainer.data.page import PreparedPage

SECONDS = 5.0
"""Of an ECG on a page that is trained on: half a page takes half as long to read."""


def save_page(path: Path, kind: str, seed: int) -> FloatArray:
    """Draw an artificial ECG of one kind, save it, and return its beats' boxes in the picture's pixels."""
    signals_mv, fs_hz, beats_s = synthetic_ecg(kind, seed, seconds=SECONDS)
    page = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=4.0), seed, beats_s=beats_s)
    cv2.imwrite(str(path), cv2.cvtColor(page.image_rgb, cv2.COLOR_RGB2BGR))
    return page.boxes_xyxy


def save_data_set(folder: Path, *, boxed: bool) -> Path:
    """Draw 12 pages of 8 patients, every other one abnormal, and return the table that lists them."""
    folder.mkdir()
    abnormal = [kind for kind in KINDS if kind != "normal"]
    lines = ["file,label,group,boxes"]
    for number, patient in enumerate([0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7]):
        kind = abnormal[number % len(abnormal)] if patient % 2 else "normal"
        boxes = save_page(folder / f"{number}.png", kind, number)
        text = json.dumps(boxes.round(2).tolist()) if boxed else ""
        lines.append(f'{number}.png,{"abnormal" if patient % 2 else "normal"},patient {patient},"{text}"')
    table = folder / "table.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


def prepared_page(key: str, label: int | None, source: str = "test") -> PreparedPage:
    """An empty page with a label, for what never looks at the ink."""
    return PreparedPage(key, source, key, label, np.zeros((8, 8), np.uint8), None, key)
