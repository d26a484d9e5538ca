"""Which stretches of a digital recording a standard page at exact scale shows, and where their samples lie there."""

from dataclasses import dataclass, replace

import numpy as np

from ecgcore.geometry.arrays import BoolArray, FloatArray
from ecgcore.lead_layout import LEADS
from ecgcore.papersim.page_plan import PageGeometry, Segment, places_of, plan_page
from ecgcore.papersim.style import LAYOUT_ROWS, PageStyle
from ecgcore.recordings.recording import FEW_LEADS, PAGE_S, Recording

PX_PER_MM = 8.0
"""As a page of a PDF is drawn at 200 dpi, rounded."""
FOUR_COLUMNS_S, TWO_COLUMNS_S = 8.0, 4.0
"""Twelve leads of so many seconds fill four columns of 2 s each and more, or two; shorter ones have a row each."""
COLUMN_S = 2.5
_STRIP = LEADS.index("II")
_LABEL_LIFT_MM = 9.0
_PEN_MM = 0.15
"""As thin as programs draw vector pages: of six PTB-XL records the probability then lay 0.06 from that of the page that
ecg-plot draws of them, in the median, with 0.3 mm 0.09."""
_STYLE = PageStyle(
    px_per_mm=PX_PER_MM, header=False, margin_mm=(8.0, 8.0, 8.0, 10.0), footer_words="25 mm/s  10 mm/mV",
    label_lift_mm=_LABEL_LIFT_MM, pen_mm=_PEN_MM,
)  # fmt: skip


@dataclass(frozen=True)
class ShownStretch:
    """One lead's stretch on the drawn page.

    Args:
        lead: its place in ``Recording.leads``.
        first, last: its samples in the recording, from the first to before the last.
        page_s: when its first sample comes on the page's own time axis.
        points_xy: where its samples lie, in pixels (on pixel edges) of the drawn page, ``[last - first, 2]``.
    """

    lead: int
    first: int
    last: int
    page_s: float
    points_xy: FloatArray


@dataclass(frozen=True)
class RecordingPlan:
    """A page's rows of stretches, each lead under its number in ``LEADS`` or its place in the recording."""

    layout_name: str
    rows: list[list[Segment]]
    has_columns: bool


def layout_name_of(recording: Recording) -> str | None:
    """The layout's name, such as ``3x4+1``; None where the leads are none of the twelve."""
    return plan_recording(recording).layout_name if recording.is_named else None


def shown_stretches(recording: Recording) -> list[ShownStretch]:
    """What of a recording its page shows, rhythm strips last.

    Args:
        recording: that was drawn.
    """
    plan, style = plan_recording(recording), style_of(recording)
    slots = {slot_of(recording, place): place for place in range(len(recording.leads))}
    shown = []
    for place in places_of(style, PageGeometry.of(style, plan.rows), plan.rows):
        segment = place.segment
        first = round(segment.start_s * recording.fs_hz)
        last = min(first + round(segment.duration_s * recording.fs_hz), recording.leads_mv.shape[1])
        values_mv = recording.leads_mv[slots[segment.lead], first:last].astype(np.float64)
        x_mm = place.x_mm + np.arange(len(values_mv)) / recording.fs_hz * style.paper_speed_mm_s
        y_mm = place.baseline_mm - (values_mv - np.nanmedian(values_mv)) * style.gain_mm_mv
        page_s = place.column * segment.duration_s if plan.has_columns else segment.start_s
        points_xy = np.column_stack([x_mm, y_mm]) * style.px_per_mm
        shown.append(ShownStretch(slots[segment.lead], first, last, page_s, points_xy))
    return shown


def style_of(recording: Recording) -> PageStyle:
    return replace(_STYLE, labels=recording.is_named)


def slot_of(recording: Recording, place: int) -> int:
    """Which of the page's twelve signals a lead of the recording is."""
    return LEADS.index(recording.leads[place]) if recording.is_named else place


def plan_recording(recording: Recording) -> RecordingPlan:
    """Twelve leads in four or two columns with lead II below, else a row for each; one or two go on in further rows."""
    known = np.isfinite(recording.leads_mv)
    runs_s = [tuple(sample / recording.fs_hz for sample in _longest_run(lead)) for lead in known]
    if len(recording.leads) < len(LEADS):
        return RecordingPlan(f"{len(runs_s)}x1", _in_rows(recording, runs_s), has_columns=False)
    if known.all():
        return _at_once(recording.shown_s)
    return _one_after_another(runs_s)


def _at_once(shown_s: float) -> RecordingPlan:
    """Twelve leads that were recorded together: the columns show consecutive times."""
    columns = 4 if shown_s >= FOUR_COLUMNS_S else 2 if shown_s >= TWO_COLUMNS_S else 1
    layout = {4: "3x4+1", 2: "6x2+1", 1: "12x1"}[columns]
    column_s = min(COLUMN_S, shown_s / 4) if columns == 4 else shown_s / columns
    return RecordingPlan(
        layout, plan_page(replace(_STYLE, layout=layout, column_s=column_s), shown_s), has_columns=True
    )


def _one_after_another(runs_s: list[tuple[float, ...]]) -> RecordingPlan:
    """Twelve leads of which each was recorded for a while, as machines with three channels do.

    Lead II is shown below where it was recorded for as long as all columns are.
    """
    column_s = min(COLUMN_S, *(end_s - start_s for start_s, end_s in runs_s))
    rows = [[Segment(lead, runs_s[lead][0], column_s) for lead in row] for row in LAYOUT_ROWS["3x4"]]
    start_s, end_s = runs_s[_STRIP]
    if end_s - start_s < 4 * column_s:
        return RecordingPlan("3x4", rows, has_columns=True)
    return RecordingPlan("3x4+1", [*rows, [Segment(_STRIP, start_s, 4 * column_s)]], has_columns=True)


def _in_rows(recording: Recording, runs_s: list[tuple[float, ...]]) -> list[list[Segment]]:
    """A row of 10 s at most for each lead, or several where there are one or two."""
    rows = []
    for place, (start_s, end_s) in enumerate(runs_s):
        count = max(1, int((end_s - start_s) / PAGE_S)) if len(runs_s) <= FEW_LEADS else 1
        row_s = min(PAGE_S, end_s - start_s)
        rows += [[Segment(slot_of(recording, place), start_s + k * row_s, row_s)] for k in range(count)]
    return rows


def _longest_run(known: BoolArray) -> tuple[int, int]:
    """First sample and the one after the last of the longest stretch without a gap."""
    edges = np.flatnonzero(np.diff(known.astype(np.int8), prepend=0, append=0))
    starts, ends = edges[::2], edges[1::2]
    longest = int((ends - starts).argmax())
    return int(starts[longest]), int(ends[longest])
