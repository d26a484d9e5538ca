"""The twelve leads, and how they are arranged on pages: rows, columns, rhythm strips, and orders of the leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
LIMB_COUNT = 6
STANDARD_ORDER = tuple(range(len(LEADS)))
CABRERA_ORDER = (4, 0, 3, 1, 5, 2, *STANDARD_ORDER[LIMB_COUNT:])
"""aVL, I, -aVR, II, aVF, III: limb leads by their direction (Cabrera 1944), aVR upside down."""


@dataclass(frozen=True)
class Layout:
    """An arrangement of leads, filled column by column.

    Args:
        rows: of leads, without rhythm strips.
        columns: of leads.
        strips: rhythm strips below them.
        order: numbers in ``LEADS`` down each column in turn, ``rows * columns`` of them; fewer than twelve are half an
            ECG.
        strip_order: leads of the strips where their names say so; None where they do not.
    """

    rows: int
    columns: int
    strips: int = 0
    order: tuple[int, ...] = STANDARD_ORDER
    strip_order: tuple[int | None, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain values that :meth:`from_json` makes the same layout of."""
        return {
            "rows": self.rows,
            "columns": self.columns,
            "strips": self.strips,
            "order": list(self.order),
            "strip_order": list(self.strip_order),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Layout":
        """The layout that :meth:`to_json` wrote."""
        return cls(
            values["rows"],
            values["columns"],
            values["strips"],
            tuple(values["order"]),
            tuple(values["strip_order"]),
        )

    @property
    def name(self) -> str:
        """Such as ``3x4+1``."""
        return f"{self.rows}x{self.columns}" + (f"+{self.strips}" if self.strips else "")

    @property
    def leads(self) -> set[int]:
        """Numbers of the leads that it shows, rhythm strips aside."""
        return set(self.order)

    @property
    def row_count(self) -> int:
        """Rows of leads and rhythm strips."""
        return self.rows + self.strips

    @property
    def strip_rows(self) -> range:
        """Numbers of the rows that are rhythm strips."""
        return range(self.rows, self.rows + self.strips)

    def lead_at(self, row: int, column: int) -> int:
        """The lead's number in ``LEADS``.

        Args:
            row: from the top, from 0; no rhythm strip.
            column: from the left, from 0.
        """
        return self.order[column * self.rows + row]

    def place_of(self, lead: int) -> tuple[int, int]:
        """Row and column of a lead, rhythm strips aside.

        Args:
            lead: its number in ``LEADS``.

        Raises:
            ValueError: the layout does not show it.
        """
        column, row = divmod(self.order.index(lead), self.rows)
        return row, column


LAYOUTS = (
    *(Layout(3, 4, strips) for strips in range(4)),
    *(Layout(6, 2, strips) for strips in range(2)),
    Layout(12, 1),
    Layout(12, 1, 1),
    Layout(4, 3),
    Layout(4, 3, 1),
)


def candidates(row_count: int) -> list[Layout]:
    """Layouts with so many rows of trace."""
    return [layout for layout in LAYOUTS if layout.row_count == row_count]


COLUMN_MM = 3.0
"""Names that begin so near to one another along the page stand in one column. Chosen: wider than the doubt of where a
name begins, narrower than a name."""


@dataclass(frozen=True)
class PrintedName:
    """A lead's name, its box in panel pixels, and how surely it stands there, 0..1."""

    lead: str
    box_panel_xyxy: tuple[float, float, float, float]
    p: float = 1.0
