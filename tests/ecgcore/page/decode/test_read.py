"""Every picture format becomes upright RGB; everything else becomes a reason with a next step."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode.read import picture_hash, read_picture


def _encode(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _gradient() -> Image.Image:
    ramp = np.linspace(0, 255, 40, dtype=np.uint8)
    return Image.fromarray(np.stack([np.tile(ramp, (30, 1))] * 3, axis=2))


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_formats_are_told_by_content(file_format: str) -> None:
    [page] = read_picture(_encode(_gradient(), file_format), "page.txt")
    assert page.shape == (30, 40, 3)
    assert page.dtype == np.uint8
    np.testing.assert_allclose(page, np.asarray(_gradient()), atol=12)


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "LA", "RGBA"])
def test_modes(mode: str) -> None:
    file_format = "TIFF" if mode == "CMYK" else "PNG"
    [page] = read_picture(_encode(_gradient().convert(mode), file_format), "page")
    assert page.shape == (30, 40, 3)
    assert page[:, :4].mean() < 60
    assert page[:, -4:].mean() > 195


def test_transparency_lies_on_white() -> None:
    [page] = read_picture(_encode(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), "PNG"), "page")
    assert (page == 255).all()


def test_sixteen_bits_are_scaled() -> None:
    deep = Image.fromarray(np.linspace(0, 65535, 100).astype(np.uint16).reshape(10, 10))
    [page] = read_picture(_encode(deep, "PNG"), "page")
    assert page.min() == 0
    assert page.max() == 255
    assert abs(float(page.mean()) - 127) < 2


def test_exif_orientation_and_hash() -> None:
    upright = _gradient()
    exif = Image.Exif()
    exif[0x0112] = 6  # turn 90 degrees clockwise to stand upright
    [turned] = read_picture(_encode(upright.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif), "page")
    [plain] = read_picture(_encode(upright, "PNG"), "page")
    np.testing.assert_array_equal(turned, plain)
    assert picture_hash(turned) == picture_hash(plain)
    assert picture_hash(plain.reshape(40, 30, 3)) != picture_hash(plain)


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    [page] = read_picture(_encode(frames[0], "GIF", save_all=True, append_images=frames[1:]), "page")
    assert tuple(page[0, 0]) == (255, 0, 0)


def test_pdf_gives_one_picture_a_page(tmp_path: Path) -> None:
    path = tmp_path / "two.png"
    path.write_bytes(_encode(_gradient(), "PDF", save_all=True, append_images=[_gradient()], resolution=72))
    pages = read_picture(path, "two.png")
    assert len(pages) == 2
    for page in pages:  # at the scan's own resolution
        np.testing.assert_allclose(page, np.asarray(_gradient()), atol=8)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    whole = _encode(_gradient(), "PNG")
    for data in (b"", b"not a picture", whole[:60], whole[: len(whole) // 2], b"%PDF-1.4 broken"):
        with pytest.raises(UnreadablePictureError) as refused:
            read_picture(data, "scan 7")
        assert "scan 7" in refused.value.cause
        assert refused.value.next_step
    with pytest.raises(UnreadablePictureError, match=r"gone\.png"):
        read_picture(tmp_path / "gone.png", "gone.png")


def test_too_many_pixels_are_refused_before_decoding() -> None:
    small = _encode(_gradient(), "PNG")
    header = small[12:16] + struct.pack(">II", 30_000, 30_000) + small[24:29]
    huge = small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]
    with pytest.raises(UnreadablePictureError, match="million pixels"):
        read_picture(huge, "huge.png")


@settings(max_examples=60)
@given(
    st.binary(max_size=400), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0"])
)
def test_random_bytes_never_crash(data: bytes, head: bytes) -> None:
    try:
        pages = read_picture(head + data, "random")
    except UnreadablePictureError as error:
        assert error.cause
        assert error.next_step
    else:
        assert all(page.ndim == 3 for page in pages)


@settings(max_examples=60)
@given(st.data())
def test_flipped_bytes_never_crash(data: st.DataObject) -> None:
    file_format = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "TIFF", "GIF"]))
    damaged = bytearray(_encode(_gradient(), file_format))
    for _ in range(3):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_picture(bytes(damaged), "flipped")
    except UnreadablePictureError as error:
        assert error.next_step
