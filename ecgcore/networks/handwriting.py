"""Finds handwriting on a panel: a small network reads the straightened picture and the ink that was taken from it.

A pen stroke differs from the recorder's in colour, in width and in form - loops, slanted letters, rings round a beat -
and none of these alone tells: hence learnt, on writing drawn over rendered and real pages.
"""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.geometry.warp import resample
from ecgcore.page.ink import darkness_rgb
from ecgcore.page.quality.gate import with_faults
from ecgcore.types import PageImage

WEIGHTS = Path(__file__).with_name("handwriting.safetensors")
"""Written by ``python -m fits.handwriting.weights``."""

CELL_PX = 4
"""One answer a square millimetre of the standard raster."""
CHANNELS = (12, 24, 40, 48)
WRITTEN = 0.8
JOIN_CELLS, MIN_PATCH_MM2 = 5, 15
"""Letters so close are one patch; less of it is a blot, or a piece of a fold or of a lead's name."""
MIN_WORD_MM2 = 40
"""Three written letters cover as much; without a patch of that size a page counts as not written on."""
WRITTEN_ON = "There is handwriting on the ECG, which may be boxed as beats: use a copy without it if there is one."


class HandwritingNet(nn.Module):
    """Four halvings and back up to the second: pictures ``[n, 4, 16 h, 16 w]`` to logits ``[n, 4 h, 4 w]``.

    The channels are red, green and blue darkness and the ink, 0..1.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth = CHANNELS
        self.down1 = _block(4, first, 5)
        self.down2 = _block(first, second)
        self.down3 = _block(second, third)
        self.down4 = nn.Sequential(_block(third, fourth), _block(fourth, fourth, stride=1))
        self.from_down4 = nn.Conv2d(fourth, third, 1)
        self.mix3 = _block(third, third, stride=1)
        self.from_down3 = nn.Conv2d(third, second, 1)
        self.mix2 = _block(second, second, stride=1)
        self.answer = nn.Conv2d(second, 1, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits that a square millimetre is written on."""
        second = self.down2(self.down1(pictures))
        third = self.down3(second)
        fourth = self.down4(third)
        third = self.mix3(third + nn.functional.interpolate(self.from_down4(fourth), scale_factor=2))
        second = self.mix2(second + nn.functional.interpolate(self.from_down3(third), scale_factor=2))
        logits: Tensor = self.answer(second)[:, 0]
        return logits


def _block(inward: int, outward: int, size: int = 3, stride: int = 2) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inward, outward, size, stride, size // 2, bias=False), nn.BatchNorm2d(outward), nn.ReLU(inplace=True)
    )


def panel_picture(page: PageImage) -> ByteArray:
    """What the network sees of a page, ``uint8 [h, w, 4]`` on its ink's raster: darkness in three colours, and ink."""
    picture_rgb, in_photo = resample(page.photo_rgb, page.frame)
    picture_rgb[~in_photo] = 255
    return np.dstack([darkness_rgb(picture_rgb), page.ink])


@torch.inference_mode()
def handwriting_probability(picture: ByteArray) -> FloatArray:
    """How likely every square millimetre of a panel is written on by hand.

    Args:
        picture: from :func:`panel_picture`.

    Returns:
        ``float32 [h, w]``, 0..1; cell ``[i, j]`` begins at panel pixel ``CELL_PX * (j, i)``.
    """
    height, width = picture.shape[:2]
    padded = cv2.copyMakeBorder(picture, 0, -height % 16, 0, -width % 16, cv2.BORDER_CONSTANT, value=0)
    pictures = torch.from_numpy(padded).permute(2, 0, 1)[None].float() / 255
    probability = _net()(pictures.contiguous(memory_format=torch.channels_last))[0].sigmoid().numpy()
    return np.asarray(probability[: -(-height // CELL_PX), : -(-width // CELL_PX)])


def find_handwriting(page: PageImage) -> tuple[PageImage, FloatArray]:
    """Look for handwriting on a page's panel.

    Args:
        page: a prepared page.

    Returns:
        The page, at fault where somebody has written on it, and a box round each patch of writing in panel pixels,
        ``float64 [n, 4]``; none where there is too little of it.
    """
    _, boxes = handwriting_boxes(panel_picture(page))
    return (with_faults(page, WRITTEN_ON), CELL_PX * boxes) if len(boxes) else (page, boxes)


def handwriting_boxes(picture: ByteArray) -> tuple[npt.NDArray[np.bool_], FloatArray]:
    """Where a panel is written on, without specks; nowhere where there is no word.

    Args:
        picture: from :func:`panel_picture`.

    Returns:
        The cells that are written on, ``bool [h, w]``, and a box in cells round each patch of them, ``[n, 4]``.
    """
    cells = handwriting_probability(picture) > WRITTEN
    joined = cv2.dilate(cells.astype(np.uint8), np.ones((JOIN_CELLS, JOIN_CELLS), np.uint8))
    count, patches = cv2.connectedComponents(joined)
    areas_mm2 = np.bincount(patches[cells], minlength=count)
    if areas_mm2.max() < MIN_WORD_MM2:
        return np.zeros_like(cells), np.zeros((0, 4))
    cells &= (areas_mm2 >= MIN_PATCH_MM2)[patches]
    boxes = []
    for patch in np.flatnonzero(areas_mm2 >= MIN_PATCH_MM2):
        rows, columns = np.nonzero((patches == patch) & cells)
        boxes.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    return cells, np.array(boxes, dtype=np.float64)


@lru_cache(maxsize=1)
def _net() -> HandwritingNet:
    net = HandwritingNet()
    net.load_state_dict(load_file(WEIGHTS))
    return net.eval()
