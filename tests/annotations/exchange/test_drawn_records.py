"""WFDB headers that ask for what no record has: refused with a reason each, and the others are drawn."""

from pathlib import Path

from annotations.exchange.drawn_records import import_records
from annotations.store import Store
from tests.support.wfdb_files import BAD, write_ludb_record


def test_headers_that_ask_too_much_are_refused_and_the_next_record_drawn(tmp_path: Path) -> None:
    write_ludb_record(tmp_path / "in" / "good", 1)
    for kind, (header, _) in BAD.items():
        (tmp_path / "in" / kind).mkdir()
        (tmp_path / "in" / kind / "bad.hea").write_text(header)
        (tmp_path / "in" / kind / "bad.dat").write_bytes((tmp_path / "in" / "good" / "1.dat").read_bytes()[:20_000])
    report = import_records(Store(tmp_path / "data"), tmp_path / "in")
    assert report.pictures_added == 1
    reasons = {refusal.file.removesuffix("/bad"): refusal.reason for refusal in report.refusals}
    assert reasons.keys() == BAD.keys()
    for kind, (_, words) in BAD.items():
        assert words in reasons[kind], kind
        assert len(reasons[kind]) < 400


def test_a_long_record_gives_its_first_ten_seconds(tmp_path: Path) -> None:
    record = write_ludb_record(tmp_path / "in", 1)
    header = (tmp_path / "in" / "1.hea").read_text()
    stated = header.split("\n")[0].split()
    (tmp_path / "in" / "1.hea").write_text(header.replace(f" {stated[3]}", f" {10**9}", 1))
    report = import_records(Store(tmp_path / "data"), tmp_path / "in")
    assert record.signals_mv.shape[1] >= 10 * record.fs_hz
    assert (report.pictures_added, report.refusals) == (1, [])
