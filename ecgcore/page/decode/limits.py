"""What every reader of pictures holds to: bounds on a file, and the words for what is over them or damaged."""

import math
import struct
import zlib

from ecgcore.errors import UnreadablePictureError

MAX_FILE_BYTES = 64 * 2**20
MAX_PIXELS = 100_000_000
MAX_SIDE_PX = 20_000
MAX_ASPECT = 12
"""Longer over shorter side; a rhythm strip of 30 s at 25 mm/s on 80 mm of paper has 9."""
MAX_PAGES = 50
MAX_FILE_PIXELS = 200_000_000
"""All pages of a file together: 50 pages of A4 at 200 dpi."""
MAX_PAGE_S, MAX_FILE_S = 10.0, 60.0
"""What a page may take to open, in seconds of computing, and a whole file, in seconds of waiting."""

DECODER_ERRORS = (
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

EXPORT_AGAIN = "Export or photograph the ECG again as PNG or JPEG."


def damaged(name: str) -> UnreadablePictureError:
    """The refusal of a file whose content breaks off or contradicts itself."""
    return UnreadablePictureError(f"{name} is damaged or incomplete.", EXPORT_AGAIN)


def too_many_pixels(name: str) -> UnreadablePictureError:
    """The refusal of a picture over ``MAX_PIXELS``, or of a file over ``MAX_FILE_PIXELS``."""
    return UnreadablePictureError(
        f"{name} has more than {MAX_PIXELS // 10**6} million pixels.", "Scan the page at 300 dpi or scale it down."
    )


class PageBudget:
    """Counts a file's pages and pixels before each is decoded.

    Args:
        name: how to call the file in messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.pages = 0
        self.pixels = 0

    def spend(self, width_px: float, height_px: float) -> None:
        """Take one more page of this size.

        Raises:
            UnreadablePictureError: the page or the file would be too large.
        """
        # a page that is thinner than a pixel is given whole ones
        width_px, height_px = max(1, math.ceil(width_px)), max(1, math.ceil(height_px))
        self.pages += 1
        self.pixels += width_px * height_px
        if self.pages > MAX_PAGES:
            raise UnreadablePictureError(f"{self.name} has more than {MAX_PAGES} pages.", "Split the file.")
        if width_px * height_px > MAX_PIXELS:
            raise too_many_pixels(self.name)
        if max(width_px, height_px) > MAX_SIDE_PX:
            cause = f"{self.name} is over {MAX_SIDE_PX} pixels wide or high."
            raise UnreadablePictureError(cause, "Scan the page at 300 dpi or scale it down.")
        if self.pixels > MAX_FILE_PIXELS:
            cause = f"The pages of {self.name} have more than {MAX_FILE_PIXELS // 10**6} million pixels together."
            raise UnreadablePictureError(cause, "Split the file, or scan its pages at 200 dpi.")
