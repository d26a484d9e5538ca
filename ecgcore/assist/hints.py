"""Hints at beats that may be missing from, or too many in, a page's boxes: their rhythm says so, no picture."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ecgcore.geometry.arrays import FloatArray
from ecgcore.geometry.boxes import iou_matrix
from ecgcore.traces.rows import checked_boxes
from ecgcore.types import Box

MISSED_RR = 1.8
"""A longer interval, in median RR of its row, may hold a missed beat."""

DOUBLE_RR = 0.4
"""A shorter one may end at a T wave or at a second box of the same beat."""

MIN_BEATS = 3
"""Rows of fewer beats have no rhythm."""

MAX_MISSED = 4
"""Where more beats would fit, none was missed: that stretch is not boxed yet."""

SAME_ROW_SHARE = 0.5
"""Boxes of a row share at least this much of the lower one's height."""

DOUBLE_IOU = 0.7
"""Boxes that overlap sideways are of one row only where they are this much the same from top to bottom."""

SHOWN_SHARE = 2 / 3
"""Share of the other rows that must show a beat where one is said to be missing."""

SAME_TIME_RR = 0.4
"""Beats of two rows are simultaneous when their middles lie no further apart, in median RR."""

NEW_LEAD_SHARE = 0.35
"""Boxes whose top or bottom differ by more than this share of the taller one's height may belong to two leads."""

COVERED_IOU = 0.3
"""A place that a box covers this much is not missing."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Something to look at again; never a reason to refuse a page.

    Args:
        text: what it may be.
        place_panel_xyxy: where a missed beat would be, or the box in doubt.
        box_index: the box in doubt, as an index into the boxes given; None for a missed beat.
    """

    text: Literal["missed beat?", "T wave or duplicate?"]
    place_panel_xyxy: Box
    box_index: int | None = None


def rhythm_hints(boxes_panel_xyxy: npt.ArrayLike) -> list[Hint]:
    """Look for gaps and doubles in the rhythm of each row, onset to onset.

    At the border of two leads a cut beat has no box, so a gap there is as it should be. Rows that have beats on both
    sides of the gap decide: it counts where all of them show a beat in it, and not where too few do. In between, and
    where no other row can tell, it counts unless the boxes beside it differ as those of two leads do.

    Args:
        boxes_panel_xyxy: beat boxes in pixels of the panel, ``[n, 4]``, in any order.

    Returns:
        The hints, row by row from left to right; none for rows of fewer than three beats.

    Raises:
        ValueError: the array is malformed.
    """
    boxes = checked_boxes(boxes_panel_xyxy)
    rows = _rows(boxes)
    hints: list[Hint] = []
    for row in rows:
        rr_px = np.diff(boxes[row, 0])
        # of an even number the lower middle one: gaps at the borders of leads only ever lengthen intervals
        usual_px = float(np.quantile(rr_px, 0.5, method="lower")) if len(row) >= MIN_BEATS else 0.0
        if usual_px == 0:
            continue
        others = [boxes[other] for other in rows if other is not row]
        for i in np.flatnonzero(rr_px > MISSED_RR * usual_px):
            hints += _missed(boxes, boxes[row[i]], boxes[row[i + 1]], usual_px, others)
        for i in np.flatnonzero(rr_px < DOUBLE_RR * usual_px):
            doubtful = row[_odd_one(boxes[row], int(i), usual_px)]
            hints.append(Hint("T wave or duplicate?", Box(*boxes[doubtful].tolist()), doubtful))
    return hints


def _rows(boxes: FloatArray) -> list[list[int]]:
    """Indices of the boxes of each row, left to right; rows from top to bottom.

    Unlike ``rhythm.beat_rows`` this keeps two boxes of one beat in the same row, and needs no picture.
    """
    rows: list[list[int]] = []
    middle_y = boxes[:, [1, 3]].mean(axis=1)
    order = np.lexsort((boxes[:, 1], boxes[:, 0]))
    for i in order[(boxes[order, :2] < boxes[order, 2:]).all(axis=1)].tolist():
        nearest: tuple[float, list[int] | None] = (np.inf, None)
        for row in rows:
            last, box = boxes[row[-1]], boxes[i]
            common = min(last[3], box[3]) - max(last[1], box[1])
            whole = max(last[3], box[3]) - min(last[1], box[1])
            lower = min(last[3] - last[1], box[3] - box[1])
            follows = last[2] <= (box[0] + box[2]) / 2 or common > DOUBLE_IOU * whole
            if follows and common >= SAME_ROW_SHARE * lower:
                nearest = min(nearest, (abs(middle_y[row[-1]] - middle_y[i]), row), key=lambda found: found[0])
        if nearest[1] is None:
            rows.append([i])
        else:
            nearest[1].append(i)
    return sorted(rows, key=lambda row: float(np.median(middle_y[row])))


def _missed(
    boxes: FloatArray, before: FloatArray, after: FloatArray, usual_px: float, others: list[FloatArray]
) -> list[Hint]:
    """A hint for each beat that would fit evenly between two boxes of a row."""
    count = max(2, round((after[0] - before[0]) / usual_px))
    hints: list[Hint] = []
    if count > MAX_MISSED + 1:
        return hints
    for k in range(1, count):
        share = k / count
        place = (1 - share) * before + share * after
        place[[1, 3]] = min(before[1], after[1]), max(before[3], after[3])
        if iou_matrix(place, boxes).max() < COVERED_IOU and _shown(place, usual_px, others, before, after):
            hints.append(Hint("missed beat?", Box(*place.tolist())))
    return hints


def _shown(place: FloatArray, usual_px: float, others: list[FloatArray], before: FloatArray, after: FloatArray) -> bool:
    """Whether a beat is to be expected at ``place``, or the gap is a border of two leads."""
    x = float(place[[0, 2]].mean())
    votes = []
    for row in others:
        middle_x = row[:, [0, 2]].mean(axis=1)
        if middle_x.min() < x - usual_px / 2 and middle_x.max() > x + usual_px / 2:
            votes.append(bool((np.abs(middle_x - x) <= SAME_TIME_RR * usual_px).any()))
    if votes and (all(votes) or sum(votes) < SHOWN_SHARE * len(votes)):
        return all(votes)
    taller = max(before[3] - before[1], after[3] - after[1])
    return bool(np.abs(before - after)[[1, 3]].max() <= NEW_LEAD_SHARE * taller)


def _odd_one(row_boxes: FloatArray, i: int, usual_px: float) -> int:
    """Which of boxes ``i`` and ``i + 1`` fits the rhythm less: without it the interval is nearer the usual; else the
    lower box."""
    onset_x = row_boxes[:, 0]

    def misfit(k: int) -> tuple[float, float]:
        height = row_boxes[k, 3] - row_boxes[k, 1]
        inner = 0 < k < len(onset_x) - 1
        left_px = abs(onset_x[k + 1] - onset_x[k - 1] - usual_px) if inner else usual_px / 4
        return round(left_px / usual_px, 1), height

    return min((i, i + 1), key=misfit)
