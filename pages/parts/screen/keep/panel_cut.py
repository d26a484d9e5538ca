"""What would be stored of a page of which only the panel is kept: the rows of trace, and what somebody blacked out."""

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import cv2
import numpy as np
import streamlit as st

from ecgcore.output.previews import at_width
from ecgcore.overlay import ORANGE
from ecgcore.page.crop import PanelCut, cut_panel
from ecgcore.page.prepare import prepare_page
from ecgcore.types import Box, ByteArray, Prediction
from pages.parts.screen.screened import DisplayedPage, ScreenedPage

_OUTLINE_PX = 3
_LETTER_PX = 22


@dataclass
class KeptCut:
    """What was cut of a page, so that it is cut once.

    Args:
        prediction: whose frame it was cut by; corners that are set by hand later make another.
        cut: with nothing blacked out.
        places: in the cut's pixels, which somebody blacked out.
    """

    prediction: Prediction
    cut: PanelCut
    places: list[Box] = field(default_factory=list)


Cuts = WeakKeyDictionary[DisplayedPage, KeptCut]
"""By the picture of the page: with the last of its results the cut goes too."""


def kept_cuts() -> Cuts:
    """This session's cuts."""
    cuts: Cuts = st.session_state.setdefault("panel-cuts", Cuts())
    return cuts


def cut_of(item: ScreenedPage, shown: DisplayedPage, cuts: Cuts) -> KeptCut:
    """The page's cut, made where ``cuts`` has none; may run in any thread.

    Args:
        item: the screened page.
        shown: its picture.
        cuts: the session's.
    """
    known = cuts.get(shown)
    if known is None or known.prediction is not item.prediction:
        known = cuts[shown] = KeptCut(item.prediction, _cut(item, shown))
    return known


def _cut(item: ScreenedPage, shown: DisplayedPage) -> PanelCut:
    prediction, photo_rgb = item.prediction, shown.photo_rgb()
    assert prediction.frame is not None
    ink = prepare_page(photo_rgb).ink if prediction.ink is None else prediction.ink.raster()
    return cut_panel(photo_rgb, prediction.frame, ink, prediction.handwriting_photo_xyxy)


def outlined(cut: PanelCut, width_px: int) -> ByteArray:
    """What would be stored at a width, with the print and handwriting that is still in it outlined and numbered.

    Args:
        cut: of the page.
        width_px: of the result.
    """
    small = np.ascontiguousarray(at_width(cut.picture_rgb, width_px))
    scale = small.shape[1] / cut.picture_rgb.shape[1]
    for number, box in enumerate(cut.text_boxes, 1):
        x1, y1, x2, y2 = (round(edge * scale) for edge in box.as_list())
        start, end = (x1 - _OUTLINE_PX, y1 - _OUTLINE_PX), (x2 + _OUTLINE_PX, y2 + _OUTLINE_PX)
        cv2.rectangle(small, start, end, ORANGE, _OUTLINE_PX, cv2.LINE_AA)
        place = (max(0, start[0]), start[1] - 4 if start[1] > _LETTER_PX else end[1] + _LETTER_PX)
        cv2.putText(small, str(number), place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, ORANGE, 2, cv2.LINE_AA)
    return small
