"""Pictures -> screened pages, kept in memory for the session and never on disk."""

import hashlib
from dataclasses import replace

import cv2
import streamlit as st

from ecgcore.bundle.folder import Bundle
from ecgcore.page.decode.decoded_page import DecodedPage
from ecgcore.page.decode.read import picture_hash
from ecgcore.pipeline import screen
from ecgcore.types import ByteArray, Prediction
from pages.parts.common.images import at_width, jpeg
from pages.parts.screen.screened import VIEW_WIDTH_PX, DisplayedPage, Picture, ScreenedPage

THUMB_WIDTH_PX = 144


def session_results() -> dict[str, ScreenedPage]:
    """This session's results by key, in the order in which they came; a page switch leaves them alone."""
    results: dict[str, ScreenedPage] = st.session_state.setdefault("screened", {})
    return results


def replace_result(item: ScreenedPage) -> None:
    """Take a changed result over in the place of the one with the same key."""
    session_results()[item.key] = item


def page_key(photo_rgb: ByteArray, bundle: Bundle) -> str:
    """What a page's result is kept under: the same picture has the same key whatever its file is called.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``.
        bundle: which is asked.
    """
    return _sha256(bundle.version, picture_hash(photo_rgb))


def screen_page(page: DecodedPage, number: int, of: int, picture: Picture, bundle: Bundle) -> ScreenedPage:
    """Screen one decoded page.

    Args:
        page: its picture, and the recording that it was drawn from.
        number: which page of its file it is, from 1.
        of: how many pages the file has.
        picture: the file.
        bundle: which is asked.
    """
    photo_rgb = page.photo_rgb
    prediction = screen(photo_rgb, bundle, file=picture.name, page=number, recording=page.recording)
    # A page of many is kept on its own, without loss, so that looking at it does not decode them all again; of a
    # recording its drawn page is kept, since the file names the patient.
    original = (
        picture.content
        if of == 1 and page.recording is None
        else cv2.imencode(".png", photo_rgb[..., ::-1])[1].tobytes()
    )
    view, thumb = (jpeg(at_width(photo_rgb, width)) for width in (VIEW_WIDTH_PX, THUMB_WIDTH_PX))
    shown = DisplayedPage((photo_rgb.shape[1], photo_rgb.shape[0]), original, view, thumb)
    return ScreenedPage(page_key(photo_rgb, bundle), prediction, shown, picture.synthetic, bundle)


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
    return ScreenedPage(_sha256(bundle.version, picture.name, content, str(number)), prediction, None, False, bundle)


def same_picture(known: ScreenedPage, number: int, picture: Picture) -> ScreenedPage:
    """The result of a page whose picture has been screened before: the same, under its own file's name.

    Args:
        known: the result of the picture.
        number: the page's number in its file, from 1.
        picture: the file.
    """
    prediction = replace(known.prediction, file=picture.name, page=number)
    again = replace(known, prediction=prediction, same_as=known.same_as or known.title)
    return known if again.title == known.title else replace(again, key=_sha256(known.key, again.title))


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
