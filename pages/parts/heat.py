"""Explanations on demand: Grad-CAM as pictures that lie over the page and over its beats."""

from dataclasses import dataclass

import cv2
import numpy as np
import streamlit as st

from ecgcore.bundle import Bundle
from ecgcore.explain import HeatArray
from ecgcore.pipeline import evidence
from ecgcore.types import ByteArray
from pages.parts.results import VIEW_WIDTH_PX, Screened, Shown

# Purple keeps away from red and pink grids, from the boxes' vermilion and blue, and from black pens.
HEAT_RGB = (112, 48, 160)
CROP_SHOWN_PX = 384


@dataclass(frozen=True)
class Maps:
    """Grad-CAM of one page: a transparent PNG for the page, and for each beat its crop and its heat.

    Args:
        page_png: RGBA at most ``VIEW_WIDTH_PX`` wide; spans the whole photo.
        crops: ``[n, H, W]``, 0 = paper, 1 = full pen; order of the prediction's beats.
        crop_heats: ``[n, px, px]``, 0..1.
    """

    page_png: bytes
    crops: HeatArray
    crop_heats: HeatArray


def explain(item: Screened, shown: Shown, bundle: Bundle) -> Maps:
    """The maps of one screened page; computed once a session and picture."""
    return _explain(f"{item.key} {item.prediction.corners_set_photo_xy}", item, shown, bundle)


def forget_maps() -> None:
    """Drop every map of this session."""
    _explain.clear()
    st.session_state.pop("explained", None)


@st.cache_data(scope="session", max_entries=12, show_spinner="Computing Grad-CAM")
def _explain(key: str, _item: Screened, _shown: Shown, _bundle: Bundle) -> Maps:
    found = evidence(_shown.photo_rgb(), _bundle, _item.prediction, top=len(_item.prediction.beats))
    order = np.argsort(found.beats)
    scale = min(1.0, VIEW_WIDTH_PX / _shown.wh[0])
    small = cv2.resize(found.heat_photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    bgra = np.dstack([np.full((*small.shape, 3), HEAT_RGB[::-1], np.uint8), (255 * small).astype(np.uint8)])
    _, encoded = cv2.imencode(".png", bgra)
    return Maps(encoded.tobytes(), found.crops[order], found.crop_heats[order])


def crop_picture(maps: Maps, beat: int, opacity: float) -> ByteArray:
    """What the local network saw of one beat, black on white, with its Grad-CAM over it: ``uint8 [H, W, 3]``."""
    height, width = maps.crops[beat].shape
    size = (round(CROP_SHOWN_PX * width / height), CROP_SHOWN_PX)
    pen = cv2.resize(maps.crops[beat], size, interpolation=cv2.INTER_CUBIC).clip(0, 1)[..., None]
    heat = cv2.resize(maps.crop_heats[beat], size, interpolation=cv2.INTER_LINEAR).clip(0, 1)[..., None] * opacity
    paper = 255 * (1 - heat) + np.asarray(HEAT_RGB) * heat
    return np.asarray(paper * (1 - pen), dtype=np.uint8)
