"""What a browser sends stays in the server's memory, and a server that is ended in the middle of it ends well."""

import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Route

from tests.support.real_browser import WAIT_MS, served

SENT_BYTES = 80 * 2**20
"""Far more than sockets hold between the two, so that the server has read most of it once it is sent; and more than a
picture may have, since archives and models come the same way."""
ANSWERS_WITHIN_S = 60
HEAD = b'--cut\r\nContent-Disposition: form-data; name="f"; filename="Doe Jane.dcm"\r\n\r\n'
TAIL = b"\r\n--cut--\r\n"


@dataclass
class Served:
    """A server, its process, the folder that it has for temporary files, and what it prints."""

    address: str
    process: subprocess.Popen[bytes]
    temporary: Path
    log: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app as `make app` starts it."""
    temporary = tmp_path_factory.mktemp("temporary")
    environment = {"ECG_DATA_DIR": str(tmp_path_factory.mktemp("data")), "TMPDIR": str(temporary)}
    log = tmp_path_factory.mktemp("log") / "server.log"
    with served(environment, log=log) as (address, process):
        yield Served(address, process, temporary, log)


def caught_upload(page: Page) -> Request:
    """Drop a file, and take the request away with which the browser would send it."""
    caught: list[Request] = []

    def catch(route: Route) -> None:
        if route.request.method == "PUT":
            caught.append(route.request)
            route.abort()
        else:
            route.continue_()

    page.route("**/_stcore/upload_file/**", catch)
    file = {"name": "Doe Jane 1951-03-07.dcm", "mimeType": "application/dicom", "buffer": b"DICM"}
    page.locator("input[type=file]").first.set_input_files(files=[file])  # type: ignore[list-item]
    until = time.monotonic() + WAIT_MS / 1000
    while not caught and time.monotonic() < until:
        page.wait_for_timeout(50)
    return caught[0]


def written_to(pid: int, folder: Path) -> list[str]:
    """Files in a folder that a process holds open, also those without a name."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:
            continue
        found += [target] if target.startswith(str(folder)) else []
    return found


def begin_upload(request: Request, size_bytes: int) -> socket.socket:
    """Send the beginning of an upload in a browser's place, up to its content of zeros."""
    place, headers = urlsplit(request.url), request.all_headers()
    kept = "".join(f"{name}: {headers[name]}\r\n" for name in ("cookie", "x-xsrftoken", "origin") if name in headers)
    sending = socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=ANSWERS_WITHIN_S)
    sending.sendall(
        f"PUT {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\n{kept}"
        f"Content-Type: multipart/form-data; boundary=cut\r\n"
        f"Content-Length: {len(HEAD) + size_bytes + len(TAIL)}\r\n\r\n".encode()
    )
    sending.sendall(HEAD)
    return sending


def test_an_upload_is_never_a_file(browser: Browser, server: Served) -> None:
    page = browser.new_page()
    page.goto(server.address)
    page.locator("input[type=file]").first.wait_for(state="attached", timeout=WAIT_MS)
    with begin_upload(caught_upload(page), SENT_BYTES) as sending:
        sending.sendall(bytes(SENT_BYTES))
        assert written_to(server.process.pid, server.temporary) == [], "while it is being sent"
        sending.sendall(TAIL)
        assert sending.recv(100).startswith(b"HTTP/1.1 204")
    assert written_to(server.process.pid, server.temporary) == []
    page.close()


def test_the_log_names_no_file(browser: Browser, server: Served) -> None:
    page = browser.new_page()
    page.goto(server.address)
    contents = {"png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-1.7", "docx": b"PK", "dcm": bytes(128) + b"DICM", "jpg": b""}
    files = [
        {"name": f"Doe Jane.{ending}", "mimeType": "application/octet-stream", "buffer": content}
        for ending, content in contents.items()
    ]
    page.locator("input[type=file]").first.set_input_files(files=files)  # type: ignore[arg-type]
    page.get_by_text("Doe Jane.dcm").first.wait_for(timeout=WAIT_MS)
    page.get_by_text(re.compile("^Screening")).first.wait_for(state="hidden", timeout=WAIT_MS)
    with begin_upload(caught_upload(page), SENT_BYTES) as sending:
        sending.sendall(b"broken off")
    page.close()
    log = server.log.read_text()
    assert "You can now view" in log
    assert "Doe" not in log


def test_a_server_that_is_ended_amid_screening_and_an_upload_ends_well(browser: Browser, server: Served) -> None:
    page = browser.new_page()
    page.goto(server.address)
    page.locator("input[type=file]").first.wait_for(state="attached", timeout=WAIT_MS)
    with begin_upload(caught_upload(page), SENT_BYTES):
        page.get_by_text("Try a sample", exact=True).first.click(timeout=WAIT_MS)
        page.locator(".st-key-sample-normal button").click()
        page.get_by_text(re.compile("^Screening")).first.wait_for(timeout=WAIT_MS)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=ANSWERS_WITHIN_S) == 0
    page.close()
