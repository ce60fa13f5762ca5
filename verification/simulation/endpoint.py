"""The way to a simulated table: clients of botocore that send to it instead of the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from threading import Lock
from typing import Any, cast

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from verification.simulation.dynamodb import Call, advance
from verification.simulation.requests import Parameters, Request, Response
from verification.simulation.state import State

STATUS = {"InternalServerError": 500}


@contextmanager
def every_client(make: Callable[[Callable[[], Any]], Any]) -> Iterator[None]:
    """Clients of DynamoDB that are built inside come from `make`, which is given botocore's way to build one."""
    create = botocore.session.Session.create_client

    def created(self: botocore.session.Session, service_name: str, *arguments: Any, **keywords: Any) -> Any:
        original = partial(create, self, service_name, *arguments, **keywords)
        return make(original) if service_name == "dynamodb" else original()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session.Session, "create_client", created)
        yield


@dataclass
class SimulatedTable:
    """A table that threads share. Others' steps fall between the steps of a write.

    A query sees one moment, which may be in the middle of a transaction. In the model it reads item by item, and
    may list a deleted configuration beside one that was created later, which the contract suite does not expect.
    """

    clock: Callable[[], float]
    state: State = field(default_factory=State)
    _lock: Lock = field(default_factory=Lock)
    _names: Iterator[int] = field(default_factory=count)

    def send(self, operation: str, parameters: Parameters) -> Response:
        """Carry out a request."""
        name, call = next(self._names), Call(Request.of(operation, parameters))
        while call.response is None:
            with self._lock:
                self.state = self.state.at(self.clock())
                _, self.state, call = next(advance(self.state, name, call))
                while operation == "Query" and call.response is None:
                    _, self.state, call = next(advance(self.state, name, call))
        return call.response

    @contextmanager
    def connected(self, before_send: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Clients that are built inside send their HTTP requests here, by botocore's `before-send` event."""

        def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
            before_send()
            operation = request.headers["X-Amz-Target"]
            name = operation.decode() if isinstance(operation, bytes) else operation
            return http(self.send(name.partition(".")[2], json.loads(cast("bytes", request.body))))

        def make(create: Callable[[], Any]) -> Any:
            client = create()
            client.meta.events.register("before-send.dynamodb", send)
            return client

        with every_client(make):
            yield


class _Raw:
    """The body of an HTTP response, as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """The whole body."""
        yield self._body


def http(response: Response) -> AWSResponse:
    """The response as it comes over the network."""
    body, status = response.body, 200
    if response.error:
        body["__type"], status = f"com.amazonaws.dynamodb.v20120810#{response.error}", STATUS.get(response.error, 400)
    return AWSResponse("http://simulated/", status, HTTPHeaders(), _Raw(json.dumps(body).encode()))


def parsed(response: Response, operation: str) -> dict[str, Any]:
    """The response as botocore gives it to the caller; raises ClientError for an error."""
    body = response.body
    if response.error is None:
        return body
    error = {"Error": {"Code": response.error, "Message": body.pop("message")}, **body}
    raise ClientError(error, operation)  # type: ignore[arg-type]  # with the fields of the cancellation
