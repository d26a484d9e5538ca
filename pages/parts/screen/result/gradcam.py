"""Explanations on demand: Grad-CAM as a picture over the page, or over the one beat that is looked at."""

from typing import Literal

import cv2
import numpy as np
import streamlit as st

from ecgcore.bundle.folder import Bundle
from ecgcore.explain.evidence import BeatEvidence, explain_beat, page_heat_map
from ecgcore.explain.gradcam import HeatArray
from ecgcore.explain.signal_evidence import signal_heat_map
from ecgcore.types import ByteArray, Prediction
from pages.parts.common.waiting import wait_for
from pages.parts.screen.screened import VIEW_WIDTH_PX, DisplayedPage, ScreenedPage

# Purple keeps away from red and pink grids, from the boxes' orange and blue, and from black pens.
HEAT_RGB = (112, 48, 160)
CROP_SHOWN_PX = 384
HeatSource = Literal["Page", "Signal"]
_PAGE_S, _BEAT_S = 4.0, 2.0  # with two cores


def heat_sources(prediction: Prediction) -> tuple[HeatSource, ...]:
    """Of which networks Grad-CAM can be shown."""
    return ("Page",) if prediction.p_waveform is None else ("Page", "Signal")


def page_heat_png(item: ScreenedPage, shown: DisplayedPage, bundle: Bundle, source: HeatSource = "Page") -> bytes:
    """Grad-CAM of one screened page: a transparent PNG at most ``VIEW_WIDTH_PX`` wide that spans the whole photo.

    Args:
        item: the page's result.
        shown: its picture.
        bundle: which screened it.
        source: whether the network of the page's picture or that of its signal is asked.
    """
    return wait_for(
        "Computing Grad-CAM", lambda: _heat_png(_cache_key(item), source, item, shown, bundle), usual_s=_PAGE_S
    )


def beat_picture(item: ScreenedPage, shown: DisplayedPage, bundle: Bundle, beat: int, opacity: float) -> ByteArray:
    """What the beat network saw of one beat, black on white, with its Grad-CAM over it: ``uint8 [H, W, 3]``.

    Args:
        item: the page's result.
        shown: its picture.
        bundle: which screened it.
        beat: number of the beat (from 0).
        opacity: 0..1, of the heat where it is strongest.
    """
    found = wait_for(
        f"Computing Grad-CAM of beat {beat + 1}",
        lambda: _beat_evidence(_cache_key(item), beat, item, shown, bundle),
        usual_s=_BEAT_S,
    )
    height, width = found.crop.shape
    size = (round(CROP_SHOWN_PX * width / height), CROP_SHOWN_PX)
    pen = cv2.resize(found.crop, size, interpolation=cv2.INTER_CUBIC).clip(0, 1)[..., None]
    heat = cv2.resize(found.heat, size, interpolation=cv2.INTER_LINEAR).clip(0, 1)[..., None] * opacity
    paper = 255 * (1 - heat) + np.asarray(HEAT_RGB) * heat
    return np.asarray(paper * (1 - pen), dtype=np.uint8)


def forget_maps() -> None:
    """Drop every map of this session."""
    _heat_png.clear()
    _beat_evidence.clear()
    st.session_state.pop("explained", None)


def _cache_key(item: ScreenedPage) -> str:
    return f"{item.key} {item.prediction.corners_set_photo_xy}"


@st.cache_data(scope="session", max_entries=12, show_spinner=False)
def _heat_png(
    key: str,  # noqa: ARG001  # of the cache
    source: HeatSource,
    _item: ScreenedPage,
    _shown: DisplayedPage,
    _bundle: Bundle,
) -> bytes:
    heat: HeatArray | None
    if source == "Signal":
        heat = signal_heat_map(_bundle, _item.prediction, width_px=VIEW_WIDTH_PX, photo_wh=_shown.wh)
        assert heat is not None  # such a page has an answer of its signal
    else:
        heat = page_heat_map(_shown.photo_rgb, _bundle, _item.prediction, width_px=VIEW_WIDTH_PX, photo_wh=_shown.wh)
    bgra = np.dstack([np.full((*heat.shape, 3), HEAT_RGB[::-1], np.uint8), (255 * heat).astype(np.uint8)])
    return cv2.imencode(".png", bgra)[1].tobytes()


@st.cache_data(scope="session", max_entries=200, show_spinner=False)
def _beat_evidence(
    key: str,  # noqa: ARG001  # of the cache
    beat: int,
    _item: ScreenedPage,
    _shown: DisplayedPage,
    _bundle: Bundle,
) -> BeatEvidence:
    return explain_beat(_shown.photo_rgb, _bundle, _item.prediction, beat)
