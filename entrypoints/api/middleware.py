"""Request id, deadline and log line of every request."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from os import urandom
from typing import TYPE_CHECKING, Any

from domain.deadline import within
from domain.events import Event
from entrypoints.api.security_headers import add_security_headers
from entrypoints.logs import RequestContext, request_context

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

LAMBDA_MARGIN = 1.5
"""Seconds of the Lambda's remaining time that a request leaves unused: the duration of an attempt that starts just
before the deadline, so that the 503 is sent before the gateway's 504."""

_WELL_FORMED_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,127}")


class RequestContextMiddleware:
    """Gives each request an id and a deadline, and each response the id and the security headers.

    It wraps the whole WSGI application, so that no response is without them. `seconds` is the deadline.
    """

    def __init__(self, app: WSGIApplication, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._seconds = seconds
        self._clock = clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request and log it in one line."""
        started = self._clock()
        current = RequestContext(_request_id(environ))
        context = environ.get("lambda.context")
        if context is not None:
            current.lambda_request_id = context.aws_request_id
            # Callers cannot set it: the Lambda handler replaces the header.
            current.trace_id = environ.get("HTTP_X_AMZN_TRACE_ID")
        response_status = 500

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal response_status
            response_status = int(status[:3])
            headers.append(("X-Request-ID", current.request_id))
            add_security_headers(headers)
            return start_response(status, headers, exc_info)

        token = request_context.set(current)
        try:
            with within(_time_limit(self._seconds, context)):
                return self._app(environ, start)
        finally:
            store_ms = {} if current.store_ms is None else {"store_ms": round(current.store_ms, 2)}
            log.info(
                "request",
                extra={
                    "event": Event.REQUEST,
                    "method": environ.get("REQUEST_METHOD"),
                    "route": current.route,
                    "status": response_status,
                    "duration_ms": round((self._clock() - started) * 1000, 2),
                    **store_ms,
                },
            )
            request_context.reset(token)


def _request_id(environ: WSGIEnvironment) -> str:
    given = environ.get("HTTP_X_REQUEST_ID", "")
    return given if _WELL_FORMED_ID.fullmatch(given) else urandom(16).hex()


def _time_limit(seconds: float, context: Any) -> float:
    """The deadline in seconds, or less if the Lambda has less time left."""
    if context is None:
        return seconds
    left: float = context.get_remaining_time_in_millis() / 1000
    return min(seconds, left - LAMBDA_MARGIN)
