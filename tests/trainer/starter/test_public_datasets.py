"""Public data sets: each form is read as published, on small copies that the tests make themselves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wfdb

from annotations.exchange.wfdb_records import MAX_MARKS_BYTES
from ecgcore.errors import DataError, EcgError
from ecgcore.papersim import LEADS, PageStyle, synthetic_ecg
from tests.support.wfdb_files import BAD, write_ludb_record
from trainer.starter.public_datasets import Record, load_khan, load_ludb, load_ptbxl
from trainer.starter.signal_augment import augment_amplitudes, augment_rhythm
from trainer.starter.synthetic_pages import boxed_pages, cuts_closely, render_boxed_page


def test_ludb_marks_become_complete_beats_and_stretches(tmp_path: Path) -> None:
    truth = write_ludb_record(tmp_path / "ludb")
    (record,) = load_ludb(tmp_path)
    assert np.allclose(record.signals_mv, truth.signals_mv, atol=0.01)
    assert record.beats_s is not None
    assert record.stretches_s is not None
    assert truth.beats_s is not None
    assert np.allclose(record.beats_s[0], truth.beats_s[0], atol=0.003)
    lead_ii = LEADS.index("II")
    assert len(record.beats_s[lead_ii]) == len(truth.beats_s[lead_ii]) - 1
    assert len(record.stretches_s[0]) == 1
    assert len(record.stretches_s[lead_ii]) == 2
    gap_s = record.stretches_s[lead_ii][1, 0] - record.stretches_s[lead_ii][0, 1]
    assert gap_s > 0.8  # the beat without T lies in no stretch


@pytest.mark.parametrize("kind", BAD)
def test_headers_that_ask_too_much_are_refused(tmp_path: Path, kind: str) -> None:
    write_ludb_record(tmp_path / "good")
    for file in (tmp_path / "good").iterdir():
        (tmp_path / f"bad{file.suffix}").write_bytes(file.read_bytes()[:20_000])
    (tmp_path / "bad.hea").write_text(BAD[kind][0])
    (tmp_path / "scp_statements.csv").write_text(",diagnostic_class\nNORM,NORM\n")
    (tmp_path / "ptbxl_database.csv").write_text("ecg_id,patient_id,scp_codes,filename_hr\n1,7,\"{'NORM': 1.0}\",bad")
    for load in (load_ludb, load_ptbxl):
        with pytest.raises(EcgError):
            load(tmp_path)


def test_marks_that_are_too_long_are_refused(tmp_path: Path) -> None:
    write_ludb_record(tmp_path)
    with (tmp_path / "1.ii").open("ab") as stream:
        stream.truncate(MAX_MARKS_BYTES + 1)
    with pytest.raises(EcgError, match="too large"):
        load_ludb(tmp_path)


def test_a_boxed_page_shows_marked_stretches_only(tmp_path: Path) -> None:
    write_ludb_record(tmp_path / "ludb")
    (record,) = load_ludb(tmp_path)
    page = render_boxed_page(record, 1, PageStyle(layout="6x2"))
    assert page is not None
    assert record.stretches_s is not None
    assert len(page.boxes_xyxy) > 12
    for lead, (onset_s, end_s) in zip(page.box_leads, page.box_times_s, strict=True):
        inside = (record.stretches_s[lead][:, 0] <= onset_s) & (end_s <= record.stretches_s[lead][:, 1])
        assert inside.any()
    assert render_boxed_page(record, 1, PageStyle(layout="12x1", column_s=0.5)) is None


def test_pages_do_not_depend_on_their_company(tmp_path: Path) -> None:
    write_ludb_record(tmp_path / "ludb")
    (record,) = load_ludb(tmp_path)
    other = Record("ludb:2", "ludb:2", None, record.signals_mv, record.fs_hz, record.beats_s, record.stretches_s)
    alone = {page.picture_hash for page in boxed_pages([record], 2, seed=5, workers=1)}
    together = {page.picture_hash for page in boxed_pages([other, record], 2, seed=5, workers=1)}
    assert alone
    assert alone <= together


def test_ptbxl_compact_and_published_give_the_same_labels(tmp_path: Path) -> None:
    signals_mv, _, _ = synthetic_ecg("normal", 1, fs_hz=500)
    compact, published = tmp_path / "compact", tmp_path / "published"
    compact.mkdir()
    published.mkdir()
    steps = np.round(signals_mv[:, ::2] / 0.005).astype(np.int16)
    delta = np.diff(steps, axis=-1, prepend=np.int16(0))
    np.savez(compact / "ptbxl.npz", delta=np.stack([delta] * 3))
    (compact / "ptbxl.csv").write_text("ecg_id,label,patient_id\n1,normal,7\n2,abnormal,\n3,mixed,8\n")
    wfdb.wrsamp(
        "rec", fs=500, units=["mV"] * 12, sig_name=list(LEADS), p_signal=signals_mv.T, fmt=["16"] * 12,
        write_dir=str(published),
    )  # fmt: skip
    (published / "scp_statements.csv").write_text(",diagnostic_class\nNORM,NORM\nIMI,MI\nSR,\n")
    rows = [
        "1,7.0,\"{'NORM': 100.0, 'SR': 0.0}\",rec",
        "2,,\"{'IMI': 80.0}\",rec",
        "3,8.0,\"{'NORM': 1.0, 'IMI': 1.0}\",rec",
    ]
    (published / "ptbxl_database.csv").write_text("\n".join(["ecg_id,patient_id,scp_codes,filename_hr", *rows]))
    first, second = load_ptbxl(compact), load_ptbxl(published)
    assert [r.label for r in first] == [r.label for r in second] == [0, 1, None]
    assert [r.group for r in first] == [r.group for r in second]
    assert [r.group for r in first] == ["ptbxl:patient:7", "ptbxl:record:2", "ptbxl:patient:8"]
    assert np.allclose(first[0].signals_mv, signals_mv[:, ::2], atol=0.003)


def test_khan_folders_as_published(tmp_path: Path) -> None:
    names = {
        "ECG Images of Patient that have abnormal heartbeat": (1, "abnormal_heartbeat"),
        "ECG Images of Patient that have History of MI": (1, "history_mi"),
        "ECG Images of Myocardial Infarction Patients": (1, "mi"),
        "Normal Person ECG Images": (0, "normal"),
    }
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").touch()
    assert {p.path.parent.name: (p.label, p.diagnosis) for p in load_khan(tmp_path)} == names


@pytest.mark.parametrize("load", [load_ludb, load_ptbxl, load_khan])
def test_an_empty_folder_is_refused_by_name(load, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match=tmp_path.name):
        load(tmp_path)


def test_a_window_cuts_closely_where_only_marking_tolerance_is_lost() -> None:
    beats_s = np.array([[1.0, 1.5], [2.0, 2.5]])
    assert not cuts_closely(beats_s, 1.0, 2.5)  # all complete
    assert cuts_closely(beats_s, 1.02, 3.0)
    assert cuts_closely(beats_s, 0.5, 2.48)
    assert not cuts_closely(beats_s, 0.5, 2.2)  # plainly cut
    assert not cuts_closely(np.zeros((0, 2)), 0.0, 1.0)


def test_varied_amplitudes_change_the_height_and_nothing_else(tmp_path: Path) -> None:
    write_ludb_record(tmp_path)
    (record,) = load_ludb(tmp_path)
    varied = augment_amplitudes(record, np.random.default_rng(0))
    factors = varied.signals_mv[:, 100] / record.signals_mv[:, 100]
    assert len(set(np.round(factors, 3))) == 12
    assert np.allclose(varied.signals_mv, record.signals_mv * factors[:, None])
    assert (varied.beats_s, varied.stretches_s) == (record.beats_s, record.stretches_s)
    plain, different = (
        {page.key: page.picture_hash for page in boxed_pages([record], 6, 0, varied=flag)} for flag in (False, True)
    )
    both = plain.keys() & different.keys()  # too little of a faster rhythm may be left to draw
    assert len(both) >= 4
    assert 0 < sum(plain[key] != different[key] for key in both) < len(both)


@pytest.mark.parametrize("seed", range(6))
def test_another_rhythm_moves_the_beats_and_keeps_their_shape_and_marks(tmp_path: Path, seed: int) -> None:
    write_ludb_record(tmp_path)
    (record,) = load_ludb(tmp_path)
    varied = augment_rhythm(record, np.random.default_rng(seed))
    assert record.beats_s is not None
    assert varied.beats_s is not None
    assert not np.array_equal(varied.beats_s[0], record.beats_s[0])
    clock_s, new_clock_s = (np.arange(r.signals_mv.shape[1]) / r.fs_hz for r in (record, varied))
    wide = [len(v) - len(r) for v, r in zip(varied.beats_s, record.beats_s, strict=True)]
    assert len(set(wide)) == 1  # premature beats are marked in every lead
    for lead in (0, 7):
        new_s = varied.beats_s[lead]
        assert (new_s[1:, 0] >= new_s[:-1, 1]).all()
        kept = 0
        for onset_s, end_s in record.beats_s[lead]:
            shape = np.interp(np.linspace(onset_s, end_s, 60), clock_s, record.signals_mv[lead])
            moved = [np.interp(np.linspace(a, b, 60), new_clock_s, varied.signals_mv[lead]) for a, b in new_s]
            kept += min(np.abs(shape - other).max() for other in moved) < 0.1 * np.ptp(shape)
        assert kept == len(record.beats_s[lead])


def test_a_record_of_two_beats_keeps_its_rhythm(tmp_path: Path) -> None:
    write_ludb_record(tmp_path)
    (record,) = load_ludb(tmp_path)
    assert record.beats_s is not None
    short = replace(record, beats_s=[beats[:2] for beats in record.beats_s])
    assert augment_rhythm(short, np.random.default_rng(0)) is short
