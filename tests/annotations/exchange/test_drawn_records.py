"""WFDB headers that ask for what no record has: refused with a reason each, and the others are drawn."""

from pathlib import Path

from annotations.exchange.drawn_records import import_records
from annotations.store import Store
from ecgcore.papersim import LEADS
from tests.support.wfdb_files import write_ludb_record


def _header(first: str, signal: str = "bad.dat 16 1000/mV 16 0 0 0 0") -> str:
    return "\n".join([first, *(f"{signal} {lead}" for lead in LEADS), ""])


BAD = {
    "44 GiB": (_header("bad 12 500 500000000"), "damaged"),
    "no frequency": (_header("bad 12 0 5000"), "0 samples a second"),
    "too high": (_header("bad 12 1e9 5000"), "samples a second"),
    "itself": ("bad/2 12 500 5000\nbad 2500\nbad 2500\n", "segments in segments"),
    "a missing segment": ("bad/2 12 500 5000\nx 2500\n~ 2500\n", "missing"),
    "many segments": (f"bad/{10**9} 12 500 5000\nx 2500\n", ""),
    "outside": (_header("bad 12 500 5000", "../../secret.dat 16 1000/mV 16 0 0 0 0"), "damaged"),
    "absolute": (_header("bad 12 500 5000", "/etc/passwd 16 1000/mV 16 0 0 0 0"), "damaged"),
    "many samples a frame": (_header("bad 12 500 5000", "bad.dat 16x10000000 1000/mV 16 0 0 0 0"), "cannot be read"),
    "a long skew": (_header("bad 12 500 5000", "bad.dat 16:1000000000 1000/mV 16 0 0 0 0"), "cannot be read"),
    "no signal": ("bad 0 500 5000\n", "0 signals"),
    "a billion signals": ("bad 1000000000 500 5000\n", ""),
    "no gain": (_header("bad 12 500 5000", "bad.dat 16 0/mV 16 0 0 0 0"), ""),
    "an unknown format": (_header("bad 12 500 5000", "bad.dat 99 1000/mV 16 0 0 0 0"), ""),
    "words": ("what is this\n", ""),
    "nothing": ("", ""),
    "a long line": ("bad " + "1" * 5000 + " 500 5000\n", ""),
}


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
