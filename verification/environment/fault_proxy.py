"""An HTTP proxy on loopback in front of DynamoDB or S3 that injects faults."""

from __future__ import annotations

import json
import random
import socket
import struct
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import urlsplit

Answer = tuple[int, Mapping[str, str], bytes]

LONGEST_HANG = 10.0
"""Seconds after which the proxy closes a connection without a response. All clients in the tests time out before."""


class Fault(StrEnum):
    """The faults of a request. With the last two, the request takes effect; with the others, it does not."""

    THROTTLED = "throttled"
    INTERNAL_ERROR = "internal error"
    UNAVAILABLE = "unavailable"
    CONFLICT = "conflict"
    CONFLICT_AND_FAILED = "conflict, and a condition failed beside it"
    RESET = "reset"
    HANGS = "hangs"
    RESPONSE_LOST = "response lost"
    RESPONSE_HANGS = "response hangs"


_S3_REFUSALS = {
    Fault.THROTTLED: (503, "SlowDown"),
    Fault.INTERNAL_ERROR: (500, "InternalError"),
    Fault.UNAVAILABLE: (503, "ServiceUnavailable"),
    Fault.CONFLICT: (409, "ConditionalRequestConflict"),
    Fault.CONFLICT_AND_FAILED: (409, "ConditionalRequestConflict"),
}
_OF_CONNECTION = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}

SHORT_FAULTS = tuple(fault for fault in Fault if fault not in {Fault.HANGS, Fault.RESPONSE_HANGS})

Plan = Callable[[str], Fault | None]
"""The fault of a request, by its operation (`GetItem`)."""


def no_fault(_: str) -> None:
    """No request fails."""


def always(fault: Fault) -> Plan:
    """Each request has this fault."""
    return lambda _: fault


def at_random(share: float, *, seed: int, hangs: float = 0.1) -> Plan:
    """A random fault for a `share` of the requests. A share `hangs` of the faults are requests without a response."""
    rng, lock = random.Random(seed), Lock()

    def plan(_: str) -> Fault | None:
        with lock:
            if rng.random() >= share:
                return None
            if rng.random() < hangs:
                return rng.choice([Fault.HANGS, Fault.RESPONSE_HANGS])
            return rng.choice(SHORT_FAULTS)

    return plan


@dataclass
class FaultProxy:
    """Controls the proxy. `calls` has each operation that reached it, with its fault.

    With `leaves_items_out`, a failed condition does not return the item.
    """

    endpoint: str
    plan: Plan = no_fault
    leaves_items_out: bool = False
    calls: list[tuple[str, Fault | None]] = field(default_factory=list)
    _script: deque[Fault | None] = field(default_factory=deque)

    def script(self, *faults: Fault | None) -> None:
        """The faults of the next requests; after these, the plan applies. Empties `calls`."""
        self.calls.clear()
        self._script = deque(faults)

    @property
    def operations(self) -> list[str]:
        """The operations since `script`, without their faults."""
        return [operation for operation, _ in self.calls]

    def seen(self) -> Mapping[Fault | None, int]:
        """The number of requests by fault."""
        return Counter(fault for _, fault in self.calls)

    def next_fault(self, operation: str) -> Fault | None:
        """The fault of a request that arrived."""
        try:
            fault = self._script.popleft()
        except IndexError:
            fault = self.plan(operation)
        self.calls.append((operation, fault))
        return fault


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    """A proxy in front of `target`, without faults until a plan or a script is set."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.address = urlsplit(target).netloc
        server.proxy = FaultProxy(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.proxy
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    address: str
    proxy: FaultProxy

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that closes the connection is expected."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._target = HTTPConnection(self.server.address)

    def finish(self) -> None:
        self._target.close()
        super().finish()

    def do_POST(self) -> None:
        self._serve(self.headers["X-Amz-Target"].rpartition(".")[2])

    def do_GET(self) -> None:
        self._serve("GetObject")

    def do_PUT(self) -> None:
        self._serve("PutObject")

    def _serve(self, operation: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.proxy.next_fault(operation)
        match fault:
            case None:
                status, headers, answer = self._forward(body)
                left_out = self.server.proxy.leaves_items_out
                self._answer(status, headers, _without_items(answer) if left_out else answer)
            case Fault.RESET:
                self._reset()
            case Fault.HANGS:
                self._hang()
            case Fault.RESPONSE_LOST:
                self._forward(body)
                self._reset()
            case Fault.RESPONSE_HANGS:
                self._forward(body)
                self._hang()
            case _:
                status, error = _refusal(fault, operation, body)
                self._answer(status, {}, error)

    def _forward(self, body: bytes) -> Answer:
        self._target.request(self.command, self.path, body, dict(self.headers))
        response = self._target.getresponse()
        headers = {name: value for name, value in response.getheaders() if name.lower() not in _OF_CONNECTION}
        return response.status, headers, response.read()

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _hang(self) -> None:
        self.connection.settimeout(LONGEST_HANG)
        self.connection.recv(1)  # returns when the client closes the connection
        self.close_connection = True


def _without_items(answer: bytes) -> bytes:
    """A response of an older engine."""
    told = json.loads(answer)
    for reason in told.get("CancellationReasons", ()):
        reason.pop("Item", None)
    return json.dumps(told).encode()


def _refusal(fault: Fault, operation: str, body: bytes) -> tuple[int, bytes]:
    if operation in {"GetObject", "PutObject"}:
        status, code = _S3_REFUSALS[fault]
        return status, f"<Error><Code>{code}</Code><Message>injected</Message></Error>".encode()
    status, error = _dynamodb_refusal(fault, operation, body)
    return status, json.dumps(error).encode()


def _dynamodb_refusal(fault: Fault, operation: str, body: bytes) -> tuple[int, dict[str, object]]:
    if fault is Fault.INTERNAL_ERROR:
        return 500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "injected"}
    if fault is Fault.UNAVAILABLE:
        return 503, {"__type": "ServiceUnavailable", "message": "injected"}
    conflicts = fault in {Fault.CONFLICT, Fault.CONFLICT_AND_FAILED}
    if conflicts and operation == "TransactWriteItems":
        beside = "None" if fault is Fault.CONFLICT else "ConditionalCheckFailed"
        others = len(json.loads(body)["TransactItems"]) - 1
        reasons = [{"Code": "TransactionConflict", "Message": "injected"}] + [{"Code": beside}] * others
        return 400, {"__type": "TransactionCanceledException", "message": "injected", "CancellationReasons": reasons}
    if conflicts and operation in {"PutItem", "UpdateItem", "DeleteItem"}:
        return 400, {"__type": "TransactionConflictException", "message": "injected"}
    return 400, {"__type": "ProvisionedThroughputExceededException", "message": "injected"}
