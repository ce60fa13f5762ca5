"""HTTP requests for a JSON object within one deadline for everything: connecting, TLS, headers and body.

`urllib` and `http.client` apply their timeout to each read, so a server that sends one byte at a time holds a request
for minutes. DNS is outside the deadline: the operating system has its own timeouts for it.
"""

from __future__ import annotations

import base64
import io
import json
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import SplitResult, unquote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

MAX_BODY = 256 * 1024
"""Bytes of a response body."""

TimeLeft = Callable[[], float]
"""Seconds until the deadline, more than 0. Raises TimeoutError afterwards."""

FETCH_ERRORS = (OSError, HTTPException, ValueError, RecursionError)
"""What `get_json` and `post_form` raise."""


def get_json(url: str, time_left: TimeLeft) -> dict[str, Any]:
    """The JSON object at the URL. Follows no redirect. Raises `FETCH_ERRORS`."""
    return _request("GET", url, time_left, accepted={HTTPStatus.OK})


def post_form(url: str, form: Mapping[str, str], time_left: TimeLeft) -> dict[str, Any]:
    """The JSON object that answers a form, also with an error (RFC 6749 §5.2). Raises `FETCH_ERRORS`."""
    return _request("POST", url, time_left, accepted=set(HTTPStatus), form=form)


def _request(
    method: str,
    url: str,
    time_left: TimeLeft,
    *,
    accepted: set[HTTPStatus],
    form: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    target = urlsplit(url)
    with closing(_connect(target, time_left)) as sock:
        connection = HTTPConnection(target.hostname or "")
        connection.sock = DeadlineSocket(sock, time_left)
        headers = {"Host": target.netloc, "Accept": "application/json", "User-Agent": "config-api"}
        sent = None if form is None else urlencode(form)
        if sent is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, target._replace(scheme="", netloc="").geturl() or "/", body=sent, headers=headers)
        response = connection.getresponse()
        if response.status not in accepted:
            raise ValueError(f"{url} answered {response.status}")
        body = response.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise ValueError(f"{url} answered with more than {MAX_BODY} bytes")
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ValueError(f"{url} answered with no JSON") from error
    if not isinstance(document, dict):
        raise ValueError(f"{url} answered with no JSON object")  # noqa: TRY004 - one of the errors of a response
    return document


class DeadlineSocket:
    """The part of a socket that `http.client` uses, with a deadline for all reads and writes together.

    The owner of the socket closes it: `http.client` would close it before the body is read.
    """

    def __init__(self, sock: socket.socket, time_left: TimeLeft) -> None:
        self._socket = sock
        self._time_left = time_left

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """A file that reads from the socket."""
        return io.BufferedReader(_Reader(self._socket, self._time_left))

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._socket.settimeout(self._time_left())
        self._socket.sendall(data)

    def close(self) -> None:
        """Leave the socket open."""


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, time_left: TimeLeft) -> None:
        self._socket = sock
        self._time_left = time_left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(self._time_left())
        return self._socket.recv_into(buffer)


def _connect(target: SplitResult, time_left: TimeLeft) -> socket.socket:
    """A connection to the host of the target, through the proxy that the environment names, if there is one."""
    host = target.hostname or ""
    if target.scheme != "https":
        return _open_socket(host, target.port or 80, time_left)
    proxy = None if proxy_bypass(host) else getproxies().get("https")
    port = target.port or 443
    sock = _open_socket(host, port, time_left) if proxy is None else _open_tunnel(proxy, host, port, time_left)
    try:
        sock.settimeout(time_left())
        return ssl.create_default_context().wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise


def _open_socket(host: str, port: int, time_left: TimeLeft) -> socket.socket:
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    last_error = OSError(f"{host} has no address")
    for number, (family, kind, protocol, _, address) in enumerate(addresses, start=1):
        sock = socket.socket(family, kind, protocol)
        try:
            # Half of the time, so that one unreachable address leaves time for another.
            sock.settimeout(time_left() / (1 if number == len(addresses) else 2))
            sock.connect(address)
        except OSError as error:
            sock.close()
            last_error = error
        else:
            return sock
    raise last_error


def _open_tunnel(proxy: str, host: str, port: int, time_left: TimeLeft) -> socket.socket:
    """A connection to the host through an HTTP proxy (RFC 9110 §9.3.6)."""
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    request = f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n"
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request += f"Proxy-Authorization: Basic {base64.b64encode(credentials.encode()).decode()}\r\n"
    sock = _open_socket(parts.hostname or "", parts.port or 80, time_left)
    stream = DeadlineSocket(sock, time_left)
    try:
        stream.sendall(f"{request}\r\n".encode())
        response = HTTPResponse(stream, method="CONNECT")  # type: ignore[arg-type]  # uses `makefile` only
        response.begin()
        status = response.status
    except BaseException:
        sock.close()
        raise
    if status != HTTPStatus.OK:
        sock.close()
        raise OSError(f"the proxy answered {status}")
    return sock
