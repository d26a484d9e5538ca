"""PDFs written object by object, for what no library in the tests' set writes: form fields, user units, passwords."""

import hashlib
import zlib
from collections.abc import Sequence

from ecgcore.types import ByteArray

_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


def pdf_file(page: bytes, *objects: bytes, catalog: bytes = b"", trailer: bytes = b"") -> bytes:
    """A PDF of one page.

    Args:
        page: its dictionary.
        objects: what it refers to, from number 4.
        catalog: further entries of the catalog.
        trailer: further entries of the trailer.
    """
    return _written([b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog, _pages([3]), page, *objects], trailer)


def pdf_of_pages(page_count: int, width_pt: int = 60, height_pt: int = 40) -> bytes:
    """A PDF of many small pages, each with its number of squares on it."""
    numbers = range(3, 3 + 2 * page_count, 2)
    parts = [b"<</Type/Catalog/Pages 2 0 R>>", _pages(numbers)]
    for at, number in enumerate(numbers):
        box = b"/MediaBox[0 0 %d %d]" % (width_pt, height_pt)
        parts.append(b"<</Type/Page/Parent 2 0 R%s/Contents %d 0 R>>" % (box, number + 1))
        parts.append(stream(b"", b"%d 0 1 %d re f" % (at % width_pt, height_pt)))
    return _written(parts)


def stream(dictionary: bytes, content: bytes) -> bytes:
    """An object with content behind its dictionary."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (dictionary, len(content), content)


def picture(rgb: ByteArray) -> bytes:
    """An image object of ``uint8 [H, W, 3]``, pixel for pixel."""
    height, width = rgb.shape[:2]
    kind = b"/Type/XObject/Subtype/Image/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode"
    return stream(kind + b"/Width %d/Height %d" % (width, height), zlib.compress(rgb.tobytes(), 1))


def picture_page(
    rgb: ByteArray, place: tuple[int, int, int, int], page_wh: tuple[int, int], more: bytes = b""
) -> bytes:
    """A PDF of one page with a picture at ``place``: left, bottom, width and height in points.

    Args:
        rgb: ``uint8 [H, W, 3]``.
        place: where on the page.
        page_wh: the page's size in its own units.
        more: further entries of the page's dictionary.
    """
    x, y, width, height = place
    resources = b"/Resources<</XObject<</P 5 0 R>>/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents 4 0 R%s%s>>" % (*page_wh, resources, more)
    words = b"BT /F 12 Tf 20 20 Td (Seen today, please compare.) Tj ET 20 30 m 90 30 l S"
    drawn = b"q %d 0 0 %d %d %d cm /P Do Q %s" % (width, height, x, y, words)
    return pdf_file(page, stream(b"", drawn), picture(rgb))


def form_field_page(rgb: ByteArray, page_wh: tuple[int, int]) -> bytes:
    """A PDF whose picture is the icon of a push button that fills its page."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 %d %d]/Resources<</XObject<</P 6 0 R>>>>" % page_wh
    box = b"[0 0 %d %d]" % page_wh
    page = b"<</Type/Page/Parent 2 0 R/MediaBox%s/Annots[4 0 R]>>" % box
    field = b"<</Type/Annot/Subtype/Widget/FT/Btn/Ff 65536/T(ecg)/F 4/P 3 0 R/Rect%s/AP<</N 5 0 R>>>>" % box
    shown = stream(form, b"q %d 0 0 %d 0 0 cm /P Do Q" % page_wh)
    return pdf_file(page, field, shown, picture(rgb), catalog=b"/AcroForm<</Fields[4 0 R]>>")


def locked_pdf(user_password: bytes, owner_password: bytes) -> bytes:
    """A page with a black square, encrypted with 40 bits (PDF 32000-1, 7.6.3, revision 2); it may not be printed."""
    file_id, permissions = b"0123456789abcdef", (-3900).to_bytes(4, "little", signed=True)
    owner = _rc4(_md5(_padded(owner_password))[:5], _padded(user_password))
    key = _md5(_padded(user_password) + owner + permissions + file_id)[:5]
    drawn = _rc4(_md5(key + bytes([4, 0, 0, 0, 0]))[:10], b"0 0 100 100 re f")
    hexed = [value.hex().encode() for value in (owner, _rc4(key, _PADDING), file_id)]
    lock = b"/Encrypt<</Filter/Standard/V 1/R 2/O<%s>/U<%s>/P -3900>>/ID[<%s><%s>]" % (*hexed, hexed[2])
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 300]/Contents 4 0 R>>"
    return pdf_file(page, stream(b"", drawn), trailer=lock)


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _padded(password: bytes) -> bytes:
    return (password + _PADDING)[:32]


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    coded = bytearray()
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        coded.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(coded)


def _pages(numbers: Sequence[int]) -> bytes:
    return b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(b"%d 0 R" % n for n in numbers), len(numbers))


def _written(parts: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """Objects from number 1 with their table."""
    body = bytearray(b"%PDF-1.7\n")
    places = []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    end = b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (len(parts) + 1, trailer, len(body))
    return bytes(body + head + table + end)
