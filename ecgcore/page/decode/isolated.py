"""Decodes files from outside in processes of their own, which a hostile file may kill without harm to the program."""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgcore.errors import UnreadablePictureError
from ecgcore.geometry.arrays import ByteArray
from ecgcore.page.decode.content import read_bytes
from ecgcore.page.decode.decoded_page import DecodedPage
from ecgcore.page.decode.file_pages import PageChoice
from ecgcore.page.decode.limits import EXPORT_AGAIN, MAX_FILE_S, MAX_PAGE_S, ChoosePagesError
from ecgcore.recordings.recording import Recording

AT_ONCE = 2
"""Files decoded at the same time, so that one that takes its whole time does not hold up the others."""
STARTS_WITHIN_S = 60.0
_READ_AT_ONCE = 2**20
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
"""Threads and their arenas would count against the address space that a worker is given."""


def read_untrusted(source: Path | bytes, name: str) -> list[ByteArray]:
    """The pictures of ``read_untrusted_pages``, each ``uint8 [H, W, 3]`` RGB: for what asks for no recording.

    Args:
        source: the file's path or its bytes.
        name: how to call the file in messages.
    """
    return [page.photo_rgb for page in read_untrusted_pages(source, name)]


def read_untrusted_pages(source: Path | bytes, name: str, choice: PageChoice | None = None) -> list[DecodedPage]:
    """Decode a picture, the pages of a PDF, TIFF or DICOM file, or a digital ECG, in another process.

    Args:
        source: the file's path or its bytes.
        name: how to call the file in messages.
        choice: which pages; None for all.

    Returns:
        The upright pages; a digital ECG gives the page that is drawn of it, and its samples.

    Raises:
        ChoosePagesError: the pages are too many to be read at once.
        UnreadablePictureError: as ``read_picture`` raises it; or the file takes over ``MAX_PAGE_S`` a page or
            ``MAX_FILE_S`` in all, needs more memory than ``decode.worker`` has, is thinner than an ECG can be, or makes
            its decoder crash.
    """
    data = read_bytes(source, name)
    with _turns:
        worker = _worker()
        try:
            if not worker.takes(data, name, choice):  # it died at rest, which says nothing of the file
                worker.kill()
                worker = _Worker()
                worker.takes(data, name, choice)
            answer = worker.decode(name)
        except BaseException:
            worker.kill()
            raise
        if worker.leaves:
            worker.kill()
        else:
            _idle.append(worker)
    if isinstance(answer, UnreadablePictureError):
        raise answer
    return answer


class _Worker:
    """One decoding process and the pipes to it; ``leaves`` once it has said that it ends."""

    def __init__(self) -> None:
        self.leaves = False
        self._unread = bytearray()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ecgcore.page.decode.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=Path(__file__).parents[3],
            env={**os.environ, **_ENVIRONMENT},
        )
        self._message(time.monotonic() + STARTS_WITHIN_S)

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def takes(self, data: bytes, name: str, choice: PageChoice | None) -> bool:
        """Hand it a file; false where it had died before."""
        pages = None if choice is None else str(choice)
        head = {"name": name, "bytes": len(data), "page_s": MAX_PAGE_S, "pages": pages}
        try:
            self._send(json.dumps(head).encode() + b"\n" + data)
        except OSError:
            return False
        return True

    def decode(self, name: str) -> list[DecodedPage] | UnreadablePictureError:
        """The pages of the file that it took, or its refusal of it.

        Raises:
            UnreadablePictureError: the worker crashed or took too long and can only be killed.
        """
        pages: list[DecodedPage] = []
        refusal: UnreadablePictureError | None = None
        deadline = time.monotonic() + MAX_FILE_S
        try:
            while True:
                message = self._message(deadline)
                if "end" in message:
                    self.leaves = message["end"]
                    return refusal or pages
                if "error" in message:
                    refusal = UnreadablePictureError(*message["error"])
                elif "choose" in message:
                    refusal = ChoosePagesError(*message["choose"])
                else:
                    photo_rgb = np.empty((*message["page"], 3), dtype=np.uint8)
                    self._fill(photo_rgb, deadline)
                    recording = self._recording(message.get("recording"), deadline)
                    pages.append(DecodedPage(photo_rgb, recording, message["number"]))
        except (EOFError, OSError) as error:  # TimeoutError is an OSError
            self.kill()
            if isinstance(error, TimeoutError) or self._process.returncode == -signal.SIGXCPU:
                cause = f"{name} takes longer than {MAX_PAGE_S:.0f} seconds a page to open."
            else:
                cause = f"{name} is damaged so that it cannot be opened."
            raise UnreadablePictureError(cause, EXPORT_AGAIN) from error

    def kill(self) -> None:
        """End the process, whatever it is at."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def _send(self, request: bytes) -> None:
        waiting = memoryview(request)
        while waiting:
            waiting = waiting[self._process.stdin.write(waiting) :]  # type: ignore[union-attr]

    def _message(self, deadline: float) -> dict[str, Any]:
        while b"\n" not in self._unread:
            self._unread += self._read(_READ_AT_ONCE, deadline)
        line, _, self._unread = self._unread.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _recording(self, said: dict[str, Any] | None, deadline: float) -> Recording | None:
        if said is None:
            return None
        leads_mv = np.empty((len(said["leads"]), said.pop("samples")), dtype="<f4")
        self._fill(leads_mv, deadline)
        said |= {"leads": tuple(said["leads"]), "notes": tuple(said["notes"])}
        return Recording(leads_mv=leads_mv.astype(np.float32, copy=False), **said)

    def _fill(self, array: npt.NDArray[np.generic], deadline: float) -> None:
        place = array.data.cast("B")
        ahead = min(len(self._unread), len(place))
        place[:ahead] = self._unread[:ahead]
        del self._unread[:ahead]
        while ahead < len(place):
            part = self._read(min(_READ_AT_ONCE, len(place) - ahead), deadline)
            place[ahead : ahead + len(part)] = part
            ahead += len(part)

    def _read(self, most: int, deadline: float) -> bytes:
        output = self._process.stdout
        assert output is not None
        if not select.select([output], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        part = os.read(output.fileno(), most)
        if not part:
            raise EOFError
        return part


_turns = threading.BoundedSemaphore(AT_ONCE)
_idle: list[_Worker] = []


def _worker() -> _Worker:
    """A worker at rest, or a new one."""
    while _idle:
        with suppress(IndexError):  # another thread may have taken the last
            worker = _idle.pop()
            if worker.is_alive:
                return worker
            worker.kill()
    return _Worker()


def _after_fork() -> None:
    """A forked process leaves its parent's workers to the parent."""
    global _turns  # noqa: PLW0603
    _turns = threading.BoundedSemaphore(AT_ONCE)
    _idle.clear()


def end_workers() -> None:
    """End the processes that wait for files; those at work end when this process does."""
    while _idle:
        _idle.pop().kill()


atexit.register(end_workers)
os.register_at_fork(after_in_child=_after_fork)
