"""A stand-in for screening that asks the networks once for each picture: the app's tests drop the same few pages."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ecgcore.bundle.folder import Bundle
from ecgcore.operating_point import OperatingPoint
from ecgcore.page.decode.read import picture_hash
from ecgcore.pipeline import screen
from ecgcore.types import ByteArray, Prediction

_answers: dict[tuple[str, Path, str, OperatingPoint], Prediction] = {}


def screen_once(photo_rgb: ByteArray, bundle: Bundle, *, file: str, page: int = 1, **asked: Any) -> Prediction:
    """As ``screen``, whose answer depends on what it is given alone (``test_same_picture_same_prediction``).

    Args:
        photo_rgb: the upright picture, ``uint8 [H, W, 3]``.
        bundle: the networks and thresholds.
        file: the name that the prediction bears.
        page: its page number, from 1.
        asked: the rest; where anything is asked for, the networks are asked each time.
    """
    if any(value is not None for value in asked.values()):
        return screen(photo_rgb, bundle, file=file, page=page, **asked)
    known_by = (picture_hash(photo_rgb), bundle.folder, bundle.manifest.fingerprint, bundle.operating_point)
    if known_by not in _answers:
        _answers[known_by] = screen(photo_rgb, bundle, file=file, page=page)
    return replace(_answers[known_by], file=file, page=page)
