"""The one door for digital ECGs: which format a file has, and its recordings."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from ecgcore.errors import UnreadablePictureError
from ecgcore.recordings.formats.aecg import aecg_recordings
from ecgcore.recordings.formats.csv_table import csv_recordings, is_lead_table
from ecgcore.recordings.formats.dicom import dicom_recording, is_dicom
from ecgcore.recordings.formats.ge import cardiosoft_recordings, muse_recordings
from ecgcore.recordings.formats.schiller import schiller_recordings
from ecgcore.recordings.formats.scp import is_scp, scp_recordings
from ecgcore.recordings.formats.sierra import sierra_recordings
from ecgcore.recordings.formats.unsupported import UNSUPPORTED_ROOTS, unsupported
from ecgcore.recordings.formats.wfdb_files import BOTH, HEADER, is_wfdb_header, is_wfdb_zip, wfdb_recordings
from ecgcore.recordings.recording import Recording
from ecgcore.recordings.xml_tree import is_xml, root_name, xml_tree

XML_FORMATS: dict[str, Callable[[Element, str], list[Recording]]] = {
    "AnnotatedECG": aecg_recordings,
    "restingecgdata": sierra_recordings,
    "SchillerEDI": schiller_recordings,
    "RestingECG": muse_recordings,
    "CardiologyXML": cardiosoft_recordings,
}
"""By the document's first element, without its namespace or what stands before a dot."""


TABLE_HEAD_BYTES = 16_384
RECORDING_ENDINGS = (".scp", HEADER)
"""Of files that are digital ECGs; of a WFDB record the header stands for both."""
PERHAPS_ENDINGS = (".xml", ".csv", ".zip")
"""Of files that may be digital ECGs, and are looked into."""


def read_recordings(data: bytes, name: str) -> list[Recording] | None:
    """The recordings of a file by its content; None where it is no digital ECG, and may be a picture.

    Args:
        data: the file's bytes.
        name: how to call the file in messages.

    Raises:
        UnreadablePictureError: it is a digital ECG that cannot be read, or a format that is not read, which is named.
        Exception: damaged, as ``struct.error``, ``ValueError`` or whatever the readers raise.
    """
    if is_dicom(data):
        recording = dicom_recording(data, name)
        return None if recording is None else [recording]
    if is_scp(data):
        return scp_recordings(data, name)
    if is_xml(data) and (read := XML_FORMATS.get(root_name(data))) is not None:
        return read(xml_tree(data, name), name)
    if is_wfdb_zip(data):
        return wfdb_recordings(data, name)
    if (refusal := unsupported(data, name)) is not None:
        raise refusal
    if is_wfdb_header(data):
        raise UnreadablePictureError(f"{name} is the header of a WFDB record, without its signals.", BOTH)
    return csv_recordings(data, name) if is_lead_table(data) else None


def holds_recording(head: bytes) -> bool:
    """Whether a file of an ending that is not ECGs' alone begins as one of the formats: what folders are searched for.

    Args:
        head: the first ``TABLE_HEAD_BYTES`` of the file, or all of a ZIP.
    """
    if is_xml(head):
        return root_name(head) in XML_FORMATS or root_name(head) in UNSUPPORTED_ROOTS
    return is_wfdb_zip(head) or is_lead_table(head)
