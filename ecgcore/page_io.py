"""First step of every screening: a file's bytes become upright RGB pictures, or a reason why they cannot."""

import hashlib
import io
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from PIL import Image, ImageOps, UnidentifiedImageError

from ecgcore.errors import UnreadablePicture
from ecgcore.types import ByteArray

MAX_FILE_BYTES = 64 * 2**20
MAX_PIXELS = 100_000_000
MAX_PDF_PAGES = 50
PDF_DPI = 200

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise on damaged data; there is no common base class."""

_EXPORT_AGAIN = "Export or photograph the ECG again as PNG or JPEG."
_pdfium_lock = threading.Lock()  # PDFium is not thread-safe, the app is threaded


def read_picture(source: Path | bytes, name: str) -> list[ByteArray]:
    """Decode a picture, or every page of a PDF, by its content; the file's extension is ignored.

    Animated and multi-page pictures give their first frame; transparency is laid over white.

    Args:
        source: the file's path or its bytes.
        name: how to call the file in messages.

    Returns:
        The upright pages (EXIF orientation applied), each ``uint8 [H, W, 3]`` RGB.

    Raises:
        UnreadablePicture: missing, empty, truncated, over ``MAX_FILE_BYTES`` or ``MAX_PIXELS``, or no picture.
    """
    data = _read_bytes(source, name)
    if b"%PDF-" in data[:1024]:
        return _read_pdf(data, name)
    return [_read_image(data, name)]


def picture_hash(photo_rgb: ByteArray) -> str:
    """The sha256 of the picture's size and upright RGB pixels, so that stripping metadata does not change it."""
    height, width = photo_rgb.shape[:2]
    digest = hashlib.sha256(f"{width}x{height}:".encode())
    digest.update(np.ascontiguousarray(photo_rgb).data)
    return digest.hexdigest()


def _read_bytes(source: Path | bytes, name: str) -> bytes:
    if isinstance(source, bytes):
        data = source
        size = len(data)
    else:
        try:
            size = source.stat().st_size
            data = source.read_bytes() if size <= MAX_FILE_BYTES else b""
        except OSError as error:
            cause = f"{name} cannot be opened: {error.strerror or 'unknown reason'}."
            raise UnreadablePicture(cause, "Check the path and its permissions.") from error
    if size > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 2**20
        raise UnreadablePicture(f"{name} is larger than {limit} MiB.", "Save it smaller or as JPEG.")
    if size == 0:
        raise UnreadablePicture(f"{name} is empty.", "Copy or upload it again.")
    return data


def _read_image(data: bytes, name: str) -> ByteArray:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _check_pixels(image.width, image.height, name)
            return _upright_rgb(image)
    except UnidentifiedImageError as error:
        raise UnreadablePicture(f"{name} is not a picture this program knows.", _EXPORT_AGAIN) from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(name) from error
    except _DECODER_ERRORS as error:
        raise UnreadablePicture(f"{name} is damaged or incomplete.", _EXPORT_AGAIN) from error


def _check_pixels(width: float, height: float, name: str) -> None:
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(name)


def _too_many_pixels(name: str) -> UnreadablePicture:
    return UnreadablePicture(
        f"{name} has more than {MAX_PIXELS // 10**6} million pixels.", "Scan the page at 300 dpi or scale it down."
    )


def _upright_rgb(image: Image.Image) -> ByteArray:
    """Decode the current frame: 16 bits scaled to 8, transparency over white, orientation applied."""
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("F", "I") or upright.mode.startswith("I;16"):
        upright = Image.fromarray(_to_8_bit(np.asarray(upright)))
    if upright.has_transparency_data:
        layer = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return np.array(upright.convert("RGB"))


def _to_8_bit(values: np.ndarray) -> ByteArray:
    deep = np.nan_to_num(values.astype(np.float32))
    full = 255.0 if deep.max(initial=0) <= 255 else 65535.0
    return np.asarray(np.clip(deep * (255.0 / full), 0, 255), dtype=np.uint8)


def _read_pdf(data: bytes, name: str) -> list[ByteArray]:
    scale = PDF_DPI / 72
    with _pdfium_lock:
        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            cause = f"{name} is a damaged or password-protected PDF."
            raise UnreadablePicture(cause, "Export its pages as PNG.") from error
        try:
            if not 1 <= len(document) <= MAX_PDF_PAGES:
                cause = f"{name} has {len(document)} pages; 1 to {MAX_PDF_PAGES} can be read."
                raise UnreadablePicture(cause, "Split the PDF.")
            pages = []
            for page in document:
                width_pt, height_pt = page.get_size()
                _check_pixels(width_pt * scale, height_pt * scale, name)
                bitmap = page.render(scale=scale, rev_byteorder=True)
                pages.append(np.array(Image.fromarray(bitmap.to_numpy()).convert("RGB")))
            return pages
        except pdfium.PdfiumError as error:
            raise UnreadablePicture(f"{name} has a page that cannot be drawn.", "Export its pages as PNG.") from error
        finally:
            document.close()
