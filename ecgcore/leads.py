"""How many of the twelve leads a page shows: its rows of trace, times the columns in which the rows change their lead.

Lead names are not read. Rows are seen well, marks between columns on some pages only; but where the rows go on with
other leads the beats look different in most rows at once, and the columns of a page are equally wide.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ecgcore.assist_rows import BoolArray, Rows
from ecgcore.types import STANDARD_PX_PER_MM, FloatArray

ALL_LEADS = 12
BEFORE_MM, AFTER_MM = 5.5, 10.0
"""Paper around a QRS that is compared with the next beat's: 0.2 s and 0.4 s at 25 mm/s."""
BEATS_APART_MM = 11.0
QRS_SOFT_PX = 1.25 * STANDARD_PX_PER_MM
QRS_SHARE = 0.35
"""Steepness, as a share of the usual beat's, from which a place counts as a beat."""
WANDER_MM = 40.0
OTHER_LEAD = 0.3
"""Change of the row that changes second most: squared difference of two beats over their mean square, 0 to about 2."""
ALIKE_LEAD = 0.2
"""As much between limb and chest leads is enough where the leads change before and after as well."""
MANY_ROWS = 6
"""So many rows are two columns at least in which three rows change, or four with three rhythm strips."""
FOUR_COLUMNS_MM = 130.0
"""Narrower pages hold no four columns: a second and a quarter of each lead is the least that is printed."""
SAME_SHAPE = 0.1
"""Calibration pulses are alike in all rows."""
BORDER_SLACK = 0.055
"""Of the traces' width: a calibration pulse moves all borders by so much to one side."""
TOGETHER = 0.25
"""Correlation of the rows' steepness below which their beats do not stand one above the other, as where a strip goes
on from row to row. Of 60 drawn strips in rows 38 lie below it; photos lie from 0.27, real exports from 0.38, drawn
pages of so few rows from 0.60."""
STRIP_ROWS = 5
"""A strip in more rows than these is not printed; six rows and more of drawn pages go down to 0.12."""
NOISE_PX2 = 60.0
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

    def strongest_near(self, x: float, slack_px: float) -> int | None:
        """The gap between two beats around a place in which the rows change most; None where there is none."""
        near = np.flatnonzero((self.beats_x[:-1] <= x + slack_px) & (self.beats_x[1:] >= x - slack_px))
        return int(near[self.strength()[near].argmax()]) if len(near) else None


def count_leads(rows: Rows) -> int:
    """Count the stretches of leads on a page, rhythm strips of a 12-lead page aside.

    Args:
        rows: the page's rows of trace.

    Returns:
        At most 12; 0 where there is no row.
    """
    count = len(rows.baseline_y)
    if count == 0 or count >= ALL_LEADS - 2:
        return min(count, ALL_LEADS)
    return min(ALL_LEADS, count * column_count(rows))


def column_count(rows: Rows) -> int:
    """In how many columns the rows change their lead together: 1, 2 or 4."""
    changes = lead_changes(rows)
    inked = np.flatnonzero(rows.has_ink.mean(axis=0) >= 0.5)
    if len(changes.beats_x) < 2 or len(inked) == 0 or not _beat_together(rows):
        return 1
    left, width = inked[0], inked[-1] + 1 - inked[0]
    strength = changes.strength()
    gaps = (changes.strongest_near(left + share * width, BORDER_SLACK * width) for share in (0.25, 0.5, 0.75))
    first, middle, last = (gap if gap is not None and strength[gap] >= ALIKE_LEAD else None for gap in gaps)
    if middle is None:
        return 1
    sides = {gap for gap in (first, last) if gap not in (middle, None) and strength[gap] >= OTHER_LEAD}
    if len(sides) == 2 and width >= FOUR_COLUMNS_MM * STANDARD_PX_PER_MM:
        return 4
    if len(rows.baseline_y) >= MANY_ROWS:
        return 2 if changes.strength(3)[middle] >= OTHER_LEAD else 1
    if strength[middle] < OTHER_LEAD:
        return 1
    return 4 if sides and width >= FOUR_COLUMNS_MM * STANDARD_PX_PER_MM else 2


def lead_changes(rows: Rows) -> Changes:
    """Compare each beat with the next, and the three before with the three after: the lesser change of both counts.

    A premature beat differs from its neighbours, a lead from the next for good.
    """
    up, down = _deflections(rows)
    before, after = (round(mm * STANDARD_PX_PER_MM) for mm in (BEFORE_MM, AFTER_MM))
    beats_x = _qrs_places(rows)
    beats_x = beats_x[(beats_x >= before) & (beats_x + after <= rows.panel_w)]
    if len(beats_x) < 2:
        return Changes(beats_x, np.zeros((0, len(up))))
    windows = beats_x[:, None] + np.arange(-before, after)
    shapes = np.concatenate([up[:, windows], down[:, windows]], axis=2)
    is_beat = np.ones(len(beats_x), dtype=bool)
    is_beat[[0, -1]] = [not _is_pulse(shapes[:, end]) for end in (0, -1)]
    beats_x, shapes = beats_x[is_beat], shapes[:, is_beat]
    by_row = []
    for k in range(1, len(beats_x)):
        sides = [shapes[:, max(0, k - SIDE_BEATS) : k], shapes[:, k : k + SIDE_BEATS]]
        lasting = _unlike(*(np.median(side, axis=1) for side in sides))
        by_row.append(np.minimum(_unlike(shapes[:, k - 1], shapes[:, k]), lasting))
    return Changes(beats_x, np.array(by_row).reshape(-1, len(up)))


def _is_pulse(shape: FloatArray) -> bool:
    """Whether the rows show the same at the first or the last of the beats, ``[r, f]``."""
    usual = np.median(shape, axis=0)[None]
    return len(shape) > 2 and bool((_unlike(shape, usual.repeat(len(shape), axis=0)) < SAME_SHAPE).all())


def _unlike(first: FloatArray, second: FloatArray) -> FloatArray:
    power = ((first**2).sum(axis=1) + (second**2).sum(axis=1)) / 2
    result: FloatArray = ((first - second) ** 2).sum(axis=1) / (power + NOISE_PX2)
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
        alike = np.corrcoef(cv2.GaussianBlur(_steepness(rows), (0, 0), QRS_SOFT_PX, sigmaY=1e-3))
    pairs = alike[np.triu_indices(len(alike), 1)]
    return bool(np.nanmedian(pairs) >= TOGETHER) if np.isfinite(pairs).any() else True


def _steepness(rows: Rows) -> FloatArray:
    """How steep each row is, as a share of its steepest, ``[r, w]``, 0..1."""
    steep = np.maximum(rows.bottom_y - rows.top_y - 1.5 * rows.pen_px, 0)
    return np.asarray(np.clip(steep / (np.quantile(steep, 0.985, axis=1, keepdims=True) + 1e-6), 0, 1))


def _qrs_places(rows: Rows) -> npt.NDArray[np.intp]:
    """Where most rows are steep at once, a heartbeat apart."""
    energy = cv2.GaussianBlur(_steepness(rows).mean(axis=0)[None], (0, 0), QRS_SOFT_PX)
    side = round(2 * BEATS_APART_MM * STANDARD_PX_PER_MM) | 1
    highest = cv2.dilate(energy, np.ones((1, side), np.uint8))
    is_peak: BoolArray = (energy == highest) & (energy > QRS_SHARE * np.median(highest))
    return np.flatnonzero(is_peak[0])
