"""DICOM files give their frames or their PDF, in the colours that are meant, and nothing of the patient."""

import io
import logging
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import compress
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode.read import read_picture

PATIENT = "Mustermann^Erika"
RGB = np.stack(
    [np.tile(np.linspace(0, 255, 40, dtype=np.uint8), (30, 1)), np.full((30, 40), 60), np.eye(30, 40) * 200], 2
)
RGB = RGB.astype(np.uint8)


def _dataset(pixels: np.ndarray, interpretation: str, bits: int = 8, **more: object) -> Dataset:
    content = Dataset()
    content.file_meta = FileMetaDataset()
    content.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    content.SOPClassUID = content.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    content.SOPInstanceUID = content.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4")
    content.PatientName, content.PatientID = PATIENT, "4711"
    content.SamplesPerPixel = (
        pixels.shape[-1] if interpretation not in {"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"} else 1
    )
    height_width = pixels.shape[-3:-1] if content.SamplesPerPixel == 3 else pixels.shape[-2:]
    content.Rows, content.Columns = height_width
    content.PhotometricInterpretation = interpretation
    if content.SamplesPerPixel == 3:
        content.PlanarConfiguration = 0
    content.BitsAllocated = 8 if bits <= 8 else 16
    content.BitsStored, content.HighBit, content.PixelRepresentation = bits, bits - 1, 0
    content.PixelData = pixels.tobytes()
    content["PixelData"].VR = "OB" if bits <= 8 else "OW"
    for keyword, value in more.items():
        setattr(content, keyword, value)
    return content


def _bytes(content: Dataset, **options: object) -> bytes:
    buffer = io.BytesIO()
    content.save_as(buffer, enforce_file_format=True, **options)
    return buffer.getvalue()


def test_secondary_capture_in_colour() -> None:
    [page] = read_picture(_bytes(_dataset(RGB, "RGB")), "scan.jpg")
    np.testing.assert_array_equal(page, RGB)


def test_planes_may_lie_apart() -> None:
    planes = _dataset(RGB, "RGB", PlanarConfiguration=1, PixelData=RGB.transpose(2, 0, 1).tobytes())
    np.testing.assert_array_equal(read_picture(_bytes(planes), "x")[0], RGB)


@pytest.mark.parametrize("subsampled", [False, True])
def test_ybr_becomes_rgb(subsampled: bool) -> None:
    ybr = np.asarray(Image.fromarray(RGB).convert("YCbCr"))
    content = _dataset(ybr, "YBR_FULL_422" if subsampled else "YBR_FULL")
    if subsampled:  # PS3.3 C.7.6.3.1.2: two luminances, then the pair's colour
        pairs = np.stack([ybr[:, 0::2, 0], ybr[:, 1::2, 0], ybr[:, 0::2, 1], ybr[:, 0::2, 2]], axis=2)
        content.PixelData = pairs.tobytes()
    [page] = read_picture(_bytes(content), "x")
    assert np.abs(page.astype(int) - RGB).mean() < (6 if subsampled else 2)


@pytest.mark.parametrize(("interpretation", "paper"), [("MONOCHROME2", 255), ("MONOCHROME1", 0)])
def test_grey_stands_the_right_way_round(interpretation: str, paper: int) -> None:
    stored = np.full((30, 40), paper, np.uint8)
    stored[10] = 255 - paper
    [page] = read_picture(_bytes(_dataset(stored, interpretation)), "x")
    assert (page[0] == 255).all()
    assert (page[10] == 0).all()


def test_deep_grey_is_stretched_and_windows_are_heeded() -> None:
    stored = np.tile(np.linspace(0, 4000, 40).astype(np.uint16), (30, 1))
    [plain] = read_picture(_bytes(_dataset(stored, "MONOCHROME2", bits=12)), "x")
    assert (plain.min(), plain.max()) == (0, 255)
    window = {"WindowCenter": [500, 9], "WindowWidth": [1000, 9], "RescaleSlope": 1, "RescaleIntercept": 0}
    [seen] = read_picture(_bytes(_dataset(stored, "MONOCHROME2", bits=12, **window)), "x")
    assert abs(int(seen[0, 5, 0]) - 255 * float(stored[0, 5]) / 1000) < 2
    assert (seen[:, 10:] == 255).all()


def test_palettes_are_looked_up() -> None:
    colours = np.array([[255, 255, 255], [200, 30, 60]], np.uint8)
    content = _dataset(np.eye(30, 40, dtype=np.uint8), "PALETTE COLOR")
    for channel, name in enumerate(("Red", "Green", "Blue")):
        setattr(content, f"{name}PaletteColorLookupTableDescriptor", [2, 0, 8])
        setattr(content, f"{name}PaletteColorLookupTableData", colours[:, channel].tobytes())
    np.testing.assert_array_equal(read_picture(_bytes(content), "x")[0], colours[np.eye(30, 40, dtype=int)])


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_byte_orders(syntax: UID) -> None:
    content = _dataset(RGB, "RGB")
    content.file_meta.TransferSyntaxUID = syntax
    np.testing.assert_array_equal(read_picture(_bytes(content), "x")[0], RGB)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_lossless_compression(syntax: UID) -> None:
    content = _dataset(RGB, "RGB")
    if syntax == RLELossless:
        compress(content, syntax, generate_instance_uid=False)
    else:
        buffer = io.BytesIO()
        Image.fromarray(RGB).save(buffer, "JPEG2000", no_jp2=True, mct=0)
        content.PixelData = encapsulate([buffer.getvalue()])
        content.file_meta.TransferSyntaxUID = syntax
    np.testing.assert_array_equal(read_picture(_bytes(content), "x")[0], RGB)


def test_jpeg_compression() -> None:
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "JPEG", quality=95, subsampling=0)
    content = _dataset(RGB, "YBR_FULL", PixelData=encapsulate([buffer.getvalue()]))
    content.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    [page] = read_picture(_bytes(content), "x")
    assert np.abs(page.astype(int) - RGB).mean() < 6


def test_every_frame_is_a_page() -> None:
    frames = np.stack([RGB, 255 - RGB, RGB // 2])
    pages = read_picture(_bytes(_dataset(frames, "RGB", NumberOfFrames=3)), "x")
    np.testing.assert_array_equal(np.stack(pages), frames)


def test_encapsulated_pdf_is_drawn() -> None:
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "PDF", resolution=72)
    content = _dataset(
        RGB, "RGB", EncapsulatedDocument=buffer.getvalue(), MIMETypeOfEncapsulatedDocument="application/pdf"
    )
    del content.PixelData
    [page] = read_picture(_bytes(content), "x")
    assert np.abs(page.astype(int) - RGB).mean() < 16  # a JPEG within
    content.EncapsulatedDocument = b"<ClinicalDocument/>"
    with pytest.raises(UnreadablePictureError, match="no PDF"):
        read_picture(_bytes(content), "x")


def _refusal(content: Dataset | bytes, **options: object) -> UnreadablePictureError:
    with pytest.raises(UnreadablePictureError) as refused:
        read_picture(content if isinstance(content, bytes) else _bytes(content, **options), "scan 7")
    assert "scan 7" in refused.value.cause
    assert refused.value.next_step
    return refused.value


def test_what_cannot_be_read_is_named() -> None:
    whole = _bytes(_dataset(RGB, "RGB"))
    for length in (140, 400, len(whole) // 2, len(whole) - 500):
        _refusal(whole[:length])
    signal_only = _dataset(RGB, "RGB")
    del signal_only.PixelData
    assert "without a picture" in _refusal(signal_only).cause
    packed = _dataset(RGB, "RGB", PixelData=encapsulate([b"\xff\xd8\xff\xd9"]))
    packed.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    assert "JPEG Lossless" in _refusal(packed).cause
    assert "colours" in _refusal(_dataset(RGB, "HSV")).cause
    small = _dataset(RGB, "RGB")
    del small.Rows
    assert "damaged" in _refusal(small).cause


def test_bombs_are_refused_before_they_unfold() -> None:
    assert "million pixels" in _refusal(_dataset(RGB, "RGB", Rows=60_000, Columns=60_000)).cause
    frames = _dataset(np.zeros((51, 8, 8), np.uint8), "MONOCHROME2", NumberOfFrames=51)
    assert "50 are the most" in _refusal(frames).cause
    runs = _dataset(RGB, "RGB", PixelData=encapsulate([b"\x81\x00" * (9 * 2**20)]))
    runs.file_meta.TransferSyntaxUID = RLELossless
    assert "run-length" in _refusal(runs).cause
    deflated = _dataset(RGB, "RGB", ImageComments="0" * 5_000)
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert "Deflated" in _refusal(deflated).cause


def test_nothing_of_the_patient_is_told(caplog: pytest.LogCaptureFixture) -> None:
    content = _dataset(RGB, "RGB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content.PatientBirthDate, content.PatientAge = PATIENT, PATIENT  # no date and no age: worth a remark
        whole = _bytes(content)
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        read_picture(whole, "x")
        told = [str(_refusal(whole[: whole.index(PATIENT.encode()) + 9])), str(_refusal(whole[:-300]))]
    assert "Muster" not in caplog.text + " ".join(told) + " ".join(str(remark.message) for remark in remarks)


def test_an_element_of_the_wrong_length_is_a_damaged_file() -> None:
    damaged = bytearray(_bytes(_dataset(RGB, "RGB")))
    assert damaged[132:140] == b"\x02\x00\x00\x00UL\x04\x00"  # the group's length, the first element after "DICM"
    damaged[138] = 1
    with pytest.raises(UnreadablePictureError):
        read_picture(bytes(damaged), "short")


@settings(max_examples=80)
@given(st.data())
def test_flipped_bytes_never_crash(data: st.DataObject) -> None:
    content = _dataset(RGB, "RGB")
    if data.draw(st.booleans()):
        compress(content, RLELossless, generate_instance_uid=False)
    damaged = bytearray(_bytes(content))
    for _ in range(4):
        damaged[data.draw(st.integers(132, 900))] = data.draw(st.integers(0, 255))
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            pages = read_picture(bytes(damaged), "flipped")
        except UnreadablePictureError as error:
            assert error.next_step
            assert "Muster" not in str(error)
        else:
            assert all(page.ndim == 3 and page.dtype == np.uint8 for page in pages)
    assert "Muster" not in " ".join(str(remark.message) for remark in remarks)
