"""One deadline for a whole HTTP exchange, over TLS and through a proxy too."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.identity.http_json import FETCH_ERRORS, MAX_BODY, get_json
from tests.support.http_servers import Handle, answering, read_head, serving

Serve = Callable[[Handle], int]

JSON = b'{"a": 1}'
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(JSON) + JSON


def sending_for_ever(start: bytes, repeated: bytes) -> Handle:
    """Sends a byte at a time until the client closes the connection."""

    def answer(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(start)
        for byte in cycle(repeated):
            connection.sendall(bytes([byte]))

    return answer


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as servers:
        yield lambda handle: servers.enter_context(serving(handle))


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server context for 127.0.0.1 whose certificate is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem, key_pem = tmp_path / "certificate.pem", tmp_path / "key.pem"
    pem.write_bytes(signed.public_bytes(encoding))
    key_pem.write_bytes(key.private_bytes(encoding, private, serialization.NoEncryption()))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key_pem)
    return context


def over_tls(context: ssl.SSLContext, handle: Handle) -> Handle:
    def handle_tls(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            handle(encrypted)

    return handle_tls


def no_deadline() -> float:
    return 30.0


def expiring_after(calls: int) -> Callable[[], float]:
    """A deadline that passes after this number of calls, independent of the time."""
    left = iter(range(calls))

    def time_left() -> float:
        if next(left, None) is None:
            raise TimeoutError
        return 30.0

    return time_left


def test_a_json_object_that_ends_with_the_connection_is_read(serve: Serve) -> None:
    heads = []

    def answer(connection: socket.socket) -> None:
        heads.append(read_head(connection))
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + JSON)

    port = serve(answer)

    assert get_json(f"http://127.0.0.1:{port}/a?b=c", no_deadline) == {"a": 1}
    assert heads[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{port}\r\n".encode() in heads[0]


@pytest.mark.parametrize(
    ("start", "repeated"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
    ],
    ids=["status line", "headers", "body"],
)
def test_a_server_that_sends_a_byte_at_a_time_is_cut_off_at_the_deadline(
    serve: Serve, start: bytes, repeated: bytes
) -> None:
    port = serve(sending_for_ever(start, repeated))

    with pytest.raises(FETCH_ERRORS):
        get_json(f"http://127.0.0.1:{port}/", expiring_after(20))


@pytest.mark.parametrize(
    "response",
    [b"\x16\x03\x01", b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (MAX_BODY + 1) + JSON],
    ids=["no HTTP", "a large body"],
)
def test_what_is_no_small_http_response_is_an_error(serve: Serve, response: bytes) -> None:
    with pytest.raises(FETCH_ERRORS):
        get_json(f"http://127.0.0.1:{serve(answering(response))}/", no_deadline)


def test_a_certificate_is_verified(
    serve: Serve, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"https://127.0.0.1:{serve(over_tls(certificate, answering(RESPONSE)))}/"

    assert get_json(url, no_deadline) == {"a": 1}
    (tmp_path / "empty.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    with pytest.raises(ssl.SSLError):
        get_json(url, no_deadline)


def test_a_proxy_of_the_environment_is_used(
    serve: Serve, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads: list[bytes] = []

    def proxy(connection: socket.socket) -> None:
        heads.append(read_head(connection))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        over_tls(certificate, answering(RESPONSE))(connection)

    monkeypatch.setenv("HTTPS_PROXY", f"http://ann:s%40crat@127.0.0.1:{serve(proxy)}")
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert get_json("https://127.0.0.1:1/", no_deadline) == {"a": 1}
    assert heads[0].startswith(b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic YW5uOnNAY3JhdA==\r\n" in heads[0]


@pytest.mark.parametrize("handle", [answering(b"HTTP/1.1 407 No\r\n\r\n"), sending_for_ever(b"", b"H")])
def test_a_proxy_that_refuses_or_hangs_is_an_error(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, handle: Handle
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{serve(handle)}")

    with pytest.raises(FETCH_ERRORS):
        get_json("https://issuer.example/", expiring_after(20))


def test_the_next_address_is_tried_when_one_is_unreachable(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    port = serve(answering(RESPONSE))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        addresses = [closed.getsockname(), ("127.0.0.1", port)]
    found: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    assert get_json("http://issuer.example/", no_deadline) == {"a": 1}
    del found[1]
    with pytest.raises(ConnectionRefusedError):
        get_json("http://issuer.example/", no_deadline)
