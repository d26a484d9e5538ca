"""Pictures on disk: pixel for pixel what was decoded, without metadata, named by their content."""

from pathlib import Path

import cv2

from annotations.model import StoreError
from ecgcore.errors import UnreadablePictureError
from ecgcore.output.files import write_bytes_atomic
from ecgcore.page.decode.read import picture_hash, read_picture
from ecgcore.types import ByteArray

PICTURES = "pictures"
"""The folder of the pictures, beside the database."""

_START_OF_SCAN, _END, _COMMENT = 0xDA, 0xD9, 0xFE
_WITHIN_A_SCAN = frozenset({0x00, *range(0xD0, 0xD8)})
_KEPT_APP_SEGMENTS = frozenset({0xE0, 0xEE})
"""JFIF's, and Adobe's, which says how colours are coded; all others and comments may name a person."""


def encoded_picture(digest: str, photo_rgb: ByteArray, original: bytes | None = None) -> tuple[str, bytes]:
    """A picture's file, which decodes to the same pixels.

    Args:
        digest: its picture hash.
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        original: the file's bytes; an upright JPEG's own data is kept, since it is a tenth of a PNG.

    Returns:
        Its name within the data folder, and its content.
    """
    content, suffix = None, ".png"
    if original is not None and original[:3] == b"\xff\xd8\xff":
        stripped = strip_jpeg(original)
        if stripped is not None and _decodes_to(stripped, digest):
            content, suffix = stripped, ".jpg"
    if content is None:
        content = cv2.imencode(".png", cv2.cvtColor(photo_rgb, cv2.COLOR_RGB2BGR))[1].tobytes()
    return f"{PICTURES}/{digest[:2]}/{digest}{suffix}", content


def write_picture(path: Path, content: bytes) -> None:
    """Write a picture's file, for its owner alone.

    Args:
        path: the file.
        content: all of it.

    Raises:
        StoreError: its folder cannot be written.
    """
    try:
        path.parent.mkdir(exist_ok=True, mode=0o700)
        write_bytes_atomic(path, content)  # with mode 0600
    except OSError as error:
        raise StoreError(
            f"The picture cannot be kept: {error.strerror}.", "Free some space, then try again."
        ) from error


def strip_jpeg(data: bytes) -> bytes | None:
    """A JPEG without EXIF, comments, thumbnails and what follows its end; its image data untouched.

    Returns:
        The shorter file, or None where the data is malformed (ITU-T T.81, annex B).
    """
    kept, at = [data[:2]], 2
    while at + 2 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == _END:
            return b"".join([*kept, data[at : at + 2]])
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 2 + length
        if marker == _START_OF_SCAN:
            end = _next_marker(data, end)
        is_metadata = marker == _COMMENT or (0xE0 <= marker <= 0xEF and marker not in _KEPT_APP_SEGMENTS)
        if not is_metadata:
            kept.append(data[at:end])
        at = end
    return None


def _next_marker(data: bytes, at: int) -> int:
    """Skip entropy-coded data, in which 0xFF is followed by a stuffed zero or a restart marker only."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data) and data[at + 1] in _WITHIN_A_SCAN:
        at += 2
    return at if at >= 0 else len(data)


def _decodes_to(content: bytes, digest: str) -> bool:
    try:
        (photo_rgb,) = read_picture(content, "picture")
    except UnreadablePictureError:
        return False
    return picture_hash(photo_rgb) == digest
