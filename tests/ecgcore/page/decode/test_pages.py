"""Orientation, files of several pages, and HEIC with and without the extra that reads it."""

import io
import sys

import numpy as np
import pypdfium2 as pdfium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from pillow_heif import register_heif_opener

from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode import limits
from ecgcore.page.decode.pdf import MAX_DRAWN_PIXELS
from ecgcore.page.decode.read import read_picture

ORIENTATION = 0x0112
ANY_PICTURE = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF", "JPEG2000")
WITH_EXIF = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF")
register_heif_opener()


def _picture(width: int = 96, height: int = 64) -> Image.Image:
    """Three quarters differ in colour, so that no turn or flip gives the same picture."""
    rgb = np.full((height, width, 3), 255, np.uint8)
    rgb[: height // 2, : width // 2] = (200, 30, 30)
    rgb[height // 2 :, : width // 2] = (30, 30, 200)
    return Image.fromarray(rgb)


def _encode(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("file_format", WITH_EXIF)
@settings(max_examples=20)
@given(orientation=st.integers(1, 8), wh=st.tuples(st.integers(40, 90), st.integers(40, 90)))
def test_orientation_is_applied(file_format: str, orientation: int, wh: tuple[int, int]) -> None:
    _check_orientation(file_format, orientation, wh)


@pytest.mark.parametrize("orientation", [2, 5, 6])
def test_orientation_is_applied_in_heic(orientation: int) -> None:
    _check_orientation("HEIF", orientation, (96, 64))  # no more of them: the encoder takes a second


def _check_orientation(file_format: str, orientation: int, wh: tuple[int, int]) -> None:
    stored, exif = _picture(*wh), Image.Exif()
    exif[ORIENTATION] = orientation
    seen = ImageOps.exif_transpose(Image.open(io.BytesIO(_encode(stored, "PNG", exif=exif))))
    [page] = read_picture(_encode(stored, file_format, exif=exif.tobytes()), "photo")
    assert page.shape[:2] == (seen.height, seen.width)
    assert np.abs(page.astype(int) - np.asarray(seen.convert("RGB"))).mean() < 16


@pytest.mark.parametrize("orientation", [1, 6])
def test_tiff_gives_every_page_and_no_thumbnail(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    pages = [_picture(), _picture(48, 32), _picture(24, 16)]
    pages[2].encoderinfo = {"tiffinfo": {254: 1}}  # a smaller copy of another page
    whole = _encode(pages[0], "TIFF", save_all=True, append_images=pages[1:], exif=exif)
    got = read_picture(whole, "scan")
    assert [page.shape[:2] for page in got] == ([(64, 96), (32, 48)] if orientation == 1 else [(96, 64), (48, 32)])


def test_no_page_of_a_tiff_is_lost_silently() -> None:
    whole = _encode(_picture(), "TIFF", save_all=True, append_images=[_picture()] * 2)
    for length in (len(whole) // 3, len(whole) - 200):
        with pytest.raises(UnreadablePictureError, match="damaged"):
            read_picture(whole[:length], "scan")


@pytest.mark.parametrize("file_format", ["TIFF", "PDF"])
def test_pages_are_counted(file_format: str) -> None:
    small = Image.new("1", (9, 9))
    whole = _encode(small, file_format, save_all=True, append_images=[small] * limits.MAX_PAGES)
    with pytest.raises(UnreadablePictureError, match="50"):
        read_picture(whole, "book")


def test_pixels_of_all_pages_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_FILE_PIXELS", 3 * 96 * 64)
    three = _encode(_picture(), "TIFF", save_all=True, append_images=[_picture()] * 2)
    four = _encode(_picture(), "TIFF", save_all=True, append_images=[_picture()] * 3)
    assert len(read_picture(three, "book")) == 3
    with pytest.raises(UnreadablePictureError, match="together"):
        read_picture(four, "book")


def test_heic_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = _encode(_picture(), "HEIF")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(UnreadablePictureError, match="make heic"):
        read_picture(photo, "IMG_0001.HEIC")


@pytest.mark.parametrize("file_format", ANY_PICTURE)
def test_every_format_is_read_whole_or_refused(file_format: str) -> None:
    whole = _encode(_picture(), file_format)
    [page] = read_picture(whole, "photo.dat")
    assert np.abs(page.astype(int) - np.asarray(_picture())).mean() < 16
    for length in (13, len(whole) // 4, len(whole) // 2):
        with pytest.raises(UnreadablePictureError) as refused:
            read_picture(whole[:length], "photo.dat")
        assert refused.value.next_step


@pytest.mark.parametrize("file_format", ANY_PICTURE)
def test_too_many_pixels_are_refused_in_every_format(file_format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _encode(_picture(), file_format)
    monkeypatch.setattr(limits, "MAX_PIXELS", 96 * 64 - 1)
    with pytest.raises(UnreadablePictureError, match="million pixels"):
        read_picture(whole, "poster")


def test_a_pdf_page_beyond_all_measure_is_drawn_within_bounds() -> None:
    document = pdfium.PdfDocument.new()
    document.new_page(14_000, 14_000)  # points: nearly 5 m
    buffer = io.BytesIO()
    document.save(buffer)
    [page] = read_picture(buffer.getvalue(), "banner.pdf")
    assert abs(page.shape[0] * page.shape[1] / MAX_DRAWN_PIXELS - 1) < 0.01


HEIC = _encode(_picture(), "HEIF")


@settings(max_examples=60)
@given(st.data())
def test_damaged_heic_never_crashes(data: st.DataObject) -> None:
    damaged = bytearray(HEIC)
    for _ in range(3):
        damaged[data.draw(st.integers(12, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_picture(bytes(damaged), "flipped")
    except UnreadablePictureError as error:
        assert error.next_step
