"""A page as decoders give it: its picture, and the recording that it was drawn from, if any."""

from collections.abc import Iterator
from dataclasses import dataclass
from zipfile import BadZipFile

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.decode.limits import DECODER_ERRORS
from ecgcore.papersim.recording_page import draw_recording
from ecgcore.recordings.dicom import DICOM_ERRORS
from ecgcore.recordings.read import read_recordings
from ecgcore.recordings.recording import EXPORT, Recording

RECORDING_ERRORS = (*DECODER_ERRORS, *DICOM_ERRORS, ArithmeticError, AssertionError, LookupError, BadZipFile)
"""What the readers of digital ECGs raise on damaged data."""


@dataclass(frozen=True)
class DecodedPage:
    """One page of a file.

    Args:
        photo_rgb: upright, ``uint8 [H, W, 3]``; the drawn page of a recording.
        recording: None for a picture.
        number: of the page in its file, from 1.
    """

    photo_rgb: ByteArray
    recording: Recording | None = None
    number: int = 1


def recorded_pages(data: bytes, name: str) -> Iterator[DecodedPage] | None:
    """The drawn pages of a file that holds digital ECGs; None of one that does not.

    Args:
        data: the file's bytes.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: it is damaged, or a digital ECG that cannot be read.
    """
    try:
        recordings = read_recordings(data, name)
    except RECORDING_ERRORS as error:
        raise UnreadablePictureError(f"{name} is damaged or incomplete.", EXPORT) from error
    if recordings is None:
        return None
    return (
        DecodedPage(draw_recording(recording), recording, number)
        for number, recording in enumerate(recordings, start=1)
    )
