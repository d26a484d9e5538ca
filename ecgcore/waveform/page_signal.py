"""A page's twelve leads in millivolts, as ``read_signal`` reads them off its ink or a recording gives them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgcore.geometry.arrays import BoolArray, FloatArray
from ecgcore.lead_layout import Layout
from ecgcore.paper import PaperSettings, ScaleSource

FS_HZ = 250.0


@dataclass(frozen=True)
class PageSignal:
    """What a page's traces say, on one time axis along the page.

    Args:
        leads_mv: ``float32 [12, n]`` in the order of ``LEADS``, above the row's usual height; NaN where not read.
        is_read: where each lead was read, ``bool [12, n]``.
        fs_hz: samples in a second.
        layout_name: such as ``3x4+1``; None where it is not known, and then no lead is named.
        column_starts_s: where each column of leads begins along the page, ``[c]``.
        traces_panel_xy: what was read of each lead, for drawing: pieces ``[n, 2]`` in pixels of the panel.
        paper: the speed and gain that were taken.
        scale_source: what told the page's millimetres; None where its width was taken for ten seconds.
        layout: the one by which the leads were named; None where they were not.
        stretches: every stretch of lead, rhythm strips with them, and its box ``x1, y1, x2, y2`` in panel pixels.
    """

    leads_mv: npt.NDArray[np.float32]
    is_read: BoolArray
    fs_hz: float
    layout_name: str | None
    column_starts_s: tuple[float, ...]
    traces_panel_xy: dict[str, tuple[FloatArray, ...]]
    paper: PaperSettings
    scale_source: ScaleSource | None
    stretches: tuple[tuple[str, tuple[float, float, float, float]], ...] = ()
    layout: Layout | None = None
