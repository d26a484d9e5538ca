"""Small PDF and DICOM files that ask for much: in size, in number, in depth, in length, by loops."""

import io
import zlib
from collections.abc import Iterator

import pydicom
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from benchmarks.hostile.makers import dicom, pdf, stream

Bombs = Iterator[tuple[str, bytes]]
BOX = "/MediaBox[0 0 600 800]"


def document_bombs() -> Bombs:
    """All of them, each with what it is."""
    for bombs in (_pdf_contents, _pdf_structures, _pdf_pictures, _dicoms):
        yield from bombs()


def _pdf_contents() -> Bombs:
    for name, words in (
        ("a dash of 0.0001", "[0.0001 0.0001] 0 d 9 w 0 0 m 600 800 l S "),
        ("curves", "0 0 m 1 800 599 1 600 800 c S "),
        ("wide lines", "1e9 w 0 0 m 600 800 l S "),
        ("saves", "q "),
        ("clips", "0 0 600 800 re W n "),
        ("far curves", "-1e30 -1e30 m 1e30 1e30 1e30 -1e30 5 5 c f "),
        ("text", "BT /F 9 Tf (xxxxxxxxxxxxxxxxxxxx) Tj ET "),
        ("inline pictures", "q 600 0 0 800 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q "),
    ):
        for count in (20_000, 400_000):
            yield f"PDF of {count:,} x {name}", pdf(f"{BOX}/Contents 4 0 R", stream("", words * count))
    for depth, fan in ((12, 3), (500, 1), (6, 8)):
        forms = [
            stream(f"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Group<</S/Transparency>>/Resources<</XObject<</X "
                   f"{n + 6} 0 R>>>>", "/X Do " * fan) for n in range(depth)
        ]  # fmt: skip
        contents = f"{BOX}/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>"
        yield f"PDF of see-through forms {depth} deep, {fan} wide", pdf(contents, stream("", "/X Do"), *forms)
    for step in ("0.01", "0.000001", "1e-30", "-0.002"):
        tile = f"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep {step}/YStep {step}"
        tile += "/Resources<<>>"
        page = f"{BOX}/Contents 4 0 R/Resources<</Pattern<</P 5 0 R>>>>"
        painted = stream("", "/Pattern cs /P scn 0 0 600 800 re f")
        yield f"PDF of tiles {step} apart", pdf(page, painted, stream(tile, "0 0 1 1 re f"))
    for kind in (1, 2, 3):
        function = "<</FunctionType 2/Domain[0 1]/N 1e9/C0[0 0 0]/C1[1 1 1]>>"
        places = {1: "/Domain[0 1e9 0 1e9]", 2: "/Coords[0 0 1e-9 0]", 3: "/Coords[0 0 0 1e9 1e9 1e-9]"}[kind]
        shading = f"<</ShadingType {kind}/ColorSpace/DeviceRGB{places}/Extend[true true]/Function {function}>>"
        page = f"{BOX}/Contents 4 0 R/Resources<</Shading<</S {shading}>>>>"
        yield f"PDF of 5,000 shadings of type {kind}", pdf(page, stream("", "/S sh " * 5000))


def _pdf_structures() -> Bombs:
    for depth in (1000, 100_000):
        yield f"PDF of lists {depth:,} deep", pdf(f"{BOX}/X {'[' * depth}{']' * depth}")
        yield f"PDF of dictionaries {depth:,} deep", pdf(f"{BOX}/X {'<</A ' * depth}1{'>>' * depth}")
    kids = "3 0 R " * 100_000
    yield (
        "PDF of 100,000 times the same page",
        (
            "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
            f"2 0 obj<</Type/Pages/Count 100000/Kids[{kids}]>>endobj\n"
            f"3 0 obj<</Type/Page/Parent 2 0 R{BOX}>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
        ).encode(),
    )
    for count in (-1, 2**31 - 1, 10**12):
        made = pdf(BOX).replace(b"/Count 1", f"/Count {count}".encode())
        yield f"PDF that counts {count} pages", made
    yield "PDF whose pages hold themselves", pdf(BOX).replace(b"Kids[3 0 R]", b"Kids[2 0 R]")
    yield "PDF whose table follows itself", pdf(BOX).replace(b"trailer<<", b"trailer<</Prev 9 /XRefStm 9 ")
    yield "PDF of 200,000 objects", pdf(BOX, *["<</A 1>>"] * 200_000)
    for unit in ("1e6", "-1", "0"):
        yield f"PDF of a unit of {unit}", pdf(f"{BOX}/UserUnit {unit}")
    for box in ("0 0 600 800 9 9", "nan nan inf inf", "600 800 0 0", "0 0 3e38 200", "-1e9 -1e9 1e9 1e9"):
        yield f"PDF of the box {box}", pdf(f"/MediaBox[{box}]/CropBox[{box}]")


def _pdf_pictures() -> Bombs:
    for width, height, bits in ((20_000, 20_000, 8), (30_000, 30_000, 1), (10**9, 1, 8), (65_535, 65_535, 16)):
        data = zlib.compress(bytes(10**7), 9).decode("latin-1")
        keys = f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/BitsPerComponent {bits}"
        keys += "/ColorSpace/DeviceGray/Filter/FlateDecode"
        page = f"{BOX}/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>"
        drawn = stream("", "600 0 0 800 0 0 cm /X Do")
        yield f"PDF of a picture of {width} x {height} of {bits} bits", pdf(page, drawn, stream(keys, data))
    for filters, data in (
        ("FlateDecode/FlateDecode", zlib.compress(zlib.compress(bytes(10**9), 9), 9)),
        ("FlateDecode", zlib.compress(b"0 0 m 9 9 l S " * 10**7, 9)),
        ("RunLengthDecode", b"\x81x" * 10**6), ("LZWDecode", b"\x80" * 10**6), ("ASCIIHexDecode", b"0" * 10**7),
        ("JPXDecode", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(1000)), ("JBIG2Decode", b"\xff" * 10_000),
        ("CCITTFaxDecode", bytes(10_000)),
    ):  # fmt: skip
        keys = f"/Filter[/{filters}]"
        yield f"PDF of contents in {filters}", pdf(f"{BOX}/Contents 4 0 R", stream(keys, data.decode("latin-1")))


def _dicoms() -> Bombs:
    for rows, columns, frames in (
        (65_535, 65_535, 1), (65_535, 1000, 1), (300, 300, 2**31 - 1), (300, 300, 0), (9000, 9000, 1000),
        (2, 65_535, 9),
    ):  # fmt: skip
        yield f"DICOM of {rows} x {columns} x {frames}", dicom(rows, columns, bytes(1000), frames)
    for changes in ({"BitsAllocated": 64}, {"BitsAllocated": 1}, {"SamplesPerPixel": 60_000}, {"BitsStored": 60_000}):
        yield f"DICOM of {changes}", _changed_dicom(changes)
    for depth in (500, 3000):
        made = dicom(300, 300, bytes(90_000))
        item = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
        yield f"DICOM of lists {depth} deep", made[: made.index(b"\x08\0\x16\0")] + item * depth
    many = b"\x09\0\x01\x10LO\x02\0ab" * 300_000
    made = dicom(300, 300, bytes(90_000))
    yield "DICOM of 300,000 words", made[: made.index(b"\x28\0\x02\0")] + many + made[made.index(b"\x28\0\x02\0") :]
    yield "DICOM that unpacks to 1 GB", _deflated_dicom(10**9)
    for syntax in ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80"):
        yield f"DICOM of {syntax}", _changed_dicom({}, UID(syntax))


def _changed_dicom(changes: dict[str, int], syntax: UID | None = None) -> bytes:
    content = pydicom.dcmread(io.BytesIO(dicom(300, 300, bytes(90_000))))
    for name, value in changes.items():
        setattr(content, name, value)
    if syntax is not None:
        content.file_meta.TransferSyntaxUID = syntax
        content.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8" + bytes(1000)] * 2000)
        content["PixelData"].is_undefined_length = True
    out = io.BytesIO()
    content.save_as(out, enforce_file_format=False)
    return out.getvalue()


def _deflated_dicom(size: int) -> bytes:
    plain = dicom(300, 300, b"")
    start = plain.index(b"\x08\0\x16\0")
    syntax = str(DeflatedExplicitVRLittleEndian).encode()
    head = plain[:start].replace(b"1.2.840.10008.1.2.1\0", syntax[:20])
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = press.compress(plain[start:]) + b"".join(press.compress(bytes(10**7)) for _ in range(size // 10**7))
    return head + body + press.flush()
