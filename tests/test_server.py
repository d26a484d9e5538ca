"""What the server answers, and whom: over a real socket, as another program or a page of another site would ask."""

import signal
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.real_browser import ENDS_WITHIN_S, served

WEBSOCKET = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}  # fmt: skip
STREAM = "/_stcore/stream"
REFUSED, SWITCHED = 403, 101


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as `make app` starts it, without a browser."""
    with served({"ECG_DATA_DIR": str(tmp_path_factory.mktemp("data"))}) as (address, _):
        yield address


def ask(address: str, path: str, headers: dict[str, str], method: str = "GET") -> tuple[int, HTTPMessage]:
    """The status and the headers of an answer."""
    place = urlsplit(address)
    connection = HTTPConnection(str(place.hostname), int(place.port or 0), timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for name, value in ({"Host": place.netloc} | headers).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    connection.close()
    return answer.status, answer.headers


@pytest.mark.parametrize(
    "request_line",
    ["GET /", "GET /review", "GET /_stcore/health", "GET /_stcore/host-config", "GET /_stcore/metrics",
     "GET /favicon.png", "GET /media/none.png", "GET /static/none.js", "GET //none", "PUT /_stcore/upload_file/a/b",
     "OPTIONS /"],
)  # fmt: skip
def test_every_answer_keeps_the_browser_here(address: str, request_line: str) -> None:
    method, path = request_line.split()
    _, headers = ask(address, path, {}, method)
    policy = dict(rule.split(" ", 1) for rule in str(headers["Content-Security-Policy"]).split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == policy["object-src"] == "'none'"
    for name, sources in policy.items():
        foreign = [
            source for source in sources.split() if not source.startswith("'") and source not in {"data:", "blob:"}
        ]
        assert not foreign, name
    assert not {"'unsafe-inline'", "'unsafe-eval'", "data:"} & set(policy["script-src"].split())
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/_stcore/host-config", "/media/none.png", STREAM])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.1", "a@127.0.0.1", ""]
)
def test_another_name_that_points_here_is_refused(address: str, path: str, host: str) -> None:
    headers = {"Host": host} | (WEBSOCKET if path == STREAM else {})
    assert ask(address, path, headers)[0] in {400, REFUSED}


def test_another_name_uploads_nothing(address: str) -> None:
    assert ask(address, "/_stcore/upload_file/a/b", {"Host": "evil.example"}, "PUT")[0] == REFUSED


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://a.streamlit.app",
        "http://127.0.0.1:1",
        "http://localhost",
        "null",
        "http://[",
        "",
    ],
)
def test_a_page_of_another_site_is_refused(address: str, origin: str) -> None:
    assert ask(address, STREAM, {"Origin": origin} | WEBSOCKET)[0] in {400, REFUSED}
    assert ask(address, "/_stcore/upload_file/a/b", {"Origin": origin}, "PUT")[0] in {400, REFUSED}


def test_the_app_itself_is_heard(address: str) -> None:
    assert ask(address, STREAM, {"Origin": address} | WEBSOCKET)[0] == SWITCHED
    by_name = address.replace("127.0.0.1", "localhost")
    assert ask(address, STREAM, {"Host": urlsplit(by_name).netloc, "Origin": by_name} | WEBSOCKET)[0] == SWITCHED
    assert ask(address, "/", {})[0] == 200


def test_metrics_are_closed(address: str) -> None:
    assert ask(address, "/_stcore/metrics", {})[0] == REFUSED


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_it_writes_for_its_owner_alone_and_ends_well_when_asked_to(tmp_path: Path, asked: signal.Signals) -> None:
    with served({"ECG_DATA_DIR": str(tmp_path)}) as (address, server):
        assert ask(address, "/", {})[0] == 200
        assert "Umask:\t0077" in Path(f"/proc/{server.pid}/status").read_text(), "what it writes is closed to others"
        server.send_signal(asked)
        assert server.wait(timeout=ENDS_WITHIN_S) == 0
