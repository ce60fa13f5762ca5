"""An HTTP proxy on loopback that changes responses of the API as caches, gateways and captive portals do."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

_OF_CONNECTION = {"connection", "content-length", "date", "server", "transfer-encoding"}


@dataclass(slots=True)
class Reply:
    """A response on its way to the client. `length` is what its Content-Length says; None: it has none."""

    status: int
    headers: Headers
    body: bytes
    length: int | None

    def replace_body(self, body: bytes) -> None:
        self.body, self.length = body, len(body)


Change = Callable[[Reply], None]


def compress(reply: Reply) -> None:
    """As nginx does with `gzip on`: the ETag becomes weak."""
    if "ETag" in reply.headers:
        reply.headers["ETag"] = f"W/{reply.headers['ETag'].removeprefix('W/')}"
    if reply.body:
        reply.headers["Content-Encoding"] = "gzip"
        reply.replace_body(gzip.compress(reply.body))


def drop_headers(reply: Reply) -> None:
    for name in ("ETag", "Location", "Retry-After", "X-Request-ID", "Cache-Control"):
        reply.headers.remove(name)
    reply.length = None


def change_case(reply: Reply) -> None:
    reply.headers = Headers([(name.upper(), value) for name, value in reply.headers])


def repeat_headers(reply: Reply) -> None:
    """The browser merges them: `"a", "a"`."""
    for name, value in list(reply.headers):
        reply.headers.add(name, value)


def truncate(reply: Reply) -> None:
    reply.body = reply.body[: len(reply.body) // 2]


def answer_html(reply: Reply) -> None:
    reply.status, reply.headers = 200, Headers({"Content-Type": "text/html"})
    reply.replace_body(b"<!doctype html><title>Sign in to this network</title>")


@dataclass(slots=True)
class Intermediary:
    """Controls the proxy, which removes `prefix` from paths and applies `change` to each `every`-th API response."""

    url: str
    prefix: str = ""
    change: Change = lambda _: None
    every: int = 1
    open: threading.Event = field(default_factory=threading.Event)
    """Responses of the API wait until it is set."""
    _answered: int = 0

    def alter(self, reply: Reply) -> None:
        self._answered += 1
        # The first one of several, so that its repetition succeeds.
        if (self._answered - 1) % self.every == 0:
            self.change(reply)
        assert self.open.wait(30)


@contextmanager
def intermediary(target: str) -> Iterator[Intermediary]:
    """A proxy in front of `target` that changes nothing yet."""
    upstream = urlsplit(target).netloc

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if not self.raw_requestline or not self.parse_request():
                return
            path = self.path.removeprefix(proxy.prefix)
            reply = self._forward(path)
            if path.startswith("/api/"):
                proxy.alter(reply)
            self.send_response_only(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            if reply.length is not None:
                self.send_header("Content-Length", str(reply.length))
            self.end_headers()
            self.wfile.write(reply.body)

        def _forward(self, path: str) -> Reply:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
            connection = HTTPConnection(upstream)
            connection.request(self.command, path, body, headers | {"Connection": "close"})
            response = connection.getresponse()
            kept = [(name, value) for name, value in response.getheaders() if name.lower() not in _OF_CONNECTION]
            received = response.read()
            connection.close()
            return Reply(response.status, Headers(kept), received, len(received))

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        proxy = Intermediary(f"http://127.0.0.1:{server.server_port}")
        proxy.open.set()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.open.set()
            server.shutdown()
            thread.join()
