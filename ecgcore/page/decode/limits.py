"""What every reader of pictures holds to: bounds on a file, and the words for what is over them or damaged."""

import struct
import zlib

from ecgcore.errors import UnreadablePictureError

MAX_FILE_BYTES = 64 * 2**20
MAX_PIXELS = 100_000_000
MAX_SIDE_PX = 20_000
MAX_ASPECT = 12
"""Longer over shorter side; a rhythm strip of 30 s at 25 mm/s on 80 mm of paper has 9."""
MAX_PAGES = 50
"""Read at once; of a longer file somebody says which (``decode.file_pages``)."""
MAX_FILE_PIXELS = 200_000_000
"""All pages that are read at once together: 50 pages of A4 at 200 dpi."""
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

CHOOSE_PAGES = (
    f"Say which pages to read, at most {MAX_PAGES} at once: in the app beside the file, on the command line as "
    f"--pages 1-{MAX_PAGES}."
)
EXPORT_AGAIN = "Export or photograph the ECG again as PNG or JPEG."


def damaged(name: str) -> UnreadablePictureError:
    """The refusal of a file whose content breaks off or contradicts itself."""
    return UnreadablePictureError(f"{name} is damaged or incomplete.", EXPORT_AGAIN)


def too_many_pixels(name: str) -> UnreadablePictureError:
    """The refusal of a picture over ``MAX_PIXELS``, or of a file over ``MAX_FILE_PIXELS``."""
    return UnreadablePictureError(
        f"{name} has more than {MAX_PIXELS // 10**6} million pixels.", "Scan the page at 300 dpi or scale it down."
    )


class ChoosePagesError(UnreadablePictureError):
    """The pages of a file are too many, or too large, to be read at once; some of them can be.

    Args:
        cause: what is too much, one plain sentence.
        page_count: how many pages the file has.
    """

    def __init__(self, cause: str, page_count: int) -> None:
        super().__init__(cause, CHOOSE_PAGES)
        self.page_count = page_count


class PageBudget:
    """Counts a file's pixels before each page is decoded.

    Args:
        name: how to call the file in messages.
        page_count: how many pages the file has.
    """

    def __init__(self, name: str, page_count: int) -> None:
        self.name = name
        self.page_count = page_count
        self.pixels = 0

    def spend(self, width_px: int, height_px: int) -> None:
        """Take one more page of this size.

        Raises:
            UnreadablePictureError: the page would be too large.
            ChoosePagesError: all pages together would be.
        """
        self.pixels += width_px * height_px
        if width_px * height_px > MAX_PIXELS:
            raise too_many_pixels(self.name)
        if max(width_px, height_px) > MAX_SIDE_PX:
            cause = f"{self.name} is over {MAX_SIDE_PX} pixels wide or high."
            raise UnreadablePictureError(cause, "Scan the page at 300 dpi or scale it down.")
        if self.pixels > MAX_FILE_PIXELS:
            cause = f"The pages of {self.name} have more than {MAX_FILE_PIXELS // 10**6} million pixels together."
            raise ChoosePagesError(cause, self.page_count)


def check_aspect(width: float, height: float, name: str) -> None:
    """Refuse what is thinner than any ECG, since it could not be shown at the width of a page.

    Args:
        width: of the page, in whatever unit.
        height: in the same unit.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: the longer side is over ``MAX_ASPECT`` times the shorter.
    """
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise UnreadablePictureError(
            f"{name} is {width:.0f} x {height:.0f} pixels, too narrow for an ECG.",
            "Photograph or export the whole page.",
        )
