"""Where a straightened grid ends: on each side the line up to which its cell comes again."""

import cv2
import numpy as np

from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray, FloatPixels
from ecgcore.geometry.boxes import XYXY
from ecgcore.page.grid import CELL_PX

_ROUNDS = 2
_ENOUGH = 0.35
"""Of the usual agreement; glare and blur leave some of it, desks and letters none. Corners of 47 damaged rendered pages
of seed 1 were off by 0.23 % of the width (D-091)."""
_DARK = 0.02
"""Share of the paper's light below which there is no telling."""
_FAINT = 0.02
"""Contrast that counts one half; traces and letters, and lines in good light, count hardly more than lines in glare."""
_LEAST_SEEN = 0.3
"""Share of a line that must lie in the photo for the line to tell anything."""


def find_sides(flat_rgb: ByteArray, in_photo: BoolArray, inner: XYXY) -> XYXY:
    """Find the four sides of a grid to a fraction of a millimetre.

    The grid's cell, as printed, is the mean over all cells: traces and labels leave nothing in it. Every column of
    pixels is then compared with it from top to bottom; up to the side it agrees, beyond it does not. The side is where
    the sum of agreement less ``_ENOUGH`` is greatest (Page 1954, Biometrika 41:100), so a shadow or a label does not
    end the grid where it goes on behind.

    Args:
        flat_rgb: straightened picture in pixels of ``GRID_PX_PER_MM``, ``uint8 [h, w, 3]``.
        in_photo: which of them lie in the photo, ``bool [h, w]``.
        inner: a box whose middle lies in the grid and which is mostly grid, in the same pixels.

    Returns:
        The grid's box.
    """
    x1, y1, x2, y2 = inner
    paper_rgb = np.median(flat_rgb[y1:y2:5, x1:x2:5].reshape(-1, 3), axis=0)
    lightness = (flat_rgb / np.maximum(paper_rgb, 1).astype(np.float32)).min(axis=2)
    # against the light close by, not against the paper's: a desk, a shadow's edge or a glare then weighs no more
    down, across = (_contrast(lightness, size) * in_photo for size in ((1, CELL_PX), (CELL_PX, 1)))
    for _ in range(_ROUNDS):
        x1, x2 = _ends(down[y1:y2], in_photo[y1:y2], (x1, x2))
        y1, y2 = _ends(across[:, x1:x2].T, in_photo[:, x1:x2].T, (y1, y2))
    return x1, y1, x2, y2


def _contrast(lightness: FloatPixels, size: tuple[int, int]) -> FloatPixels:
    near = cv2.blur(lightness, size)
    contrast = 1 - lightness / np.maximum(near, _DARK)
    return np.asarray(contrast / (np.abs(contrast) + _FAINT), dtype=np.float32)


def _ends(band: FloatPixels, in_photo: BoolArray, inner: tuple[int, int]) -> tuple[int, int]:
    """First and last column (exclusive) of a band of rows in which the rows' lines go on."""
    gain = np.clip(_agreement(band, in_photo, inner), 0.0, 1.0) - _ENOUGH
    middle = sum(inner) // 2
    right = middle + int(np.argmax(np.cumsum(gain[middle:]))) + 1
    left = middle - int(np.argmax(np.cumsum(gain[:middle][::-1]))) - 1
    return left, right


def _agreement(band: FloatPixels, in_photo: BoolArray, inner: tuple[int, int]) -> FloatArray:
    """Correlation of every column with the grid, 1 = as much as usual."""
    rows = len(band) // CELL_PX * CELL_PX
    detail = band[:rows]
    cell = detail[:, slice(*inner)].mean(axis=1).reshape(-1, CELL_PX).mean(axis=0)
    wave = np.tile(cell - cell.mean(), rows // CELL_PX)
    in_photo_power = np.maximum(wave**2 @ in_photo[:rows], _LEAST_SEEN * (wave**2).sum())
    matched = wave @ detail / np.sqrt(in_photo_power * np.maximum((detail**2).sum(axis=0), 1e-6))
    return np.asarray(matched / np.median(matched[slice(*inner)]), dtype=np.float64)
