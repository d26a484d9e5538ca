"""Files from outside are decoded in another process: whatever they do to it ends there, and the next file is read."""

import io
import os
import signal
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode import isolated as page_io_isolated
from ecgcore.page.decode.isolated import read_untrusted
from ecgcore.page.decode.read import read_picture
from ecgcore.types import ByteArray
from tests.support.pdf_files import pdf_file, stream


def _encode(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _photo() -> bytes:
    pixels = np.random.default_rng(3).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    return _encode(Image.fromarray(pixels), "PNG")


def _png(width: int, height: int, *more: tuple[bytes, bytes]) -> bytes:
    """A white grey-level PNG of any size in a few bytes, with further chunks before its pixels."""
    rows = zlib.compressobj(9)
    line = b"\0" + b"\xff" * width
    pixels = b"".join(rows.compress(line) for _ in range(height)) + rows.flush()
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        *more,
        (b"IDAT", pixels),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def nested_forms(levels: int = 12) -> bytes:
    """2 kB that draw ten forms, each of which draws ten, and so on."""
    forms = [
        stream(
            b"/Type/XObject/Subtype/Form/BBox[0 0 600 600]/Resources<</XObject<</F %d 0 R>>>>" % (number + 1),
            b"/F Do " * 10,
        )
        for number in range(5, 5 + levels)
    ]
    last = stream(b"/Type/XObject/Subtype/Form/BBox[0 0 600 600]", b"0 0 300 300 re f 10 10 m 300 300 l S")
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 600]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>"
    return pdf_file(page, stream(b"", b"/F Do"), *forms, last)


def wide_pdf() -> bytes:
    """A page as wide as a continent and thinner than an atom, whose pixels multiply to next to nothing."""
    return pdf_file(b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 1000000000 0.0001]/Contents 4 0 R>>", stream(b"", b""))


def many_reduced(count: int = 20_000) -> bytes:
    """A TIFF whose directories after the first all say that they are smaller copies."""
    body = bytearray(b"II*\0\x08\0\0\0")
    tags = [
        (256, 4, 1, 8),
        (257, 4, 1, 8),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (279, 4, 1, 64),
    ]
    for number in range(count):
        entries = [(254, 4, 1, int(number > 0)), *tags]
        body += struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
        body += struct.pack("<I", len(body) + 4 if number < count - 1 else 0)
    return bytes(body)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    page_io_isolated.end_workers()  # a test in other threads may have left several at rest
    yield
    for worker in page_io_isolated._idle:
        assert worker.is_alive


def test_pages_and_refusals_are_those_of_the_decoder() -> None:
    pages = [Image.new("RGB", (300, 200), colour) for colour in ("red", "white", "blue")]
    tiff = _encode(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    for data in (_photo(), tiff):
        for isolated, here in zip(read_untrusted(data, "page"), read_picture(data, "page"), strict=True):
            np.testing.assert_array_equal(isolated, here)
    for data in (b"", b"not a picture", _photo()[:900], b"%PDF-1.4 broken"):
        assert _refusal(read_untrusted, data) == _refusal(read_picture, data)


def _refusal(read: Callable[[bytes, str], list[ByteArray]], data: bytes) -> tuple[str, str]:
    with pytest.raises(UnreadablePictureError) as refused:
        read(data, "scan 7")
    return refused.value.cause, refused.value.next_step


def test_a_dead_decoder_is_replaced() -> None:
    read_untrusted(_photo(), "before")
    for worker in page_io_isolated._idle:
        os.kill(worker._process.pid, signal.SIGKILL)
    assert len(read_untrusted(_photo(), "after")) == 1


def test_a_decoder_that_dies_unnoticed_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at rest, and still taken for alive when the next file comes, as on a busy machine."""
    read_untrusted(_photo(), "before")
    for worker in page_io_isolated._idle:
        worker._process.kill()
        worker._process.wait()
    with monkeypatch.context() as patch:
        patch.setattr(page_io_isolated._Worker, "is_alive", True)
        assert len(read_untrusted(_photo(), "after")) == 1


def test_a_decoder_serves_file_after_file_however_large_the_program_is() -> None:
    for worker in page_io_isolated._idle:
        worker.kill()
    held = np.ones(500_000_000, np.uint8)
    workers = []
    for name in ("first", "second", "third"):
        read_untrusted(_photo(), name)
        workers.append([worker._process.pid for worker in page_io_isolated._idle if worker.is_alive])
    assert held.all()
    assert len(workers[0]) == 1
    assert workers == workers[:1] * 3


@pytest.mark.parametrize(
    ("bomb", "said"),
    [
        (_png(1, 19_000), "too narrow"),
        (_png(1, 70_000), "20000 pixels"),
        (wide_pdf(), "too narrow"),
        (many_reduced(), "damaged"),
        (_png(300, 300, (b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 60_000_000, 9))), "damaged"),
    ],
    ids=["thin", "thinner", "wide pdf", "reduced copies", "60 MB of text"],
)
def test_bombs_are_refused(bomb: bytes, said: str) -> None:
    with pytest.raises(UnreadablePictureError, match=said) as refused:
        read_untrusted(bomb, "bomb")
    assert refused.value.next_step


def test_a_file_that_takes_for_ever_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_io_isolated, "MAX_PAGE_S", 1.0)
    said: list[str] = []

    def slow() -> None:
        try:
            read_untrusted(nested_forms(), "forms.pdf")
        except UnreadablePictureError as error:
            said.append(str(error))

    thread = threading.Thread(target=slow)
    thread.start()
    assert len(read_untrusted(_photo(), "meanwhile")) == 1
    assert thread.is_alive()
    thread.join()
    assert said == [
        "forms.pdf takes longer than 1 seconds a page to open. Export or photograph the ECG again as PNG or JPEG."
    ]


def test_memory_is_bounded() -> None:
    script = (
        "import resource, sys; from ecgcore.page.decode import worker as w; w._limit()\n"
        "try: bytearray(2 * 10**9)\n"
        "except MemoryError: sys.exit(7)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 7


def test_the_decoder_can_write_no_file(tmp_path: Path) -> None:
    place = tmp_path / "left behind"
    script = (
        "import signal, sys; from ecgcore.page.decode import worker as w; w._limit()\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"try: open({str(place)!r}, 'w').write('a patient')\n"
        "except OSError: pass"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert not place.exists() or place.stat().st_size == 0
