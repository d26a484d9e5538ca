"""Pages of a PDF, vector or scan, drawn by PDFium."""

import threading
from collections.abc import Iterator

import numpy as np
import pypdfium2 as pdfium
from PIL import Image

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.decode.limits import MAX_PAGES, PageBudget

PDF_DPI = 200

_pdfium_lock = threading.Lock()  # PDFium is not thread-safe, the app is threaded


def is_pdf(data: bytes) -> bool:
    """Whether the bytes begin as a PDF does; a few bytes of another program may come first."""
    return b"%PDF-" in data[:1024]


def pdf_pages(data: bytes, name: str) -> Iterator[ByteArray]:
    """Draw every page at ``PDF_DPI``, ``uint8 [H, W, 3]`` RGB.

    Raises:
        UnreadablePictureError: damaged, password-protected, without pages or beyond the bounds of ``decode.limits``.
    """
    scale = PDF_DPI / 72
    with _pdfium_lock:
        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            cause = f"{name} is a damaged or password-protected PDF."
            raise UnreadablePictureError(cause, "Export its pages as PNG.") from error
        try:
            if not 1 <= len(document) <= MAX_PAGES:
                cause = f"{name} has {len(document)} pages; 1 to {MAX_PAGES} can be read."
                raise UnreadablePictureError(cause, "Split the PDF.")
            budget = PageBudget(name)
            for page in document:
                width_pt, height_pt = page.get_size()
                budget.spend(width_pt * scale, height_pt * scale)
                bitmap = page.render(scale=scale, rev_byteorder=True)
                yield np.array(Image.fromarray(bitmap.to_numpy()).convert("RGB"))
        except pdfium.PdfiumError as error:
            raise UnreadablePictureError(
                f"{name} has a page that cannot be drawn.", "Export its pages as PNG."
            ) from error
        finally:
            document.close()
