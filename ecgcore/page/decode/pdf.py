"""Pages of a PDF, vector or scan, drawn by PDFium with their form fields and annotations."""

import ctypes
import math
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import NamedTuple

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_raw
from PIL import Image

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.decode.file_pages import NumberedPage, PageChoice, wanted_numbers
from ecgcore.page.decode.limits import MAX_FILE_PIXELS, MAX_SIDE_PX, PageBudget, check_aspect

PDF_DPI = 200
"""Of a page with lines in it; 8 pixels a millimetre on a page of its true size."""
LEAST_LONG_SIDE_PX = 1600
"""A smaller page is drawn larger: its points are larger than 1/72 inch (``UserUnit``, PDF 32000-1 8.3.2.3, which PDFium
does not tell), or its lines are finer. 8 inches at ``PDF_DPI``, less than any page of an ECG machine."""
MAX_DRAWN_PIXELS = 12_000_000
"""A4 at 350 dpi, 14 pixels a millimetre; networks see 4."""
LEAST_PICTURE_PX = 800
"""Longer side: a smaller picture is a logo or a code, and no ECG that can be read."""
LEAST_PICTURE_SHARE = 0.03
"""So is one that fills less of a page with traces."""
LEAST_TRACE_SEGMENTS = 500
"""Fewer pieces of line on a page are rules and tables: a lead of 10 s at 50 points a second has as many."""
FILLED_SHARE = 0.5
"""Pictures over so much of a page without traces are a scan of it; less is a picture that was pasted onto it, and what
was typed around it is no part of the ECG."""
FINE_STEPS = 1_000_000
OBJECTS_LOOKED_AT = 20_000
"""Of one page; a vector ECG has some hundreds to thousands."""
EXPORT_PNG = "Export its pages as PNG."

_IMAGE, _PATH, _SHADING = (
    pdfium_raw.FPDF_PAGEOBJ_IMAGE,
    pdfium_raw.FPDF_PAGEOBJ_PATH,
    pdfium_raw.FPDF_PAGEOBJ_SHADING,
)
_pdfium_lock = threading.Lock()  # PDFium is not thread-safe, the app is threaded


def pdf_pages(data: bytes, name: str, choice: PageChoice | None = None) -> Iterator[NumberedPage]:
    """Draw the pages that are wanted, ``uint8 [H, W, 3]`` RGB each.

    A page is drawn at ``PDF_DPI``, and finer where a picture in it has more pixels or the page is small. Of one without
    traces its pictures are drawn at their own resolution, and alone where they fill less than half of it.

    Args:
        data: the file.
        name: how to call it in messages.
        choice: which pages; None for all.

    Raises:
        ChoosePagesError: too many pages at once.
        UnreadablePictureError: damaged, closed by a password, without pages, or beyond the bounds of ``decode.limits``.
    """
    with _pdfium_lock, closing(_opened(data, name)) as document:
        try:
            document.init_forms()
            numbers = wanted_numbers(name, len(document), choice)
            budget = PageBudget(name, len(document))
            most_px = min(MAX_DRAWN_PIXELS, MAX_FILE_PIXELS // len(numbers))
            for number in numbers:
                with closing(document[number - 1]) as page:
                    yield NumberedPage(number, _drawn(page, budget, most_px))
        except pdfium.PdfiumError as error:
            raise UnreadablePictureError(f"{name} has a page that cannot be drawn.", EXPORT_PNG) from error


def _opened(data: bytes, name: str) -> pdfium.PdfDocument:
    """The document; one that only its owner's password protects opens without it."""
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code == pdfium_raw.FPDF_ERR_PASSWORD:
            cause = f"{name} is a PDF that opens with a password only."
            step = "Open it with its password, print it into a new PDF, and use that one."
        elif error.err_code == pdfium_raw.FPDF_ERR_SECURITY:
            cause = f"{name} is a PDF locked by a certificate or in a way that cannot be read."
            step = "Open it in the program that made it and print it into a new PDF."
        else:
            cause, step = f"{name} is a damaged PDF.", EXPORT_PNG
        raise UnreadablePictureError(cause, step) from error


def _drawn(page: pdfium.PdfPage, budget: PageBudget, most_px: int) -> ByteArray:
    view = _view(page)
    check_aspect(view.width_pt, view.height_pt, budget.name)
    scale = min(
        view.px_per_pt,
        math.sqrt(most_px / (view.width_pt * view.height_pt)),
        MAX_SIDE_PX / max(view.width_pt, view.height_pt),
    )
    budget.spend(math.ceil(view.width_pt * scale), math.ceil(view.height_pt * scale))
    bitmap = page.render(scale=scale, crop=view.cut_off_pt, rev_byteorder=True)
    return np.array(Image.fromarray(bitmap.to_numpy()).convert("RGB"))


class _View(NamedTuple):
    """What is drawn of a page, in points of the page as it is seen, and how fine it would best be.

    ``cut_off_pt`` is left, below, right and above.
    """

    width_pt: float
    height_pt: float
    px_per_pt: float
    cut_off_pt: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


def _view(page: pdfium.PdfPage) -> _View:
    """The whole page where traces may be drawn on it or pictures fill it, else those pictures alone."""
    width_pt, height_pt = page.get_size()
    area_pt2 = width_pt * height_pt
    usual = max(PDF_DPI / 72, LEAST_LONG_SIDE_PX / max(width_pt, height_pt))
    every, has_traces = _pictures(page)
    large = [picture for picture in every if picture.long_side_px >= LEAST_PICTURE_PX]
    if has_traces:
        large = [picture for picture in large if picture.area_pt2 >= LEAST_PICTURE_SHARE * area_pt2]
        return _View(width_pt, height_pt, max([usual, *(picture.px_per_pt for picture in large)]))
    if not every:
        return _View(width_pt, height_pt, usual)
    shown = large or every
    x1, y1, x2, y2 = _seen_area(page, shown)
    if (x2 - x1) * (y2 - y1) >= FILLED_SHARE * area_pt2:
        return _View(width_pt, height_pt, _finest(shown))
    if not large:
        return _View(width_pt, height_pt, usual)
    return _View(x2 - x1, y2 - y1, _finest(large), (x1, height_pt - y2, width_pt - x2, y1))


def _finest(pictures: list["_PagePicture"]) -> float:
    """The finest resolution of the largest picture and what is about as large: scans come in strips and layers."""
    largest = max(picture.area_pt2 for picture in pictures)
    return max(picture.px_per_pt for picture in pictures if picture.area_pt2 >= largest / 4)


class _PagePicture(NamedTuple):
    """A picture on a page: its longer side in its own pixels, how it lies there, its finer resolution, its area."""

    long_side_px: int
    matrix: pdfium.PdfMatrix
    px_per_pt: float
    area_pt2: float


def _pictures(page: pdfium.PdfPage) -> tuple[list[_PagePicture], bool]:
    """The pictures of a page, those in its forms too, and whether lines enough for an ECG are drawn on it."""
    pictures, segments = [], 0
    for thing in islice(page.get_objects([_IMAGE, _PATH, _SHADING]), OBJECTS_LOOKED_AT):
        if not isinstance(thing, pdfium.PdfImage):
            segments += max(1, pdfium_raw.FPDFPath_CountSegments(thing))
            continue
        matrix, form = thing.get_matrix(), thing.container
        while form is not None:
            matrix, form = matrix.multiply(form.get_matrix()), form.container
        (width_px, height_px), width_pt, height_pt = thing.get_px_size(), *_sides(matrix)
        if min(width_pt, height_pt) > 0:
            px_per_pt = max(width_px / width_pt, height_px / height_pt)
            pictures.append(_PagePicture(max(width_px, height_px), matrix, px_per_pt, width_pt * height_pt))
    return pictures, segments >= LEAST_TRACE_SEGMENTS


def _sides(matrix: pdfium.PdfMatrix) -> tuple[float, float]:
    """Width and height on the page of what a matrix makes of a unit square."""
    return math.hypot(matrix.a, matrix.b), math.hypot(matrix.c, matrix.d)


def _seen_area(page: pdfium.PdfPage, pictures: list[_PagePicture]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the pictures, in points of the page as it is seen, turned and cut as it says."""
    width_pt, height_pt = page.get_size()
    fine = FINE_STEPS / max(width_pt, height_pt)  # PDFium answers in whole pixels
    x, y = ctypes.c_int(), ctypes.c_int()
    seen_xy = []
    for picture in pictures:
        for corner in ((0, 0), (1, 0), (0, 1), (1, 1)):
            size = (round(width_pt * fine), round(height_pt * fine))
            pdfium_raw.FPDF_PageToDevice(page, 0, 0, *size, 0, *picture.matrix.on_point(*corner), x, y)
            seen_xy.append((x.value / fine, y.value / fine))
    (x1, y1), (x2, y2) = np.min(seen_xy, axis=0), np.max(seen_xy, axis=0)
    return max(0.0, float(x1)), max(0.0, float(y1)), min(width_pt, float(x2)), min(height_pt, float(y2))
