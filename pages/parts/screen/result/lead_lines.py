"""The signal that was read off a page: as a line over its traces, for a reader to check, and as files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath

import numpy as np
import streamlit as st

from ecgcore.types import FloatArray, Prediction
from ecgcore.waveform.export import csv_bytes, dicom_bytes
from ecgcore.waveform.page_signal import PageSignal, signal_of
from pages.parts.screen.session_results import Screened

LEGEND = (
    "Magenta: each lead as it was read, with its name where it begins. Where the line leaves the trace, its "
    "measurements are wrong."
)
NO_LEADS = "No lead of this page could be named, so there is no signal to show."
_STEP_PX = 1.5
"""Points of the line, in pixels of the panel (4 a millimetre): closer ones are not told apart on a screen."""


@dataclass(frozen=True)
class LeadLines:
    """Lines in pixels of the upright photo: None lifts the pen; ``names``: where each lead begins."""

    xs: list[float | None]
    ys: list[float | None]
    names: dict[str, tuple[float, float]]


def lead_lines(item: Screened) -> LeadLines:
    """The lines of a screened page; kept for the session, since a page is drawn again at every click."""
    return _lead_lines(f"{item.key} {item.prediction.paper} {item.prediction.corners_set_photo_xy}", item.prediction)


def forget_lines() -> None:
    """Drop every line of this session."""
    _lead_lines.clear()


def signal_downloads(item: Screened) -> None:
    """The leads in millivolts as a table, and as a DICOM waveform."""
    stem = PurePath(item.title).stem
    for words, ending, kind, content_of in (
        ("Leads (CSV)", "csv", "text/csv", csv_bytes),
        ("Leads (DICOM)", "dcm", "application/dicom", dicom_bytes),
    ):
        st.download_button(
            words,
            partial(_signal_file, item.prediction, content_of),  # made only once somebody asks for it
            f"{stem} leads.{ending}",
            kind,
            on_click="ignore",
            icon=":material/download:",
        )


def _signal_file(prediction: Prediction, content_of: Callable[[PageSignal], bytes]) -> bytes:
    signal = signal_of(prediction)
    assert signal is not None  # its lines are on the page
    return content_of(signal)


@st.cache_data(scope="session", max_entries=12, show_spinner=False)
def _lead_lines(
    key: str,  # noqa: ARG001  # of the cache
    _prediction: Prediction,
) -> LeadLines:
    return lines_of(_prediction)


def lines_of(prediction: Prediction) -> LeadLines:
    """The lines of a prediction; empty where no lead is known."""
    signal, frame = signal_of(prediction), prediction.frame
    lines = LeadLines([], [], {})
    if signal is None or frame is None:
        return lines
    for lead, pieces in signal.traces_panel_xy.items():
        for piece in pieces:
            points = frame.points_to_photo(_thinned(piece))
            lines.xs.extend([*np.round(points[:, 0], 1).tolist(), None])
            lines.ys.extend([*np.round(points[:, 1], 1).tolist(), None])
            lines.names.setdefault(lead, (float(points[0, 0]), float(points[0, 1])))
    return lines


def _thinned(points_xy: FloatArray) -> FloatArray:
    """Without points that lie closer together than ``_STEP_PX`` along both axes, but for the ends and extremes."""
    moved = np.abs(np.diff(points_xy, axis=0)).max(axis=1).cumsum() // _STEP_PX
    kept = np.flatnonzero(np.concatenate([[True], np.diff(moved, prepend=0) > 0]))
    return np.asarray(points_xy[np.union1d(kept, [len(points_xy) - 1])])
