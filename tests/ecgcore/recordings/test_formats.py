"""Every format gives the leads that were written, in millivolts at their rate, and nothing of the patient."""

import re
from collections.abc import Sequence

import numpy as np
import pytest

from ecgcore.lead_layout import LEADS
from ecgcore.measure.beats import find_beats
from ecgcore.papersim import synthetic_ecg
from ecgcore.recordings.assemble import Stretch, assemble
from ecgcore.recordings.formats.wfdb_files import wfdb_zip
from ecgcore.recordings.read import read_recordings
from ecgcore.recordings.recording import Recording
from tests.support.recording_files import (
    MICROVOLTS,
    PATIENT,
    WRITERS,
    aecg_file,
    csv_file,
    dicom_file,
    muse_file,
    sierra_file,
    wfdb_files,
)
from tests.support.scp_files import scp_file, scp_file_with_beats

SIGNALS_MV, FS_HZ, _ = synthetic_ecg("normal", 3)
HALF_STEP_MV = 0.5001 * MICROVOLTS / 1000
DERIVED_MV = 3 * HALF_STEP_MV


def _read(data: bytes) -> Recording:
    found = read_recordings(data, "ecg")
    assert found is not None and len(found) == 1
    return found[0]


@pytest.mark.parametrize("kind", WRITERS)
def test_the_leads_come_out_as_they_were_written(kind: str) -> None:
    recording = _read(WRITERS[kind][1](SIGNALS_MV, FS_HZ))
    assert recording.leads == LEADS
    assert (recording.fs_hz, recording.duration_s, recording.start_s) == (pytest.approx(FS_HZ), 10.0, 0.0)
    assert np.abs(recording.leads_mv - SIGNALS_MV).max() <= DERIVED_MV
    assert PATIENT not in repr(recording)


@pytest.mark.parametrize(("version", "packed"), [("1.04", True), ("1.03", False)])
def test_sierra_in_its_other_forms(version: str, packed: bool) -> None:
    recording = _read(sierra_file(SIGNALS_MV, FS_HZ, version=version, packed=packed))
    assert np.abs(recording.leads_mv - SIGNALS_MV).max() <= HALF_STEP_MV


def test_scp_without_huffman_codes() -> None:
    recording = _read(scp_file(SIGNALS_MV, FS_HZ, huffman=False))
    assert np.abs(recording.leads_mv - SIGNALS_MV).max() <= HALF_STEP_MV


@pytest.mark.parametrize("counted_from", [1, 0])
def test_scp_with_its_reference_beat_taken_away_and_thinned(counted_from: int) -> None:
    r_s = find_beats(SIGNALS_MV, FS_HZ).r_s
    recording = _read(scp_file_with_beats(SIGNALS_MV, FS_HZ, r_s, counted_from=counted_from))
    assert recording.fs_hz == FS_HZ
    error_mv = recording.leads_mv - SIGNALS_MV
    assert np.sqrt((error_mv**2).mean()) < 0.005, "what is thinned out is nearly nothing"
    near_r = np.abs(np.arange(error_mv.shape[1])[:, None] / FS_HZ - r_s[1:-1]).min(axis=1) < 0.08
    assert np.abs(error_mv[:, near_r]).max() < 2 * HALF_STEP_MV, "and nothing in a protected zone"


@pytest.mark.parametrize("form", ["16", "24", "32", "80", "212"])
def test_signal_files_of_wfdb(form: str) -> None:
    files = wfdb_files(SIGNALS_MV, FS_HZ, form=form)
    recording = _read(wfdb_zip(files["ecg.hea"], "ecg.hea", {"ecg.dat": files["ecg.dat"]}))
    assert np.abs(recording.leads_mv - SIGNALS_MV).max() < (0.01 if form == "80" else 0.001)


def _wfdb(line: str, data: bytes, samples: int) -> Recording:
    header = f"ecg 1 250 {samples}\necg.dat {line} 0 0 0 0 II\n"
    return _read(wfdb_zip(header.encode(), "ecg.hea", {"ecg.dat": data}))


def test_rarer_signal_files_of_wfdb() -> None:
    steps = np.round(200 * SIGNALS_MV[1, ::2]).astype(np.int64)  # 250 Hz, below 10 bits
    steps = steps[: len(steps) // 6 * 6]
    bits = (steps & 1023).astype(np.uint32)
    a, b, c = bits.reshape(-1, 3).T
    packed_311 = (a | b << 10 | c << 20).astype("<u4").tobytes()
    words = np.column_stack([a << 1 | (c & 31) << 11, b << 1 | (c >> 5) << 11])
    written = {
        "61": steps.astype(">i2").tobytes(),
        "160": (steps + 32768).astype("<u2").tobytes(),
        "310": words.astype("<u2").tobytes(),
        "311": packed_311,
    }
    for form, data in written.items():
        assert np.allclose(_wfdb(f"{form} 200/mV", data, len(steps)).leads_mv[0] * 200, steps, atol=0.01), form
    skipped = b"\0" * 10 + written["61"]
    assert np.allclose(_wfdb("61+10 200(5)/mV", skipped, len(steps)).leads_mv[0] * 200, steps - 5, atol=0.01)


def test_a_dicom_file_without_the_preamble_or_a_label() -> None:
    plain, bare = (_read(dicom_file(SIGNALS_MV, FS_HZ, preamble=preamble)) for preamble in (True, False))
    assert np.array_equal(plain.leads_mv, bare.leads_mv)
    assert np.array_equal(_read(dicom_file(SIGNALS_MV, FS_HZ, label=None)).leads_mv, plain.leads_mv)


def test_muse_holds_eight_leads_and_the_other_limb_leads_are_computed() -> None:
    recording = _read(muse_file(SIGNALS_MV, FS_HZ))
    assert recording.leads == LEADS
    assert recording.notes == ("III, aVR, aVL and aVF were computed from two other limb leads.",)


def test_leads_that_were_recorded_one_after_the_other_share_a_clock() -> None:
    thirds = [aecg_file(SIGNALS_MV[k : k + 3, :1250], FS_HZ, LEADS[k : k + 3]).decode() for k in (0, 3, 6, 9)]
    sets = []
    for number, document in enumerate(thirds):
        (found,) = re.findall("<series>.*?(<component><sequenceSet>.*?</sequenceSet></component>)<deriv", document)
        sets.append(found.replace("103550.250", f"10355{number * 2}.{25 + number % 2 * 50}"))
    (first,) = re.findall("<component><sequenceSet>.*?</sequenceSet></component>(?=<deriv)", thirds[0])
    recording = _read(thirds[0].replace(first, "".join(sets), 1).encode())
    assert recording.leads == LEADS
    starts_s = [np.flatnonzero(np.isfinite(lead))[0] / recording.fs_hz for lead in recording.leads_mv]
    assert starts_s[::3] == pytest.approx([0, 2.5, 4, 6.5])


TABLES = {
    "a rate in a comment": ("# sampling rate: 500 Hz\nI,II\n", ",", "."),
    "a rate above the header": ("Sample Rate,500 hertz\nI,II\n", ",", "."),
    "semicolons and decimal commas": ("# fs=500\nI;II\n", ";", ","),
    "units in the header": ("# fs_hz = 500\nI (mV)\tII (mV)\n", "\t", "."),
    "names in quotes": ('# frequency (Hz): 500\n"DI","DII"\n', ",", "."),
}


@pytest.mark.parametrize("what", TABLES)
def test_tables_as_other_programs_write_them(what: str) -> None:
    head, between, point = TABLES[what]
    rows = [between.join(f"{v:.4f}".replace(".", point) for v in pair) for pair in SIGNALS_MV[:2].T]
    recording = _read((head + "\n".join(rows)).encode())
    assert recording.leads == LEADS[:6]
    assert recording.fs_hz == 500
    assert np.abs(recording.leads_mv - SIGNALS_MV[:6]).max() < 2e-4


def test_a_watch_writes_a_number_a_line() -> None:
    words = [
        "Name,Mustermann",
        "Recorded Date,2026-11-01",
        "Sample Rate,512 hertz",
        "",
        "",
        "Lead,Lead I",
        "Unit,µV",
        "",
    ]
    text = "\n".join([*words, *(f"{value * 1000:.3f}" for value in SIGNALS_MV[0]), ""])
    recording = _read(text.encode())
    assert (recording.leads, recording.fs_hz) == (("I",), 512)
    assert np.abs(recording.leads_mv[0] - SIGNALS_MV[0]).max() < 1e-5
    assert PATIENT not in repr(recording)


def test_an_own_table_comes_back_with_its_gaps() -> None:
    lines = csv_file(SIGNALS_MV, FS_HZ).decode().splitlines()
    torn = [",".join([*line.split(",")[:3], *[""] * 10]) if 1000 < k < 3000 else line for k, line in enumerate(lines)]
    recording = _read("\n".join(torn).encode())
    assert np.isnan(recording.leads_mv[6, 1500]) and np.isfinite(recording.leads_mv[6, 3500])
    assert np.isfinite(recording.leads_mv[:2, 1500]).all()


def test_a_few_missing_samples_leave_the_leads_together_and_longer_gaps_stay() -> None:
    """One empty cell once turned twelve leads recorded together into leads recorded one after the other."""
    signals_mv, fs_hz, _ = synthetic_ecg("normal", 4)
    leads_mv = np.array(signals_mv)
    leads_mv[6, 500] = np.nan
    leads_mv[3, 1000:1200] = np.nan
    stretches = [Stretch(lead, values) for lead, values in zip(LEADS, leads_mv, strict=True)]
    recording = assemble(stretches, fs_hz, "a table", "ecg.csv")
    assert recording.leads_mv[6, 500] == pytest.approx((leads_mv[6, 499] + leads_mv[6, 501]) / 2, abs=1e-6)
    assert np.isnan(recording.leads_mv).sum() == 200


def _longer(seconds: float) -> np.ndarray:
    return np.tile(SIGNALS_MV, int(seconds / 10))


def test_a_longer_recording_is_cut_and_says_so() -> None:
    recording = _read(dicom_file(_longer(60), FS_HZ))
    assert (recording.duration_s, recording.shown_s) == (60, 10)
    assert recording.notes == ("The recording lasts 60 s; 10 s of it are shown and judged.",)
    watch = _read(csv_file(_longer(60)[:1], FS_HZ, LEADS[:1]))
    assert (watch.shown_s, watch.notes) == (60, ())


@pytest.mark.parametrize(
    ("leads", "named"), [(("MLII", "V5"), ("II", "V5")), (("ECG",), ("ECG",)), (("ABP", "Lead II"), ("II",))]
)
def test_names_of_few_leads(leads: Sequence[str], named: Sequence[str]) -> None:
    files = wfdb_files(SIGNALS_MV[: len(leads)], FS_HZ, leads)
    assert _read(wfdb_zip(files["ecg.hea"], "ecg.hea", {"ecg.dat": files["ecg.dat"]})).leads == named


def test_a_lead_without_a_signal_is_none() -> None:
    flat = SIGNALS_MV.copy()
    flat[6:] = 0
    assert _read(dicom_file(flat, FS_HZ)).leads == LEADS[:6]


def test_a_zip_of_several_records_gives_them_all() -> None:
    files = wfdb_files(SIGNALS_MV, FS_HZ)
    packed = wfdb_zip(files["ecg.hea"], "a.hea", {"ecg.dat": files["ecg.dat"], "b.hea": files["ecg.hea"]})
    found = read_recordings(packed, "two")
    assert found is not None and len(found) == 2
