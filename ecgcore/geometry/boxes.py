"""Boxes as arrays of ``x1, y1, x2, y2``."""

import numpy as np
import numpy.typing as npt

from ecgcore.geometry.arrays import FloatArray

XYXY = tuple[int, int, int, int]
"""A box in whole pixels, its last column and row exclusive."""
_NO_AREA = 1e-9


def iou_matrix(first_xyxy: npt.ArrayLike, second_xyxy: npt.ArrayLike) -> FloatArray:
    """Intersection over union of every pair, ``[n, 4], [m, 4] -> [n, m]``; 0 for two boxes without an area."""
    first = np.asarray(first_xyxy, dtype=np.float64).reshape(-1, 1, 4)
    second = np.asarray(second_xyxy, dtype=np.float64).reshape(1, -1, 4)
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2])
    inner = sides.clip(min=0).prod(axis=-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(axis=-1) for boxes in (first, second)]
    result: FloatArray = inner / np.maximum(areas[0] + areas[1] - inner, _NO_AREA)
    return result
