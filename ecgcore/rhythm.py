"""Beat boxes -> rows of trace, and the RR intervals of the row that shows most of them."""

import numpy as np
import numpy.typing as npt

from ecgcore.rhythm_peaks import baseline_y, column_heights, qrs_height
from ecgcore.types import STANDARD_PX_PER_MM, ByteArray, FloatArray, Rhythm

IntArray = npt.NDArray[np.intp]

ROW_REACH_MM = 8.0
"""A beat belongs to a row whose baseline lies within this; rows of twelve on a page are some 11 mm apart."""

MISSED_QRS_SHARE = 0.6
"""Ink this tall beside its neighbours' QRS, between two boxes: a beat that has no box, as at a lead's border."""


def beat_rows(ink: ByteArray, boxes_panel_xyxy: npt.ArrayLike) -> list[IntArray]:
    """Group beats into rows of trace, top to bottom, each from left to right: the reading order.

    Boxes are followed from left to right; each joins the row whose last beat it follows at the nearest baseline.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        boxes_panel_xyxy: beat boxes in its pixels, ``[n, 4]``.

    Returns:
        Indices into the boxes, one array a row; each index occurs once.
    """
    boxes = np.asarray(boxes_panel_xyxy, dtype=np.float64).reshape(-1, 4)
    baselines = np.array([baseline_y(ink, box) for box in boxes])
    rows: list[list[int]] = []
    for i in np.argsort(boxes[:, 0], kind="stable"):
        middle_x = (boxes[i, 0] + boxes[i, 2]) / 2
        candidates = [
            (abs(baselines[row[-1]] - baselines[i]), row_number)
            for row_number, row in enumerate(rows)
            if boxes[row[-1], 2] <= middle_x
        ]
        distance_px, row_number = min(candidates, default=(np.inf, -1))
        if distance_px <= ROW_REACH_MM * STANDARD_PX_PER_MM:
            rows[row_number].append(int(i))
        else:
            rows.append([int(i)])
    rows.sort(key=lambda row: float(np.median(baselines[row])))
    return [np.array(row) for row in rows]


def measure_rhythm(ink: ByteArray, boxes_panel_xyxy: npt.ArrayLike, r_peaks_panel_xy: npt.ArrayLike) -> Rhythm | None:
    """Measure the RR intervals of the row that has most of them: the rhythm strip, where there is one.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``; its scale must be known to be ``STANDARD_PX_PER_MM``.
        boxes_panel_xyxy: beat boxes in its pixels, ``[n, 4]``.
        r_peaks_panel_xy: their R peaks, ``[n, 2]``.

    Returns:
        The intervals with the beats that bound them, or None where no row has one.
    """
    boxes = np.asarray(boxes_panel_xyxy, dtype=np.float64).reshape(-1, 4)
    peaks_x = np.asarray(r_peaks_panel_xy, dtype=np.float64).reshape(-1, 2)[:, 0]
    rows = beat_rows(ink, boxes)
    adjoining = [_adjoining(ink, boxes[row], peaks_x[row]) for row in rows]
    best = max(range(len(rows)), key=lambda i: int(adjoining[i].sum()), default=None)
    if best is None or not adjoining[best].any():
        return None
    row, joined = rows[best], adjoining[best]
    used = row[np.concatenate([joined, [False]]) | np.concatenate([[False], joined])]
    rr_mm = np.diff(peaks_x[row]) / STANDARD_PX_PER_MM
    breaks = np.flatnonzero(np.diff(joined.astype(int))) + 1
    runs = [rr_mm[part] for part in np.split(np.arange(len(rr_mm)), breaks) if joined[part[0]]]
    return Rhythm(tuple(used.tolist()), tuple(tuple(run.tolist()) for run in runs))


def _adjoining(ink: ByteArray, row_boxes: FloatArray, peaks_x: FloatArray) -> npt.NDArray[np.bool_]:
    """For each pair of neighbours of a row, whether no beat without a box lies between them."""
    tallest = [qrs_height(ink, box) for box in row_boxes]
    joined = []
    for i in range(len(row_boxes) - 1):
        before, after = row_boxes[i], row_boxes[i + 1]
        between = np.array([before[2], min(before[1], after[1]), after[0], max(before[3], after[3])])
        gap = column_heights(ink, between)[1:-1]  # without the columns that the boxes share
        is_empty = gap.max(initial=0) < MISSED_QRS_SHARE * min(tallest[i], tallest[i + 1])
        joined.append(bool(is_empty and peaks_x[i + 1] > peaks_x[i]))
    return np.array(joined, dtype=bool)
