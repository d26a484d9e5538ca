"""Beat boxes -> rows of trace, and the RR intervals of the rhythm strip, filled in from the other rows."""

import numpy as np
import numpy.typing as npt

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray, IndexArray
from ecgcore.rhythm.r_peaks import baseline_y, column_heights, qrs_height
from ecgcore.types import Rhythm

# Chosen, not fitted: benchmarks/page/heart_rate.py measures the rate that comes of them against LUDB and PTB-XL.
ROW_REACH_MM = 8.0
"""A beat belongs to a row whose baseline lies within this; rows of twelve on a page are some 11 mm apart."""

MISSED_QRS_SHARE = 0.6
"""Ink this tall beside its neighbours' QRS, between two boxes: a beat that has no box, as at a lead's border."""

SHARED_RR = 0.2
"""Intervals of two rows are of the same seconds where they share more than this of the shorter one."""


def beat_rows(ink: ByteArray, boxes_panel_xyxy: npt.ArrayLike) -> list[IndexArray]:
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


def measure_rhythm(
    ink: ByteArray, boxes_panel_xyxy: npt.ArrayLike, r_peaks_panel_xy: npt.ArrayLike, *, is_one_strip: bool = False
) -> Rhythm | None:
    """Measure the RR intervals of the row that has most of them, the rhythm strip where there is one.

    Where that row has none, as at the border of two leads or at a missed beat, those of the other rows fill in: rows
    of one page show the same seconds, or at least the same heart. No stretch of paper is counted twice.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``; its scale must be known to be ``STANDARD_PX_PER_MM``.
        boxes_panel_xyxy: beat boxes in its pixels, ``[n, 4]``.
        r_peaks_panel_xy: their R peaks, ``[n, 2]``.
        is_one_strip: whether the rows show one strip that goes on from row to row, all of them other seconds.

    Returns:
        The intervals with the beats that bound them, or None where no row has one.
    """
    boxes = np.asarray(boxes_panel_xyxy, dtype=np.float64).reshape(-1, 4)
    peaks_x = np.asarray(r_peaks_panel_xy, dtype=np.float64).reshape(-1, 2)[:, 0]
    pairs_of_rows = [_neighbours(ink, boxes, peaks_x, row) for row in beat_rows(ink, boxes)]
    taken: list[tuple[int, int]] = []
    for pairs in pairs_of_rows if is_one_strip else sorted(pairs_of_rows, key=len, reverse=True):
        taken += [p for p in pairs if is_one_strip or not any(_overlap(peaks_x, p, other) for other in taken)]
    if not taken:
        return None
    if not is_one_strip:
        taken.sort(key=lambda pair: float(peaks_x[pair[0]]))
    runs: list[list[float]] = []
    for number, (before, after) in enumerate(taken):
        if number == 0 or taken[number - 1][1] != before:
            runs.append([])
        runs[-1].append(float(peaks_x[after] - peaks_x[before]) / STANDARD_PX_PER_MM)
    used = sorted({beat for pair in taken for beat in pair})
    return Rhythm(tuple(used), tuple(tuple(run) for run in runs))


def _neighbours(ink: ByteArray, boxes: FloatArray, peaks_x: FloatArray, row: IndexArray) -> list[tuple[int, int]]:
    """The pairs of neighbours of a row between which no beat without a box lies."""
    joined = _adjoining(ink, boxes[row], peaks_x[row])
    return [(int(row[i]), int(row[i + 1])) for i in np.flatnonzero(joined)]


def _overlap(peaks_x: FloatArray, pair: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two intervals share more paper than two leads' R peaks are apart."""
    (start, end), (other_start, other_end) = peaks_x[list(pair)], peaks_x[list(other)]
    shared = min(end, other_end) - max(start, other_start)
    return bool(shared > SHARED_RR * min(end - start, other_end - other_start))


def _adjoining(ink: ByteArray, row_boxes: FloatArray, peaks_x: FloatArray) -> BoolArray:
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
