from dataclasses import replace
from pathlib import Path

import numpy as np

from ecgcore.bundle.folder import load_bundle
from ecgcore.explain.signal_evidence import signal_heat_map, timed_traces
from ecgcore.panel_ink import PanelInk
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.pipeline import screen
from ecgcore.types import ByteArray
from ecgcore.waveform.screened_signal import signal_of
from tests.support.tiny import save_tiny_bundle

WIDTH_PX = 600


def test_time_goes_along_the_page(tiny_bundle: Path) -> None:
    """Every drawn point of a lead lies where the time along the page says."""
    signals_mv, fs_hz, _ = synthetic_ecg("normal", 3)
    page = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=6.0), 3)
    prediction = screen(page.image_rgb, load_bundle(tiny_bundle, "cpu"), file="x")
    signal = signal_of(prediction)
    assert signal is not None and prediction.frame is not None and signal.layout_name == "3x4+1"
    points, at_s = (np.concatenate(parts) for parts in zip(*timed_traces(signal), strict=True))
    xs = prediction.frame.points_to_photo(points)[:, 0]
    drawn = [(trace.points_xy[:, 0], trace.time_s) for trace in page.traces]
    true_x, true_s = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    order = np.argsort(true_x)
    error_s = np.abs(np.interp(xs, true_x[order], true_s[order]) - at_s)
    assert np.quantile(error_s, 0.98) < 0.03


def test_heat_lies_on_the_traces_and_nowhere_else(tiny_bundle: Path, ecg_page_rgb: ByteArray) -> None:
    bundle = load_bundle(tiny_bundle, "cpu")
    prediction = screen(ecg_page_rgb, bundle, file="x")
    height, width = ecg_page_rgb.shape[:2]
    size = {"width_px": WIDTH_PX, "photo_wh": (width, height)}
    both = [signal_heat_map(bundle, prediction, **size, toward=toward) for toward in ("abnormal", "normal")]  # type: ignore[arg-type]
    heat = max((one for one in both if one is not None), key=np.max)  # a random network speaks for one of them
    signal = signal_of(prediction)
    assert signal is not None and prediction.frame is not None
    scale = WIDTH_PX / width
    assert heat.shape == (round(height * scale), WIDTH_PX)
    assert 0 <= float(heat.min()) <= float(heat.max()) <= 1
    assert heat.max() > 0.5
    points = np.concatenate([prediction.frame.points_to_photo(piece) for piece, _ in timed_traces(signal)]) * scale
    ys, xs = np.nonzero(heat)
    for x, y in zip(xs[::50], ys[::50], strict=True):
        assert np.abs(points - (x, y)).max(axis=1).min() < 12


def test_a_bundle_without_the_network_has_no_such_heat(tmp_path: Path, ecg_page_rgb: ByteArray) -> None:
    bundle = load_bundle(save_tiny_bundle(tmp_path / "b", has_waveform=False), "cpu")
    prediction = screen(ecg_page_rgb, bundle, file="x")
    height, width = ecg_page_rgb.shape[:2]
    assert signal_heat_map(bundle, prediction, width_px=WIDTH_PX, photo_wh=(width, height)) is None


def test_a_page_whose_leads_are_not_known_has_no_such_heat(tiny_bundle: Path, ecg_page_rgb: ByteArray) -> None:
    bundle = load_bundle(tiny_bundle, "cpu")
    prediction = screen(ecg_page_rgb, bundle, file="x")
    assert prediction.ink is not None
    empty = replace(prediction, ink=PanelInk.of(np.zeros_like(prediction.ink.raster())))
    assert signal_heat_map(bundle, empty, width_px=WIDTH_PX, photo_wh=(300, 100)) is None
