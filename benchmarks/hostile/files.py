"""Mutated pictures and bombs through the decoding processes: untyped errors, deaths, time and memory.

python -m benchmarks.hostile.files --count 20000

The program itself must neither die nor grow nor wait: whatever a file does is done to a decoding process, whose memory
is bounded by the system.
"""

import argparse
import io
import random
import resource
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import chain

import numpy as np
from PIL import Image

from benchmarks.hostile.bombs import picture_bombs
from benchmarks.hostile.documents import document_bombs
from benchmarks.hostile.makers import dicom, pdf, png, stream
from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode.isolated import end_workers, read_untrusted
from ecgcore.page.decode.limits import MAX_PAGE_S
from tests.support.hostile_values import mutated_bytes

SLACK_S = 2.5
"""Starting a new decoder, and sending its pages."""


def seeds() -> dict[str, bytes]:
    """An honest small file of every kind."""
    draw = np.random.default_rng(0)
    photo = Image.fromarray(draw.integers(0, 256, (240, 320, 3), dtype=np.uint8))
    found = {}
    for kind, options in (
        ("PNG", {}), ("JPEG", {}), ("JPEG ", {"progressive": True}), ("WEBP", {}), ("TIFF", {}), ("BMP", {}),
        ("TIFF ", {"compression": "tiff_lzw", "save_all": True, "append_images": [photo]}), ("GIF", {}),
        ("PDF", {}), ("PNG ", {"pnginfo": None, "optimize": True}),
    ):  # fmt: skip
        stream = io.BytesIO()
        photo.save(stream, kind.strip(), **options)
        found[kind] = stream.getvalue()
    return {**found, "DICOM": dicom(240, 320, bytes(draw.integers(0, 256, 240 * 320, dtype=np.uint8)))}


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that ask for much."""
    for width, height in (
        (1, 5000),
        (1, 70_000),
        (70_000, 1),
        (30_000, 30_000),
        (9_999, 9_999),
        (20_001, 300),
        (2**31 - 1, 1),
    ):
        empty = None if width * height <= 10**8 else zlib.compress(bytes(10**6))
        yield f"PNG {width} x {height}", png(width, height, data=empty)
    text = b"a\0\0" + zlib.compress(bytes(60_000_000), 9)
    yield "PNG of 60 MB of text", png(300, 300, (b"zTXt", text))
    yield "PNG of 1,000 texts", png(300, 300, *[(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**6), 9))] * 1000)
    yield "PNG of an ICC profile of 100 MB", png(300, 300, (b"iCCP", b"a\0\0" + zlib.compress(bytes(10**8), 9)))
    box = "/MediaBox[0 0 600 800]"
    for size in ("1e9 0.0001", "14400 14400", "1e9 1e9", "-5 -5", "0 0", "1e38 1e38", "0.0001 1e9"):
        yield f"PDF of {size} points", pdf(f"/MediaBox[0 0 {size}]")
    nested = [
        stream(f"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X {n + 6} 0 R>>>>", "/X Do " * 10)
        for n in range(30)
    ]
    yield (
        "PDF of nested forms",
        pdf(f"{box}/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>", stream("", "/X Do " * 10), *nested),
    )
    tile = "/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep 0.001/YStep 0.001/Resources<<>>"
    painted = stream("", "/Pattern cs /P scn 0 0 600 800 re f")
    yield (
        "PDF of a tiling pattern",
        pdf(f"{box}/Contents 4 0 R/Resources<</Pattern<</P 5 0 R>>>>", painted, stream(tile, "0 0 1 1 re f")),
    )
    yield "PDF of a million strokes", pdf(f"{box}/Contents 4 0 R", stream("", "0 0 m 600 800 l S " * 10**6))
    yield (
        "PDF of itself",
        pdf(
            f"{box}/Contents 4 0 R/Resources<</XObject<</X 4 0 R>>>>",
            stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]", "/X Do"),
        ),
    )
    for rows, columns, frames in (
        (60_000, 60_000, 1),
        (512, 512, 100_000),
        (1, 65_535, 1),
        (0, 0, 1),
        (10_000, 10_000, 50),
    ):
        yield f"DICOM {rows} x {columns} x {frames}", dicom(rows, columns, bytes(1000), frames)
    yield from _raster_bombs()


def _raster_bombs() -> Iterator[tuple[str, bytes]]:
    small = Image.new("L", (300, 300), 255)
    for kind, count in (("TIFF", 20_000), ("GIF", 20_000)):
        frames = [Image.new("L", (4, 4), n % 256) for n in range(count if kind == "GIF" else 5000)]
        stream_ = io.BytesIO()
        small.save(stream_, kind, save_all=True, append_images=frames)
        yield f"{kind} of {len(frames)} pictures", stream_.getvalue()
    stream_ = io.BytesIO()
    Image.new("RGB", (2000, 2000), "white").save(stream_, "JPEG", progressive=True)
    jpeg = stream_.getvalue()
    first = jpeg.index(b"\xff\xda")
    second = jpeg.index(b"\xff\xda", first + 2)
    yield "JPEG of 2,000 scans", jpeg[:second] + jpeg[first:second] * 2000 + jpeg[second:]
    yield (
        "BMP of 2^31 pixels",
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 46_340, 46_340, 1, 24, 0, 0, 0, 0, 0, 0),
    )
    for kind in ("PNG", "JPEG", "WEBP", "TIFF"):
        stream_ = io.BytesIO()
        Image.new("RGB", (9000, 9000), "white").save(
            stream_, kind, **({"compression": "tiff_lzw"} if kind == "TIFF" else {})
        )
        yield f"{kind} of 81 megapixels", stream_.getvalue()
    yield "nothing", b" "
    yield "200 MB of nothing", bytes(200_000_000)


def main() -> int:
    """Print how the files ended; 1 where an error had no type, or a page took more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw, outcomes, untyped, slow, exploded = random.Random(options.seed), Counter[str](), 0, 0, 0
    honest = sorted(seeds().items())
    began, before_mb = time.monotonic(), _memory_mb()

    def mutants() -> Iterator[tuple[str, bytes]]:
        for _ in range(options.count):
            kind, content = draw.choice(honest)
            yield kind.strip(), mutated_bytes(content, draw)

    made = chain(bombs(), picture_bombs(), document_bombs())
    for is_bomb, files in ((False, mutants()), (True, made)):
        for kind, content in files:
            exploded += is_bomb
            if is_bomb:
                end_workers()  # so that a decoder that is killed has computed for this file alone
            start, computed_s = time.monotonic(), _decoders_s()
            try:
                pages = len(read_untrusted(content, "the file"))
                ended = "read"
            except UnreadablePictureError as error:
                pages, ended = 1, f"refused: {error.cause}" if is_bomb else "refused"
            except Exception as error:  # noqa: BLE001 - that there is any other is what is looked for
                pages, ended, untyped = 1, f"UNTYPED {type(error).__name__}: {error}", untyped + 1
            spent_s = time.monotonic() - start
            # A decoder that was at work for its whole time is gone; on a busy machine it has waited as well.
            limit_s = MAX_PAGE_S * max(1, pages) + SLACK_S
            slow += spent_s > limit_s and _decoders_s() - computed_s > limit_s
            outcomes[f"{kind} {ended}"[:150]] += 1
            if is_bomb:
                print(f"{kind} ({len(content):,} bytes): {ended}, {spent_s:.1f} s")
    mutated = {name: count for name, count in sorted(outcomes.items()) if name.split()[-1] in ("read", "refused")}
    print(f"outcomes: {mutated}")
    print(
        f"untyped errors {untyped}, over {MAX_PAGE_S:.0f} s a page {slow}, of {options.count} mutated files and "
        f"{exploded} bombs; the program's memory {before_mb:.0f} MB before, {_memory_mb():.0f} MB at its highest; "
        f"{time.monotonic() - began:.0f} s"
    )
    return int(untyped + slow > 0)


def _decoders_s() -> float:
    """Computing time of the decoders that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    sys.exit(main())
