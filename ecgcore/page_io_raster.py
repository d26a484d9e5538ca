"""Pictures that Pillow decodes: PNG, JPEG, WebP, BMP, GIF, TIFF of several pages, and HEIC where its extra is there."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from ecgcore.errors import UnreadablePicture
from ecgcore.page_io_limits import DECODER_ERRORS, EXPORT_AGAIN, PageBudget, damaged, too_many_pixels
from ecgcore.types import ByteArray

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""Major brands of ISO/IEC 23008-12 files."""
_NEW_SUBFILE_TYPE = 254
_REDUCED, _MASK = 1, 4
"""Bits of TIFF 6.0's NewSubfileType: a smaller copy of another page, and a transparency mask."""


def read_raster(data: bytes, name: str) -> list[ByteArray]:
    """Decode a picture, every page of a TIFF, or the first frame of an animation, ``uint8 [H, W, 3]`` RGB each.

    Raises:
        UnreadablePicture: no known picture, damaged, beyond the bounds of ``page_io_limits``, or HEIC without the
            extra that reads it.
    """
    formats: tuple[str, ...] = _FORMATS
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        _allow_heif(name)
        formats = ("HEIF",)
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            budget = PageBudget(name)
            return [_upright_rgb(page) for page in _pages(image, budget)]
    except UnidentifiedImageError as error:
        raise UnreadablePicture(f"{name}: file type not supported.", EXPORT_AGAIN) from error
    except Image.DecompressionBombError as error:
        raise too_many_pixels(name) from error
    except (*DECODER_ERRORS, RuntimeError) as error:  # libheif's errors are RuntimeErrors
        raise damaged(name) from error


def _allow_heif(name: str) -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        cause = f"{name} is a HEIC photo, and the extra that reads them is not installed."
        step = "Save it as JPEG; or run `make heic` in the program's folder and start the app again."
        raise UnreadablePicture(cause, step) from error
    register_heif_opener(thumbnails=False)


def _pages(image: Image.Image, budget: PageBudget) -> Iterator[Image.Image]:
    """The picture as its pages are wanted: every page of a TIFF, the first frame of anything else, none decoded yet."""
    number = 0
    while number == 0 or isinstance(image, TiffImageFile):
        try:
            image.seek(number)
        except EOFError:
            return
        number += 1
        kind = image.tag_v2.get(_NEW_SUBFILE_TYPE, 0) if isinstance(image, TiffImageFile) else 0
        if number == 1 or not kind & (_REDUCED | _MASK):
            budget.spend(image.width, image.height)
            yield image


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
