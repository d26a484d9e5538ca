"""Pictures -> screened pages, kept in memory for the session and never on disk."""

import hashlib
from dataclasses import dataclass

import cv2
import streamlit as st

from ecgcore.bundle import Bundle
from ecgcore.page import picture_hash, read_picture
from ecgcore.pipeline import screen_pages
from ecgcore.types import ByteArray, Prediction
from pages.parts.pictures import at_width, jpeg

VIEW_WIDTH_PX = 1600
THUMB_WIDTH_PX = 240


@dataclass(frozen=True)
class Picture:
    """One uploaded, photographed or drawn file before it is decoded."""

    name: str
    content: bytes
    synthetic: bool = False


@dataclass(frozen=True)
class Shown:
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

    def photo_rgb(self) -> ByteArray:
        """The upright photo, ``uint8 [H, W, 3]``."""
        return read_picture(self.original, "the picture")[0]


@dataclass(frozen=True)
class Screened:
    """One page and what was said of it; ``shown`` is None where nothing could be decoded.

    Args:
        key: hash of the picture's content and the bundle's version.
        prediction: contract 1's object.
        shown: the page.
        synthetic: drawn by the app, no patient's page.
        bundle: which said it; its thresholds and maps go with it, also after another one was made active.
    """

    key: str
    prediction: Prediction
    shown: Shown | None
    synthetic: bool
    bundle: Bundle

    @property
    def title(self) -> str:
        """File name, with the page's number where it is not the first."""
        return self.prediction.file + (f", page {self.prediction.page}" if self.prediction.page > 1 else "")

    @property
    def verdict(self) -> str:
        """normal, abnormal, refer, rejected or error."""
        return self.prediction.decision or self.prediction.status


def shelf() -> dict[str, Screened]:
    """This session's results by key, in the order in which they came; a page switch leaves them alone."""
    results: dict[str, Screened] = st.session_state.setdefault("screened", {})
    return results


def screen_all(pictures: list[Picture], bundle: Bundle) -> None:
    """Screen what is new among ``pictures`` onto the shelf, with a bar that counts; a bad file never stops the rest."""
    done: set[str] = st.session_state.setdefault("screened_files", set())
    bar = st.progress(0.0)
    for index, picture in enumerate(pictures):
        bar.progress(index / len(pictures), text=f"Screening {index + 1} of {len(pictures)}: {picture.name}")
        file_key = _sha256(picture.content, bundle)
        if file_key not in done:
            for item in _screen(picture, bundle):
                known = shelf().setdefault(item.key, item)
                if known is not item:
                    st.toast(f"{item.title} is the same picture as {known.title}.")
            done.add(file_key)
    bar.empty()


def put_on_shelf(item: Screened) -> None:
    """Take a changed result over in the place of the one with the same key."""
    shelf()[item.key] = item


def forget_results() -> None:
    """Forget every result and picture of this session."""
    st.session_state.pop("screened", None)
    st.session_state.pop("screened_files", None)


def _screen(picture: Picture, bundle: Bundle) -> list[Screened]:
    pages = list(screen_pages(picture.content, bundle, file=picture.name))
    items = []
    for prediction, photo_rgb in pages:
        if photo_rgb is None:
            key, shown = _sha256(picture.content, bundle), None
        else:
            key = _sha256(picture_hash(photo_rgb).encode(), bundle)
            # A page of many is kept on its own, without loss, so that looking at it does not decode them all again.
            original = picture.content if len(pages) == 1 else cv2.imencode(".png", photo_rgb[..., ::-1])[1].tobytes()
            view, thumb = (jpeg(at_width(photo_rgb, width)) for width in (VIEW_WIDTH_PX, THUMB_WIDTH_PX))
            shown = Shown((photo_rgb.shape[1], photo_rgb.shape[0]), original, view, thumb)
        items.append(Screened(key, prediction, shown, picture.synthetic, bundle))
    return items


def _sha256(content: bytes, bundle: Bundle) -> str:
    return hashlib.sha256(bundle.version.encode() + b"\0" + content).hexdigest()
