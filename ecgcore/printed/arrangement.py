"""From printed lead names to the page's layout: which row and column shows which lead."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.lead_layout import (
    CABRERA_ORDER,
    COLUMN_MM,
    LAYOUTS,
    LEADS,
    LIMB_COUNT,
    STANDARD_ORDER,
    Layout,
    PrintedName,
    candidates,
)
from ecgcore.traces.rows import Rows

FARTHEST_SHARE = 0.4
"""A name stands so near to the start of its column, in widths of a column."""
LEAST_NAMES = 3
"""So many names must agree with a layout of which not all names were read,"""
LEAST_SHARE = 0.5
"""and so large a share of those that it has: else the layout of another page may fit by chance."""
CONFLICT, MISSING, COLUMNS_AGREE = 2.0, 0.3, 2.0
"""What counts against a layout: a name that says otherwise, and one that was not found; and for it: as many columns
as the beats' form tells. In names."""
MOST_AGAINST = 0.2
"""Of the names that agree."""
STROKES, HALF = (0, 1, 2), 0.5
"""I, II and III are misread for each other."""
MOST_COLUMNS = 4
"""No layout has more; where names stand in more, most of them are specks that a network took for names."""
COLUMN_SHARE = 0.5
"""A column of names has one in at least so many of the rows then."""
NEARLY_ALL = 10
"""Such columns are believed where they name so many of the twelve leads."""
PAGE_EDGE_MM = 12.0
"""A calibration pulse stands before the traces, up to so wide."""

LIMB, CHEST = STANDARD_ORDER[:LIMB_COUNT], STANDARD_ORDER[LIMB_COUNT:]
HALVES = tuple(
    Layout(rows, columns, strips, order)
    for rows, columns in ((6, 1), (3, 2), (2, 3))
    for strips in range(4)
    for order in (LIMB, CABRERA_ORDER[:LIMB_COUNT], CHEST)
)
REVERSED_ORDER = tuple(reversed(STANDARD_ORDER))
KNOWN = (
    *LAYOUTS,
    *(replace(layout, order=order) for order in (CABRERA_ORDER, REVERSED_ORDER) for layout in LAYOUTS),
    *HALVES,
)
"""Layouts that are recognised though some of their names were not read."""


@dataclass(frozen=True)
class _Placed:
    """A name with its row, and how far it stands from where the names of rows usually stand, in panel pixels."""

    name: PrintedName
    row: int
    off_px: float

    @property
    def x(self) -> float:
        return self.name.box_panel_xyxy[0]

    @property
    def lead(self) -> int:
        """Its number in ``LEADS``."""
        return LEADS.index(self.name.lead)


def printed_layout(names: Sequence[PrintedName], rows: Rows, columns_seen: int) -> Layout | None:
    """The layout that the names tell; None where they are too few or tell none.

    Args:
        names: the names that were read.
        rows: the page's rows of trace, lines of print aside.
        columns_seen: in how many columns the rows change their lead together, as the beats' form tells.
    """
    placed = _in_rows(names, rows)
    if not placed:
        return None
    found = _as_printed(placed, len(rows.baseline_y)) or _known(placed, rows, columns_seen)
    if found is None:
        return None
    # I, II and III of a strip are told apart by its form
    by_strip = {p.row: p.lead for p in placed if p.row >= found.rows and p.lead not in STROKES}
    return replace(found, strip_order=tuple(by_strip.get(row) for row in found.strip_rows))


def refuted_layouts(names: Sequence[PrintedName], rows: Rows) -> frozenset[Layout]:
    """The usual layouts of as many rows against which more names speak than for them.

    Args:
        names: the names that were read.
        rows: the page's rows of trace, lines of print aside.
    """
    placed = _in_rows(names, rows)
    found = {layout: _agreement(placed, layout, rows) for layout in candidates(len(rows.baseline_y))} if placed else {}
    return frozenset(layout for layout, (agree, against) in found.items() if against > agree)


def _in_rows(names: Sequence[PrintedName], rows: Rows) -> list[_Placed]:
    """Names with their rows: all stand equally far above or below their rows' baselines."""
    if not names or len(rows.baseline_y) == 0:
        return []
    middle = np.array([(name.box_panel_xyxy[1] + name.box_panel_xyxy[3]) / 2 for name in names])
    lift = rows.baseline_y[None] - middle[:, None]
    pitch = float(np.median(np.diff(rows.baseline_y))) if len(rows.baseline_y) > 1 else lift.max()
    tried = np.arange(-0.4, 0.8, 0.05) * pitch
    off = np.abs(lift[:, :, None] - tried).min(axis=1)
    usual = tried[int(np.minimum(off, 0.25 * pitch).sum(axis=0).argmin())]
    row = np.abs(lift - usual).argmin(axis=1)
    placed = [
        _Placed(name, int(r), abs(float(lifts[r] - usual)))
        for name, r, lifts in zip(names, row, lift, strict=True)
        if abs(lifts[r] - usual) <= 0.4 * pitch
    ]
    return _without_strays(placed, len(rows.baseline_y))


def _without_strays(placed: list[_Placed], row_count: int) -> list[_Placed]:
    """Of names in more columns than any page has, the one of each row in those that most rows have."""
    columns = _columns(placed)
    if len(columns) <= MOST_COLUMNS:
        return placed
    by_row = [{p.row: p for p in sorted(column, key=lambda p: -p.off_px)} for column in columns]
    kept = [p for column in by_row if len(column) >= COLUMN_SHARE * row_count for p in column.values()]
    # with fewer leads a column of a whole page may be among the strays, and half an ECG be taken for what is left
    return kept if len({p.lead for p in kept}) >= NEARLY_ALL else placed


def _columns(placed: list[_Placed]) -> list[list[_Placed]]:
    """Names that stand below one another, columns from left to right."""
    columns: list[list[_Placed]] = []
    for name in sorted(placed, key=lambda p: p.x):
        if columns and name.x - float(np.median([p.x for p in columns[-1]])) <= 2 * COLUMN_MM * STANDARD_PX_PER_MM:
            columns[-1].append(name)
        else:
            columns.append([name])
    return columns


def _as_printed(placed: list[_Placed], row_count: int) -> Layout | None:
    """Whatever order the names tell, where all places but one have their names, rhythm strips at the foot aside."""
    columns = [{p.row: p.lead for p in column} for column in _columns(placed)]
    for rows in range(row_count, 0, -1):
        order = _completed([column.get(row) for column in columns for row in range(rows)])
        if order is None:
            continue
        strips = {row: lead for column in columns for row, lead in column.items() if row >= rows}
        fits = set(strips.values()) <= set(order) and not any(set(column) & set(strips) for column in columns[1:])
        # fewer than twelve in several columns: the names of a whole column may not have been read
        is_whole = len(order) == len(LEADS) or (len(columns) == 1 and rows == row_count)
        return Layout(rows, len(columns), row_count - rows, order) if fits and is_whole else None
    return None


def _completed(order: list[int | None]) -> tuple[int, ...] | None:
    """The leads of all places; of twelve, the one whose name was not read is what the others leave."""
    named = {lead for lead in order if lead is not None}
    left = set(STANDARD_ORDER) - named
    if len(order) == len(LEADS) and order.count(None) == 1 and len(left) == 1:
        order = [left.copy().pop() if lead is None else lead for lead in order]
    whole = tuple(lead for lead in order if lead is not None)
    return whole if len(whole) == len(order) == len(set(whole)) else None


def _known(placed: list[_Placed], rows: Rows, columns_seen: int) -> Layout | None:
    """The known layout that most names agree with."""
    tried = [layout for layout in KNOWN if layout.rows + layout.strips == len(rows.baseline_y)]
    scores = [_score(placed, layout, rows, columns_seen) for layout in tried]
    if not scores:
        return None
    best = int(np.argmax(scores))
    return tried[best] if scores[best] > 0 else None


def _score(placed: list[_Placed], layout: Layout, rows: Rows, columns_seen: int) -> float:
    """How well names agree with a layout, in names; at most 0 where it is not believed."""
    agree, against = _agreement(placed, layout, rows)
    if agree < max(LEAST_NAMES, LEAST_SHARE * len(layout.order)) or against > MOST_AGAINST * agree:
        return 0.0
    missing = len(layout.order) - agree
    if len(layout.order) < len(LEADS) and (missing > 1 or layout.columns != columns_seen):
        return 0.0  # names that were not read are no leads that are missing
    return agree - CONFLICT * against - MISSING * missing + COLUMNS_AGREE * (layout.columns == columns_seen)


def _agreement(placed: list[_Placed], layout: Layout, rows: Rows) -> tuple[float, float]:
    """How many names agree with a layout and how many do not; I, II and III in each other's place are half a name."""
    inked = np.flatnonzero(rows.has_ink.any(axis=0))
    left, width = float(inked[0]), float(inked[-1] + 1 - inked[0]) / layout.columns
    agree: dict[tuple[int, int], float] = {}
    against = 0.0
    for name in placed:
        column = round((name.x - left) / width)
        is_near = abs(name.x - left - column * width) <= FARTHEST_SHARE * width + PAGE_EDGE_MM * STANDARD_PX_PER_MM
        if name.row in layout.strip_rows:
            against += column != 0
            continue
        expected = layout.lead_at(name.row, column) if is_near and 0 <= column < layout.columns else None
        if expected == name.lead:
            agree[name.row, column] = 1.0
        elif expected in STROKES and name.lead in STROKES:
            agree.setdefault((name.row, column), HALF)
        else:
            against += HALF if name.lead in STROKES else 1.0
    return sum(agree.values()), against
