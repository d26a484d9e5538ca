"""A recording is screened like the page that is drawn of it, and measured on its own samples."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ecgcore.__main__ import main
from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.geometry.arrays import ByteArray
from ecgcore.lead_layout import LEADS
from ecgcore.page.decode.isolated import read_untrusted_pages
from ecgcore.page.decode.read import readable_files
from ecgcore.papersim import synthetic_ecg
from ecgcore.papersim.recording_page import draw_recording
from ecgcore.papersim.recording_plan import layout_name_of, shown_stretches
from ecgcore.pipeline import screen_pages
from ecgcore.recordings.read import read_recordings
from ecgcore.recordings.recording import Recording
from ecgcore.screening.decision import too_few_leads
from ecgcore.types import Prediction
from ecgcore.waveform.recorded_signal import shown_signal, whole_signal
from ecgcore.waveform.screened_signal import signal_of
from tests.support.recording_files import PATIENT, aecg_file, csv_file, dicom_file, wfdb_files

SIGNALS_MV, FS_HZ, BEATS_S = synthetic_ecg("normal", 3)
RATE_BPM = 60 / float(np.median(np.diff(BEATS_S[0][:, 0])))


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    return load_bundle(tiny_bundle, "cpu")


@pytest.fixture(scope="module")
def screened(bundle: Bundle) -> tuple[Prediction, ByteArray]:
    [(prediction, page_rgb)] = screen_pages(dicom_file(SIGNALS_MV, FS_HZ), bundle, file="ecg.dcm")
    assert page_rgb is not None
    return prediction, page_rgb


def _recording(signals_mv: np.ndarray, leads: tuple[str, ...] = LEADS, fs_hz: float = FS_HZ) -> Recording:
    found = read_recordings(csv_file(signals_mv, fs_hz, leads), "table")
    assert found is not None
    return found[0]


def test_a_recording_is_screened_and_measured(screened: tuple[Prediction, ByteArray]) -> None:
    prediction, _ = screened
    assert (prediction.status, prediction.leads_found, prediction.strategy) == ("ok", 12, "grid")
    assert prediction.px_per_mm == pytest.approx(8.0, rel=0.002)
    assert prediction.heart_rate_bpm == pytest.approx(RATE_BPM, abs=1)
    assert prediction.measurements is not None
    assert not any("." in name for name in prediction.measurements.not_measured), "all of each lead was recorded"
    said = json.loads(json.dumps(prediction.to_json(), allow_nan=False))["recording"]
    assert said == {"format": "a DICOM waveform", "leads": list(LEADS), "fs_hz": 500.0, "duration_s": 10.0,
                    "start_s": 0.0, "shown_s": 10.0}  # fmt: skip
    assert [stretch.lead for stretch in prediction.leads] == [
        "I", "aVR", "V1", "V4", "II", "aVL", "V2", "V5", "III", "aVF", "V3", "V6", "II",
    ]  # fmt: skip
    assert PATIENT not in repr(prediction.to_json())


def test_the_drawn_page_as_a_picture_has_the_same_answer(
    screened: tuple[Prediction, ByteArray], bundle: Bundle
) -> None:
    prediction, page_rgb = screened
    encoded = cv2.imencode(".png", page_rgb[..., ::-1])[1].tobytes()
    [(of_picture, _)] = screen_pages(encoded, bundle, file="page.png")
    assert of_picture.recording is None
    assert of_picture.decision == prediction.decision
    assert of_picture.p_abnormal == pytest.approx(prediction.p_abnormal, abs=0.05)
    assert of_picture.heart_rate_bpm == pytest.approx(prediction.heart_rate_bpm, abs=1)
    assert [beat.box_photo_xyxy for beat in of_picture.beats] == [beat.box_photo_xyxy for beat in prediction.beats]


def test_the_lines_of_the_leads_lie_on_the_drawn_traces(screened: tuple[Prediction, ByteArray]) -> None:
    prediction, page_rgb = screened
    signal = signal_of(prediction)
    assert signal is not None and prediction.frame is not None
    assert set(signal.traces_panel_xy) == set(LEADS)
    dark = page_rgb.max(axis=2) < 128
    for pieces in signal.traces_panel_xy.values():
        points = np.floor(prediction.frame.points_to_photo(pieces[0])).astype(int)
        assert dark[points[:, 1], points[:, 0]].mean() > 0.97


def test_networks_see_what_the_page_shows_and_measuring_sees_all(screened: tuple[Prediction, ByteArray]) -> None:
    prediction, _ = screened
    shown = signal_of(prediction)
    assert shown is not None and prediction.recording is not None
    measured = whole_signal(prediction.recording)
    assert (shown.fs_hz, measured.fs_hz, shown.layout_name) == (250.0, 500.0, "3x4+1")
    seconds = shown.is_read.sum(axis=1) / shown.fs_hz
    assert seconds == pytest.approx([10.0 if lead == "II" else 2.5 for lead in LEADS], abs=0.01)
    assert measured.is_read.all()
    v1 = SIGNALS_MV[6, 2500:3750:2]
    assert np.abs(shown.leads_mv[6, 1250:1875] - (v1 - np.median(v1))).max() < 0.003


@pytest.mark.parametrize(
    ("signals_mv", "leads", "layout", "rows"),
    [
        (SIGNALS_MV, LEADS, "3x4+1", 4),
        (SIGNALS_MV[:, :2500], LEADS, "6x2+1", 7),
        (SIGNALS_MV[:, :1500], LEADS, "12x1", 12),
        (SIGNALS_MV[6:], LEADS[6:], "6x1", 6),
        (np.tile(SIGNALS_MV[:1], 3), LEADS[:1], "1x1", 3),
    ],
)
def test_the_page_shows_what_there_is(signals_mv: np.ndarray, leads: tuple[str, ...], layout: str, rows: int) -> None:
    recording = _recording(signals_mv, leads)
    assert layout_name_of(recording) == layout
    assert len({round(float(np.median(s.points_xy[:, 1]))) for s in shown_stretches(recording)}) == rows
    signal = shown_signal(recording, None)
    assert np.flatnonzero(signal.is_read.any(axis=1)).tolist() == [LEADS.index(lead) for lead in recording.leads]


def test_other_sampling_rates_keep_their_times() -> None:
    every_fourth = _recording(SIGNALS_MV[:, ::4], fs_hz=125.0)
    assert whole_signal(every_fourth).fs_hz == 125
    shown = shown_signal(every_fourth, None)
    assert shown.leads_mv.shape[1] == pytest.approx(2500, abs=3)
    strip_mv = SIGNALS_MV[1, ::2][: shown.leads_mv.shape[1]]
    assert np.abs(shown.leads_mv[1] - (strip_mv - np.median(strip_mv)))[:2400].max() < 0.05


def test_leads_of_different_times_are_drawn_each_where_it_was_recorded() -> None:
    signals_mv = np.full((12, 5000), np.nan, np.float32)
    for column in range(4):
        part = slice(1250 * column, 1250 * (column + 1))
        signals_mv[3 * column : 3 * column + 3, part] = SIGNALS_MV[3 * column : 3 * column + 3, part]
    recording = Recording("a table", LEADS, signals_mv, FS_HZ, 10.0)
    assert layout_name_of(recording) == "3x4"
    together = Recording("a table", LEADS, SIGNALS_MV.astype(np.float32), FS_HZ, 10.0)
    assert np.array_equal(draw_recording(recording)[:700], draw_recording(together)[:700]), "the same columns"


def test_half_an_ecg_is_referred_as_a_page_of_it_is(bundle: Bundle) -> None:
    watch = csv_file(np.tile(SIGNALS_MV[:1], 3), FS_HZ, LEADS[:1])
    [(prediction, page_rgb)] = screen_pages(watch, bundle, file="watch.csv")
    assert page_rgb is not None
    assert (prediction.status, prediction.decision, prediction.leads_found) == ("ok", "refer", 1)
    assert prediction.reason is not None and prediction.reason.startswith(too_few_leads(1))
    assert prediction.heart_rate_bpm == pytest.approx(RATE_BPM, abs=3)


def test_the_isolated_decoder_hands_the_samples_over_whole() -> None:
    [page] = read_untrusted_pages(aecg_file(SIGNALS_MV, FS_HZ), "ecg.xml")
    here = read_recordings(aecg_file(SIGNALS_MV, FS_HZ), "ecg.xml")
    assert here is not None and page.recording is not None
    assert np.array_equal(page.recording.leads_mv, here[0].leads_mv)
    assert page.recording.to_json() == here[0].to_json()
    assert np.array_equal(page.photo_rgb, draw_recording(here[0]))


def test_a_folder_is_searched_for_recordings_and_other_tables_are_left_alone(
    tmp_path: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in wfdb_files(SIGNALS_MV, FS_HZ).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "labels.csv").write_text("file,label\na.png,normal\n")
    (tmp_path / "voc.xml").write_text("<annotation><filename>a.png</filename></annotation>")
    (tmp_path / "other.zip").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "table.CSV").write_bytes(csv_file(SIGNALS_MV, FS_HZ))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "aecg.xml").write_bytes(aecg_file(SIGNALS_MV, FS_HZ))
    found = [path.name for path in readable_files(tmp_path)]
    assert found == ["ecg.hea", "aecg.xml", "table.CSV"]
    for name in ("sub", "table.CSV"):
        path = tmp_path / name
        (path / "aecg.xml").unlink() if path.is_dir() else path.unlink()
    code = main(["screen", str(tmp_path), str(tmp_path / "ecg.dat"), "--bundle", str(tiny_bundle), "--device", "cpu"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (code, [Path(row["file"]).name for row in rows]) == (0, ["ecg.hea", "ecg.dat"])
    assert rows[0]["recording"]["format"] == "a WFDB record"
    assert rows[0]["p_abnormal"] == rows[1]["p_abnormal"]


def test_a_recording_is_an_ecg_whatever_it_looks_like(bundle: Bundle) -> None:
    """Two beats in ten seconds do not look like a page of an ECG; a flat line with noise even less."""
    slow_mv = np.zeros_like(SIGNALS_MV)
    first, last = BEATS_S[0][1]
    beat = SIGNALS_MV[:, round(first * FS_HZ) : round(last * FS_HZ)]
    for at_s in (1.0, 6.0):
        slow_mv[:, round(at_s * FS_HZ) :][:, : beat.shape[1]] = beat
    noise_mv = np.random.default_rng(1).normal(0, 0.02, SIGNALS_MV.shape)
    for signals_mv in (slow_mv, noise_mv):
        [(prediction, _)] = screen_pages(dicom_file(signals_mv, FS_HZ), bundle, file="ecg.dcm")
        assert prediction.status == "ok"
        assert prediction.px_per_mm == pytest.approx(8.0, rel=0.002)
