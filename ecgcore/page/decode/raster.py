"""Pictures that Pillow decodes: PNG, JPEG, WebP, BMP, GIF, TIFF of several pages, and HEIC where its extra is there."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.decode.limits import DECODER_ERRORS, EXPORT_AGAIN, MAX_PAGES, PageBudget, damaged, too_many_pixels

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""Major brands of ISO/IEC 23008-12 files."""
_NEW_SUBFILE_TYPE = 254
_REDUCED, _MASK = 1, 4
"""Bits of TIFF 6.0's NewSubfileType: a smaller copy of another page, and a transparency mask."""
MAX_FRAMES = 10 * MAX_PAGES
"""Pages of a TIFF with their reduced copies and masks."""
_ORIENTATION = 0x0112
_ROWS_AT_ONCE = 512
"""Large pictures are converted in strips: several copies of 100 million pixels are more than a decoder may hold."""

PngImagePlugin.MAX_TEXT_MEMORY = 2**20  # an ECG has no use for 64 MB of words, which take a minute to inflate


def raster_pages(data: bytes, name: str) -> Iterator[ByteArray]:
    """Decode a picture, every page of a TIFF, or the first frame of an animation, ``uint8 [H, W, 3]`` RGB each.

    Raises:
        UnreadablePictureError: no known picture, damaged, beyond the bounds of ``decode.limits``, or HEIC without the
            extra that reads it.
    """
    formats: tuple[str, ...] = _FORMATS
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        _allow_heif(name)
        formats = ("HEIF",)
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            budget = PageBudget(name)
            yield from map(_upright_rgb, _pages(image, budget))
    except UnidentifiedImageError as error:
        raise UnreadablePictureError(f"{name}: file type not supported.", EXPORT_AGAIN) from error
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
        raise UnreadablePictureError(cause, step) from error
    register_heif_opener(thumbnails=False)


def _pages(image: Image.Image, budget: PageBudget) -> Iterator[Image.Image]:
    """The picture as its pages are wanted: every page of a TIFF, the first frame of anything else, none decoded yet."""
    number = 0
    while number == 0 or isinstance(image, TiffImageFile):
        if number > MAX_FRAMES:
            raise damaged(budget.name)
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
    upright = ImageOps.exif_transpose(image) if image.getexif().get(_ORIENTATION, 1) != 1 else image
    width, height = upright.size
    is_deep = upright.mode in ("F", "I") or upright.mode.startswith("I;16")
    full = _full_scale(upright) if is_deep else 0.0
    rgb = np.empty((height, width, 3), dtype=np.uint8)
    for first in range(0, height, _ROWS_AT_ONCE):
        strip = upright.crop((0, first, width, min(first + _ROWS_AT_ONCE, height)))
        if is_deep:
            strip = Image.fromarray(_to_8_bit(np.asarray(strip), full))
        rgb[first : first + _ROWS_AT_ONCE] = np.asarray(_over_white(strip))
    return rgb


def _over_white(strip: Image.Image) -> Image.Image:
    if not strip.has_transparency_data:
        return strip.convert("RGB")
    layer = strip.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _full_scale(image: Image.Image) -> float:
    """What is white: 255 where no value is above it, else 16 bits."""
    brightest = max(
        float(np.nan_to_num(np.asarray(image.crop((0, first, image.width, first + _ROWS_AT_ONCE)))).max(initial=0))
        for first in range(0, image.height, _ROWS_AT_ONCE)
    )
    return 255.0 if brightest <= 255 else 65535.0


def _to_8_bit(values: np.ndarray, full: float) -> ByteArray:
    deep = np.nan_to_num(values.astype(np.float32))
    return np.asarray(np.clip(deep * (255.0 / full), 0, 255), dtype=np.uint8)
