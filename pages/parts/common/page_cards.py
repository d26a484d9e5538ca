"""Stored pages as pictures in a grid: their beat boxes, a few words, and the way to Review."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import streamlit as st

from annotations import readings
from annotations.readings.predictions import latest_prediction_id, proposals
from annotations.store import Store
from ecgcore.errors import EcgError
from ecgcore.output.previews import at_width, jpeg
from ecgcore.overlay import BLUE, GREY, VERMILION
from ecgcore.page.decode.read import read_picture
from ecgcore.types import Box
from pages.parts.common.words import error_text

_COLUMNS = 3
_WIDTH_PX = 800
_COLOURS = {"normal": BLUE, "abnormal": VERMILION, "": (0, 158, 115)}

BOXES = "Green boxes: beats boxed by a person. Thin grey boxes: detected by a model, on pages that nobody has boxed."


@dataclass(frozen=True)
class PageCard:
    """One page of the grid.

    Args:
        image_id: the page's number; None where it was erased.
        words: Markdown below the picture.
    """

    image_id: int | None
    words: str


def page_cards(store: Store, cards: Sequence[PageCard], scope: str) -> None:
    """Show the cards in rows of three, or one below the other on a phone, where nine would be a long way to scroll: all
    but the first row are folded away. ``scope`` tells two grids of a page apart.

    Args:
        store: where.
        cards: what to show.
        scope: names the place on the page, for the widgets' keys.
    """
    _rows(store, cards[:_COLUMNS], scope)
    if len(cards) > _COLUMNS:
        with st.expander(f"{len(cards) - _COLUMNS} more"):
            _rows(store, cards[_COLUMNS:], scope)


def _rows(store: Store, cards: Sequence[PageCard], scope: str) -> None:
    for start in range(0, len(cards), _COLUMNS):
        for column, card in zip(st.columns(_COLUMNS), cards[start : start + _COLUMNS], strict=False):
            with column:
                _card(store, card, scope)


def _card(store: Store, card: PageCard, scope: str) -> None:
    if card.image_id is None:
        st.caption("This page was erased.")
    else:
        try:
            st.image(boxed_thumbnail(store, card.image_id), width="stretch", alt=f"ECG page {card.image_id}")
        except EcgError as error:
            st.caption(error_text(error))
    st.markdown(card.words)
    if card.image_id is not None and st.button(
        f"Open page {card.image_id} in Review",
        key=f"{scope}-review-{card.image_id}",
        icon=":material/draw:",
        type="tertiary",
    ):
        open_in_review(card.image_id)


def open_in_review(image_id: int) -> None:
    """Leave for Review with this page on the desk."""
    st.session_state["review-open"] = image_id
    st.switch_page("pages/review.py")


def boxed_thumbnail(store: Store, image_id: int) -> bytes:
    """A stored page with its beat boxes as a small JPEG: what holds for it, else what a bundle proposed.

    Args:
        store: where.
        image_id: number of the page.

    Raises:
        StoreError: there is no such page.
        UnreadablePictureError: its file is missing or damaged.
    """
    picture = store.picture(image_id)
    head = readings.head(store, image_id)
    boxes: tuple[tuple[Box, str | None], ...] = ()
    if head is not None and head.reading.beats:
        boxes = tuple((box.box_photo_xyxy, box.label or "") for box in head.reading.beats)
    elif (prediction_id := latest_prediction_id(store, image_id)) is not None:
        boxes = tuple((beat.box_photo_xyxy, None) for beat in proposals(store, prediction_id).values())
    return _drawn(str(store.picture_path(picture)), boxes)


@st.cache_data(show_spinner=False, max_entries=300)
def _drawn(path: str, boxes: tuple[tuple[Box, str | None], ...]) -> bytes:
    """``boxes`` come with their own label, "" where a person gave none, None where nobody looked at them."""
    photo_rgb = read_picture(Path(path), "the picture")[0]
    small = np.ascontiguousarray(at_width(photo_rgb, _WIDTH_PX))
    scale = small.shape[1] / photo_rgb.shape[1]
    for box, label in boxes:
        corners = [round(edge * scale) for edge in box.as_list()]
        colour, width_px = (GREY, 1) if label is None else (_COLOURS[label], 2)
        cv2.rectangle(small, corners[:2], corners[2:], colour, width_px, cv2.LINE_AA)
    return jpeg(small)


def numbers_of_files(store: Store, files: Iterable[str]) -> dict[str, int]:
    """The numbers of the pages with these files, as far as they are still here.

    Args:
        store: where.
        files: their names within the data folder.
    """
    wanted = set(files)
    return {row["file"]: row["id"] for row in store.rows("SELECT id, file FROM image") if row["file"] in wanted}
