"""From a screened page to a stored one: as much of it as may be kept, whose it is, and what was said of it."""

from dataclasses import replace

import numpy as np

from annotations.model import Picture
from annotations.patients.keys import name_patient
from annotations.readings.panel_corners import remember_corners
from annotations.readings.predictions import record_prediction
from annotations.store import Store
from ecgcore.page.crop import PanelCut
from ecgcore.page.decode.read import picture_hash
from ecgcore.types import Box, Prediction
from pages.parts.screen.screened import DisplayedPage, ScreenedPage


def known_picture(store: Store, shown: DisplayedPage) -> Picture | None:
    """The stored picture of a page that came before, None where it is new.

    Args:
        store: where.
        shown: the page's picture.
    """
    return store.picture_by_hash(picture_hash(shown.photo_rgb()))


def store_page(
    store: Store, item: ScreenedPage, shown: DisplayedPage, *, cut: PanelCut | None, group: str, person: str | None
) -> int:
    """Store a page with what was said of it, once; returns its number. May run in any thread.

    Args:
        store: where.
        item: the page's result.
        shown: its picture.
        cut: what is stored of it; None for the whole photo. A page that was stored before stays as it was.
        group: of ``patients.keys.patient_group``, "" for an unknown patient.
        person: who set the panel's corners by hand, if somebody did.

    Raises:
        StoreError: it cannot be stored, or belongs to another patient already.
        UnreadablePictureError: the photo is damaged.
    """
    photo_rgb = shown.photo_rgb()
    digest, source = picture_hash(photo_rgb), "sample" if item.synthetic else "upload"
    picture = store.picture_by_hash(digest)
    if picture is None and cut is None:
        picture, _ = store.add_picture(photo_rgb, original=shown.original, group=group, source=source)
    elif picture is None:
        assert cut is not None
        picture, _ = store.add_picture(cut.picture_rgb, group=group, source=source, former_hash=digest)
    if group:
        name_patient(store, [picture.id], group)
    if (picture.width, picture.height) == shown.wh:
        if item.prediction.corners_set_photo_xy is not None:
            remember_corners(store, picture.id, np.array(item.prediction.corners_set_photo_xy), person)
        record_prediction(store, picture.id, item.prediction)
    elif cut is not None and cut.picture_rgb.shape[:2] == (picture.height, picture.width):  # not an older program's cut
        record_prediction(store, picture.id, in_the_cut(item.prediction, cut))
    return picture.id


def in_the_cut(prediction: Prediction, cut: PanelCut) -> Prediction:
    """The prediction with its beats where they are in the panel's own picture.

    Args:
        prediction: what was said of the page.
        cut: of the page.
    """
    places = [cut.boxes(np.array(beat.box_photo_xyxy.as_list()))[0].tolist() for beat in prediction.beats]
    beats = [
        replace(beat, box_photo_xyxy=Box(*place), r_peak_photo_xy=None)
        for beat, place in zip(prediction.beats, places, strict=True)
        if place[0] < place[2] and place[1] < place[3]
    ]
    return replace(prediction, beats=tuple(beats))
