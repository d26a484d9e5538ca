"""A digital recording as a page's signal: whole for measuring, and as its page shows it for the networks and files."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.interpolate import make_interp_spline

from ecgcore.geometry.arrays import FloatArray
from ecgcore.geometry.frame import PanelFrame
from ecgcore.lead_layout import LEADS
from ecgcore.paper import USUAL_PAPER
from ecgcore.papersim.recording_plan import ShownStretch, layout_name_of, shown_stretches
from ecgcore.recordings.recording import Recording
from ecgcore.waveform.page_signal import FS_HZ, PageSignal

_SPLINE_DEGREE = 3


def whole_signal(recording: Recording) -> PageSignal:
    """All that was recorded, at the recording's own rate: what is measured.

    Args:
        recording: the part that the page shows.
    """
    leads_mv = np.full((len(LEADS), recording.leads_mv.shape[1]), np.nan, np.float32)
    if recording.is_named:
        for lead, values_mv in zip(recording.leads, recording.leads_mv, strict=True):
            leads_mv[LEADS.index(lead)] = values_mv
    return _signal(recording, leads_mv, recording.fs_hz, {})


def shown_signal(recording: Recording, frame: PanelFrame | None) -> PageSignal:
    """What the page shows of each lead, on the page's time axis at ``FS_HZ``.

    Networks have learned from pages, where a lead is seen for a quarter of the time; told all twelve for all of it they
    answer otherwise (0.420 for 0.071, 0.828 for 0.347: ``benchmarks.page.recordings``).

    Args:
        recording: the part that the page shows.
        frame: of the drawn page, for the places of the traces; None leaves them out.
    """
    shown = shown_stretches(recording) if recording.is_named else []
    ends_s = [stretch.page_s + (stretch.last - stretch.first) / recording.fs_hz for stretch in shown]
    leads_mv = np.full((len(LEADS), int(max(ends_s, default=0.0) * FS_HZ + 1e-6)), np.nan, np.float32)
    traces: dict[str, tuple[FloatArray, ...]] = {}
    for name, pieces in _by_lead(recording, shown).items():
        row = leads_mv[LEADS.index(name)]
        points: list[FloatArray] = []
        for stretch in pieces:
            values_mv = recording.leads_mv[stretch.lead, stretch.first : stretch.last].astype(np.float64)
            first, at_s = _times(stretch, recording.fs_hz, len(row))
            if first and np.isfinite(row[first - 1]):  # rows that go on are pieces of their own, parted by a sample
                first, at_s = first + 1, at_s[1:]
            row[first : first + len(at_s)] = _at(values_mv - np.nanmedian(values_mv), recording.fs_hz, at_s)
            if frame is not None:
                points_xy = np.column_stack([_at(axis, recording.fs_hz, at_s) for axis in stretch.points_xy.T])
                points.append(frame.points_to_panel(points_xy))
        if points:
            traces[name] = tuple(points)
    signal = _signal(recording, leads_mv, FS_HZ, traces)
    return replace(
        signal,
        column_starts_s=tuple(sorted({stretch.page_s for stretch in shown})),
        stretches=() if frame is None else tuple(_box(recording, stretch, frame) for stretch in shown),
    )


def _box(
    recording: Recording, stretch: ShownStretch, frame: PanelFrame
) -> tuple[str, tuple[float, float, float, float]]:
    """A stretch's lead, and its box in panel pixels."""
    points = frame.points_to_panel(stretch.points_xy)
    (x1, y1), (x2, y2) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return recording.leads[stretch.lead], (x1, y1, x2, y2)


def _by_lead(recording: Recording, shown: list[ShownStretch]) -> dict[str, list[ShownStretch]]:
    """The stretches of each lead; a rhythm strip takes the short one's place, and rows of one lead go on."""
    found: dict[str, list[ShownStretch]] = {}
    for stretch in shown:
        pieces = found.setdefault(recording.leads[stretch.lead], [])
        pieces[:] = [other for other in pieces if other.last <= stretch.first]
        pieces.append(stretch)
    return found


def _times(stretch: ShownStretch, fs_hz: float, most: int) -> tuple[int, FloatArray]:
    """Number of the first sample at ``FS_HZ`` and the seconds of all since the stretch began."""
    first = int(np.ceil(stretch.page_s * FS_HZ - 1e-6))
    last = min(most, int((stretch.page_s + (stretch.last - stretch.first) / fs_hz) * FS_HZ + 1e-6))
    return first, np.arange(first, last) / FS_HZ - stretch.page_s


def _at(values: FloatArray, fs_hz: float, at_s: FloatArray) -> FloatArray:
    """Values between samples, by a cubic spline."""
    samples = np.clip(at_s * fs_hz, 0, len(values) - 1)
    spline = make_interp_spline(np.arange(len(values)), values, k=min(_SPLINE_DEGREE, len(values) - 1))
    return np.asarray(spline(samples), dtype=np.float64)


def _signal(
    recording: Recording,
    leads_mv: npt.NDArray[np.float32],
    fs_hz: float,
    traces: dict[str, tuple[FloatArray, ...]],
) -> PageSignal:
    return PageSignal(
        leads_mv=leads_mv,
        is_read=np.isfinite(leads_mv),
        fs_hz=fs_hz,
        layout_name=layout_name_of(recording),
        column_starts_s=(),
        traces_panel_xy=traces,
        paper=USUAL_PAPER,
        scale_source="grid",
    )
