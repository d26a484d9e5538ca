"""Find beats like one drawn beat: along its own row, and at the same time in the rows above and below."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray
from ecgcore.traces.lead_columns import column_edges
from ecgcore.traces.rows import Rows, checked_boxes
from ecgcore.traces.trace_rows import trace_rows

MIN_WIDTH_MM = 2.0
"""A narrower box holds no beat that could be recognised."""

MIN_HEIGHT_MM = 1.0
"""A trace that rises and falls no more than this is too flat to tell a beat from none."""

FLAT_LEAD_SHARE = 0.5
"""Where the drawn beat is as flat itself, its row's other beats have at least this share of its height."""

MIN_CORRELATION = 0.9
"""Correlation with the drawn beat along its row from which a place is looked at."""

SURE_CORRELATION = 0.97
"""Correlation from which a place counts even where the other rows show another beat, as in the next lead."""

APART_SHARE = 0.8
"""Places lie at least this share of the drawn beat's width apart."""

SAME_MM = 0.75
"""Traces no further apart than this anywhere are the same, once shifted upon each other."""

ELASTIC_MM = 1.0
"""Sideways give when traces are compared; a steep stroke is never drawn twice in the same column."""

LOCAL_MM = 1.75
"""Stretch over which the distance of two traces is averaged: shorter than a wave, longer than a speck."""

MIN_SAME_ROWS = 0.7
"""Share of the page's rows that must repeat themselves where a whole beat is repeated."""

END_MM = (0.5, 1.5)
"""Before and behind a beat's onset, and likewise its end, the pen must not break off: a cut beat has no box."""

MIN_INK_SHARE = 0.9
"""Share of a proposal's columns that must hold ink."""

SIMULTANEOUS_SCORE = 0.95
"""Score of the other rows' beats at the drawn one's time: nothing to compare them with, but seldom wrong."""

MAX_OVERLAP = 0.25
"""A proposal may cover this share of the width of a box that its row already has, or the other way round."""


@dataclass(frozen=True)
class SimilarBeats:
    """Boxes proposed for a drawn beat, best first.

    Args:
        boxes_panel_xyxy: ``float64 [n, 4]`` in pixels of the panel.
        scores: 0..1, ``float64 [n]``, descending.
        in_own_row: whether each lies in the drawn beat's row, ``bool [n]``; the others lie in rows drawn at its time.
    """

    boxes_panel_xyxy: FloatArray
    scores: FloatArray
    in_own_row: BoolArray

    def __len__(self) -> int:
        return len(self.scores)


def find_similar_beats(
    ink: ByteArray,
    example_box_panel_xyxy: npt.ArrayLike,
    existing_boxes_panel_xyxy: npt.ArrayLike,
    *,
    same_time_rows: bool = True,
) -> SimilarBeats:
    """Propose beats like a drawn one.

    The drawn beat's trace is correlated along its row, or along the tallest row where its own is flat. A place counts
    where most rows of the page repeat what they show at the drawn beat's time, which a beat cut by a lead's end does
    not; there, and at the drawn beat's own time, the other rows' beats are proposed too. Proposals are as wide as the
    drawn beat and as tall as their trace.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        example_box_panel_xyxy: the drawn beat, ``[4]`` in pixels of ``ink``.
        existing_boxes_panel_xyxy: boxes that are there already, ``[n, 4]``; they are not proposed again.
        same_time_rows: also propose beats of other rows.

    Returns:
        The proposals; none where the box holds no beat that can be followed.

    Raises:
        ValueError: an array is malformed.
    """
    example = checked_boxes([np.asarray(example_box_panel_xyxy, dtype=np.float64)])
    existing = checked_boxes(existing_boxes_panel_xyxy)
    rows = trace_rows(ink)
    span = rows.span(example[0]) if len(example) else None
    row = rows.row_of(example[0]) if span else None
    if span is None or row is None or span[1] - span[0] < MIN_WIDTH_MM * STANDARD_PX_PER_MM:
        return _similar_beats([])
    taken = [(rows.row_of(box), box) for box in existing] + [(row, example[0])]
    at_edge = column_edges(ink, rows)
    tall_px = MIN_HEIGHT_MM * STANDARD_PX_PER_MM
    own_tall_px = min(tall_px, FLAT_LEAD_SHARE * rows.height_px(row, *span))
    found = []
    for x1, other, score in _places(rows, row, *span, at_edge):
        x2 = x1 + span[1] - span[0]
        box = rows.box(other, x1, x2)
        is_tall = rows.height_px(other, x1, x2) > (own_tall_px if other == row else tall_px)
        is_new = not any(other == its_row and _overlap(box, old) > MAX_OVERLAP for its_row, old in taken)
        if is_tall and is_new and _is_whole(rows, other, x1, x2) and (same_time_rows or other == row):
            found.append((score, other == row, box))
    return _similar_beats(found)


def _similar_beats(found: list[tuple[float, bool, FloatArray]]) -> SimilarBeats:
    best_first = sorted(found, key=lambda proposal: -proposal[0])
    return SimilarBeats(
        np.array([box for _, _, box in best_first], dtype=np.float64).reshape(-1, 4),
        np.array([score for score, _, _ in best_first], dtype=np.float64),
        np.array([own for _, own, _ in best_first], dtype=bool),
    )


def _places(rows: Rows, row: int, x1: int, x2: int, at_edge: BoolArray) -> list[tuple[int, int, float]]:
    """First column, row and score of every beat to propose, before it is looked at by itself."""
    width = x2 - x1
    every = range(len(rows.baseline_y))
    followed = row
    if rows.height_px(row, x1, x2) <= MIN_HEIGHT_MM * STANDARD_PX_PER_MM:
        followed = max(every, key=lambda other: rows.height_px(other, x1, x2))
    # a drawn beat across a column's edge belongs to a rhythm strip; the other rows change leads there
    places = [] if at_edge[x1:x2].any() else [(x1, other, SIMULTANEOUS_SCORE) for other in every if other != row]
    for start, correlation in _matches(rows, followed, x1, x2):
        if at_edge[start : start + width].any():
            continue
        apart_px = _apart_px(rows, x1, start, width)
        same = apart_px <= SAME_MM * STANDARD_PX_PER_MM
        score = correlation * (1 - apart_px / (2 * SAME_MM * STANDARD_PX_PER_MM))
        if same.mean() >= MIN_SAME_ROWS:
            places += [(start, other, float(score[other])) for other in every if same[other]]
        elif followed == row and same[row] and correlation >= SURE_CORRELATION:
            places.append((start, row, float(score[row])))
    return places


def _matches(rows: Rows, row: int, x1: int, x2: int) -> list[tuple[int, float]]:
    """First columns at which the row repeats its stretch ``x1`` to ``x2``, with their correlation, best first."""
    trace = np.stack([rows.top_y[row], rows.bottom_y[row]]).astype(np.float32)
    correlation = cv2.matchTemplate(trace, trace[:, x1:x2], cv2.TM_CCOEFF_NORMED)[0]
    free = correlation >= MIN_CORRELATION
    apart_px = round(APART_SHARE * (x2 - x1))
    free[max(0, x1 - apart_px + 1) : x1 + apart_px] = False
    matches = []
    while free.any():
        start = int(np.where(free, correlation, -np.inf).argmax())
        matches.append((start, min(1.0, float(correlation[start]))))
        free[max(0, start - apart_px + 1) : start + apart_px] = False
    return matches


def _apart_px(rows: Rows, a: int, b: int, width: int) -> FloatArray:
    """How far, at the worst, each row's trace from column ``a`` on leaves that from ``b`` on, ``[r]`` pixels.

    Keogh's bound (Knowledge and Information Systems 2005; 7:358-386): the distance to the band that the other trace
    fills when it may move sideways, taken both ways.
    """
    give = np.ones((1, 2 * round(ELASTIC_MM * STANDARD_PX_PER_MM) + 1), np.uint8)
    parts = [np.stack([edge[:, x : x + width] for edge in (rows.top_y, rows.bottom_y)]) for x in (a, b)]
    middles = [part.mean(axis=0) for part in parts]
    levels = [np.median(middle, axis=1, keepdims=True) for middle in middles]
    worst = []
    for this, other in ((0, 1), (1, 0)):
        middle = middles[this] - levels[this] + levels[other]
        outside = np.maximum(cv2.erode(parts[other][0], give) - middle, middle - cv2.dilate(parts[other][1], give))
        local = cv2.blur(outside.clip(0), (round(LOCAL_MM * STANDARD_PX_PER_MM), 1), borderType=cv2.BORDER_REPLICATE)
        worst.append(local.max(axis=1))
    return np.asarray(np.maximum(*worst), dtype=np.float64)


def _is_whole(rows: Rows, row: int, x1: int, x2: int) -> bool:
    """Whether the row's pen goes through columns ``x1`` to ``x2`` and on over both ends."""
    outside, inside = (round(mm * STANDARD_PX_PER_MM) for mm in END_MM)
    has_ink = rows.has_ink[row]
    ends = has_ink[max(0, x1 - outside) : x1 + inside], has_ink[x2 - inside : x2 + outside]
    return (
        x1 >= outside
        and x2 + outside <= rows.panel_w
        and all(bool(end.all()) for end in ends)
        and bool(has_ink[x1:x2].mean() >= MIN_INK_SHARE)
    )


def _overlap(box: FloatArray, other: FloatArray) -> float:
    """Common width as a share of the narrower box's."""
    common = min(box[2], other[2]) - max(box[0], other[0])
    return float(common / max(1e-9, min(box[2] - box[0], other[2] - other[0])))
