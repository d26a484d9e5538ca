"""A page as decoders give it: its picture, and the recording that it was drawn from, if any."""

from dataclasses import dataclass

from ecgcore.geometry.arrays import ByteArray
from ecgcore.picture_part import PicturePart
from ecgcore.recordings.recording import Recording


@dataclass(frozen=True)
class DecodedPage:
    """One page of a file.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``; the drawn page of a recording.
        recording: None for a picture.
        number: of the page in its file, from 1.
        part: which part of the decoded picture it is, where that shows several pages; None for all of it.
    """

    photo_rgb: ByteArray
    recording: Recording | None = None
    number: int = 1
    part: PicturePart | None = None
