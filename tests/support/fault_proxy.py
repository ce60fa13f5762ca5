"""A DynamoDB or S3 with trouble: an HTTP proxy on loopback that spoils calls by a plan."""

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
"""Seconds after which even a hanging answer is given up; every client in the tests does so long before."""


class Trouble(StrEnum):
    """What may happen to a call. The last two do what was asked, the others leave nothing behind."""

    THROTTLED = "throttled"
    INTERNAL_ERROR = "internal error"
    UNAVAILABLE = "unavailable"
    CONFLICT = "conflict"
    CONFLICT_AND_FAILED = "conflict, and a condition failed beside it"
    RESET = "reset"
    HANGS = "hangs"
    ANSWER_LOST = "answer lost"
    ANSWER_HANGS = "answer hangs"


_S3_REFUSALS = {
    Trouble.THROTTLED: (503, "SlowDown"),
    Trouble.INTERNAL_ERROR: (500, "InternalError"),
    Trouble.UNAVAILABLE: (503, "ServiceUnavailable"),
    Trouble.CONFLICT: (409, "ConditionalRequestConflict"),
    Trouble.CONFLICT_AND_FAILED: (409, "ConditionalRequestConflict"),
}
_OF_CONNECTION = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}

SHORT_TROUBLES = tuple(trouble for trouble in Trouble if trouble not in {Trouble.HANGS, Trouble.ANSWER_HANGS})

Plan = Callable[[str], Trouble | None]
"""Given the operation (`GetItem`), what happens to this call."""


def no_trouble(_: str) -> None:
    """Every call goes through."""


def always(trouble: Trouble) -> Plan:
    """Every call has the same."""
    return lambda _: trouble


def at_random(share: float, *, seed: int, hangs: float = 0.1) -> Plan:
    """Of all calls, `share` have trouble of a random kind; of these, `hangs` get no answer in time."""
    rng, lock = random.Random(seed), Lock()

    def plan(_: str) -> Trouble | None:
        with lock:
            if rng.random() >= share:
                return None
            if rng.random() < hangs:
                return rng.choice([Trouble.HANGS, Trouble.ANSWER_HANGS])
            return rng.choice(SHORT_TROUBLES)

    return plan


@dataclass
class FaultProxy:
    """The proxy's controls; `calls` lists every operation that reached it, with its trouble.

    With `leaves_items_out` a condition that failed comes without the item that made it fail.
    """

    endpoint: str
    plan: Plan = no_trouble
    leaves_items_out: bool = False
    calls: list[tuple[str, Trouble | None]] = field(default_factory=list)
    _script: deque[Trouble | None] = field(default_factory=deque)

    def script(self, *troubles: Trouble | None) -> None:
        """What happens to the next calls, one each, before the plan takes over again; calls are counted from now."""
        self.calls.clear()
        self._script = deque(troubles)

    @property
    def operations(self) -> list[str]:
        """The calls since `script`, without their troubles."""
        return [operation for operation, _ in self.calls]

    def seen(self) -> Mapping[Trouble | None, int]:
        """How many calls had which trouble."""
        return Counter(trouble for _, trouble in self.calls)

    def next_trouble(self, operation: str) -> Trouble | None:
        """Draw for a call that has arrived."""
        try:
            trouble = self._script.popleft()
        except IndexError:
            trouble = self.plan(operation)
        self.calls.append((operation, trouble))
        return trouble


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    """A proxy in front of `target`, without trouble until a plan or a script is set."""
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
        """A client that has given up and hung up is what this proxy is for."""


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
        trouble = self.server.proxy.next_trouble(operation)
        match trouble:
            case None:
                status, headers, answer = self._forward(body)
                left_out = self.server.proxy.leaves_items_out
                self._answer(status, headers, _without_items(answer) if left_out else answer)
            case Trouble.RESET:
                self._reset()
            case Trouble.HANGS:
                self._hang()
            case Trouble.ANSWER_LOST:
                self._forward(body)
                self._reset()
            case Trouble.ANSWER_HANGS:
                self._forward(body)
                self._hang()
            case _:
                status, error = _refusal(trouble, operation, body)
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
        self.connection.recv(1)  # returns when the client has had enough
        self.close_connection = True


def _without_items(answer: bytes) -> bytes:
    """A cancellation as older engines tell it."""
    told = json.loads(answer)
    for reason in told.get("CancellationReasons", ()):
        reason.pop("Item", None)
    return json.dumps(told).encode()


def _refusal(trouble: Trouble, operation: str, body: bytes) -> tuple[int, bytes]:
    if operation in {"GetObject", "PutObject"}:
        status, code = _S3_REFUSALS[trouble]
        return status, f"<Error><Code>{code}</Code><Message>injected</Message></Error>".encode()
    status, error = _dynamodb_refusal(trouble, operation, body)
    return status, json.dumps(error).encode()


def _dynamodb_refusal(trouble: Trouble, operation: str, body: bytes) -> tuple[int, dict[str, object]]:
    if trouble is Trouble.INTERNAL_ERROR:
        return 500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "injected"}
    if trouble is Trouble.UNAVAILABLE:
        return 503, {"__type": "ServiceUnavailable", "message": "injected"}
    conflicts = trouble in {Trouble.CONFLICT, Trouble.CONFLICT_AND_FAILED}
    if conflicts and operation == "TransactWriteItems":
        beside = "None" if trouble is Trouble.CONFLICT else "ConditionalCheckFailed"
        others = len(json.loads(body)["TransactItems"]) - 1
        reasons = [{"Code": "TransactionConflict", "Message": "injected"}] + [{"Code": beside}] * others
        return 400, {"__type": "TransactionCanceledException", "message": "injected", "CancellationReasons": reasons}
    if conflicts and operation in {"PutItem", "UpdateItem", "DeleteItem"}:
        return 400, {"__type": "TransactionConflictException", "message": "injected"}
    return 400, {"__type": "ProvisionedThroughputExceededException", "message": "injected"}
