"""PDFs as clinics have them: forms, small pictures, odd units, passwords, very many pages."""

import numpy as np
import pytest

from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode.file_pages import PageChoice
from ecgcore.page.decode.isolated import read_untrusted_pages
from ecgcore.page.decode.limits import MAX_PAGES, ChoosePagesError
from ecgcore.page.decode.pdf import LEAST_LONG_SIDE_PX
from ecgcore.page.decode.read import read_picture
from ecgcore.types import ByteArray
from tests.support.pdf_files import form_field_page, locked_pdf, pdf_file, pdf_of_pages, picture, picture_page, stream

A4 = (595, 842)


@pytest.fixture(scope="module")
def photo_rgb() -> ByteArray:
    """Smooth, with one dark line, 1000 x 600."""
    y, x = np.mgrid[:600, :1000]
    rgb = np.stack([x // 4, y // 3, (x + y) // 7], axis=2).astype(np.uint8)
    rgb[290:310] = 0
    return rgb


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_picture_pasted_small_keeps_its_own_pixels(photo_rgb: ByteArray, turn: int) -> None:
    [page] = read_picture(picture_page(photo_rgb, (170, 400, 200, 120), A4, b"/Rotate %d" % turn), "letter.pdf")
    seen = np.rot90(photo_rgb, -turn // 90)
    assert np.abs(np.subtract(page.shape, seen.shape)).max() <= 2
    height, width = (min(sides) for sides in zip(page.shape[:2], seen.shape[:2], strict=True))
    assert np.abs(page[:height, :width].astype(int) - seen[:height, :width]).mean() < 3


def test_a_scan_that_fills_its_page_keeps_its_own_pixels(photo_rgb: ByteArray) -> None:
    [page] = read_picture(picture_page(photo_rgb, (0, 0, 250, 150), (250, 150)), "scan.pdf")
    assert page.shape == photo_rgb.shape


def test_a_picture_beside_traces_is_drawn_with_them(photo_rgb: ByteArray) -> None:
    lines = b"".join(b"%d %d l " % (x % 300, 10 + x % 7) for x in range(600))
    resources = b"/Resources<</XObject<</P 5 0 R>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 400]/Contents 4 0 R%s>>" % resources
    drawn = stream(b"", b"q 200 0 0 120 300 200 cm /P Do Q 0 0 m %s S" % lines)
    [whole] = read_picture(pdf_file(page, drawn, picture(photo_rgb)), "report.pdf")
    assert whole.shape == (2000, 3000, 3), "five pixels a point, as the picture has, and the whole page"


def test_a_form_field_is_drawn(photo_rgb: ByteArray) -> None:
    [page] = read_picture(form_field_page(photo_rgb, (500, 300)), "form.pdf")
    assert page.shape[1] >= 1000
    assert page.mean() == pytest.approx(photo_rgb.mean(), abs=3)


def test_a_page_in_large_units_is_drawn_large() -> None:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 80 50]/UserUnit 10/Contents 4 0 R>>"
    [drawn] = read_picture(pdf_file(page, stream(b"", b"0 0 40 25 re f")), "plot.pdf")
    assert drawn.shape == (LEAST_LONG_SIDE_PX * 50 // 80, LEAST_LONG_SIDE_PX, 3)


def test_an_owners_password_does_not_close_a_file() -> None:
    [page] = read_picture(locked_pdf(b"", b"secret"), "report.pdf")
    assert page[-1, 0].max() == 0, "the square that is drawn in the lower left"
    assert page[0, -1].min() == 255


def test_a_users_password_is_named() -> None:
    with pytest.raises(UnreadablePictureError, match=r"report\.pdf is a PDF that opens with a password only"):
        read_picture(locked_pdf(b"open", b"secret"), "report.pdf")


def test_a_long_file_asks_which_pages() -> None:
    book = pdf_of_pages(200)
    with pytest.raises(ChoosePagesError, match=r"200 pages; 50 are the most.*--pages 1-50") as asked:
        read_untrusted_pages(book, "book.pdf")
    assert asked.value.page_count == 200
    pages = read_untrusted_pages(book, "book.pdf", PageChoice.parse("7, 120-121, 199-"))
    assert [page.number for page in pages] == [7, 120, 121, 199, 200]
    first_column = [int(page.photo_rgb[:, :, 0].min(axis=0).argmin()) for page in pages]
    assert first_column == pytest.approx([(page.number - 1) % 60 / 60 * 1600 for page in pages], abs=30)
    with pytest.raises(ChoosePagesError, match="of which 60 were chosen"):
        read_untrusted_pages(book, "book.pdf", PageChoice.parse("1-60"))
    with pytest.raises(UnreadablePictureError, match=r"none of which was chosen \(201-300\)"):
        read_untrusted_pages(book, "book.pdf", PageChoice.parse("201-300"))


def test_the_most_pages_are_read_without_a_question() -> None:
    assert len(read_untrusted_pages(pdf_of_pages(MAX_PAGES), "report.pdf")) == MAX_PAGES


@pytest.mark.parametrize("text", ["", "0", "3-1", "a", "1;2", "1--2", "-5", "1,", "9999999"])
def test_only_page_numbers_are_a_choice(text: str) -> None:
    with pytest.raises(ValueError, match="pages"):
        PageChoice.parse(text)


def test_a_choice_is_written_as_it_is_read() -> None:
    for text in ("3", "1-50", "1-3,7,12-"):
        assert str(PageChoice.parse(text)) == text
    assert PageChoice.parse(" 5 , 2-3, 3 -4 ").numbers(4) == [2, 3, 4]
