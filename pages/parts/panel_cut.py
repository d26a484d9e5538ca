"""What would be stored of a page of which only the panel is kept: the rows of trace, and what somebody blacked out."""

from collections.abc import MutableMapping

import cv2
import numpy as np
import streamlit as st

from ecgcore.overlay import ORANGE
from ecgcore.page import prepare_page
from ecgcore.page_cut import PanelCut, cut_panel
from ecgcore.types import Box, ByteArray
from pages.parts.pictures import at_width
from pages.parts.results import Screened, Shown

_OUTLINE_PX = 3
_LETTER_PX = 22


def kept_cuts() -> MutableMapping[str, PanelCut]:
    """This session's cuts by the key of the page, so that none is made twice."""
    cuts: dict[str, PanelCut] = st.session_state.setdefault("panel-cuts", {})
    return cuts


def cut_of(item: Screened, shown: Shown) -> PanelCut:
    """The page's cut, with nothing blacked out; made where the session has none yet."""
    cuts = kept_cuts()
    if item.key not in cuts:
        cuts[item.key] = make_cut(item, shown)
    return cuts[item.key]


def make_cut(item: Screened, shown: Shown) -> PanelCut:
    """Cut a page down to its rows of trace; may run in any thread."""
    prediction, photo_rgb = item.prediction, shown.photo_rgb()
    assert prediction.frame is not None
    ink = prepare_page(photo_rgb).ink if prediction.ink is None else prediction.ink.raster()
    return cut_panel(photo_rgb, prediction.frame, ink, prediction.handwriting_photo_xyxy)


def outlined(cut: PanelCut, width_px: int) -> ByteArray:
    """What would be stored at a width, with the print and handwriting that is still in it outlined and numbered."""
    small = np.ascontiguousarray(at_width(cut.picture_rgb, width_px))
    scale = small.shape[1] / cut.picture_rgb.shape[1]
    for number, box in enumerate(cut.text_boxes, 1):
        x1, y1, x2, y2 = (round(edge * scale) for edge in box.as_list())
        start, end = (x1 - _OUTLINE_PX, y1 - _OUTLINE_PX), (x2 + _OUTLINE_PX, y2 + _OUTLINE_PX)
        cv2.rectangle(small, start, end, ORANGE, _OUTLINE_PX, cv2.LINE_AA)
        place = (max(0, start[0]), start[1] - 4 if start[1] > _LETTER_PX else end[1] + _LETTER_PX)
        cv2.putText(small, str(number), place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, ORANGE, 2, cv2.LINE_AA)
    return small


def blacked_out(item: Screened) -> list[Box]:
    """The places that somebody blacked out in a page's cut, in its pixels."""
    places: list[Box] = st.session_state.setdefault("blacked-out", {}).setdefault(item.key, [])
    return places


def forget_cuts(keys: set[str]) -> None:
    """Let go of the cuts of pages that are stored."""
    for name in ("panel-cuts", "blacked-out"):
        kept = st.session_state.get(name, {})
        for key in keys & kept.keys():
            del kept[key]
