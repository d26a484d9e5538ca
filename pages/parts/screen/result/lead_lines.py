"""The signal that was read off a page: as a line over its traces, for a reader to check, and as files."""

from collections.abc import Callable
from functools import partial
from pathlib import PurePath

import streamlit as st

from ecgcore.types import Prediction
from ecgcore.waveform.export import csv_bytes, dicom_bytes
from ecgcore.waveform.page_signal import PageSignal
from ecgcore.waveform.screened_signal import signal_of
from pages.parts.screen.result.signal_lines import LeadLines, lines_of
from pages.parts.screen.screened import ScreenedPage

LEGEND = (
    "Magenta: each lead as it was read, with its name where it begins. Where the line leaves the trace, its "
    "measurements are wrong."
)
NO_LEADS = "No lead of this page could be named, so there is no signal to show."


def lead_lines(item: ScreenedPage) -> LeadLines:
    """The lines of a screened page; kept for the session, since a page is drawn again at every click."""
    return _lead_lines(f"{item.key} {item.prediction.paper} {item.prediction.corners_set_photo_xy}", item.prediction)


def forget_lines() -> None:
    """Drop every line of this session."""
    _lead_lines.clear()


def signal_downloads(item: ScreenedPage) -> None:
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
