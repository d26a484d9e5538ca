"""Recordings on the Screen page: what belongs together is one, and what is kept is the drawn page."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.page.decode.read import read_picture
from ecgcore.papersim import synthetic_ecg
from pages.parts.screen.joined_files import joined
from pages.parts.screen.screened import Picture
from tests.support.app_pages import APP, drop
from tests.support.recording_files import PATIENT, aecg_file, wfdb_files

SIGNALS_MV, FS_HZ, _ = synthetic_ecg("normal", 3)


@pytest.fixture
def app(tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    monkeypatch.setenv("ECG_DATA_DIR", str(tmp_path / "data"))
    return AppTest.from_file(str(APP), default_timeout=60).run()


def test_header_and_signals_that_are_dropped_together_are_one_recording(app: AppTest) -> None:
    files = wfdb_files(SIGNALS_MV, FS_HZ)
    drop(app, ("ecg.dat", files["ecg.dat"]), ("ecg.hea", files["ecg.hea"]), ("aecg.xml", aecg_file(SIGNALS_MV, FS_HZ)))
    items = list(app.session_state["screened"].values())
    assert [(item.title, item.prediction.status) for item in items] == [("ecg.hea", "ok"), ("aecg.xml", "ok")]
    for item in items:
        assert item.prediction.recording is not None
        assert PATIENT.encode() not in item.shown.original
        (kept_rgb,) = read_picture(item.shown.original, "kept")
        assert np.array_equal(item.shown.photo_rgb(), kept_rgb)
        assert kept_rgb.shape[:2] == item.shown.wh[::-1]


def test_a_header_or_signals_alone_stay_as_they_are() -> None:
    files = wfdb_files(SIGNALS_MV[:, :100], FS_HZ)
    header, signals = Picture("ecg.hea", files["ecg.hea"]), Picture("ecg.dat", files["ecg.dat"])
    other = Picture("a.png", b"picture")
    assert joined([header, other]) == [header, other]
    assert joined([signals, other]) == [signals, other]
    [record, kept] = joined([signals, other, header])
    assert (record, kept) == (other, joined([header, signals])[0])
