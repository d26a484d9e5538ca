"""Pages without a printed grid: paper that is followed into every shadow, and a panel told by its traces alone."""

from typing import Literal

import cv2
import numpy as np

from ecgcore.errors import NotScreenable
from ecgcore.page.panel import MARGIN_MM, XYXY, joined_pulse_px, pulse_height_px, trace_boxes
from ecgcore.types import ByteArray

ASSUMED_PANEL_MM = 260.0
PULSE_MM = 10.0
STROKE_SHARE = 0.02
"""Of a page's longer side: whatever is narrower than this and darker than all around it is print."""
BORDER_SHARE = 0.012
"""Of the longer side: the desk that shows at a sheet's sides, and their shadow."""
SOFT_PX = 0.8
BLACK = 20
"""Paper darker than this says nothing."""
GAP_SHARE = 0.006
"""Of the width: a pen so thin that it breaks leaves gaps of this size."""


def darkness_by_form(flat_rgb: ByteArray) -> ByteArray:
    """Divide out the paper, taken as what is left when everything narrow is closed away, and invert.

    A closing follows the edge of a shadow exactly, where a mean over tiles leaves a dark band beside it.

    Args:
        flat_rgb: ``uint8 [H, W, 3]``, a page without a grid that fills its picture.

    Returns:
        ``uint8 [H, W, 3]``, 0 = paper, as :func:`ecgcore.page.ink.darkness_rgb`; paper along the border.
    """
    longest = max(flat_rgb.shape[:2])
    side = round(STROKE_SHARE * longest) | 1
    soft = cv2.GaussianBlur(flat_rgb, (0, 0), SOFT_PX)
    paper = cv2.blur(cv2.morphologyEx(soft, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)), (5, 5))
    white = cv2.divide(flat_rgb, np.maximum(np.maximum(paper, flat_rgb), BLACK), scale=255.0)
    darkness = np.asarray(cv2.bitwise_not(white), dtype=np.uint8)
    border = round(BORDER_SHARE * longest)
    for strip in (darkness[:border], darkness[-border:], darkness[:, :border], darkness[:, -border:]):
        strip[:] = 0
    return darkness


def panel_without_grid(ink: ByteArray, *, is_broken: bool = False) -> tuple[XYXY, float, Literal["pulse"] | None]:
    """Find the panel of a page without a printed grid: its traces and the pulses beside them, and 5 mm around.

    Args:
        ink: ``uint8 [H, W]``, 255 = full pen.
        is_broken: look over small gaps in the traces, and for pulses that are joined to them.

    Returns:
        Box, working px_per_mm and its source; None where neither grid nor pulse tells and a width is assumed.

    Raises:
        NotScreenable: there is no trace.
    """
    height, width = ink.shape
    traces, every = trace_boxes(ink, round(GAP_SHARE * width) if is_broken else 0)
    if len(traces) == 0:
        raise NotScreenable(
            "No ECG traces were found in the picture.",
            "Use a picture that shows the whole ECG page, upright and in focus.",
        )
    x1, y1 = traces[:, :2].min(axis=0)
    x2, y2 = traces[:, 2:].max(axis=0)
    pulse_px = pulse_height_px(ink, every)
    if pulse_px is None and is_broken:
        pulse_px = joined_pulse_px(ink, traces)
    px_per_mm = (x2 - x1) / ASSUMED_PANEL_MM if pulse_px is None else pulse_px / PULSE_MM
    # the calibration pulses stand beside the traces and belong to the panel
    tall = every[
        (every[:, 3] - every[:, 1] > 6 * px_per_mm)
        & (every[:, 1] > y1 - 10 * px_per_mm)
        & (every[:, 3] < y2 + 5 * px_per_mm)
    ]
    near = tall[(tall[:, 2] > x1 - 15 * px_per_mm) & (tall[:, 0] < x2 + 15 * px_per_mm)]
    if len(near):
        x1, y1 = np.minimum((x1, y1), near[:, :2].min(axis=0))
        x2, y2 = np.maximum((x2, y2), near[:, 2:].max(axis=0))
    margin = MARGIN_MM * px_per_mm
    box = (
        max(0, round(x1 - margin)),
        max(0, round(y1 - margin)),
        min(width, round(x2 + margin)),
        min(height, round(y2 + margin)),
    )
    return box, float(px_per_mm), None if pulse_px is None else "pulse"
