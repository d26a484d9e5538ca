"""A picture that came to the Screen page, and what was said of each of its pages."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ecgcore.bundle.folder import Bundle
from ecgcore.output.previews import at_width, jpeg
from ecgcore.page.decode.decoded_page import DecodedPage
from ecgcore.page.decode.file_pages import PageChoice
from ecgcore.page.decode.isolated import read_untrusted
from ecgcore.page.decode.read import picture_hash
from ecgcore.page.prepare import prepare
from ecgcore.paper import PaperSettings, PrintedSettings
from ecgcore.picture_part import PicturePart
from ecgcore.pipeline import screen
from ecgcore.read_page import read_page
from ecgcore.types import ByteArray, Prediction

WHICH_PAGES = "Open this row and say which pages to screen."
VIEW_WIDTH_PX = 1600
THUMB_WIDTH_PX = 144


@dataclass(frozen=True)
class Picture:
    """One uploaded, photographed or drawn file before it is decoded.

    Args:
        name: what the user calls it.
        content: the file's bytes.
        synthetic: drawn by the app, no patient's page.
        refusal: why it is not even opened; None for a file that is.
        pages: which of its pages are wanted; None for all.
    """

    name: str
    content: bytes
    synthetic: bool = False
    refusal: str | None = None
    pages: PageChoice | None = None


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
        long_file: the file, where somebody has to say which of its many pages are wanted.
    """

    key: str
    prediction: Prediction
    shown: DisplayedPage | None
    synthetic: bool
    bundle: Bundle
    same_as: str | None = None
    long_file: Picture | None = None

    @property
    def title(self) -> str:
        """File name, with the page's number where it is not the first, and its part of a picture of several pages."""
        page, part = self.prediction.page, self.prediction.part
        numbered = self.prediction.file + (f", page {page}" if page > 1 else "")
        return numbered if part is None else f"{numbered}, part {part.number} of {part.of}"

    @property
    def outcome(self) -> str:
        """normal, abnormal, refer, rejected or error."""
        return self.prediction.decision or self.prediction.status

    @property
    def size_bytes(self) -> int:
        """How much memory its picture or its file takes."""
        shown = 0 if self.shown is None else self.shown.size_bytes
        return shown + (0 if self.long_file is None else len(self.long_file.content))


def page_key(photo_rgb: ByteArray, bundle: Bundle) -> str:
    """What a page's result is kept under: the same picture has the same key whatever its file is called.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        bundle: which is asked.
    """
    return _sha256(bundle.version, picture_hash(photo_rgb))


def screen_page(page: DecodedPage, of: int, picture: Picture, bundle: Bundle) -> ScreenedPage:
    """Screen one decoded page.

    Args:
        page: its picture, its number, the recording that it was drawn from, and its part of a picture.
        of: how many pages the file has.
        picture: the file.
        bundle: which is asked.
    """
    photo_rgb = page.photo_rgb
    prediction = screen(photo_rgb, bundle, file=picture.name, page=page.number, recording=page.recording)
    # A page of many is kept on its own, without loss, so that looking at it does not decode them all again, as is one
    # that was cut out of a picture; of a recording its drawn page is kept, since the file names the patient.
    is_the_file = of == 1 and picture.pages is None and page.recording is None and page.part is None
    original = picture.content if is_the_file else cv2.imencode(".png", photo_rgb[..., ::-1])[1].tobytes()
    view, thumb = (jpeg(at_width(photo_rgb, width)) for width in (VIEW_WIDTH_PX, THUMB_WIDTH_PX))
    shown = DisplayedPage((photo_rgb.shape[1], photo_rgb.shape[0]), original, view, thumb)
    key = page_key(photo_rgb, bundle)
    return ScreenedPage(key, prediction.of_part(page.part), shown, picture.synthetic, bundle)


def screen_again(
    item: ScreenedPage, paper: PaperSettings, corners_photo_xy: Sequence[Sequence[float]] | None
) -> Prediction:
    """What the same bundle says of a page on another paper, or between other corners.

    Args:
        item: the page; its picture is there.
        paper: speed and gain.
        corners_photo_xy: the panel's corners, clockwise from its top left, where a person set them.
    """
    assert item.shown is not None
    old = item.prediction
    corners = None if corners_photo_xy is None else np.asarray(corners_photo_xy, dtype=np.float64)
    again = screen(
        item.shown.photo_rgb(), item.bundle, file=old.file, page=old.page, paper=paper, corners_photo_xy=corners
    )
    return again.of_part(old.part)


def read_machine_values(item: ScreenedPage) -> PrintedSettings:
    """What the page prints, the rate and intervals in its header with it."""
    assert item.shown is not None
    corners = item.prediction.corners_set_photo_xy
    page = prepare(item.shown.photo_rgb(), None if corners is None else np.array(corners))
    return read_page(page, item.prediction.paper).with_header().printed.settings


def with_prediction(item: ScreenedPage, prediction: Prediction) -> ScreenedPage:
    """The result with another prediction."""
    return replace(item, prediction=prediction)


def without_picture(picture: Picture, number: int, reason: str, bundle: Bundle) -> ScreenedPage:
    """The result of a file, or of one page of it, that could not be opened or screened.

    Args:
        picture: the file.
        number: the page, from 1.
        reason: why, and what to do about it.
        bundle: which would have been asked.
    """
    prediction = Prediction(file=picture.name, page=number, status="error", reason=reason, bundle=bundle.version)
    content = hashlib.sha256(picture.content).hexdigest()
    key = _sha256(bundle.version, picture.name, content, str(number), str(picture.pages))
    return ScreenedPage(key, prediction, None, False, bundle)


def with_a_question(picture: Picture, cause: str, bundle: Bundle) -> ScreenedPage:
    """The row of a file with more pages than are read at once, which asks for some of them.

    Args:
        picture: the file.
        cause: how many there are.
        bundle: which would be asked.
    """
    return replace(without_picture(picture, 1, f"{cause} {WHICH_PAGES}", bundle), long_file=picture)


def same_picture(known: ScreenedPage, number: int, part: PicturePart | None, picture: Picture) -> ScreenedPage:
    """The result of a page whose picture has been screened before: the same, under its own file's name.

    Args:
        known: the result of the picture.
        number: the page's number in its file, from 1.
        part: which part of the file's picture it is.
        picture: the file.
    """
    prediction = replace(known.prediction, file=picture.name, page=number).of_part(part)
    again = replace(known, prediction=prediction, same_as=known.same_as or known.title)
    return known if again.title == known.title else replace(again, key=_sha256(known.key, again.title))


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
