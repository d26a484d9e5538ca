"""Small pictures that ask for much: in size, in number, in length, by loops, of every format."""

import io
import struct
import zlib
from collections.abc import Iterator
from itertools import product

from PIL import Image

from benchmarks.hostile.makers import png

Bombs = Iterator[tuple[str, bytes]]


def picture_bombs() -> Bombs:
    """All of them, each with what it is."""
    for bombs in (_png_sizes, _png_chunks, _tiff_tags, _tiff_chains, _jpegs, _gifs, _webps, _bmps, _others):
        yield from bombs()


def _chunk(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return struct.pack(">I", size) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png_sizes() -> Bombs:
    sizes = ((16_000, 6000), (6000, 16_000), (20_000, 1700), (200, 2400), (9000, 9000))
    for (width, height), (depth, colour), interlace in product(sizes, ((1, 0), (16, 2), (8, 3), (16, 6)), (0, 1)):
        samples = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
        row = 1 + (width * depth * samples + 7) // 8
        rows = min(height, 4 * 10**8 // row)
        press = zlib.compressobj(9)
        pixels = b"".join(press.compress(bytes(row)) for _ in range(rows)) + press.flush()
        head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
        palette = [_chunk(b"PLTE", bytes(3))] if colour == 3 else []
        parts = [_chunk(b"IHDR", head), *palette, _chunk(b"IDAT", pixels), _chunk(b"IEND", b"")]
        yield f"PNG {width} x {height} of {depth} bits, colour {colour}, interlace {interlace}", (
            b"\x89PNG\r\n\x1a\n" + b"".join(parts)
        )  # fmt: skip


def _png_chunks() -> Bombs:
    packed = zlib.compress(bytes(10**8), 9)
    yield "PNG of 200,000 texts", png(300, 300, *[(b"tEXt", b"a\0b")] * 200_000)
    yield "PNG of 300,000 empty parts", png(300, 300, *[(b"IDAT", b"")] * 300_000)
    yield "PNG of 100 MB of international text", png(300, 300, (b"iTXt", b"a\0\1\0\0\0" + packed))
    yield "PNG of 30 profiles", png(300, 300, *[(b"iCCP", b"a\0\0" + packed)] * 30)
    yield "PNG of 20 MB of EXIF", png(300, 300, (b"eXIf", b"MM\0*\0\0\0\x08" + bytes(2 * 10**7)))
    yield "PNG of a million frames", png(300, 300, (b"acTL", struct.pack(">II", 10**6, 0)))
    yield "PNG of 400 MB of pixels in 90,000", png(300, 300, data=zlib.compress(bytes(4 * 10**8), 9))
    yield "PNG of a palette of 3 MB", png(300, 300, (b"PLTE", bytes(3 * 10**6)))
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", 300, 300, 8, 0, 0, 0, 0))
    yield "PNG of a part of 2 GB", b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", b"x", 2**31 - 1)


def _ifd(tags: dict[int, tuple[int, int, int]], following: int = 0) -> bytes:
    entries = b"".join(struct.pack("<HHII", tag, *value) for tag, value in sorted(tags.items()))
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)


def _tiff(following: int = 0, **changes: int) -> bytes:
    """A grey TIFF whose tags say what ``changes`` say, in one strip of a kilobyte that lies at 4000."""
    told = {"w": 300, "h": 300, "bits": 8, "compression": 1, "photometric": 1, "offset": 4000, "samples": 1,
            "rows": 300, "bytes": 1000, "predictor": 1} | changes  # fmt: skip
    numbers = {"w": 256, "h": 257, "bits": 258, "compression": 259, "photometric": 262, "offset": 273, "samples": 277,
               "rows": 278, "bytes": 279, "predictor": 317}  # fmt: skip
    tags = {numbers[name]: (4, 1, value) for name, value in told.items()}
    return (b"II*\0" + struct.pack("<I", 8) + _ifd(tags, following)).ljust(4000, b"\0") + bytes(1000)


def _tiff_tags() -> Bombs:
    for compression in (1, 2, 3, 4, 5, 7, 8, 32_773, 34_712, 50_000):
        for width, height in ((15_000, 6000), (2**31 - 1, 2**31 - 1)):
            made = _tiff(w=width, h=height, compression=compression, rows=height)
            yield f"TIFF {width} x {height} of compression {compression}", made
    for name, value in (
        ("bits", 2**16), ("bits", 64), ("samples", 60_000), ("rows", 1), ("rows", 0), ("bytes", 2**32 - 1),
        ("offset", 2**32 - 1), ("predictor", 9), ("photometric", 99), ("h", 0),
    ):  # fmt: skip
        yield f"TIFF whose {name} is {value}", _tiff(**{name: value})


def _tiff_chains() -> Bombs:
    yield "TIFF that follows itself", _tiff(following=8)
    for count in (1000, 60_000):
        links = b"".join(_ifd({256: (4, 1, 300)}, 8 + 18 * (number + 1)) for number in range(count))
        yield f"TIFF of {count:,} pictures of one tag", b"II*\0" + struct.pack("<I", 8) + links
    yield "TIFF of a tag of 2^32 values", b"II*\0\x08\0\0\0" + _ifd({273: (4, 2**32 - 1, 8), 256: (4, 2**30, 8)})
    yield "TIFF of 65,535 tags", b"II*\0\x08\0\0\0" + struct.pack("<H", 65_535) + bytes(12 * 65_535)
    yield "TIFF below itself", b"II*\0\x08\0\0\0" + _ifd({256: (4, 1, 300), 330: (4, 1, 8), 34_665: (4, 1, 8)})
    yield "BigTIFF of 2^60 tags", b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**60) + bytes(1000)
    yield "BigTIFF that begins nowhere", b"MM\0+\0\x08\0\0" + struct.pack(">Q", 2**63)


def _jpegs() -> Bombs:
    made = {}
    for progressive, size in product((False, True), ((300, 300), (9000, 9000))):
        out = io.BytesIO()
        Image.new("RGB", size, "white").save(out, "JPEG", progressive=progressive)
        made[progressive, size] = out.getvalue()
    plain, many = made[False, (300, 300)], made[True, (9000, 9000)]
    frame = plain.index(b"\xff\xc0") + 5
    for width, height in ((65_535, 65_535), (65_535, 1500), (0, 300), (300, 0), (10_000, 9999), (65_500, 1)):
        at_size = plain[:frame] + struct.pack(">HH", height, width) + plain[frame + 4 :]
        yield f"JPEG that says {width} x {height}", at_size
    for count in (50, 500):
        first = many.index(b"\xff\xda")
        second = many.index(b"\xff\xda", first + 2)
        yield f"JPEG 9000 x 9000 of {count} scans", many[:second] + many[first:second] * count + many[second:]
    tables = plain[plain.index(b"\xff\xc4") : plain.index(b"\xff\xda")]
    for name, part in (("tables", tables), ("comments", b"\xff\xfe\xff\xff" + bytes(65_533)),
                       ("profiles", b"\xff\xe2\xff\xffICC_PROFILE\0\1\1" + bytes(65_519)),
                       ("EXIF", b"\xff\xe1\xff\xffExif\0\0" + b"MM\0*\0\0\0\x08" + bytes(65_519))):  # fmt: skip
        count = 5_000_000 // len(part)
        yield f"JPEG of {count:,} {name}", plain[:2] + part * count + plain[2:]
    yield "JPEG of 255 components", plain[: frame + 4] + b"\xff" + plain[frame + 5 :]
    yield "JPEG of 20 MB of fill bytes", plain[:2] + b"\xff" * 2 * 10**7 + plain[2:]


def _gifs() -> Bombs:
    head = b"GIF89a"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 300, 300, 0) + b"\x08\x02\x00\x01\x00"
    for width, height, count in (
        (65_535, 65_535, 1),
        (65_535, 1400, 1),
        (300, 300, 50_000),
        (9000, 9000, 500),
        (0, 0, 1),
    ):
        screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
        yield f"GIF of {width} x {height}, {count:,} frames", head + screen + frame * count + b";"
    big = b"\x2c" + struct.pack("<HHHHB", 60_000, 60_000, 5000, 5000, 0) + b"\x08\x02\x00\x01\x00"
    yield "GIF of frames outside", head + struct.pack("<HHBBB", 300, 300, 0x80, 0, 0) + bytes(6) + big * 1000 + b";"
    yield (
        "GIF of 20 MB of comments",
        head + struct.pack("<HHBBB", 300, 300, 0, 0, 0) + (b"!\xfe\xff" + bytes(256)) * 77_000,
    )


def _webps() -> Bombs:
    def riff(*chunks: tuple[bytes, bytes]) -> bytes:
        body = b"".join(kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for kind, data in chunks)
        return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body

    for side in (9000, 16_383):
        out = io.BytesIO()
        Image.new("RGB", (side, min(side, 9000)), "white").save(out, "WEBP", lossless=True)
        yield f"WebP of {side} pixels a row, lossless", out.getvalue()
    canvas = b"\x12\0\0\0" + b"\xff\xff\xff" * 2
    yield "WebP of a canvas of 2^48 pixels", riff((b"VP8X", canvas), (b"ANIM", bytes(6)))
    frames = [(b"ANMF", bytes(16) + b"VP8L" + struct.pack("<I", 5) + b"\x2f\0\0\0\0\0")] * 50_000
    yield "WebP of 50,000 frames", riff((b"VP8X", b"\x12\0\0\0\x2b\x01\0\x2b\x01\0"), (b"ANIM", bytes(6)), *frames)
    yield "WebP of 20 MB of EXIF", riff((b"VP8X", b"\x08\0\0\0\x2b\x01\0\x2b\x01\0"), (b"EXIF", bytes(2 * 10**7)))
    yield "WebP that says 4 GB", b"RIFF\xff\xff\xff\xffWEBPVP8L\xff\xff\xff\xff/" + bytes(1000)


def _bmps() -> Bombs:
    for width, height, bits, packing in (
        (300, -2147483648, 24, 0), (-300, 300, 24, 0), (20_000, 5000, 1, 0), (16_000, 6000, 8, 1), (300, 300, 4, 2),
        (300, 300, 32, 3), (300, 300, 24, 4), (300, 300, 24, 5), (300, 300, 65_535, 0), (0, 0, 24, 0),
    ):  # fmt: skip
        info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, 0, 0, 0, 2**31 - 1, 0)
        made = b"BM" + struct.pack("<IHHI", 10_000, 0, 0, 54) + info + bytes(10_000)
        yield f"BMP of {width} x {height} of {bits} bits, packing {packing}", made


def _others() -> Bombs:
    for name, head in (
        ("PPM", b"P6 30000 30000 255\n"), ("PBM", b"P4 100000 9000\n"), ("PAM", b"P7\nWIDTH 99999\nHEIGHT 99999\n"),
        ("PSD", b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 56, 30_000, 30_000, 16, 3)),
        ("ICO", b"\0\0\1\0\xff\xff" + bytes(16) * 65_535),
        ("TGA", bytes(12) + struct.pack("<HHBB", 65_535, 65_535, 32, 0)),
        ("SGI", b"\x01\xda\0\1" + struct.pack(">HHHH", 3, 65_535, 65_535, 4)), ("XBM", b"#define w_width 99999999\n"),
        ("JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 "), ("AVIF", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1"),
        ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg' width='1e9' height='1e9'/>"),
        ("EPS", b"%!PS-Adobe-3.0 EPSF-3.0\n"),
        ("XML of entities", b"<!DOCTYPE l [<!ENTITY a 'x'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]><l>&b;</l>"),
        ("gzip", b"\x1f\x8b\x08\0" + bytes(6) + zlib.compress(bytes(10**8), 9)[2:]),
        ("ZIP", b"PK\x03\x04" + bytes(26) + zlib.compress(bytes(10**8), 9)),
        ("HEIC", b"\0\0\0\x18ftypheic" + bytes(12)),
    ):  # fmt: skip
        yield name, head + bytes(10_000)
