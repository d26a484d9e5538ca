"""The process in which foreign files are decoded: it reads requests on standard input and answers with raw pages.

A request is one JSON line ``{"name", "bytes", "page_s", "pages"}`` and the file's bytes. The answer is a JSON line
``{"page": [h, w], "number"}`` with ``h * w * 3`` bytes of RGB for each page, or ``{"error": [cause, next step]}``, or
``{"choose": [cause, pages of the file]}``, and ``{"end": leaves}`` at last, where ``leaves`` says that the process ends
now because it has grown. The line of a page that was drawn from a recording has ``"recording"`` too: its fields, and
how many ``samples`` each lead has, which follow the picture as float32.
``decode.isolated`` is the other side.

The process may not write a file, leaves no core dump, and gets ``MAX_MEMORY_BYTES`` of address space, so that whatever
a file makes of its decoder ends here.
"""

import io
import json
import math
import os
import resource
import signal
import sys
from pathlib import Path
from typing import BinaryIO, TypedDict

import numpy as np

from ecgcore.errors import EcgError
from ecgcore.page.decode.decoded_page import DecodedPage
from ecgcore.page.decode.file_pages import PageChoice
from ecgcore.page.decode.limits import (
    DECODER_ERRORS,
    EXPORT_AGAIN,
    MAX_FILE_S,
    ChoosePagesError,
    check_aspect,
    damaged,
)
from ecgcore.page.decode.read import decoded_pages

MAX_MEMORY_BYTES = 1_500_000_000
GROWN_BYTES = 400_000_000
"""Memory in use after an answer from which the process is replaced, so that a large page does not hold it for ever."""
ORPHAN_S = MAX_FILE_S + 30.0
"""A request that nobody waits for any longer, since the program was killed, ends the process after this time."""


class _Request(TypedDict):
    """What is asked: the file's name and length, the seconds a page may take, and which pages; None for all."""

    name: str
    bytes: int
    page_s: float
    pages: str | None


def main() -> None:
    """Answer requests until standard input ends."""
    requests, answers = sys.stdin.buffer, _own_output()
    _limit()
    _send(answers, {"ready": True})
    while head := requests.readline():
        request: _Request = json.loads(head)
        signal.setitimer(signal.ITIMER_REAL, ORPHAN_S)
        _answer(answers, requests.read(request["bytes"]), request)
        signal.setitimer(signal.ITIMER_REAL, 0)
        leaves = _memory_bytes() > GROWN_BYTES
        _send(answers, {"end": leaves})
        if leaves:
            return


def _answer(answers: BinaryIO, data: bytes, request: _Request) -> None:
    name = request["name"]
    try:
        pages = decoded_pages(data, name, None if request["pages"] is None else PageChoice.parse(request["pages"]))
        while True:
            _give_time(request["page_s"])
            page = next(pages, None)
            if page is None:
                return
            height, width = page.photo_rgb.shape[:2]
            check_aspect(width, height, name)
            _send_page(answers, page)
    except ChoosePagesError as error:
        _send(answers, {"choose": [error.cause, error.page_count]})
    except MemoryError:
        _send(answers, {"error": [f"{name} needs more memory to open than a picture may.", EXPORT_AGAIN]})
    except EcgError as error:
        out_of_memory = isinstance(error.__cause__, MemoryError)
        cause = f"{name} needs more memory to open than a picture may." if out_of_memory else error.cause
        _send(answers, {"error": [cause, error.next_step]})
    except (*DECODER_ERRORS, RuntimeError):
        refusal = damaged(name)
        _send(answers, {"error": [refusal.cause, refusal.next_step]})


def _send_page(answers: BinaryIO, page: DecodedPage) -> None:
    head: dict[str, object] = {"page": page.photo_rgb.shape[:2], "number": page.number}
    if page.recording is not None:
        said = {field: value for field, value in vars(page.recording).items() if field != "leads_mv"}
        head["recording"] = said | {"samples": page.recording.leads_mv.shape[1]}
    _send(answers, head)
    answers.write(np.ascontiguousarray(page.photo_rgb).data.cast("B"))
    if page.recording is not None:
        answers.write(np.ascontiguousarray(page.recording.leads_mv, dtype="<f4").data.cast("B"))
    answers.flush()


def _give_time(page_s: float) -> None:
    """Let the system end this process with SIGXCPU when the next page takes ``page_s`` of computing.

    Computing, not waiting: on a busy machine a good page may wait for its turn.
    """
    spent = resource.getrusage(resource.RUSAGE_SELF)
    until_s = math.ceil(spent.ru_utime + spent.ru_stime + page_s)
    resource.setrlimit(resource.RLIMIT_CPU, (until_s, resource.RLIM_INFINITY))


def _send(answers: BinaryIO, message: dict[str, object]) -> None:
    answers.write(json.dumps(message).encode() + b"\n")
    answers.flush()


def _memory_bytes() -> int:
    """What this process holds now. Its highest, ``ru_maxrss``, counts what the program that started it held."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except OSError:  # not Linux, where the highest is in bytes and the process's own
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _own_output() -> BinaryIO:
    """Standard output for the answers alone: what a decoder prints goes nowhere."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=io.DEFAULT_BUFFER_SIZE)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)
    return answers


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":  # elsewhere the system does not keep to it
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


if __name__ == "__main__":
    main()
