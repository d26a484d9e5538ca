"""Pictures that Pillow decodes: PNG, JPEG (MPO too), WebP, AVIF, JPEG 2000, BMP, GIF, TIFF, and HEIC with its extra."""

import io
import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from PIL import Image, ImageChops, ImageOps, PngImagePlugin, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.decode.file_pages import NumberedPage, PageChoice, wanted_numbers
from ecgcore.page.decode.kinds import is_heif
from ecgcore.page.decode.limits import DECODER_ERRORS, EXPORT_AGAIN, PageBudget, damaged, too_many_pixels
from ecgcore.recordings.formats.wfdb_files import BOTH, SIGNALS

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "JPEG2000")
_NEW_SUBFILE_TYPE = 254
_REDUCED, _MASK = 1, 4
"""Bits of TIFF 6.0's NewSubfileType: a smaller copy of another page, and a transparency mask."""
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
MAX_FRAMES = 5000
"""Pages of a TIFF with their reduced copies and masks."""
_ORIENTATION = 0x0112
_DEEP_COLOUR = "RGB;16"
"""In Pillow's names of how 16 bits of red, green and blue lie in a file."""
_SAMPLE_SIDE_PX = 1000
_LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601."""
_STROKES_RANK, _CLEARER_BY = 0.995, 0.1
"""Traces fill two to four percent of a page; a light grid alone does not make black the better paper."""
_ROWS_AT_ONCE = 512
"""Large pictures are converted in strips: several copies of 100 million pixels are more than a decoder may hold."""

PngImagePlugin.MAX_TEXT_MEMORY = 2**20  # an ECG has no use for 64 MB of words, which take a minute to inflate


def raster_pages(data: bytes, name: str, choice: PageChoice | None = None) -> Iterator[NumberedPage]:
    """Decode a picture, the wanted pages of a TIFF, or the first frame of an animation, ``uint8 [H, W, 3]`` RGB each.

    Args:
        data: the file.
        name: how to call it in messages.
        choice: which pages; None for all.

    Raises:
        ChoosePagesError: too many pages at once.
        UnreadablePictureError: no known picture, damaged, beyond the bounds of ``decode.limits``, or HEIC without the
            extra that reads it.
    """
    formats: tuple[str, ...] = _FORMATS
    if is_heif(data):
        _allow_heif(name)
        formats = ("HEIF",)
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            frames = _page_frames(image, name)
            budget = PageBudget(name, len(frames))
            for number in wanted_numbers(name, len(frames), choice):
                image.seek(frames[number - 1])
                budget.spend(image.width, image.height)
                yield NumberedPage(number, _upright_rgb(image))
    except UnidentifiedImageError as error:
        step = BOTH if name.lower().endswith(SIGNALS) else EXPORT_AGAIN
        raise UnreadablePictureError(f"{name}: file type not supported.", step) from error
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


def _page_frames(image: Image.Image, name: str) -> list[int]:
    """Numbers of the frames that are pages, from 0: those of a TIFF but its thumbnails and masks, else the first."""
    if not isinstance(image, TiffImageFile):
        return [0]
    frames: list[int] = []
    for number in range(MAX_FRAMES + 1):
        try:
            image.seek(number)
        except EOFError:
            return frames
        if number == 0 or not image.tag_v2.get(_NEW_SUBFILE_TYPE, 0) & (_REDUCED | _MASK):
            frames.append(number)
    raise damaged(name)


def _upright_rgb(image: Image.Image) -> ByteArray:
    """Decode the current frame: deep grey scaled to 8 bits, transparency laid over paper, orientation applied."""
    is_deep = _has_deep_colour(image)
    image.load()
    upright = ImageOps.exif_transpose(image) if image.getexif().get(_ORIENTATION, 1) != 1 else image
    width, height = upright.size
    to_rgb = _conversion(image, upright) if not is_deep else partial(_deep_colour_rgb, full=_full_colour(upright))
    rgb = np.empty((height, width, 3), dtype=np.uint8)
    for first in range(0, height, _ROWS_AT_ONCE):
        rgb[first : first + _ROWS_AT_ONCE] = to_rgb(upright.crop((0, first, width, min(first + _ROWS_AT_ONCE, height))))
    return rgb


def _conversion(image: Image.Image, upright: Image.Image) -> Callable[[Image.Image], ByteArray]:
    """How strips of a decoded frame become RGB, by what all of it holds."""
    if upright.mode in ("F", "I") or upright.mode.startswith("I;16"):
        return partial(_deep_grey_rgb, full=_full_scale(upright), is_negative=_white_is_zero(image))
    if upright.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        return partial(_cmyk_rgb, is_negative=_is_dark(upright))
    if upright.has_transparency_data:
        return partial(_over, paper=_paper_below(upright))
    return _rgb


def _rgb(strip: Image.Image) -> ByteArray:
    return np.asarray(strip.convert("RGB"))


def _cmyk_rgb(strip: Image.Image, is_negative: bool) -> ByteArray:
    return _rgb(ImageChops.invert(strip) if is_negative else strip)


def _is_dark(cmyk: Image.Image) -> bool:
    """Whether most of a picture is dark.

    Without Adobe's marker nothing says whether 0 is no ink, as ITU-T T.872 has it, or full ink, as Adobe's programs and
    most after them write it; paper, which most of any page is, tells.
    """
    return float(np.median(np.asarray(_sample(cmyk).convert("L")))) < 128


def _sample(image: Image.Image) -> Image.Image:
    """The picture small, its pixels picked and not mixed, for figures of all of it."""
    step = max(1, max(image.size) // _SAMPLE_SIDE_PX)
    return image.resize((max(1, image.width // step), max(1, image.height // step)), Image.Resampling.NEAREST)


def _over(strip: Image.Image, paper: str) -> ByteArray:
    layer = strip.convert("RGBA")
    return _rgb(Image.alpha_composite(Image.new("RGBA", layer.size, paper), layer))


def _paper_below(image: Image.Image) -> str:
    """What a transparent picture is laid over: white, and black where its strokes are light and would not show."""
    layer = np.asarray(_sample(image).convert("RGBA"), dtype=np.float32)
    opacity, light = layer[..., 3] / 255, layer[..., :3] @ np.array(_LUMA, np.float32) / 255
    on_white, on_black = (float(np.quantile(opacity * contrast, _STROKES_RANK)) for contrast in (1 - light, light))
    return "black" if on_black > on_white + _CLEARER_BY else "white"


def _full_scale(image: Image.Image) -> float:
    """What is white: the most that the bits in use can say, and at least 8; 1 where all values are parts of 1."""
    brightest = max(
        float(np.nan_to_num(np.asarray(image.crop((0, first, image.width, first + _ROWS_AT_ONCE)))).max(initial=0))
        for first in range(0, image.height, _ROWS_AT_ONCE)
    )
    if image.mode == "F" and brightest <= 1:
        return 1.0
    return float(2 ** min(max(8, math.ceil(math.log2(max(brightest, 1) + 1))), 16) - 1)


def _has_deep_colour(image: Image.Image) -> bool:
    """Whether a picture that is not loaded yet has 16 bits a colour, of which Pillow keeps the upper 8."""
    return image.mode == "RGB" and any(_DEEP_COLOUR in str(tile[3]) for tile in getattr(image, "tile", ()))


def _full_colour(upright: Image.Image) -> float:
    """What is white in these 8 bits where only the lower of the 16 are in use: 15 where 12 are."""
    brightest = int(np.asarray(_sample(upright)).max())
    return float(2 ** max(1, brightest.bit_length()) - 1)


def _deep_colour_rgb(strip: Image.Image, full: float) -> ByteArray:
    spread = np.clip(np.arange(256) * (255.0 / full), 0, 255).astype(np.uint8)
    return np.asarray(spread[np.asarray(strip)])


def _white_is_zero(image: Image.Image) -> bool:
    """Whether a TIFF's deep grey counts ink; Pillow turns only the shallow ones round."""
    return isinstance(image, TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def _deep_grey_rgb(strip: Image.Image, full: float, is_negative: bool) -> ByteArray:
    deep = np.nan_to_num(np.asarray(strip).astype(np.float32))
    grey = np.clip(deep * (255.0 / full), 0, 255).astype(np.uint8)
    return np.repeat((255 - grey if is_negative else grey)[..., None], 3, axis=2)
