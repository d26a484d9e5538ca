"""Reads a page's leads in millivolts off its ink."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ecgcore.geometry import STANDARD_PX_PER_MM
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.lead_layout import LAYOUTS, LEADS, Layout, candidates
from ecgcore.paper import USUAL_PAPER, PaperSettings, ScaleSource
from ecgcore.traces.rows import Rows
from ecgcore.types import Prediction
from ecgcore.waveform.columns import Columns, find_columns, on_raster, seconds_per_px
from ecgcore.waveform.layout_by_form import avr_upside_down, choose_layout, einthoven_agreement, strip_leads
from ecgcore.waveform.page_rows import PageRows
from ecgcore.waveform.page_signal import FS_HZ, PageSignal
from ecgcore.waveform.pen.path import PenPath, pen_path
from ecgcore.waveform.printed_names import without_names


@dataclass(frozen=True)
class _CalibratedPath:
    """The pen's way with the scale that turns it into seconds and millivolts."""

    pen: PenPath
    columns: Columns
    s_per_px: float
    mv_per_px: float

    @property
    def column_s(self) -> float:
        """Duration of a column."""
        return self.columns.width_px * self.s_per_px

    def sample_numbers(self, first: int, last: int) -> npt.NDArray[np.intp]:
        """Numbers of the samples along the page in columns ``first`` to ``last - 1``."""
        ends = (int(np.ceil(k * self.column_s * FS_HZ - 1e-6)) for k in (first, last))
        return np.arange(*ends)

    def x_at(self, seconds: FloatArray, column: int) -> FloatArray:
        """Where times along the page lie, counted from the start of a column; pixels of the panel."""
        since_s = seconds - column * self.column_s
        return np.asarray(self.columns.starts_x[column] + since_s / self.s_per_px, dtype=np.float64)

    def value_mv(self, row: int, x: FloatArray) -> FloatArray:
        """Height above the row's usual height, NaN where not read."""
        up_px = np.median(self.pen.y[row]) - self.pen.at(row, x)
        return np.where(self.pen.is_read(row, x), up_px * self.mv_per_px, np.nan)

    def by_column(self, strips: range) -> FloatArray:
        """Every row cut into the columns' times, ``[r, c, n]``, NaN where not read; strips run on from the first."""
        count = int(self.column_s * FS_HZ)
        within_s = np.arange(count) / FS_HZ
        cut = np.full((len(self.pen.y), len(self.columns.starts_x), count), np.nan)
        for row, column in np.ndindex(cut.shape[:2]):
            x = self.x_at(column * self.column_s + within_s, 0 if row in strips else column)
            cut[row, column] = self.value_mv(row, x)
        return cut


def read_signal(
    page_rows: PageRows,
    paper: PaperSettings,
    scale_source: ScaleSource | None = "grid",
    printed: Layout | None = None,
    refuted: frozenset[Layout] = frozenset(),
) -> PageSignal:
    """Read a page's leads.

    Args:
        page_rows: its rows.
        paper: its speed and gain.
        scale_source: where the raster's millimetres were read: grid, calibration pulse, or nowhere.
        printed: the layout that printed lead names tell.
        refuted: layouts that such names contradict.
    """
    rows, ink = page_rows.traces, page_rows.ink
    tried = [layout for layout in candidates(len(rows.baseline_y)) if layout not in refuted]
    if printed is not None and printed.row_count == len(page_rows.with_print.baseline_y):
        rows = page_rows.with_print  # what has a lead's name is no line of print
    if printed is not None and printed.row_count == len(rows.baseline_y):
        tried = [printed]
    if not tried:
        return _nothing(paper, scale_source)
    pen = pen_path(rows, ink)
    paths = [_calibrated(rows, ink, pen, layout, paper, scale_source) for layout in tried]
    layout = printed if printed in tried else _layout_by_form(paths, tried, page_rows.column_count)
    if layout is None:
        return _nothing(paper, scale_source)
    path = paths[tried.index(layout)]
    is_read = without_names(rows, ink, path.columns.starts_x)
    path = replace(path, pen=replace(pen, has_ink=is_read))
    return _assembled(path, layout, paper, scale_source)


def read_signal_again(prediction: Prediction) -> PageSignal | None:
    """The leads of a page that was screened, off the ink that its prediction carries; None where it was no page."""
    if prediction.ink is None:
        return None
    paper = PaperSettings(USUAL_PAPER.speed_mm_s, prediction.paper.gain_mm_mv)  # at which every raster runs
    refuted = frozenset(LAYOUTS) if prediction.layout is None else frozenset()
    rows = PageRows(prediction.ink.raster())
    return read_signal(rows, paper, prediction.scale_source, prediction.layout, refuted)


def _layout_by_form(paths: list[_CalibratedPath], tried: list[Layout], column_count: int) -> Layout | None:
    """The layout that the limb leads' law and the beats' form tell."""
    laws = [
        einthoven_agreement(path.by_column(layout.strip_rows), layout)
        for layout, path in zip(tried, paths, strict=True)
    ]
    return choose_layout(list(zip(tried, laws, strict=True)), column_count)


def _calibrated(
    rows: Rows, ink: ByteArray, pen: PenPath, layout: Layout, paper: PaperSettings, scale_source: ScaleSource | None
) -> _CalibratedPath:
    raster_paper = on_raster(rows, paper, scale_source)
    columns = find_columns(rows, ink, layout.columns, raster_paper, scale_source)
    s_per_px = seconds_per_px(columns, raster_paper, scale_source)
    mv_per_px = 1 / (raster_paper.gain_mm_mv * STANDARD_PX_PER_MM)
    if scale_source is None:  # the width told the seconds, and a millimetre is the same both ways
        mv_per_px = s_per_px * paper.speed_mm_s / paper.gain_mm_mv
    return _CalibratedPath(pen, columns, s_per_px, mv_per_px)


def _assembled(
    path: _CalibratedPath, layout: Layout, paper: PaperSettings, scale_source: ScaleSource | None
) -> PageSignal:
    by_column = path.by_column(layout.strip_rows)
    strips = strip_leads(by_column[layout.rows :], by_column[: layout.rows], layout)
    places = [
        (layout.lead_at(row, column), row, column, column + 1)
        for column in range(layout.columns)
        for row in range(layout.rows)
    ]
    # a rhythm strip is the longer stretch of its lead, and takes the short one's place
    places += [(lead, layout.rows + k, 0, layout.columns) for k, lead in enumerate(strips) if lead is not None]
    leads_mv = np.full((len(LEADS), len(path.sample_numbers(0, layout.columns))), np.nan, np.float32)
    traces: dict[str, tuple[FloatArray, ...]] = {}
    avr_sign = avr_upside_down(by_column, layout)
    stretches = []
    for lead, row, first, last in places:
        numbers = path.sample_numbers(first, last)
        x = path.x_at(numbers / FS_HZ, first)
        leads_mv[lead] = np.nan
        leads_mv[lead, numbers] = path.value_mv(row, x) * (avr_sign if LEADS[lead] == "aVR" else 1)
        traces[LEADS[lead]] = _pieces(path.pen, row, x)
        y = path.pen.at(row, x)
        stretches.append((LEADS[lead], (float(x[0]), float(y.min()), float(x[-1]), float(y.max()))))
    return PageSignal(
        leads_mv=leads_mv,
        is_read=np.isfinite(leads_mv),
        fs_hz=FS_HZ,
        layout_name=layout.name,
        column_starts_s=tuple(k * path.column_s for k in range(layout.columns)),
        traces_panel_xy=traces,
        paper=paper,
        scale_source=scale_source,
        stretches=tuple(stretches),
        layout=layout,
    )


def _pieces(path: PenPath, row: int, x: FloatArray) -> tuple[FloatArray, ...]:
    """What was read at those places, a piece between two gaps each."""
    read = path.is_read(row, x)
    cuts = np.flatnonzero(np.diff(read.astype(np.int8))) + 1
    points = np.column_stack([x, path.at(row, x)])
    pieces = zip(np.split(points, cuts), np.split(read, cuts), strict=True)
    return tuple(piece for piece, is_read in pieces if len(is_read) > 1 and is_read[0])


def _nothing(paper: PaperSettings, scale_source: ScaleSource | None) -> PageSignal:
    none = np.full((len(LEADS), 0), np.nan, np.float32)
    return PageSignal(none, np.isfinite(none), FS_HZ, None, (), {}, paper, scale_source)
