"""The evidence behind one prediction: Grad-CAM of its page and its beats, from the ink that the prediction carries."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ecgcore.bundle.folder import Bundle
from ecgcore.explain.gradcam import HeatArray, crop_heat, page_heat
from ecgcore.geometry.arrays import ByteArray
from ecgcore.geometry.frame import PanelFrame
from ecgcore.geometry.warp import to_photo
from ecgcore.networks.local_net import cut_beats
from ecgcore.page.prepare import prepare
from ecgcore.read_page import read_page
from ecgcore.types import Prediction

Photo = Callable[[], ByteArray]
"""Decodes the picture that was screened; called only where a prediction does not carry its panel."""


@dataclass(frozen=True)
class Evidence:
    """What the Screen page shows to explain one prediction.

    Args:
        heat_photo: Grad-CAM of the global network in the upright photo, ``float32 [H, W]``, 0..1, 0 off the panel.
        beats: the beats that weighed most, heaviest first: indices into ``Prediction.beats``.
        crops: what the local network saw of them, ``float32 [k, H, W]``, 0 = paper, 1 = full pen.
        crop_heats: Grad-CAM of the local network on these crops, ``float32 [k, H, W]``, 0..1.
    """

    heat_photo: HeatArray
    beats: tuple[int, ...]
    crops: HeatArray
    crop_heats: HeatArray


@dataclass(frozen=True)
class BeatEvidence:
    """One beat as the local network saw it.

    Args:
        crop: ``float32 [H, W]``, 0 = paper, 1 = full pen.
        heat: Grad-CAM of the local network on it, ``float32 [H, W]``, 0..1.
    """

    crop: HeatArray
    heat: HeatArray


def evidence(photo_rgb: ByteArray, bundle: Bundle, prediction: Prediction, *, top: int = 5) -> Evidence:
    """Compute all maps that explain a prediction.

    Args:
        photo_rgb: the picture that was screened.
        bundle: the bundle that screened it.
        prediction: what it said; status ok.
        top: most beats to explain.

    Raises:
        NotScreenableError: the picture is not one that could be screened.
    """
    ink, frame = _panel(lambda: photo_rgb, prediction)
    height, width = photo_rgb.shape[:2]
    heat = to_photo(page_heat(bundle.nets.global_, ink), frame, (width, height))
    heaviest = sorted(range(len(prediction.beats)), key=lambda i: -abs(prediction.beats[i].share or 0.0))[:top]
    return Evidence(heat, tuple(heaviest), *_beat_maps(ink, frame, bundle, prediction, heaviest))


def explain_beat(photo_rgb: Photo, bundle: Bundle, prediction: Prediction, beat: int) -> BeatEvidence:
    """What the local network saw of one beat, and why it answered so.

    Args:
        photo_rgb: gives the picture that was screened.
        bundle: the bundle that screened it.
        prediction: what it said; status ok.
        beat: index into its beats.

    Raises:
        IndexError: there is no such beat.
        NotScreenableError: the picture is not one that could be screened.
    """
    crops, heats = _beat_maps(*_panel(photo_rgb, prediction), bundle, prediction, [beat])
    return BeatEvidence(crops[0], heats[0])


def page_heat_map(
    photo_rgb: Photo,
    bundle: Bundle,
    prediction: Prediction,
    *,
    width_px: int,
    photo_wh: tuple[int, int],
) -> HeatArray:
    """The page's Grad-CAM over the whole photo at the size in which it is shown.

    Args:
        photo_rgb: gives the picture that was screened.
        bundle: the bundle that screened it.
        prediction: what it said; status ok.
        width_px: of the view; no wider than the photo.
        photo_wh: the photo's size in pixels.

    Returns:
        ``float32 [h, w]``, 0..1, 0 off the panel.

    Raises:
        NotScreenableError: the picture is not one that could be screened.
    """
    ink, frame = _panel(photo_rgb, prediction)
    scale = min(1.0, width_px / photo_wh[0])
    view_wh = max(1, round(photo_wh[0] * scale)), max(1, round(photo_wh[1] * scale))
    view_from_photo = np.diag([view_wh[0] / photo_wh[0], view_wh[1] / photo_wh[1], 1.0])
    view = replace(frame, photo_from_panel=view_from_photo @ frame.photo_from_panel)
    return to_photo(page_heat(bundle.nets.global_, ink), view, view_wh)


def _panel(photo_rgb: Photo, prediction: Prediction) -> tuple[ByteArray, PanelFrame]:
    """The panel's ink and frame: as the prediction carries them, else prepared anew."""
    if prediction.ink is not None and prediction.frame is not None:
        return prediction.ink.raster(), prediction.frame
    corners = prediction.corners_set_photo_xy
    page = read_page(prepare(photo_rgb(), None if corners is None else np.array(corners)), prediction.paper).page
    return page.ink, page.frame


def _beat_maps(
    ink: ByteArray, frame: PanelFrame, bundle: Bundle, prediction: Prediction, beats: list[int]
) -> tuple[HeatArray, HeatArray]:
    """Crops and their heats, ``[k, H, W]`` each."""
    boxes_photo = [prediction.beats[i].box_photo_xyxy.as_list() for i in beats]
    crops = cut_beats(ink, frame.boxes_to_panel(boxes_photo), bundle.nets.local.config)
    heats = np.zeros((0, *crops.shape[2:]), dtype=np.float32)
    if beats:
        heats = crop_heat(bundle.nets.local, crops.to(bundle.device))
    return np.asarray(crops[:, 0].numpy(), dtype=np.float32), heats
