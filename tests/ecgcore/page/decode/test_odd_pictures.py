"""Pictures as scanners, viewers and phones write them: deep grey, ink counted for light, glass for paper, no name."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from ecgcore.page.decode.file_pages import PageChoice
from ecgcore.page.decode.isolated import read_untrusted_pages
from ecgcore.page.decode.kinds import HEAD_BYTES, is_picture_or_pdf
from ecgcore.page.decode.read import read_picture, readable_files
from ecgcore.types import ByteArray

register_heif_opener()


@pytest.fixture(scope="module")
def page_grey() -> ByteArray:
    """Paper with a grid and a trace, ``uint8 [300, 400]``."""
    grey = np.full((300, 400), 250, np.uint8)
    grey[::10], grey[:, ::10] = 200, 200
    grey[148:151] = 10
    return grey


def _encode(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _is_page(data: bytes, page_grey: ByteArray, tolerance: float = 4) -> bool:
    [page] = read_picture(data, "page")
    return page.shape == (300, 400, 3) and float(np.abs(page.mean(axis=2) - page_grey).mean()) < tolerance


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("file_format", ["TIFF", "PNG", "JPEG2000"])
def test_deep_grey_is_scaled_by_the_bits_in_use(page_grey: ByteArray, bits: int, file_format: str) -> None:
    deep = (page_grey.astype(np.float64) / 255 * (2**bits - 1)).astype(np.uint16)
    assert _is_page(_encode(Image.fromarray(deep), file_format), page_grey)


def test_deep_grey_that_counts_ink_is_turned_round(page_grey: ByteArray) -> None:
    deep = (4095 - page_grey.astype(np.float64) / 255 * 4095).astype(np.uint16)
    assert _is_page(_encode(Image.fromarray(deep), "TIFF", tiffinfo={262: 0}), page_grey)


@pytest.mark.parametrize("ending", [".png", ".tif"])
@pytest.mark.parametrize("bits", [12, 16])
def test_deep_colour_is_scaled_by_the_bits_in_use(page_grey: ByteArray, bits: int, ending: str) -> None:
    deep = (page_grey.astype(np.float64) / 255 * (2**bits - 1)).astype(np.uint16)
    [page] = read_picture(cv2.imencode(ending, np.repeat(deep[..., None], 3, axis=2))[1].tobytes(), "page")
    assert np.abs(page.astype(int) - page_grey[..., None]).max() <= 255 / 15  # Pillow keeps four of twelve bits


def test_grey_in_parts_of_one_is_read(page_grey: ByteArray) -> None:
    assert _is_page(_encode(Image.fromarray(page_grey.astype(np.float32) / 255), "TIFF"), page_grey)


@pytest.mark.parametrize("is_inverted", [False, True])
def test_cmyk_without_adobes_marker_is_read_by_its_paper(page_grey: ByteArray, is_inverted: bool) -> None:
    ink = np.zeros((300, 400, 4), np.uint8)
    ink[..., 3] = 255 - page_grey
    written = _encode(Image.fromarray(255 - ink if is_inverted else ink, "CMYK"), "JPEG", quality=95)
    at = written.index(b"\xff\xee")
    bare = written[:at] + written[at + 2 + int.from_bytes(written[at + 2 : at + 4], "big") :]
    assert b"Adobe" not in bare
    assert is_inverted or _is_page(written, page_grey)
    assert _is_page(bare, page_grey)


@pytest.mark.parametrize(("stroke", "paper"), [("black", 255), ("blue", 255), ("white", 0), ("yellow", 0), ("lime", 0)])
@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_transparency_is_laid_over_what_shows_the_strokes(stroke: str, paper: int, mode: str) -> None:
    drawn = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    drawn.paste(stroke, (0, 140, 400, 146))
    if mode == "P":
        drawn = drawn.quantize(4)
    [page] = read_picture(_encode(drawn, "PNG"), "page")
    assert (page[10, 10] == paper).all()
    assert np.ptp(page[:, 200].max(axis=1) if paper == 0 else page[:, 200].min(axis=1)) > 200


def test_a_light_grid_on_glass_keeps_its_white_paper(page_grey: ByteArray) -> None:
    layer = np.zeros((300, 400, 4), np.uint8)
    layer[page_grey == 200] = (255, 190, 190, 255)
    layer[page_grey == 10] = (0, 0, 0, 255)
    [page] = read_picture(_encode(Image.fromarray(layer), "PNG"), "page")
    assert page[5, 5].min() == 255


def test_the_first_of_two_pictures_in_one_is_read(page_grey: ByteArray) -> None:
    both = _encode(Image.fromarray(page_grey), "MPO", save_all=True, append_images=[Image.new("L", (40, 30))])
    assert _is_page(both, page_grey)


def test_chosen_pages_of_a_tiff_keep_their_numbers() -> None:
    pages = [Image.new("L", (40, 30), 4 * number) for number in range(60)]
    whole = _encode(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    chosen = read_untrusted_pages(whole, "book.tif", PageChoice.parse("2,50-"))
    assert [(page.number, page.photo_rgb[0, 0, 0]) for page in chosen] == [
        (n, 4 * (n - 1)) for n in (2, *range(50, 61))
    ]


FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "HEIF", "PDF")


def test_a_folder_gives_what_can_be_read_whatever_it_is_called(page_grey: ByteArray, tmp_path: Path) -> None:
    for file_format in FORMATS:
        (tmp_path / f"{file_format}.dat").write_bytes(_encode(Image.fromarray(page_grey), file_format))
    (tmp_path / "IMG_0001.HEIC").write_bytes(b"cut off on its way")
    (tmp_path / "no ending").write_bytes(_encode(Image.fromarray(page_grey), "PNG"))
    (tmp_path / "notes.txt").write_text("BM is not always a bitmap, nor II a scan")
    (tmp_path / "table.csv").write_text("file,label\n")
    expected = {*(f"{name}.dat" for name in FORMATS), "IMG_0001.HEIC", "no ending"}
    assert {file.name for file in readable_files(tmp_path)} == expected


def test_bare_and_large_kinds_are_known() -> None:
    for head in (b"II+\0", b"MM\0+", b"\xff\x4f\xff\x51", b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf"):
        assert is_picture_or_pdf(head.ljust(HEAD_BYTES, b"\0"))
    assert not is_picture_or_pdf(b"")
