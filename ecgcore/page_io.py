"""First step of every screening: a file's bytes become upright RGB pictures, or a reason why they cannot."""

import hashlib
from pathlib import Path

import numpy as np

from ecgcore.errors import UnreadablePicture
from ecgcore.page_io_dicom import is_dicom, read_dicom
from ecgcore.page_io_limits import MAX_FILE_BYTES
from ecgcore.page_io_pdf import is_pdf, read_pdf
from ecgcore.page_io_raster import read_raster
from ecgcore.types import ByteArray

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif")
"""Endings of plain pictures."""

FILE_ENDINGS = (*PICTURE_ENDINGS, ".heic", ".heif", ".pdf", ".dcm", ".dicom")
"""Endings of everything that can be read: what folders are searched for and what the browser offers."""


def read_picture(source: Path | bytes, name: str) -> list[ByteArray]:
    """Decode a picture, or every page of a PDF, TIFF or DICOM file, by its content; the ending is ignored.

    Animated pictures give their first frame; transparency is laid over white.

    Args:
        source: the file's path or its bytes.
        name: how to call the file in messages.

    Returns:
        The upright pages (EXIF orientation applied), each ``uint8 [H, W, 3]`` RGB.

    Raises:
        UnreadablePicture: missing, empty, truncated, beyond the bounds of ``page_io_limits``, or no picture.
    """
    data = _read_bytes(source, name)
    if is_dicom(data):
        return read_dicom(data, name)
    if is_pdf(data):
        return read_pdf(data, name)
    return read_raster(data, name)


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
