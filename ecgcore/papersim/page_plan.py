"""Where on a drawn page each stretch of lead begins."""

from dataclasses import dataclass

import numpy as np

from ecgcore.papersim.style import PageStyle

PULSE_MM = 10.0
"""Width of paper that a calibration pulse takes at a row's end."""

GRID_MARGIN_MM = 1.0
"""White paper above and below a grid that runs under header and footer."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One lead's stretch of signal in a row: lead number, start and duration in the record."""

    lead: int
    start_s: float
    duration_s: float


def plan_page(style: PageStyle, duration_s: float) -> list[list[Segment]]:
    """The usual arrangement: consecutive columns of one simultaneous recording, rhythm strips over all of it.

    Args:
        style: names the leads of each row.
        duration_s: of the record.
    """
    column_s = min(style.column_s or np.inf, duration_s / style.columns)
    return [
        [
            Segment(lead, col * column_s, column_s if len(row) > 1 else column_s * style.columns)
            for col, lead in enumerate(row)
        ]
        for row in style.rows
    ]


@dataclass(frozen=True, slots=True)
class PageGeometry:
    """The panel (left, top, right, bottom), the left end of its traces, and the size of the page's picture."""

    panel_mm: tuple[float, float, float, float]
    traces_left_mm: float
    page_px: tuple[int, int]

    @classmethod
    def of(cls, style: PageStyle, rows: list[list[Segment]]) -> "PageGeometry":
        """The page that has room for the rows.

        Args:
            style: margins, pads, scale and paper.
            rows: the stretches of lead that it shows.
        """
        pulse_mm = PULSE_MM if style.pulse != "none" else 0.0
        width_mm = max(sum(s.duration_s for s in row) for row in rows) * style.paper_speed_mm_s
        left, top = style.margin_mm[:2]
        right = left + style.pad_mm[0] + width_mm + pulse_mm + style.pad_mm[2]
        bottom = top + style.pad_mm[1] + style.row_pitch_mm * len(rows) + style.pad_mm[3]
        page_px = (
            round((right + style.margin_mm[2]) * style.px_per_mm),
            round((bottom + style.margin_mm[3]) * style.px_per_mm),
        )
        traces_left = left + style.pad_mm[0] + (pulse_mm if style.pulse == "left" else 0.0)
        return cls((left, top, right, bottom), traces_left, page_px)

    def baseline_mm(self, style: PageStyle, row: int) -> float:
        """Where a row's zero line lies, from the top of the page.

        Args:
            style: that the page was laid out with.
            row: its number, from the top.
        """
        return self.panel_mm[1] + style.pad_mm[1] + style.row_pitch_mm * (row + 0.5)

    def grid_mm(self, style: PageStyle) -> tuple[float, float, float, float]:
        """What the grid covers: the panel, or nearly all of the page."""
        if not style.text_on_grid:
            return self.panel_mm
        left, _, right, _ = self.panel_mm
        return left, GRID_MARGIN_MM, right, self.page_px[1] / style.px_per_mm - GRID_MARGIN_MM


@dataclass(frozen=True, slots=True)
class Place:
    """Where a segment's trace begins on the page; ``column`` counts from 0 in its row."""

    segment: Segment
    row: int
    column: int
    x_mm: float
    baseline_mm: float


def places_of(style: PageStyle, geometry: PageGeometry, rows: list[list[Segment]]) -> list[Place]:
    """The segments' places, row by row.

    Args:
        style: that the page was laid out with.
        geometry: of the page.
        rows: its stretches of lead, row by row.
    """
    places = []
    for row, segments in enumerate(rows):
        x_mm = geometry.traces_left_mm
        for column, segment in enumerate(segments):
            places.append(Place(segment, row, column, x_mm, geometry.baseline_mm(style, row)))
            x_mm += segment.duration_s * style.paper_speed_mm_s
    return places
