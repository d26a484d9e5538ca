"""Where a straightened grid ends: on each side the line up to which its cell comes again."""

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.page_mesh import CELL_PX
from ecgcore.types import ByteArray, FloatArray

XYXY = tuple[int, int, int, int]

_ROUNDS = 2
_LEAST_SEEN = 0.15
"""Share of a line that must lie in the photo for the line to tell anything."""


def find_sides(flat: ByteArray, seen: npt.NDArray[np.bool_], inner: XYXY) -> XYXY:
    """Find the four sides of a grid to a fraction of a millimetre.

    The grid's cell, as printed, is the mean over all cells: traces and labels leave nothing in it. Every column of
    pixels is then compared with it from top to bottom; up to the side it agrees, beyond it does not. The side is where
    the sum of agreement less one half is greatest (Page 1954, Biometrika 41:100), so a shadow or a label does not end
    the grid where it goes on behind.

    Args:
        flat: darkness of the straightened picture in pixels of ``GRID_PX_PER_MM``, ``uint8 [h, w]``.
        seen: which of them lie in the photo, ``bool [h, w]``.
        inner: a box whose middle lies in the grid and which is mostly grid, in the same pixels.

    Returns:
        The grid's box.
    """
    x1, y1, x2, y2 = inner
    for _ in range(_ROUNDS):
        x1, x2 = _ends(flat[y1:y2], seen[y1:y2], (x1, x2))
        y1, y2 = _ends(flat[:, x1:x2].T, seen[:, x1:x2].T, (y1, y2))
    return x1, y1, x2, y2


def _ends(band: npt.NDArray[np.uint8], seen: npt.NDArray[np.bool_], inner: tuple[int, int]) -> tuple[int, int]:
    """First and last column (exclusive) of a band of rows in which the rows' lines go on."""
    agreement = _agreement(band, seen, inner)
    gain = np.clip(agreement, -0.5, 1.5) - 0.5
    middle = sum(inner) // 2
    right = middle + int(np.argmax(np.cumsum(gain[middle:]))) + 1
    left = middle - int(np.argmax(np.cumsum(gain[:middle][::-1]))) - 1
    return left, right


def _agreement(band: npt.NDArray[np.uint8], seen: npt.NDArray[np.bool_], inner: tuple[int, int]) -> FloatArray:
    """How much of the usual grid every column shows, 1 = as much as usual."""
    rows = len(band) // CELL_PX * CELL_PX
    values = np.ascontiguousarray(band[:rows], dtype=np.float32)
    detail = values - cv2.blur(values, (1, CELL_PX))
    detail[~seen[:rows]] = 0
    cell = detail[:, slice(*inner)].mean(axis=1).reshape(-1, CELL_PX).mean(axis=0)
    wave = np.tile(cell - cell.mean(), rows // CELL_PX)
    matched = wave @ detail / np.maximum(wave**2 @ seen[:rows], _LEAST_SEEN * (wave**2).sum())
    return np.asarray(matched / np.median(matched[slice(*inner)]), dtype=np.float64)
