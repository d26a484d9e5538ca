"""The app in a process of its own and a real Chromium before it, for the browser tests and benchmarks."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).parents[2]
WAIT_MS = 120_000
STARTS_WITHIN_S = 180
ENDS_WITHIN_S = 60
"""Patience with what a page shows, and with a server, on a machine that does much else; a quiet one never needs it."""
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def served(
    environment: Mapping[str, str], port: int | None = None, script: str = "server.py", log: Path | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The app's address, or that of another script, and its process, which ends with the block however that ends.

    Args:
        environment: variables beside those of this process.
        port: to listen on, a free one by default.
        script: what to serve.
        log: a file for what the server prints, else it is printed here.

    Raises:
        RuntimeError: the app did not start.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", script, f"--server.port={port}", "--server.headless=true"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    with ExitStack() as stack:
        out = None if log is None else stack.enter_context(log.open("wb"))
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out and subprocess.STDOUT
        )
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.terminate()
        server.wait(timeout=ENDS_WITHIN_S)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def launch(playwright: Playwright) -> Browser:
    """The system's Chromium, headless.

    Raises:
        RuntimeError: there is none.
    """
    path = next((found for found in map(shutil.which, _NAMES) if found), None)
    if path is None:
        raise RuntimeError("no Chromium on the PATH: `make browser` installs it")
    return playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)


def wait_until(page: Page, expression: str, within_s: float = WAIT_MS / 1000) -> None:
    """Wait until JavaScript is true on the page; ``wait_for_function`` needs eval, which the app's policy forbids.

    Raises:
        TimeoutError: it is still false after ``within_s``.
    """
    deadline = time.monotonic() + within_s
    while not page.evaluate(expression):
        if time.monotonic() > deadline:
            raise TimeoutError(expression)
        page.wait_for_timeout(50)


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310  our own server
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the app did not start")
