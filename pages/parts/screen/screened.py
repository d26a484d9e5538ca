"""A picture that came to the Screen page, and what was said of each of its pages."""

from dataclasses import dataclass

from ecgcore.bundle.folder import Bundle
from ecgcore.page.decode.isolated import read_untrusted
from ecgcore.types import ByteArray, Prediction

VIEW_WIDTH_PX = 1600


@dataclass(frozen=True)
class Picture:
    """One uploaded, photographed or drawn file before it is decoded.

    Args:
        name: what the user calls it.
        content: the file's bytes.
        synthetic: drawn by the app, no patient's page.
        refusal: why it is not even opened; None for a file that is.
    """

    name: str
    content: bytes
    synthetic: bool = False
    refusal: str | None = None


@dataclass(frozen=True)
class DisplayedPage:
    """A decoded page as the browser needs it, compressed.

    Args:
        wh: size of the upright photo in pixels, in which the prediction speaks.
        original: bytes that decode to the photo again, for explanations and the overlay.
        view_jpeg: the page at most ``VIEW_WIDTH_PX`` wide.
        thumb_jpeg: the page as a thumbnail.
    """

    wh: tuple[int, int]
    original: bytes
    view_jpeg: bytes
    thumb_jpeg: bytes

    @property
    def size_bytes(self) -> int:
        """How much memory the page takes."""
        return len(self.original) + len(self.view_jpeg) + len(self.thumb_jpeg)

    def photo_rgb(self) -> ByteArray:
        """The upright photo, ``uint8 [H, W, 3]``."""
        return read_untrusted(self.original, "the picture")[0]


@dataclass(frozen=True)
class ScreenedPage:
    """One page and what was said of it; ``shown`` is None where nothing could be decoded.

    Args:
        key: hash of the picture's content and the bundle's version.
        prediction: contract 1's object.
        shown: the page.
        synthetic: drawn by the app, no patient's page.
        bundle: which said it; its thresholds and maps go with it, also after another one was made active.
        same_as: title of the page that is the same picture and was screened first; None for nearly all.
    """

    key: str
    prediction: Prediction
    shown: DisplayedPage | None
    synthetic: bool
    bundle: Bundle
    same_as: str | None = None

    @property
    def title(self) -> str:
        """File name, with the page's number where it is not the first."""
        return self.prediction.file + (f", page {self.prediction.page}" if self.prediction.page > 1 else "")

    @property
    def outcome(self) -> str:
        """normal, abnormal, refer, rejected or error."""
        return self.prediction.decision or self.prediction.status
