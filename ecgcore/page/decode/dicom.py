"""Pictures and PDFs that a DICOM file carries: secondary capture, multi-frame, encapsulated document (PS3.3, PS3.5).

Only the elements that describe pixels are parsed; those that name a patient are skipped in the file, so that nothing of
them can be kept, shown or logged.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    JPEG2000,
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    RLELossless,
)

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.decode.file_pages import NumberedPage, PageChoice, wanted_numbers
from ecgcore.page.decode.kinds import is_pdf
from ecgcore.page.decode.limits import DECODER_ERRORS, PageBudget, damaged
from ecgcore.page.decode.pdf import pdf_pages
from ecgcore.recordings.formats.dicom import DICOM_ERRORS, not_read, open_dicom
from ecgcore.recordings.recording import EXPORT

MAX_RLE_BYTES = 16 * 2**20
"""Run lengths swell up to 64-fold, and how far is known only afterwards."""

_DECODED = frozenset(
    {
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        JPEGBaseline8Bit,
        JPEGExtended12Bit,
        JPEG2000Lossless,
        JPEG2000,
        RLELossless,
    }
)
_GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
_COLOUR = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"})
_READ = [
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "WindowCenter",
    "WindowWidth",
    "RescaleSlope",
    "RescaleIntercept",
    "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "PixelData",
    "EncapsulatedDocument",
]
"""Keywords of the elements that are parsed; segmented palettes are not, since a short one unfolds without bound."""


def dicom_pages(data: bytes, name: str, choice: PageChoice | None = None) -> Iterator[NumberedPage]:
    """Decode the frames, or the pages of an encapsulated PDF, that are wanted; None for all.

    Raises:
        UnreadablePictureError: damaged, without a picture, compressed in a way that is not read, or beyond the bounds
            of ``decode.limits``.
    """
    try:
        content = open_dicom(data, name, _READ)
        if "EncapsulatedDocument" in content:
            yield from _document_pages(content, name, choice)
        else:
            yield from _frames(content, name, choice)
    except UnreadablePictureError:
        raise
    except (*DECODER_ERRORS, *DICOM_ERRORS) as error:
        raise damaged(name) from error


def _document_pages(content: Dataset, name: str, choice: PageChoice | None) -> Iterator[NumberedPage]:
    document = bytes(content.EncapsulatedDocument)
    if not is_pdf(document):
        raise UnreadablePictureError(f"{name} is a DICOM file that carries a document, but no PDF.", EXPORT)
    return pdf_pages(document, name, choice)


def _frames(content: Dataset, name: str, choice: PageChoice | None) -> Iterator[NumberedPage]:
    if "PixelData" not in content:
        raise UnreadablePictureError(f"{name} is a DICOM file without a picture or a waveform in it.", EXPORT)
    syntax = UID(content.file_meta.TransferSyntaxUID)
    if syntax not in _DECODED:
        raise not_read(name, syntax)
    if syntax == RLELossless and len(content.PixelData) > MAX_RLE_BYTES:
        cause = f"{name} holds more than {MAX_RLE_BYTES // 2**20} MiB of run-length coded pixels."
        raise UnreadablePictureError(cause, EXPORT)
    interpretation = str(content.PhotometricInterpretation)
    if interpretation not in _GREY | _COLOUR | {"PALETTE COLOR"}:
        raise UnreadablePictureError(f"{name} stores its colours in a way that cannot be read.", EXPORT)
    frames = int(content.get("NumberOfFrames") or 1)
    if frames < 1:
        raise damaged(name)
    budget = PageBudget(name, frames)
    for number in wanted_numbers(name, frames, choice):
        budget.spend(int(content.Columns), int(content.Rows))
        yield NumberedPage(number, _frame_rgb(content, interpretation, number - 1))


def _frame_rgb(content: Dataset, interpretation: str, index: int) -> ByteArray:
    values = pixel_array(content, index=index)  # YBR comes out as RGB
    if interpretation in _GREY:
        grey = _grey_8_bit(values, content)
        return np.repeat((255 - grey if interpretation == "MONOCHROME1" else grey)[..., None], 3, axis=2)
    if interpretation == "PALETTE COLOR":
        values = apply_color_lut(values, content)[..., :3]
        full = 255.0 if values.dtype == np.uint8 else 65535.0
    else:
        full = float(2 ** int(content.BitsStored) - 1)
    return _stretched(values, 0.0, full)


def _grey_8_bit(values: np.ndarray, content: Dataset) -> ByteArray:
    """Grey levels as they are meant to be seen (PS3.3 C.11.1, C.11.2): rescaled, then the first window if there is one.

    Without a window up to 8 bits are taken as they are and deeper ones between their darkest and brightest value.
    """
    slope, intercept = (_first(content, word, value) for word, value in (("RescaleSlope", 1), ("RescaleIntercept", 0)))
    levels = values.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    width = _first(content, "WindowWidth", 0)
    if width >= 1:
        centre = _first(content, "WindowCenter", 0)
        low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    elif int(content.BitsStored) <= 8 and not content.PixelRepresentation:
        low, high = intercept, intercept + slope * (2 ** int(content.BitsStored) - 1)
    else:
        low, high = float(levels.min()), float(levels.max())
    return _stretched(levels, low, high)


def _first(content: Dataset, keyword: str, default: float) -> float:
    """The first value of an element that may be missing, empty or many-valued."""
    value: Any = content.get(keyword)
    if value is None or value == "":
        return default
    return float(value if not hasattr(value, "__len__") else value[0])


def _stretched(values: np.ndarray, low: float, high: float) -> ByteArray:
    """``low`` to ``high`` as 0 to 255."""
    scaled = (values.astype(np.float32) - np.float32(low)) * np.float32(255 / max(high - low, 1e-6))
    return np.asarray(np.clip(np.round(scaled), 0, 255), dtype=np.uint8)
