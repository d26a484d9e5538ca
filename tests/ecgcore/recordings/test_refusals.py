"""What is no digital ECG that can be read is refused by what it is, and no bytes make more than a refusal."""

import io
import random
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode.read import read_picture
from ecgcore.papersim import synthetic_ecg
from ecgcore.recordings import xml_tree
from ecgcore.recordings.xml_tree import MAX_DEPTH
from tests.support.recording_files import WRITERS, aecg_file, csv_file, dicom_file, muse_file, schiller_file, wfdb_files

SIGNALS_MV, FS_HZ, _ = synthetic_ecg("normal", 3, seconds=2.5)
DTD = '<?xml version="1.0"?><!DOCTYPE AnnotatedECG [{}]><AnnotatedECG>{}</AnnotatedECG>'


def _zip(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return packed.getvalue()


def _refusal(data: bytes, name: str = "file 7") -> UnreadablePictureError:
    with pytest.raises(UnreadablePictureError) as refused:
        read_picture(data, name)
    assert name in refused.value.cause
    assert refused.value.next_step
    return refused.value


HEADER = wfdb_files(SIGNALS_MV, FS_HZ)["ecg.hea"]
NAMED = {
    "EDF": b"0       " + b" " * 300,
    "BDF": b"\xffBIOSEMI" + b" " * 300,
    "ISHNE": b"ISHNE1.0" + b"\0" * 600,
    "MFER": b"\x40\x20MFR " + b"\0" * 99,
    "HL7 version 2": b"MSH|^~\\&|ECG|\rPID|||4711\r",
    "MATLAB": b"MATLAB 5.0 MAT-file" + b" " * 200,
    "Mortara": b'<?xml version="1.0"?><ECG ACQUISITION_TIME="20260101"/>',
    "FHIR": b'{"resourceType": "Observation"}',
    "<svg>": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "ZIP": _zip(notes_txt=b"hello"),
    "header of a WFDB record": HEADER,
    "ecg.dat is missing": _zip(ecg_hea=HEADER),
    "signal format 508": _zip(ecg_hea=HEADER.replace(b" 16 ", b" 508 "), ecg_dat=b""),
    "no rhythm": dicom_file(SIGNALS_MV, FS_HZ, label="MEDIAN BEAT"),
    "no lead": dicom_file(SIGNALS_MV, FS_HZ, unit="mmHg"),
    "its unit is not known": dicom_file(SIGNALS_MV, FS_HZ, unit="V"),
    "samples a second": dicom_file(SIGNALS_MV, 5.0),
    "1.0 s of signal": dicom_file(SIGNALS_MV[:, :500], FS_HZ),
    "does not say its sampling rate": csv_file(SIGNALS_MV, FS_HZ).replace(b"time_s", b"sample"),
    "not evenly spaced": csv_file(SIGNALS_MV, FS_HZ).replace(b"\n0.9980,", b"\n0.5000,"),
    "where a sample should be": csv_file(SIGNALS_MV, FS_HZ).replace(b"\n0.9980,", b"\n0.9980,lost"),
    "without a rhythm": muse_file(SIGNALS_MV, FS_HZ).replace(b">Rhythm<", b">Median<"),
    "packed, which is not read": schiller_file(SIGNALS_MV, FS_HZ).replace(b"COMMASEPARATE", b"HUFFMAN"),
    "without a series": b"<AnnotatedECG/>",
}


@pytest.mark.parametrize("words", NAMED)
def test_what_is_not_read_is_named(words: str) -> None:
    assert words in _refusal(NAMED[words]).cause


def test_xml_may_declare_nothing_and_go_no_deeper_than_ecgs_do(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">'
    assert "entities" in _refusal(DTD.format(bomb, "&b;").encode()).cause
    assert "entities" in _refusal(DTD.format('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;").encode()).cause
    assert "entities" in _refusal(DTD.format('<!ATTLIST AnnotatedECG a CDATA "x">', "").encode()).cause
    deep = "<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH
    assert "damaged" in _refusal(f"<AnnotatedECG>{deep}</AnnotatedECG>".encode()).cause
    monkeypatch.setattr(xml_tree, "MAX_ELEMENTS", 1000)
    assert "damaged" in _refusal(f"<AnnotatedECG>{'<a/>' * 1000}</AnnotatedECG>".encode()).cause


def test_a_zip_may_not_unfold_without_end() -> None:
    bomb = _zip(ecg_hea=HEADER, ecg_dat=b"\0" * (129 * 2**20))
    assert len(bomb) < 2**20
    assert "too much" in _refusal(bomb).cause


def test_xml_comes_in_any_encoding() -> None:
    document = aecg_file(SIGNALS_MV, FS_HZ).decode()
    for encoding, said in (("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("latin-1", "ISO-8859-1")):
        assert len(read_picture(document.replace("UTF-8", said).encode(encoding), "x")) == 1
    assert len(read_picture(("?" + document).encode(), "x")) == 1


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_that_breaks_off_is_refused_or_shorter(kind: str) -> None:
    whole = WRITERS[kind][1](SIGNALS_MV, FS_HZ)
    for length in np.linspace(10, len(whole) - 1, 12).astype(int):
        try:
            read_picture(whole[:length], "short")
        except UnreadablePictureError as error:
            assert error.next_step


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(sorted(WRITERS)), seed=st.integers(0, 2**32 - 1))
def test_flipped_bytes_never_crash(kind: str, seed: int) -> None:
    damaged, chance = bytearray(WRITERS[kind][1](SIGNALS_MV[:, :1100], FS_HZ)), random.Random(seed)
    for _ in range(chance.randint(1, 20)):
        damaged[chance.randrange(min(len(damaged), chance.choice((400, 10**9))))] = chance.randrange(256)
    try:
        read_picture(bytes(damaged), "flipped")
    except UnreadablePictureError as error:
        assert "flipped" in error.cause
