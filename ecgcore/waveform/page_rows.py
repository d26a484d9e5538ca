"""The rows of a page, and how many of the twelve leads they show: rows, times columns in which these change their lead.

Lead names are not read. Rows are seen well, marks between columns on some pages only; but where the rows go on with
other leads the beats look different in most rows at once, and the columns of a page are equally wide.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import BoolArray, ByteArray, FloatArray
from ecgcore.traces.rows import Rows
from ecgcore.traces.strokes import QRS_SOFT_PX, steepness, without_print
from ecgcore.traces.trace_rows import trace_rows

ALL_LEADS, MANY_LEADS = 12, 10
"""So many rows are a page of twelve, one below the other."""
BEFORE_MM, AFTER_MM = 5.5, 10.0
"""Paper around a QRS that is compared with the next beat's: 0.2 s and 0.4 s at 25 mm/s."""
BEATS_APART_MM = 11.0
QRS_SHARE = 0.35
"""Steepness, as a share of the usual beat's, from which a place counts as a beat."""
WANDER_MM = 40.0
OTHER_LEAD = 0.3
"""Change of the row that changes second most: squared difference of two beats over their mean square, 0 to about 2."""
MANY_ROWS = 6
"""So many rows are two columns at least in which three rows change, or four with three rhythm strips."""
FOUR_COLUMNS_MM, FOUR_COLUMNS_PITCHES = 160.0, 5.6
"""Narrower traces hold no four columns: 1.6 s of each lead. So many distances of two rows they are wide too, which
holds where the scale was misread; halves of pages are up to 147 mm and 5.2 wide, whole pages from 230 mm and 5.8."""
SAME_SHAPE = 0.1
"""Calibration pulses are alike in all rows."""
BORDER_SLACK = 0.055
"""Of the traces' width: a calibration pulse moves all borders by so much to one side."""
TOGETHER, CLOSEST_PAIR = 0.25, 0.55
"""Correlation of the rows' steepness, the median pair's and the best's, below which their beats do not stand one above
the other, as where a strip goes on from row to row. Whole pages of so few rows: best pair from 0.61."""
STRIP_ROWS = 5
"""A strip in more rows than these is not printed; six rows and more of drawn pages go down to 0.12."""
NOISE_PX2 = 60.0
SHIFT_MM, SHIFT_STEP_PX = 3.0, 4
"""So far two beats are shifted against each other to compare them."""
SIDE_BEATS = 3


@dataclass(frozen=True)
class Changes:
    """Beats, and how much each row changes from each to the next.

    Args:
        beats_x: the QRS complexes' places in panel pixels, ``[n]``.
        by_row: from beat ``k`` to the next, ``[n - 1, r]``; 0 alike, about 2 unlike.
    """

    beats_x: npt.NDArray[np.intp]
    by_row: FloatArray

    def strength(self, rank: int = 2) -> FloatArray:
        """How much the rows change together at every gap, ``[n - 1]``: the row that changes ``rank``-most."""
        return np.asarray(np.sort(self.by_row, axis=1)[:, -min(rank, self.by_row.shape[1])], dtype=np.float64)

    def near(self, x: float, slack_px: float, rank: int = 2) -> set[int]:
        """The gaps between two beats around a place at which so many rows change their lead.

        Args:
            x: the place, panel pixels.
            slack_px: how far from it a gap may lie.
            rank: how many rows.
        """
        is_near = (self.beats_x[:-1] <= x + slack_px) & (self.beats_x[1:] >= x - slack_px)
        return set(np.flatnonzero(is_near & (self.strength(rank) >= OTHER_LEAD)).tolist())


@dataclass(frozen=True, eq=False)
class PageRows:
    """What more than one reader of a page asks of its rows; each is found once.

    Args:
        ink: the page's panel raster, ``uint8 [h, w]``.
    """

    ink: ByteArray

    @cached_property
    def with_print(self) -> Rows:
        """The rows of ink: those of trace, and lines of print that run on as these do."""
        return trace_rows(self.ink)

    @cached_property
    def traces(self) -> Rows:
        """The rows of trace."""
        return without_print(self.with_print, self.ink)

    @cached_property
    def column_count(self) -> int:
        """In how many columns the rows of trace change their lead together: 1, 2 or 4."""
        return _column_count(self.traces)

    @cached_property
    def lead_count(self) -> int:
        """How many stretches of leads they show, rhythm strips of a 12-lead page aside.

        At most 12; 0 where there is no row, 1 where a strip of one lead goes on from row to row.
        """
        inked = len(self.with_print.baseline_y)
        if not 0 < inked < MANY_LEADS:
            return min(len(self.traces.baseline_y), ALL_LEADS)
        if not _beat_together(self.traces):
            return 1
        return min(ALL_LEADS, len(self.traces.baseline_y) * self.column_count)


def _column_count(rows: Rows) -> int:
    changes = lead_changes(rows)
    if len(changes.beats_x) < 2 or not _beat_together(rows):
        return 1
    left, right = _traces_x(rows)
    width = right - left
    slack = BORDER_SLACK * width
    first, middle, last = (changes.near(left + share * width, slack) for share in (0.25, 0.5, 0.75))
    is_many = len(rows.baseline_y) >= MANY_ROWS
    borders = [(first, last)] if is_many else [(first, last), (first, middle), (middle, last)]
    if _has_room_for_four(rows, width) and any(_two_of(*pair) for pair in borders):
        return 4
    rank = 3 if is_many else 2
    return 2 if changes.near(left + 0.5 * width, slack, rank) else 1


def _two_of(one: set[int], other: set[int]) -> bool:
    """Whether there is a gap for each of two borders."""
    return bool(one) and bool(other) and len(one | other) > 1


def _has_room_for_four(rows: Rows, width_px: int) -> bool:
    """Whether the traces are wide enough for four columns, in millimetres and against the distance of their rows."""
    if width_px < FOUR_COLUMNS_MM * STANDARD_PX_PER_MM:
        return False
    return len(rows.baseline_y) < 2 or width_px >= FOUR_COLUMNS_PITCHES * float(np.median(np.diff(rows.baseline_y)))


def lead_changes(rows: Rows) -> Changes:
    """Compare the three beats before each gap with the three behind it.

    A premature beat differs from its neighbours, a lead from the next in all its beats: the two most alike count.
    """
    sides = _deflections(rows)
    before, after, shift = (round(mm * STANDARD_PX_PER_MM) for mm in (BEFORE_MM, AFTER_MM, SHIFT_MM))
    beats_x = _qrs_places(rows)
    beats_x = beats_x[(beats_x >= before) & (beats_x + after <= rows.panel_w)]
    windows = beats_x[:, None] + np.arange(before + after + 2 * shift) - before
    padded = (np.pad(side, ((0, 0), (shift, shift)), mode="edge") for side in sides)
    shapes = np.stack([side[:, windows] for side in padded], axis=2)
    usual = shapes[..., shift:-shift]
    is_beat = np.ones(len(beats_x), dtype=bool)
    for end in (0, -1) if len(beats_x) else ():
        is_beat[end] = not _is_pulse(usual[:, end])
    beats_x, shapes = beats_x[is_beat], shapes[:, is_beat]
    by_row = np.zeros((max(0, len(beats_x) - 1), len(rows.baseline_y)))
    for k in range(1, len(beats_x)):
        by_row[k - 1] = _least_unlike(shapes[:, max(0, k - SIDE_BEATS) : k], shapes[:, k : k + SIDE_BEATS], shift)
    return Changes(beats_x, by_row)


def _traces_x(rows: Rows) -> tuple[int, int]:
    """The first column in which half of the rows have ink and the one after the last."""
    inked = np.flatnonzero(rows.has_ink.mean(axis=0) >= 0.5)
    return (int(inked[0]), int(inked[-1]) + 1) if len(inked) else (0, 0)


def _is_pulse(shape: FloatArray) -> bool:
    """Whether the rows show the same at the first or the last of the beats, ``[r, 2, w]``."""
    usual = np.median(shape, axis=0)[None]
    return len(shape) > 2 and bool((_unlike(shape, usual.repeat(len(shape), axis=0)) < SAME_SHAPE).all())


def _least_unlike(before: FloatArray, after: FloatArray, shift_px: int) -> FloatArray:
    """How unlike each row's beats before a gap and behind it are, ``[r]``: the usual ones, or the two most alike.

    Two beats may be shifted against each other, in all rows alike: a wide QRS is found at either of its flanks.

    Args:
        before: ``[r, k, 2, w]``, so much wider on both sides than what is compared.
        after: the same behind the gap.
        shift_px: at most.
    """
    width = before.shape[-1] - 2 * shift_px
    still, moved = before[..., shift_px : shift_px + width], range(0, 2 * shift_px + 1, SHIFT_STEP_PX)
    pairs = np.stack([_unlike(still[:, :, None], after[:, None, ..., at : at + width]) for at in moved])
    best = pairs.sum(axis=1).argmin(axis=0)[None, None]
    usual = (np.median(side[..., shift_px : shift_px + width], axis=1) for side in (before, after))
    result: FloatArray = np.minimum(_unlike(*usual), np.take_along_axis(pairs, best, axis=0)[0].min(axis=(1, 2)))
    return result


def _unlike(first: FloatArray, second: FloatArray) -> FloatArray:
    """Squared difference over the mean square, of shapes ``[..., 2, w]``."""
    power = ((first**2).sum(axis=(-2, -1)) + (second**2).sum(axis=(-2, -1))) / 2
    result: FloatArray = ((first - second) ** 2).sum(axis=(-2, -1)) / (power + NOISE_PX2)
    return result


def _deflections(rows: Rows) -> tuple[FloatArray, FloatArray]:
    """How far each row's trace reaches above and below its wandering baseline, ``[r, w]`` both, lightly smoothed."""
    middle = (rows.top_y + rows.bottom_y) / 2
    window = round(WANDER_MM * STANDARD_PX_PER_MM) | 1
    step = window // 20
    padded = np.pad(middle, ((0, 0), (window // 2, window // 2)), mode="edge")
    coarse = np.median(np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[:, ::step], axis=2)
    places, x = np.arange(coarse.shape[1]) * step, np.arange(middle.shape[1])
    baseline = np.stack([np.interp(x, places, row) for row in coarse])
    soft = [cv2.blur(edge, (5, 1)) for edge in (baseline - rows.top_y, rows.bottom_y - baseline)]
    return np.asarray(soft[0], dtype=np.float64), np.asarray(soft[1], dtype=np.float64)


def _beat_together(rows: Rows) -> bool:
    """Whether the rows show the same time, so that their beats stand one above the other; many rows are taken to."""
    if not 1 < len(rows.baseline_y) <= STRIP_ROWS:
        return True
    with np.errstate(invalid="ignore"):  # a flat row has no beats to compare
        alike = np.atleast_2d(np.corrcoef(cv2.GaussianBlur(steepness(rows), (0, 0), QRS_SOFT_PX, sigmaY=1e-3)))
    pairs = alike[np.triu_indices(len(alike), 1)]
    return not np.isfinite(pairs).any() or bool(np.nanmedian(pairs) >= TOGETHER or np.nanmax(pairs) >= CLOSEST_PAIR)


def _qrs_places(rows: Rows) -> npt.NDArray[np.intp]:
    """Where most rows are steep at once, a heartbeat apart."""
    energy = cv2.GaussianBlur(steepness(rows).mean(axis=0)[None], (0, 0), QRS_SOFT_PX)
    side = round(2 * BEATS_APART_MM * STANDARD_PX_PER_MM) | 1
    highest = cv2.dilate(energy, np.ones((1, side), np.uint8))
    is_peak: BoolArray = (energy == highest) & (energy > QRS_SHARE * np.median(highest))
    return np.flatnonzero(is_peak[0])
