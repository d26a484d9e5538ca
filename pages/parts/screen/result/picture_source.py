"""What a page was measured on: a photo, a scan or export, a PDF or DICOM file, or one of the app's own drawings."""

from io import BytesIO
from pathlib import PurePath

import numpy as np
from PIL import Image, UnidentifiedImageError

from ecgcore.types import PanelFrame
from pages.parts.screen.screened import ScreenedPage

UPRIGHT_PX = 0.5
WHITE = 242
MOST_WHITE = 0.3
"""Paper is never white in a photo: of a thumbnail up to 0.01 was as white as ``WHITE`` in 31 photos, 0.4 in exports."""
_CAMERA_MAKER = 271
"""EXIF's tag for who made the camera."""


def measured_on(item: ScreenedPage) -> str:
    """What the lengths come from and which paper is assumed, as one sentence."""
    paper = item.prediction.paper
    bent = ", straightened," if not is_flat(item.prediction.frame) else ""
    return (
        f"Measured on {picture_source(item)}{bent} assuming {paper.speed_mm_s:g} mm/s and {paper.gain_mm_mv:g} mm/mV."
    )


def picture_source(item: ScreenedPage) -> str:
    """The kind of picture: by its file, else by its shape, since no camera is held quite straight over the paper."""
    if item.synthetic:
        return "an artificial page"
    content = b"" if item.shown is None else item.shown.original
    suffix = PurePath(item.prediction.file).suffix.lower()
    if suffix == ".pdf" or content.startswith(b"%PDF"):
        return "a PDF page"
    if suffix in (".dcm", ".dicom") or content[128:132] == b"DICM":
        return "a DICOM file"
    is_photo = suffix in (".heic", ".heif") or _names_a_camera(content)
    if not is_photo and item.shown is not None and not is_flat(item.prediction.frame):
        is_photo = _white_share(item.shown.thumb_jpeg) < MOST_WHITE
    return "a photo" if is_photo else "a scan or export"


def is_flat(frame: PanelFrame | None) -> bool:
    """Whether the panel lay upright in the picture as on paper, so that nothing was straightened."""
    if frame is None:
        return True
    corners = frame.corners_photo_xy
    skew = np.abs(corners - np.roll(corners, -1, axis=0)).min(axis=1)
    return frame.displacement is None and float(skew.max()) < UPRIGHT_PX


def _white_share(thumb_jpeg: bytes) -> float:
    with Image.open(BytesIO(thumb_jpeg)) as thumb:
        return float((np.asarray(thumb.convert("RGB")).min(axis=2) >= WHITE).mean())


def _names_a_camera(content: bytes) -> bool:
    try:
        with Image.open(BytesIO(content)) as picture:
            return bool(picture.getexif().get(_CAMERA_MAKER))
    except (UnidentifiedImageError, OSError):
        return False
