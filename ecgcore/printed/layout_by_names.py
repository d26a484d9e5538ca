"""From printed lead names to the page's layout: which row and column shows which lead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecgcore.geometry.arrays import FloatArray
from ecgcore.lead_layout import (
    CABRERA_ORDER,
    LAYOUTS,
    LEADS,
    LIMB_COUNT,
    STANDARD_ORDER,
    Layout,
    PrintedName,
    candidates,
)
from ecgcore.printed.alignment import IS_LIKE, Grid, grids
from ecgcore.traces.rows import Rows

LEAST_NAMES = 3.0
"""So many names must agree with a layout of which not all names were read."""
CLEARLY, CLEARLY_HALF = 1.0, 5.0
"""It must be likelier by so much than any other, half an ECG of which two names were not found by the second; these and
the following are log likelihoods,"""
COLUMNS_AGREE = 2.0
"""and this is for as many columns as the beats' form tells."""
CABRERA, REVERSED, HALF, ANY_ORDER, UNKNOWN = -0.5, -1.5, -1.0, -4.0, -4.0
"""How rare layouts are against the usual ones: other orders, half an ECG, another order that all names tell, and one
that is not known."""
SURE = 0.5
"""A name that is found so surely is read."""
STROKES = (0, 1, 2)
MOST_STRIPS = 3

LIMB, CHEST = STANDARD_ORDER[:LIMB_COUNT], STANDARD_ORDER[LIMB_COUNT:]
REVERSED_ORDER = tuple(reversed(STANDARD_ORDER))
HALVES = tuple(
    Layout(rows, columns, strips, order)
    for rows, columns in ((6, 1), (3, 2), (2, 3))
    for strips in range(MOST_STRIPS + 1)
    for order in (LIMB, CABRERA_ORDER[:LIMB_COUNT], CHEST)
)
KNOWN = {
    **dict.fromkeys(LAYOUTS, 0.0),
    **{replace(layout, order=CABRERA_ORDER): CABRERA for layout in LAYOUTS},
    **{replace(layout, order=REVERSED_ORDER): REVERSED for layout in LAYOUTS},
    **dict.fromkeys(HALVES, HALF),
}
"""Layouts that are recognised though some of their names were not read, and how rare they are."""
MOST_COLUMNS = 4


@dataclass(frozen=True)
class _Told:
    """A layout, how likely the names make it, and the grid on which they do."""

    layout: Layout
    likely: float
    grid: Grid

    @property
    def expected(self) -> float:
        """How many places have the name that they should have."""
        return float(_of_order(self.grid.found, self.layout).sum())

    @property
    def named_columns(self) -> int:
        """In how many columns a name was found."""
        return int((self.grid.found[: self.layout.rows].sum(axis=2).max(axis=0) >= SURE).sum())

    @property
    def missing(self) -> int:
        """At how many places no name was found."""
        return int((self.grid.found[: self.layout.rows].sum(axis=2) < SURE).sum())

    def is_other_than(self, told: "_Told") -> bool:
        """Whether it names leads otherwise; what the strips show is another matter."""
        one, other = self.layout, told.layout
        return (one.rows, one.columns, one.order) != (other.rows, other.columns, other.order)


def layout_by_names(
    names: Sequence[PrintedName], rows: Rows, columns_seen: int
) -> tuple[Layout | None, frozenset[Layout]]:
    """The layout that the names tell, and the usual layouts of as many rows that they contradict.

    Args:
        names: that were found, with doubtful ones.
        rows: the page's rows of trace, lines of print aside.
        columns_seen: in how many columns the rows change their lead together, as the beats' form tells.

    Returns:
        None for the layout where names are too few or tell none, and those against which more speak than for them.
    """
    told, unknown = _likeliest(names, rows, columns_seen)
    usual = [told[layout] for layout in candidates(len(rows.baseline_y)) if layout in told]
    refuted = frozenset(found.layout for found in usual if _against(found) > found.expected)
    if not told:
        return None, refuted
    best = max(told.values(), key=lambda found: found.likely)
    others = [found.likely for found in told.values() if found.layout in KNOWN and found.is_other_than(best)]
    clearly = best.likely - max(others, default=0.0)
    if best.likely < max(0.0, unknown) or clearly < CLEARLY or not _is_enough(best, columns_seen, clearly):
        return None, refuted
    strips = [best.grid.found[row, 0] for row in best.layout.strip_rows]
    named = tuple(_strip_lead(int(found.argmax())) if found.max() >= SURE else None for found in strips)
    return replace(best.layout, strip_order=named), refuted


def _strip_lead(name: int) -> int:
    """The lead of a strip: names of strokes are misread for each other on real pages, and the usual one is II."""
    return LEADS.index("II") if name in STROKES else name


def _against(told: _Told) -> float:
    """How many places have another name; one that is misread for the right one is half a name."""
    found = told.grid.found[: told.layout.rows]
    shown = np.array(told.layout.order).reshape(told.layout.columns, told.layout.rows).T
    return float((found * np.where(IS_LIKE[shown], 0.5, 1.0)).sum()) - 0.5 * told.expected


def _is_enough(told: _Told, columns_seen: int, clearly: float) -> bool:
    """Whether so many names were found; of half an ECG nearly all, for a name that was not read is no missing lead.

    Columns without a name are there only where the beats' form does not tell the same few as the names do: I to III and
    V1 to V3 side by side stand where a whole page has them too.

    Args:
        told: the likeliest layout.
        columns_seen: in how many columns the rows change their lead together.
        clearly: how much likelier than any other it is.
    """
    layout = told.layout
    if len(layout.order) == len(LEADS):
        return told.expected >= LEAST_NAMES and not told.named_columns == columns_seen < layout.columns
    if layout.columns == columns_seen:
        return told.missing <= (2 if layout.columns == 1 and clearly >= CLEARLY_HALF else 1)
    return layout.columns == 1 and told.missing == 0


def _likeliest(names: Sequence[PrintedName], rows: Rows, columns_seen: int) -> tuple[dict[Layout, _Told], float]:
    """Each layout on the grid that makes it likeliest, and how likely an order is that is not known."""
    told: dict[Layout, _Told] = {}
    unknown = -np.inf
    for columns in range(1, MOST_COLUMNS + 1):
        agree = COLUMNS_AGREE * (columns == columns_seen)
        known = _known(len(rows.baseline_y), columns)
        for grid in grids(names, rows, columns):
            by_lead, by_any = grid.for_leads(), grid.for_any()
            for layout, rare in (*known, *_as_named(grid)):
                beside = agree + by_any[layout.rows :, 0].sum() - grid.stray_beside(layout.rows)
                likely = float(_of_order(by_lead, layout).sum() + beside + rare)
                if layout not in told or likely > told[layout].likely:
                    told[layout] = _Told(layout, likely, grid)
                unknown = max(unknown, float(by_any[: layout.rows].sum() + beside + UNKNOWN))
    return told, unknown


def _known(row_count: int, columns: int) -> list[tuple[Layout, float]]:
    """The known layouts of so many rows and columns, and how rare they are."""
    is_one = (row_count, columns)
    return [(layout, rare) for layout, rare in KNOWN.items() if (layout.row_count, layout.columns) == is_one]


def _as_named(grid: Grid) -> Iterator[tuple[Layout, float]]:
    """The layouts that the names tell whatever their order, where all places have one."""
    row_count, columns = grid.found.shape[:2]
    for rows in {row_count, *(row_count - strips for strips in range(MOST_STRIPS + 1))}:
        if rows * columns == len(LEADS) or (columns == 1 and rows == row_count):
            order = _completed(grid.found[:rows].transpose(1, 0, 2).reshape(-1, len(LEADS)))
            if order is not None:
                yield Layout(rows, columns, row_count - rows, order), ANY_ORDER


def _completed(found: FloatArray) -> tuple[int, ...] | None:
    """The leads of all places; of twelve, the one whose name was not read is what the others leave."""
    order = [int(place.argmax()) if place.max() >= SURE else None for place in found]
    left = set(STANDARD_ORDER) - set(order)
    if len(order) == len(LEADS) and order.count(None) == 1 and len(left) == 1:
        order = [left.copy().pop() if lead is None else lead for lead in order]
    whole = tuple(lead for lead in order if lead is not None)
    return whole if len(whole) == len(order) == len(set(whole)) else None


def _of_order(values: FloatArray, layout: Layout) -> FloatArray:
    """Of values of every lead at every place, ``[r, c, 12]``, those of the leads that the layout shows there."""
    column, row = np.divmod(np.arange(len(layout.order)), layout.rows)
    return np.asarray(values[row, column, layout.order], dtype=np.float64)
