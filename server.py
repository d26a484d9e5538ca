"""The server around the app: which requests it hears, and what every answer forbids the browser to do.

Streamlit finds ``app`` here: ``streamlit run server.py``. Neither a picture nor its result may leave the machine, so
the browser is told to fetch from nowhere else. A page of another site is refused, also one whose name was made to point
here (DNS rebinding), and none may frame the app.

Uploads stay in memory, and what is written is for the account that runs the server alone.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from types import FrameType

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit.runtime import get_instance
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from ecgcore.output.files import keep_private
from ecgcore.page.decode.isolated import end_workers
from pages.parts.common.browser.closed_sessions import closed_sessions
from pages.parts.common.browser.uploads import bound_uploads

CLOSED = ("/_stcore/metrics",)
"""Addresses of Streamlit's that nobody here needs."""
ENDS_WITHIN_S = 5.0
"""After it was asked to."""
POLICY_VIOLATION = 1008
"""RFC 6455, 7.4.1."""


class _InlineScripts(HTMLParser):
    """The scripts that stand in a page of HTML itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and "src" not in dict(attrs)

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found.append(data)
            self._inside = False


def content_security_policy(index_html: str) -> str:
    """What the browser may load: from this server alone.

    Args:
        index_html: Streamlit's page, whose own inline scripts are allowed by their hash and no others.
    """
    scripts = _InlineScripts()
    scripts.feed(index_html)
    hashes = [f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts.found]
    rules = {
        "default-src": ["'self'"],
        # The canvas arrives as a blob.
        "script-src": ["'self'", "blob:", *hashes],
        # Streamlit (emotion), plotly and st.html set styles where they stand.
        "style-src": ["'self'", "'unsafe-inline'"],
        # Pictures and plots that the page itself has made.
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:"],
        "media-src": ["'self'", "data:", "blob:"],
        "worker-src": ["'self'", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items())


class SameSiteOnly:
    """Hears only requests to this machine's name from the app's own pages, and sends every answer with the rules."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        index_html = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
        self.headers = {
            "Content-Security-Policy": content_security_policy(index_html),
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_rules(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        if scope["type"] == "lifespan" or (self._is_from_here(Headers(scope=scope)) and scope["path"] not in CLOSED):
            await self.app(scope, receive, send_with_rules)
        elif scope["type"] == "websocket":
            await WebSocketClose(POLICY_VIOLATION)(scope, receive, send)
        else:
            await PlainTextResponse("Refused.", status_code=403)(scope, receive, send_with_rules)

    def _is_from_here(self, headers: Headers) -> bool:
        """Whether it was sent to a name of ``server.allowedHosts`` and, if by a page, by one of that name and port."""
        host, origins = headers.get("host"), set(headers.getlist("origin"))
        return is_host_allowed(host) and (not origins or origins in ({f"http://{host}"}, {f"https://{host}"}))


@asynccontextmanager
async def from_start_to_end(_app: st.App) -> AsyncIterator[None]:
    """What is done when the server starts, and when it was asked to end and has closed every connection.

    Python's own way out would meet threads that are still inside PyTorch and OpenCV, and abort: an abort may leave
    patients' pictures in a core dump.
    """
    bound_uploads(get_instance().uploaded_file_mgr)  # type: ignore[arg-type]
    for number in (signal.SIGTERM, signal.SIGINT):
        _end_within(number, ENDS_WITHIN_S)
    looking_after = asyncio.create_task(closed_sessions.look_after())
    yield
    looking_after.cancel()
    _end()


def _end_within(number: signal.Signals, seconds: float) -> None:
    """Let a signal end the server also where somebody never finishes what they send or fetch, as uvicorn would wait."""
    usual = signal.getsignal(number)

    def asked(received: int, frame: FrameType | None) -> None:
        last = threading.Timer(seconds, _end)
        last.daemon = True
        last.start()
        if callable(usual):
            usual(received, frame)

    signal.signal(number, asked)


def _end() -> None:
    end_workers()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


keep_private()
# Starlette would write an upload of over 1 MB into the temporary folder; what is too large never gets as far.
MultiPartParser.spool_max_size = (int(st.get_option("server.maxUploadSize")) + 1) * 2**20
app = st.App("app.py", middleware=[Middleware(SameSiteOnly)], lifespan=from_start_to_end)
