"""Files made by hand, whose headers may ask for anything."""

import io
import struct
import zlib

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid


def dicom(rows: int, columns: int, pixels: bytes, frames: int = 1) -> bytes:
    """A DICOM picture in grey, whose header may ask for more than there is."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    content = Dataset()
    content.file_meta = meta
    content.SOPClassUID, content.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    content.Rows, content.Columns, content.NumberOfFrames = rows, columns, frames
    content.SamplesPerPixel, content.PhotometricInterpretation, content.PixelRepresentation = 1, "MONOCHROME2", 0
    content.BitsAllocated, content.BitsStored, content.HighBit = 8, 8, 7
    content.PixelData = pixels + b"\0" * (len(pixels) % 2)
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, content, enforce_file_format=True)
    return stream.getvalue()


def png(width: int, height: int, *chunks: tuple[bytes, bytes], data: bytes | None = None) -> bytes:
    """A PNG in grey, all black, with more chunks before its pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((width + 1) * height), 9) if data is None else data
    parts = [(b"IHDR", head), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )


def pdf(page: str, *objects: str) -> bytes:
    """A PDF of one page; ``page`` are the page's own keys, ``objects`` those from number 4 on."""
    numbered = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R{page}>>",
    ]
    body = "%PDF-1.7\n" + "".join(f"{i} 0 obj{o}endobj\n" for i, o in enumerate([*numbered, *objects], 1))
    return f"{body}trailer<</Root 1 0 R/Size {4 + len(objects)}>>\n%%EOF".encode("latin-1")


def stream(keys: str, content: str) -> str:
    """A PDF stream object."""
    return f"<<{keys}/Length {len(content)}>>stream\n{content}\nendstream "
