"""Explanations on demand: Grad-CAM as a picture over the page, or over the one beat that is looked at."""

import cv2
import numpy as np
import streamlit as st

from ecgcore.bundle import Bundle
from ecgcore.pipeline import BeatEvidence, explain_beat, page_heat_map
from ecgcore.types import ByteArray
from pages.parts.results import VIEW_WIDTH_PX, Screened, Shown

# Purple keeps away from red and pink grids, from the boxes' orange and blue, and from black pens.
HEAT_RGB = (112, 48, 160)
CROP_SHOWN_PX = 384


def page_heat_png(item: Screened, shown: Shown, bundle: Bundle) -> bytes:
    """Grad-CAM of one screened page: a transparent PNG at most ``VIEW_WIDTH_PX`` wide that spans the whole photo."""
    return _page_heat_png(_cache_key(item), item, shown, bundle)


def beat_picture(item: Screened, shown: Shown, bundle: Bundle, beat: int, opacity: float) -> ByteArray:
    """What the beat network saw of one beat, black on white, with its Grad-CAM over it: ``uint8 [H, W, 3]``.

    Args:
        item, shown, bundle: the screened page.
        beat: number of the beat (from 0).
        opacity: 0..1, of the heat where it is strongest.
    """
    found = _beat_evidence(_cache_key(item), beat, item, shown, bundle)
    height, width = found.crop.shape
    size = (round(CROP_SHOWN_PX * width / height), CROP_SHOWN_PX)
    pen = cv2.resize(found.crop, size, interpolation=cv2.INTER_CUBIC).clip(0, 1)[..., None]
    heat = cv2.resize(found.heat, size, interpolation=cv2.INTER_LINEAR).clip(0, 1)[..., None] * opacity
    paper = 255 * (1 - heat) + np.asarray(HEAT_RGB) * heat
    return np.asarray(paper * (1 - pen), dtype=np.uint8)


def forget_maps() -> None:
    """Drop every map of this session."""
    _page_heat_png.clear()
    _beat_evidence.clear()
    st.session_state.pop("explained", None)


def _cache_key(item: Screened) -> str:
    return f"{item.key} {item.prediction.corners_set_photo_xy}"


@st.cache_data(scope="session", max_entries=12, show_spinner="Computing Grad-CAM")
def _page_heat_png(key: str, _item: Screened, _shown: Shown, _bundle: Bundle) -> bytes:
    heat = page_heat_map(_shown.photo_rgb, _bundle, _item.prediction, width_px=VIEW_WIDTH_PX, photo_wh=_shown.wh)
    bgra = np.dstack([np.full((*heat.shape, 3), HEAT_RGB[::-1], np.uint8), (255 * heat).astype(np.uint8)])
    return cv2.imencode(".png", bgra)[1].tobytes()


@st.cache_data(scope="session", max_entries=200, show_spinner="Computing Grad-CAM")
def _beat_evidence(key: str, beat: int, _item: Screened, _shown: Shown, _bundle: Bundle) -> BeatEvidence:
    return explain_beat(_shown.photo_rgb, _bundle, _item.prediction, beat)
