"""Finds lead names on a panel, also where they touch a trace: a small network over the straightened picture."""

import functools
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray
from ecgcore.geometry.warp import resample
from ecgcore.lead_layout import COLUMN_MM, LEADS, PrintedName
from ecgcore.page.ink import darkness_rgb
from ecgcore.traces.rows import Rows
from ecgcore.types import PageImage

WEIGHTS = Path(__file__).with_name("lead_names.safetensors")
"""Written by ``python -m fits.lead_names.weights``."""
NAMES = LEADS
READ_PX_PER_MM = 6.0
"""Scale in which the network sees a panel: the letters of names are 13 to 27 pixels high."""
CELL_PX = 8
CHANNELS = (16, 32, 64, 96)
APART_MM = 4.0
"""No two names stand nearer to each other."""


SEEN_P, LEAST_P = 0.1, 0.5
"""Probabilities from which a name is looked at, and from which it is taken without regard to where others stand. Set on
drawn pages of ``benchmarks.page.leads`` that are not reported."""
LETTER_MM = {"I": 0.8, "II": 1.6, "III": 2.4, "V": 3.6, "a": 5.2}
"""Widths of names whose capitals are 3 mm high, by how they begin."""
HEIGHT_MM = 3.0
ABOVE, BELOW = 0.8, 0.4
"""Names stand so far above the first row's baseline and below the last row's, in distances of two rows."""
ONE_ROW_PITCH_MM = 30.0
"""Distance of two rows where there is but one."""


class NameNet(nn.Module):
    """Darkness ``[n, 1, 8 h, 8 w]``, 0..1, to logits ``[n, 1 + 12, h, w]`` of nothing and of each name's middle."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth = CHANNELS
        self.down = nn.Sequential(
            _block(1, first, 5, stride=2), _block(first, second, stride=2), _block(second, third, stride=2)
        )
        self.around = nn.Sequential(_block(third, fourth), _block(fourth, fourth), _block(fourth, fourth))
        self.answer = nn.Conv2d(fourth, 1 + len(NAMES), 1)

    def forward(self, darkness: Tensor) -> Tensor:
        """Logits of every cell."""
        logits: Tensor = self.answer(self.around(self.down(darkness)))
        return logits


def _block(inward: int, outward: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inward, outward, size, stride, size // 2, bias=False), nn.BatchNorm2d(outward), nn.ReLU(inplace=True)
    )


def panel_darkness(page: PageImage, zoom: float = 1.0) -> ByteArray:
    """What the network sees of a page: the panel straight at ``READ_PX_PER_MM``, ``uint8 [h, w]``, 0 = paper.

    Args:
        page: the prepared page.
        zoom: how many times larger.
    """
    scale = STANDARD_PX_PER_MM / (READ_PX_PER_MM * zoom)
    width, height = (round(side / scale) for side in page.frame.panel_wh)
    frame = page.frame.after(np.diag([scale, scale, 1.0]), (width, height))
    picture_rgb, in_photo = resample(page.photo_rgb, frame)
    picture_rgb[~in_photo] = 255
    return np.asarray(darkness_rgb(picture_rgb).max(axis=2), dtype=np.uint8)


@torch.inference_mode()
def name_probabilities(darkness: ByteArray) -> npt.NDArray[np.float32]:
    """How likely each cell holds the middle of each name, ``[12, h, w]``.

    Args:
        darkness: from :func:`panel_darkness`.
    """
    height, width = darkness.shape
    padded = cv2.copyMakeBorder(darkness, 0, -height % CELL_PX, 0, -width % CELL_PX, cv2.BORDER_CONSTANT, value=0)
    logits = _net()(torch.from_numpy(padded)[None, None].float() / 255)
    return np.asarray(logits.softmax(dim=1)[0, 1:].numpy(), dtype=np.float32)


def find_names(page: PageImage, rows: Rows, zoom: float = 1.0) -> list[PrintedName]:
    """Lead names that stand between and beside the rows, doubtful ones and what else they may be with them.

    Args:
        page: the prepared page.
        rows: its rows of trace.
        zoom: names are so many times smaller than the page's millimetres let expect.
    """
    if len(rows.baseline_y) == 0:
        return []
    baselines = rows.baseline_y
    pitch = float(np.median(np.diff(baselines))) if len(baselines) > 1 else ONE_ROW_PITCH_MM * STANDARD_PX_PER_MM
    highest, lowest = baselines[0] - ABOVE * pitch, baselines[-1] + BELOW * pitch
    p = name_probabilities(panel_darkness(page, zoom))
    named = p.sum(axis=0)
    is_peak = (named >= SEEN_P) & (named == cv2.dilate(named, np.ones((3, 3), np.uint8)))
    panel_px = CELL_PX * STANDARD_PX_PER_MM / (READ_PX_PER_MM * zoom)
    found = []
    for row, column in zip(*np.nonzero(is_peak), strict=True):
        x, y = (float(column) + 0.5) * panel_px, (float(row) + 0.5) * panel_px
        if highest <= y <= lowest:
            found += [
                _named(NAMES[lead], x, y, float(p[lead, row, column]))
                for lead in np.flatnonzero(p[:, row, column] >= SEEN_P)
            ]
    return found


def sure_names(found: list[PrintedName]) -> list[PrintedName]:
    """Those that are sure, of several that stand too near to each other the surest.

    Args:
        found: as :func:`find_names` returns them.
    """
    kept: list[PrintedName] = []
    for name in sorted(found, key=lambda name: -name.p):
        if name.p >= LEAST_P and not any(_is_near(name, other) for other in kept):
            kept.append(name)
    return _in_columns(sorted(kept, key=lambda name: name.box_panel_xyxy[1]))


def _is_near(one: PrintedName, other: PrintedName) -> bool:
    """Whether no two names stand so near to each other."""
    (x, y), (other_x, other_y) = _middle(one), _middle(other)
    reach = APART_MM * STANDARD_PX_PER_MM
    return abs(x - other_x) <= reach * 4 / 3 and abs(y - other_y) <= reach * 2 / 3


def _middle(name: PrintedName) -> tuple[float, float]:
    x1, y1, x2, y2 = name.box_panel_xyxy
    return (x1 + x2) / 2, (y1 + y2) / 2


def _named(lead: str, x: float, y: float, p: float) -> PrintedName:
    """A name with the box that letters of usual size take round its middle."""
    half_x = LETTER_MM.get(lead, LETTER_MM[lead[0]]) / 2 * STANDARD_PX_PER_MM
    half_y = HEIGHT_MM / 2 * STANDARD_PX_PER_MM
    return PrintedName(lead, (x - half_x, y - half_y, x + half_x, y + half_y), p)


def _in_columns(names: list[PrintedName]) -> list[PrintedName]:
    """Without an I that no other name stands above or below: pieces of traces look like it."""
    others = np.array([name.box_panel_xyxy[0] for name in names if name.lead != "I"])
    reach = COLUMN_MM * STANDARD_PX_PER_MM
    return [
        name for name in names if name.lead != "I" or bool(np.any(np.abs(others - name.box_panel_xyxy[0]) <= reach))
    ]


@functools.cache
def _net() -> NameNet:
    net = NameNet()
    net.load_state_dict(load_file(WEIGHTS))
    return net.eval()
