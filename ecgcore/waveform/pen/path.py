"""Where the pen ran inside the ink: a row's trace at a fifth of a column, never outside of its ink.

A column of the raster is 10 ms of most pages, and the upstroke of a QRS is two or three columns: the middle of a
column's ink, or its ends, tell its place far too roughly. How much of each pixel is covered, there and beside, tells
more, and a small network reads it.
"""

from dataclasses import dataclass

import numpy as np

from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray
from ecgcore.traces.rows import Rows
from ecgcore.waveform.pen.features import PenColumns, pen_columns
from ecgcore.waveform.pen.network import STEPS, places_in_ink

ROOM_PX = 1.0
"""A place is told in halves of a column's ink, and this more."""


@dataclass(frozen=True)
class PenPath:
    """The way of the pen in every row, in pixels of the panel, on pixel edges.

    Args:
        y: height at ``STEPS`` places in each column, ``float64 [r, w * STEPS]``; bridged where there is no ink.
        has_ink: columns in which the row was read, ``bool [r, w]``.
    """

    y: FloatArray
    has_ink: BoolArray

    def at(self, row: int, x: FloatArray) -> FloatArray:
        """Height at places in pixels of the panel, ``[n]``.

        Args:
            row: number of the row of traces.
            x: places, ``[n]``, panel pixels.
        """
        places = (np.arange(self.y.shape[1]) + 0.5) / STEPS
        return np.asarray(np.interp(x, places, self.y[row]), dtype=np.float64)

    def is_read(self, row: int, x: FloatArray) -> BoolArray:
        """Whether the row has ink at those places, ``[n]``.

        Args:
            row: number of the row of traces.
            x: places, ``[n]``, panel pixels.
        """
        column = np.floor(x).astype(int)
        inside = (column >= 0) & (column < self.has_ink.shape[1])
        read: BoolArray = inside & self.has_ink[row, np.clip(column, 0, self.has_ink.shape[1] - 1)]
        return read


def pen_path(rows: Rows, ink: ByteArray) -> PenPath:
    """Follow the pen through every row's ink.

    Args:
        rows: the rows of trace.
        ink: their panel raster, ``uint8 [h, w]``.
    """
    columns = pen_columns(rows, ink)
    y = columns.middle_y[..., None] + places_in_ink(columns.features) * (columns.half_px[..., None] + ROOM_PX)
    highest, lowest = _reach(columns)
    y = np.clip(y, highest[..., None], lowest[..., None])
    return PenPath(y.reshape(len(y), -1).astype(np.float64), rows.has_ink)


def _reach(columns: PenColumns) -> tuple[FloatArray, FloatArray]:
    """The highest and the lowest place of the pen in each column and the two beside it, ``[r, w]`` each."""
    highest, lowest = columns.middle_y - columns.half_px, columns.middle_y + columns.half_px
    for end, outer in ((highest, np.minimum), (lowest, np.maximum)):
        inner = end.copy()
        outer(end[:, 1:], inner[:, :-1], out=end[:, 1:])
        outer(end[:, :-1], inner[:, 1:], out=end[:, :-1])
    return highest, lowest
