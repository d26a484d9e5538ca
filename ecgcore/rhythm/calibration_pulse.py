"""What the paper itself tells of its gain: the calibration pulse of 1 mV on a grid of millimetres."""

import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.panel import trace_boxes
from ecgcore.page.pulses import WIDEST_ON_GRID, pulse_heights_px
from ecgcore.paper import USUAL_PAPER, PaperSettings

# The gains that machines offer; the slack was chosen.
USUAL_GAINS_MM_MV = (5.0, 10.0, 20.0)
GAIN_SLACK = 0.1
"""A pulse this much off one of the usual gains, as a share of it, is taken for something else."""
AGAINST_PRINT = 2
"""So many pulses alike overrule a printed gain: a single one may be another mark of that shape."""


def pulse_gain_mm_mv(ink: ByteArray, *, has_grid: bool, printed_mm_mv: float | None = None) -> float | None:
    """The gain that a calibration pulse on the grid shows; None where there is none.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        has_grid: whether its millimetres were read off a grid; a pulse that itself gave them tells no gain.
        printed_mm_mv: the printed gain, where one was read; any pulse of its height confirms it.
    """
    heights_px = pulse_heights_px(ink, trace_boxes(ink)[1], WIDEST_ON_GRID) if has_grid else []
    if not heights_px:
        return None
    heights_mm = np.array(heights_px) / STANDARD_PX_PER_MM
    if printed_mm_mv is not None and (np.abs(heights_mm / printed_mm_mv - 1) <= GAIN_SLACK).any():
        return printed_mm_mv
    height_mm = float(np.median(heights_mm))
    alike = np.abs(heights_mm / height_mm - 1) <= GAIN_SLACK
    if printed_mm_mv is not None and alike.sum() < AGAINST_PRINT:
        return None
    gain = min(USUAL_GAINS_MM_MV, key=lambda usual: abs(height_mm / usual - 1))
    return gain if abs(height_mm / gain - 1) <= GAIN_SLACK else None


def paper_settings(ink: ByteArray, *, has_grid: bool) -> PaperSettings:
    """The usual paper, with the gain that a calibration pulse on the grid shows, where there is one.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        has_grid: whether its millimetres were read off a grid.
    """
    gain = pulse_gain_mm_mv(ink, has_grid=has_grid) or USUAL_PAPER.gain_mm_mv
    return PaperSettings(USUAL_PAPER.speed_mm_s, gain)
