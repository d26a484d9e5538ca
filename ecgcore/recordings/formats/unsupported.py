"""Digital ECGs, and what is taken for them, that are not read: named, so that a reader knows what to export."""

import re

from ecgcore.errors import UnreadablePictureError
from ecgcore.recordings.recording import EXPORT
from ecgcore.recordings.xml_tree import is_xml, root_name

_BEGINNINGS = {
    b"0       ": "an EDF file",
    b"\xffBIOSEMI": "a BDF file",
    b"GDF ": "a GDF file",
    b"ISHNE1.0": "an ISHNE Holter file",
    b"MSH|": "an HL7 version 2 message",
    b"MATLAB ": "a MATLAB file",
    b"\x89HDF": "an HDF5 file",
}
UNSUPPORTED_ROOTS = {
    "ECG": "a Mortara ECG file",
    "Observation": "a FHIR resource",
    "Bundle": "a FHIR resource",
    "ClinicalDocument": "an HL7 CDA document",
}
"""By the first element, without its namespace."""
_OFFICE = (b"[Content_Types].xml", b"mimetype")
"""Names in office documents and books, which are no archives to a reader."""
_MFER = re.compile(rb"^\x40.MFR ", re.DOTALL)
_FHIR_JSON = re.compile(rb'^\s*\{[^}]{0,200}"resourceType"')


def unsupported(data: bytes, name: str) -> UnreadablePictureError | None:
    """The refusal of a known format that is not read, or of an XML file that is none; None for all others.

    Args:
        data: the file's bytes.
        name: how to call the file in messages.
    """
    kind = next((kind for beginning, kind in _BEGINNINGS.items() if data.startswith(beginning)), None)
    if kind is None and _MFER.match(data):
        kind = "an MFER file"
    if kind is None and _FHIR_JSON.match(data[:1024]):
        kind = "a FHIR resource"
    if kind is None and is_xml(data):
        root = root_name(data)
        kind = UNSUPPORTED_ROOTS.get(root) or f"an XML file (<{root[:40]}>)"
    if data.startswith(b"PK\x03\x04") and not any(file in data[:4096] for file in _OFFICE):
        cause = f"{name} is a ZIP archive without a WFDB record (.hea with .dat) in it."
        return UnreadablePictureError(cause, "Unpack it and add its files.")
    return None if kind is None else UnreadablePictureError(f"{name} is {kind}, which is not read.", EXPORT)
