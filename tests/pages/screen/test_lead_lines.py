"""The signal over the page: where its lines lie, and what is saved of it."""

import csv
import io

import numpy as np
import pydicom
import pytest

from ecgcore.bundle.folder import load_bundle
from ecgcore.lead_layout import LEADS
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.pipeline import screen
from ecgcore.types import Prediction
from ecgcore.waveform.export import csv_bytes, dicom_bytes
from ecgcore.waveform.screened_signal import signal_of
from pages.parts.screen.result.signal_lines import lines_of


@pytest.fixture(scope="module")
def drawn():  # type: ignore[no-untyped-def]
    signals_mv, fs_hz, beats_s = synthetic_ecg("normal", seed=4)
    return draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=5.0), 4, beats_s=beats_s)


@pytest.fixture(scope="module")
def said(drawn, tiny_bundle) -> Prediction:  # type: ignore[no-untyped-def]
    return screen(drawn.image_rgb, load_bundle(tiny_bundle, "cpu"), file="page.png")


def test_the_lines_lie_on_what_was_drawn(said: Prediction, drawn) -> None:  # type: ignore[no-untyped-def]
    lines = lines_of(said)
    assert set(lines.names) == set(LEADS)
    points = np.array([(x, y) for x, y in zip(lines.xs, lines.ys, strict=True) if x is not None])
    truth = np.concatenate([trace.points_xy for trace in drawn.traces])
    nearest = [np.hypot(*(truth - point).T).min() for point in points[:: max(1, len(points) // 400)]]
    assert np.quantile(nearest, 0.9) < 2.5, "half a millimetre at 5 pixels a millimetre"


def test_a_lead_is_named_where_it_was_drawn(said: Prediction, drawn) -> None:  # type: ignore[no-untyped-def]
    begins = {LEADS[t.lead]: t.points_xy[0] for t in sorted(drawn.traces, key=lambda t: len(t.time_s))}
    for lead, (x, y) in lines_of(said).names.items():
        at_x, at_y = begins[lead]
        assert abs(x - at_x) < 60, lead  # its printed name stands in between
        assert abs(y - at_y) < 60, lead


def test_saved_leads_are_those_that_were_read(said: Prediction) -> None:
    signal = signal_of(said)
    assert signal is not None
    rows = list(csv.reader(io.StringIO(csv_bytes(signal).decode())))
    assert rows[0] == ["time_s", *LEADS]
    assert len(rows) - 1 == signal.leads_mv.shape[1]
    wave = pydicom.dcmread(io.BytesIO(dicom_bytes(signal))).WaveformSequence[0]
    assert wave.NumberOfWaveformSamples == signal.leads_mv.shape[1]


def test_a_page_without_leads_has_no_line() -> None:
    assert lines_of(Prediction("x", 1, "ok")).xs == []
