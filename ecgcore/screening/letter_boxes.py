"""Boxes that the detector drew round letters: they are no beats, whatever their score."""

import numpy as np
import numpy.typing as npt

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray
from ecgcore.page.printed_text import find_text
from ecgcore.traces.rows import PAD_MM, Rows
from ecgcore.traces.strokes import TALLEST_LETTER_MM

# Chosen (D-131 in docs/decisions); benchmarks/page/written_boxes.py counts the boxes and the beats that they drop.
COVERED = 0.5
"""A box that lies so far in one patch of writing or print is looked at."""
TRACE_COLUMNS = 0.6
"""Where a row's trace runs through so much of it, it is a beat that somebody wrote across."""
ROW_REACH_SHARE = 0.5
"""Of the box's height: so far from the box's own middle band a row's baseline may be."""


def in_letters(boxes_panel_xyxy: FloatArray, letters_panel_xyxy: FloatArray, rows: Rows) -> BoolArray:
    """Which boxes hold letters and no beat.

    Args:
        boxes_panel_xyxy: beat boxes in panel pixels, ``[n, 4]``.
        letters_panel_xyxy: patches of handwriting and lines of print, ``[m, 4]``.
        rows: the panel's rows of trace.

    Returns:
        ``bool [n]``.
    """
    boxes = np.asarray(boxes_panel_xyxy, dtype=np.float64).reshape(-1, 4)
    lies_in = _covered(boxes, letters_panel_xyxy) >= COVERED
    return np.array(
        [bool(lies) and not _holds_trace(box, rows) for box, lies in zip(boxes, lies_in, strict=True)], bool
    )


def letter_patches(ink: ByteArray, rows: Rows, written_panel_xyxy: FloatArray) -> FloatArray:
    """Handwriting and print on a panel, print with the paper that a beat's box would have around it, ``[n, 4]``.

    Args:
        ink: the panel raster, ``uint8 [h, w]``.
        rows: its rows of trace.
        written_panel_xyxy: patches of handwriting that were found, ``[m, 4]``.
    """
    text = find_text(ink, rows)
    pad_px = PAD_MM * STANDARD_PX_PER_MM
    printed = np.concatenate([text.marginal_xyxy, text.texts_xyxy])
    is_line = printed[:, 3] - printed[:, 1] <= TALLEST_LETTER_MM * STANDARD_PX_PER_MM  # higher: a trace in pieces
    return np.concatenate([written_panel_xyxy, printed[is_line] + np.array([-pad_px, -pad_px, pad_px, pad_px])])


def _covered(boxes: FloatArray, letters: FloatArray) -> FloatArray:
    """Largest share of each box that one patch of letters covers, ``[n]``."""
    if len(letters) == 0:
        return np.zeros(len(boxes))
    low = np.maximum(boxes[:, None, :2], letters[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], letters[None, :, 2:])
    common = (high - low).clip(0).prod(axis=2)
    result: FloatArray = (common / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)[:, None]).max(axis=1)
    return result


def _holds_trace(box: FloatArray, rows: Rows) -> bool:
    """Whether a row runs through the box from side to side, its baseline inside or close by."""
    span = rows.span(box)
    if span is None:
        return False
    x1, x2 = span
    slack = ROW_REACH_SHARE * (box[3] - box[1])
    for row, baseline_y in enumerate(rows.baseline_y):
        if not box[1] - slack <= baseline_y <= box[3] + slack:
            continue
        inside = (rows.bottom_y[row, x1:x2] > box[1]) & (rows.top_y[row, x1:x2] < box[3]) & rows.has_ink[row, x1:x2]
        if _mean(inside) >= TRACE_COLUMNS:
            return True
    return False


def _mean(mask: npt.NDArray[np.bool_]) -> float:
    return float(mask.mean()) if len(mask) else 0.0
