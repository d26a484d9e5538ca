"""A page's rows of trace on the standard panel raster, as ``trace_rows`` follows them, and the boxes along them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, FloatArray

# The padding is part of what a beat's box is (docs/architecture.md). The others were chosen, as in trace_rows.py:
# benchmarks/page/digitised_signal.py measures the leads that are read along such rows.
PAD_MM = 1.0
"""Paper above and below the trace that belongs to a beat's box."""

TIP_SHARE = 0.25
"""A trace's extreme lies this share of the pen's height inside its ink; half of it on a flat trace, less at a tip."""

MIN_INK_SHARE = 0.5
"""A row has a trace in a stretch in which at least this share of the columns hold its ink."""


@dataclass(frozen=True)
class Rows:
    """Every row of trace of a page, top to bottom, in pixels of the panel, on pixel edges.

    Args:
        top_y: upper edge of the pen in each column, ``float64 [r, w]``; interpolated where the row has no ink.
        bottom_y: its lower edge, likewise.
        has_ink: where the row has ink, ``bool [r, w]``.
        baseline_y: height at which most of the row's flat trace lies, ``float64 [r]``.
        pen_px: height of the pen on a flat trace.
        panel_h: height of the raster.
    """

    top_y: FloatArray
    bottom_y: FloatArray
    has_ink: BoolArray
    baseline_y: FloatArray
    pen_px: float
    panel_h: int

    @property
    def panel_w(self) -> int:
        """Width of the raster."""
        return int(self.top_y.shape[1])

    def span(self, box_panel_xyxy: FloatArray) -> tuple[int, int] | None:
        """First column of a box and the one after its last; None where it covers no column of the raster."""
        x1, x2 = (int(v) for v in np.clip(np.round(box_panel_xyxy[[0, 2]]), 0, self.panel_w))
        return (x1, x2) if x1 < x2 else None

    def height_px(self, row: int, x1: int, x2: int) -> float:
        """From the trace's lowest to its highest point in a stretch, less what the pen's own height adds.

        Args:
            row: its number.
            x1: the stretch's first column.
            x2: the column after its last.
        """
        tall = self.bottom_y[row, x1:x2].max() - self.top_y[row, x1:x2].min()
        return float(tall - 2 * TIP_SHARE * self.pen_px)

    def box(self, row: int, x1: int, x2: int) -> FloatArray:
        """The box ``[4]`` over a stretch of a row: its extremes there and the paper that belongs to a beat.

        Args:
            row: its number.
            x1: the stretch's first column.
            x2: the column after its last.
        """
        pad_px = PAD_MM * STANDARD_PX_PER_MM - TIP_SHARE * self.pen_px
        y1 = max(0.0, self.top_y[row, x1:x2].min() - pad_px)
        y2 = min(float(self.panel_h), self.bottom_y[row, x1:x2].max() + pad_px)
        return np.array([x1, y1, x2, y2], dtype=np.float64)

    def row_of(self, box_panel_xyxy: FloatArray) -> int | None:
        """The row whose trace fills the box best from top to bottom; None where the box holds no trace."""
        span = self.span(box_panel_xyxy)
        best: tuple[float, int | None] = (0.0, None)
        for row in range(len(self.baseline_y)) if span else ():
            if span and self.has_ink[row, span[0] : span[1]].mean() >= MIN_INK_SHARE:
                own = self.box(row, *span)
                common = min(own[3], box_panel_xyxy[3]) - max(own[1], box_panel_xyxy[1])
                whole = max(own[3], box_panel_xyxy[3]) - min(own[1], box_panel_xyxy[1])
                best = max(best, (common / whole, row), key=lambda found: found[0])
        return best[1]


def checked_boxes(boxes_panel_xyxy: npt.ArrayLike) -> FloatArray:
    """Boxes as ``float64 [n, 4]``.

    Raises:
        ValueError: they are not n times four finite numbers.
    """
    boxes = np.asarray(boxes_panel_xyxy, dtype=np.float64)
    if boxes.size == 0:
        return np.zeros((0, 4))
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
        raise ValueError(f"boxes must be finite numbers of shape [n, 4], got shape {list(boxes.shape)}")
    return boxes
