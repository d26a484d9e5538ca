"""Names that were found against the grid of places where a page prints them: how likely each place names each lead.

All names of a page stand equally far above their rows and equally far behind the start of their columns. Where exactly
is tried, and so is each number of columns; what network and page were seen to do makes a likelihood of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import FloatArray
from ecgcore.lead_layout import LEADS, PrintedName
from ecgcore.traces.rows import Rows

LIFTS = np.arange(-0.4, 0.8, 0.05)
"""Names stand so far above their rows' baselines, in distances of two rows,"""
LIFTS_TRIED, STARTS_TRIED = 3, 8
"""of which the likeliest are tried, as are those of the first column's start."""
START_STEP_PX = 1.0 * STANDARD_PX_PER_MM
"""No two starts nearer to each other are tried."""
ONE_ROW_PITCH_PX = 30.0 * STANDARD_PX_PER_MM
"""Distance of two rows where there is but one."""
NEAR_ROW, FAR_ROW = 0.15, 0.4
"""A name belongs to a place from which it is off by no more than this, and not at all by more, in distances of rows,"""
NEAR_COLUMN_PX, FAR_COLUMN_PX = 3.0 * STANDARD_PX_PER_MM, 8.0 * STANDARD_PX_PER_MM
"""and so along the page."""
FIRST_SHARE, FIRST_PX, LEFT_PX = 0.4, 12.0 * STANDARD_PX_PER_MM, 15.0 * STANDARD_PX_PER_MM
"""The first column's names begin no farther behind the traces' ink, in widths of a column and a pulse's more,"""
LONGEST_FIRST_PX = 45.0 * STANDARD_PX_PER_MM
"""and no farther before it."""
PULSES_PX = (0.0, 6.0 * STANDARD_PX_PER_MM, 12.0 * STANDARD_PX_PER_MM)
"""So much of the ink's width may be pulses, not columns."""

SEEN, FALSE = 0.85, 0.1
"""Share of names that are found, and of places without a name where one is found."""
RIGHT, LIKE_IT = 0.85, {"I": 0.05, "V": 0.025, "a": 0.03}
"""Share of found names that are read right, and that are read as each other name of the kind."""
STRAY = {"I": 0.1, "V": 0.5, "a": 0.4}
"""What a name beside all places speaks against a grid; pieces of traces look like I."""


IS_LIKE = np.array([[one[0] == other[0] for other in LEADS] for one in LEADS])
"""Whether two names are misread for each other, ``[12, 12]``: I, II and III; aVR, aVL and aVF; the chest leads."""


def _readings() -> FloatArray:
    """Probability of reading each name where each name stands, ``[read, true]``."""
    table = IS_LIKE * np.array([LIKE_IT[lead[0]] for lead in LEADS])
    np.fill_diagonal(table, RIGHT)
    rest = (1 - table.sum(axis=0)) / (~IS_LIKE).sum(axis=0)
    return np.asarray(np.where(IS_LIKE, table, rest), dtype=np.float64)


READINGS = _readings()
STRAYS = np.array([STRAY[lead[0]] for lead in LEADS])


@dataclass(frozen=True)
class Grid:
    """What was found at each place of a grid.

    Args:
        found: how surely each name was found at each place, ``[r, c, 12]``, at most 1 together.
        stray: what names beside all places speak against the grid.
    """

    found: FloatArray
    stray: float

    def stray_beside(self, rows: int) -> float:
        """The same where only so many rows have names in all columns, and rhythm strips below them in the first.

        Args:
            rows: from the top.
        """
        return self.stray + float((self.found[rows:, 1:] @ STRAYS).sum())

    def for_leads(self) -> FloatArray:
        """Log likelihood of each lead's name standing at each place against none standing there, ``[r, c, 12]``."""
        likely = self.found @ (SEEN * READINGS)
        return np.asarray(np.log(likely + self._missing * (1 - SEEN)) - self._log_nothing, dtype=np.float64)

    def for_any(self) -> FloatArray:
        """The same of any lead's name, ``[r, c]``."""
        likely = self.found.sum(axis=2) * SEEN / len(LEADS)
        nothing = self._log_nothing[:, :, 0]
        return np.asarray(np.log(likely + self._missing[:, :, 0] * (1 - SEEN)) - nothing, dtype=np.float64)

    @property
    def _missing(self) -> FloatArray:
        return np.asarray(1 - self.found.sum(axis=2, keepdims=True), dtype=np.float64)

    @property
    def _log_nothing(self) -> FloatArray:
        missing = self._missing
        return np.asarray(np.log((1 - missing) * FALSE / len(LEADS) + missing * (1 - FALSE)), dtype=np.float64)


def grids(names: Sequence[PrintedName], rows: Rows, columns: int) -> Iterator[Grid]:
    """The likeliest ways in which the names may stand in so many columns.

    Args:
        names: that were found, with doubtful ones.
        rows: the page's rows of trace.
        columns: of leads.
    """
    inked = np.flatnonzero(rows.has_ink.any(axis=0))
    if not names or len(inked) == 0:
        return
    sighted = _Sighted.of(names, rows)
    left, right = float(inked[0]), float(inked[-1] + 1)
    widths = {(right - left - pulse) / columns for pulse in PULSES_PX} if columns > 1 else {np.inf}
    farthest = left + min(FIRST_SHARE * (right - left) / columns + FIRST_PX, LONGEST_FIRST_PX)
    for lift in sighted.likely_lifts():
        for width in widths:
            starts = sighted.likely_starts(left - LEFT_PX, farthest, width, columns)
            yield from (sighted.on_grid(lift, start, width, columns) for start in starts)


@dataclass(frozen=True)
class _Sighted:
    """Names as arrays, and the baselines of the rows that they may belong to."""

    lead: npt.NDArray[np.intp]
    x: FloatArray
    y: FloatArray
    p: FloatArray
    baseline_y: FloatArray

    @classmethod
    def of(cls, names: Sequence[PrintedName], rows: Rows) -> "_Sighted":
        boxes = np.array([name.box_panel_xyxy for name in names])
        return cls(
            np.array([LEADS.index(name.lead) for name in names]),
            boxes[:, 0],
            boxes[:, [1, 3]].mean(axis=1),
            np.array([name.p for name in names]),
            rows.baseline_y,
        )

    @property
    def pitch(self) -> float:
        return float(np.median(np.diff(self.baseline_y))) if len(self.baseline_y) > 1 else ONE_ROW_PITCH_PX

    def likely_lifts(self) -> FloatArray:
        """How far above their baselines the names stand, the likeliest first."""
        tried = LIFTS * self.pitch
        off = np.abs(self.baseline_y[None, :, None] - self.y[:, None, None] - tried).min(axis=1)
        misses = self.p @ np.minimum(off / self.pitch, 0.25)
        is_least = np.r_[True, misses[1:] <= misses[:-1]] & np.r_[misses[:-1] <= misses[1:], True]
        least = np.flatnonzero(is_least)
        return np.asarray(tried[least[np.argsort(misses[least], kind="stable")][:LIFTS_TRIED]], dtype=np.float64)

    def likely_starts(self, leftmost: float, rightmost: float, width: float, columns: int) -> FloatArray:
        """Where the names of the first column begin, the likeliest first; each name may stand in any column."""
        starts = self.x if columns == 1 else (self.x[:, None] - width * np.arange(columns)).ravel()
        p = self.p.repeat(columns)
        is_inside = (starts >= leftmost) & (starts <= rightmost)
        tried = np.unique(np.round(starts[is_inside] / START_STEP_PX) * START_STEP_PX)
        nearby = np.clip(1 - np.abs(starts - tried[:, None]) / NEAR_COLUMN_PX, 0, 1) @ p
        return np.asarray(tried[np.argsort(-nearby, kind="stable")][:STARTS_TRIED], dtype=np.float64)

    def on_grid(self, lift: float, start: float, width: float, columns: int) -> Grid:
        """What is found at each place, if the names stand so.

        Args:
            lift: above the baselines, panel pixels.
            start: of the first column's names.
            width: of a column; infinite for a single one.
            columns: how many.
        """
        off_row = np.abs(self.baseline_y[None] - self.y[:, None] - lift) / self.pitch
        row = off_row.argmin(axis=1)
        column = np.clip(np.round((self.x - start) / width), 0, columns - 1).astype(int)
        off_column = np.abs(self.x - start - (column * width if columns > 1 else 0.0))
        near = _nearness(off_row.min(axis=1), NEAR_ROW, FAR_ROW) * _nearness(off_column, NEAR_COLUMN_PX, FAR_COLUMN_PX)
        found = np.zeros((len(self.baseline_y), columns, len(LEADS)))
        np.maximum.at(found, (row, column, self.lead), self.p * near)
        found /= np.maximum(found.sum(axis=2, keepdims=True), 1.0)
        return Grid(found, float(STRAYS[self.lead] @ (self.p * (1 - near))))


def _nearness(off: FloatArray, near: float, far: float) -> FloatArray:
    return np.asarray(np.clip((far - off) / (far - near), 0, 1), dtype=np.float64)
