"""Requests that no page of the app would send, each byte for byte over a real socket: none is heard.

In them ``HERE`` is the server's own name and port, ``PORT`` its port, and ``EVIL`` a name that was made to point here.
"""

import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.real_browser import served

WEBSOCKET = (
    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)  # fmt: skip
STREAM, UPLOAD = "GET /_stcore/stream", "PUT /_stcore/upload_file/a/b"
WAYS = (
    "GET /", "GET /review?who=Ada&page=1", "GET /_stcore/health", "GET /_stcore/host-config", "GET /media/none.png",
    "GET /static/none.js", "GET /_stcore/none", "POST /_stcore/upload_file/a/b", "DELETE /_stcore/upload_file/a/b",
    "OPTIONS /_stcore/upload_file/a/b", "HEAD /", UPLOAD, STREAM,
)  # fmt: skip
HOSTS = (
    "evil.example", "EVIL.EXAMPLE:PORT", "evil.example.:PORT", "127.0.0.1.evil.example:PORT", "localhost.evil.example",
    "evil-localhost:PORT", "xlocalhost", "[::1]:PORT", "[::ffff:127.0.0.1]:PORT", "[::1%25lo]:PORT", "::1",
    "0.0.0.0:PORT",
    "127.1:PORT", "127.0.0.2:PORT", "2130706433:PORT", "0x7f000001:PORT", "0177.0.0.1:PORT", "user@127.0.0.1:PORT",
    "127.0.0.1:PORT@evil.example", "127.0.0.1:PORT:80", "127.0.0.1:PORT,evil.example", "127.0.0.1 evil.example",
    "127.0.0.1/evil.example", "127.0.0.1#evil.example", "127.0.0.1?evil.example", "127.0.0.1\\evil.example",
    "127.0.0.1%00.evil.example", "127.0.0.1:x", "localhost%2eevil.example", "\u00b9\u00b27.0.0.1:PORT", "http://HERE",
    "*", "",
)  # fmt: skip
ORIGINS = (
    "null", "http://evil.example", "https://evil.example:PORT", "http://HERE.evil.example", "http://HERE@evil.example",
    "http://127.0.0.1", "http://127.0.0.1:1", "http://localhost:PORT", "http://[::1]:PORT", "http://HERE/",
    "HTTP://HERE", "ws://HERE", "file://", "chrome-extension://HERE", "//HERE", "HERE", "http://HERE http://evil.example",
    "http://HERE\nOrigin: http://evil.example", "http://evil.example\nOrigin: http://HERE", "http://a.streamlit.app",
    "http://127.0.0.1.:PORT", "http://%31%32%37.0.0.1:PORT", "",
)  # fmt: skip
"""Of a page elsewhere that the browser lets ask this server."""
FORWARDED = (
    "X-Forwarded-Host: HERE", "Forwarded: host=HERE", "X-Forwarded-For: 127.0.0.1", "X-Original-Host: HERE",
    "X-Host: HERE", "X-Real-IP: 127.0.0.1", "Referer: http://HERE/", "Sec-Fetch-Site: same-origin",
)  # fmt: skip
PLACES = (
    "/_stcore/metrics", "/_stcore/metrics/", "//_stcore/metrics", "/_stcore/./metrics", "/_stcore/%6detrics",
    "/_stcore/x/../metrics", "/_stcore/METRICS", "/_stcore/metrics;x", "/_stcore/metrics?x", "/review/_stcore/metrics",
    "/_stcore/metrics%2f", "/%5fstcore/metrics", "/media/../../../../../etc/passwd", "/media/%2e%2e/%2e%2e/etc/passwd",
    "/media/..%2f..%2f..%2fetc%2fpasswd", "/media/..\\..\\etc\\passwd", "/static/../../../../server.py",
    "/static/%2e%2e/%2e%2e/server.py", "/static/%252e%252e/server.py", "/app/static/../server.py",
    "/app/static/%2e%2e/app.py",
    "/component/streamlit_drawable_canvas.st_canvas/../../__init__.py",
    "/component/streamlit_drawable_canvas.st_canvas/%2e%2e/__init__.py",
    "/component/streamlit_drawable_canvas.st_canvas//etc/passwd", "/component/../../../../etc/passwd",
    "/_stcore/bidi-components/x/../../../server.py", "//etc/passwd", "/server.py", "/.streamlit/config.toml",
    "/.git/config", "/kept.png", "/DATA/kept.png", "/static/DATA/kept.png", "/media/DATA/kept.png", "/media/kept.png",
    "//evil.example/", "/%2fevil.example/", "/\\evil.example/", "/evil.example//",
)  # fmt: skip
"""Where there is nothing for a browser; ``DATA`` is the data folder."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The app as `make app` starts it, and its data folder."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "kept.png").write_bytes(b"a patient's picture")
    with served({"ECG_DATA_DIR": str(folder)}) as (address, _):
        assert answer(address, f"GET /\nHost: {urlsplit(address).netloc}").status == 200
        yield address, folder


def answer(address: str, request: str) -> HTTPResponse:
    """What the server says to the lines of a request, and its content."""
    here = urlsplit(address)
    line, *lines = request.replace("HERE", here.netloc).replace("PORT", str(here.port)).split("\n")
    if line == STREAM:
        lines += WEBSOCKET
    if "PUT" in line or "POST" in line:
        lines.append("Content-Length: 0")
    with socket.create_connection((str(here.hostname), int(here.port or 0)), timeout=20) as connection:
        connection.sendall("\r\n".join([f"{line} HTTP/1.1", *lines, "", ""]).encode("latin-1"))
        response = HTTPResponse(connection, method=line.split()[0])
        response.begin()
        response.content = b"" if response.status == 101 else response.read()  # type: ignore[attr-defined]
    return response


def is_refused(response: HTTPResponse) -> bool:
    """Whether it was heard by nobody: neither the app's page nor a stream nor any word of Streamlit's."""
    return response.status in {400, 403} and len(response.content) < 100  # type: ignore[attr-defined]


@pytest.mark.parametrize("host", HOSTS)
def test_no_other_name_is_heard(server: tuple[str, Path], host: str) -> None:
    for way in ("GET /", UPLOAD, STREAM):
        assert is_refused(answer(server[0], f"{way}\nHost: {host}")), way


@pytest.mark.parametrize("way", WAYS)
def test_another_name_is_heard_nowhere(server: tuple[str, Path], way: str) -> None:
    assert is_refused(answer(server[0], f"{way}\nHost: evil.example:PORT"))
    assert is_refused(answer(server[0], f"{way}\nHost: HERE\nHost: evil.example:PORT"))
    assert is_refused(answer(server[0], way)), "no name at all"


@pytest.mark.parametrize("said", FORWARDED)
def test_what_a_stranger_says_of_itself_changes_nothing(server: tuple[str, Path], said: str) -> None:
    for way in ("GET /", UPLOAD, STREAM):
        assert is_refused(answer(server[0], f"{way}\nHost: evil.example:PORT\n{said}")), way
        assert is_refused(answer(server[0], f"{way}\nHost: HERE\nOrigin: http://evil.example\n{said}")), way


@pytest.mark.parametrize("origin", ORIGINS)
def test_no_page_of_another_site_is_heard(server: tuple[str, Path], origin: str) -> None:
    for way in ("GET /_stcore/host-config", UPLOAD, STREAM):
        assert is_refused(answer(server[0], f"{way}\nHost: HERE\nOrigin: {origin}")), way
    assert is_refused(answer(server[0], f"{STREAM}\nHost: 127.0.0.1:1\nOrigin: http://HERE")), "another port"


@pytest.mark.parametrize("place", PLACES)
def test_no_address_leads_out_of_the_app(server: tuple[str, Path], place: str) -> None:
    address, folder = server
    index = answer(address, "GET /\nHost: HERE")
    found = answer(address, f"GET {place.replace('DATA', str(folder))}\nHost: HERE")
    assert found.status >= 300 or found.content == index.content  # type: ignore[attr-defined]
    assert len(found.content) < 40 or found.content == index.content  # type: ignore[attr-defined]
    assert not found.headers["Location"] or urlsplit(found.headers["Location"]).netloc == "", "it leads elsewhere"


def test_the_app_itself_is_heard(server: tuple[str, Path]) -> None:
    for host in ("HERE", "localhost:PORT", "LOCALHOST:PORT", "localhost.:PORT"):
        assert answer(server[0], f"GET /\nHost: {host}").status == 200
        assert answer(server[0], f"{STREAM}\nHost: {host}\nOrigin: http://{host}").status == 101
