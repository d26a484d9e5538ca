"""The one door for digital ECGs: which format a file has, and its recordings."""

from ecgcore.recordings.dicom import dicom_recording, is_dicom
from ecgcore.recordings.recording import Recording


def read_recordings(data: bytes, name: str) -> list[Recording] | None:
    """The recordings of a file by its content; None where it is no digital ECG, and may be a picture.

    Args:
        data: the file's bytes.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: it is a digital ECG that cannot be read, or a format that is not read, which is named.
    """
    if is_dicom(data):
        recording = dicom_recording(data, name)
        return None if recording is None else [recording]
    return None
