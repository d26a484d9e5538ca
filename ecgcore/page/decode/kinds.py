"""What a file is, told from its first bytes whatever it is called."""

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
"""Major brands of ISO/IEC 23008-12 files; a still or a sequence may be either kind and say which further on."""
_SIGNATURES = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
)
"""PNG, JPEG, GIF, TIFF, BigTIFF, JPEG 2000 as a file and as a bare codestream."""
HEAD_BYTES = 1024
"""As much of a file as tells what it is."""


def is_pdf(data: bytes) -> bool:
    """Whether the bytes begin as a PDF does; a few bytes of another program may come first."""
    return b"%PDF-" in data[:HEAD_BYTES]


def is_heif(data: bytes) -> bool:
    """Whether the bytes begin as a HEIC photo does, which only the extra reads."""
    return data[8:12] in _HEIF_BRANDS and data[4:8] == b"ftyp" and not _is_avif(data)


def is_picture_or_pdf(head: bytes) -> bool:
    """Whether a file that begins so is a picture of a kind that is read, or a PDF.

    Args:
        head: its first ``HEAD_BYTES``, or all of it.
    """
    return (
        head.startswith(_SIGNATURES)
        or is_pdf(head)
        or is_heif(head)
        or _is_avif(head)
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[:2] == b"BM" and head[6:10] == bytes(4))
    )


def _is_avif(data: bytes) -> bool:
    if data[4:8] != b"ftyp":
        return False
    box = data[: min(int.from_bytes(data[:4], "big"), HEAD_BYTES)]
    brands = {box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))}
    return data[8:12] in _AVIF_BRANDS or (data[8:12] in (b"mif1", b"msf1") and bool(brands & _AVIF_BRANDS))
